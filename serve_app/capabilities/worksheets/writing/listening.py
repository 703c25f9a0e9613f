"""What only a socket can ask of a document: to hear it, to hear it no more, and to speak of it."""

from functools import partial
from typing import Final

import msgspec

from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import packet_of
from actors.kernel.contract.protocol import TopicDelivery
from actors.worksheets.assignment.shown import ShownAssignment
from actors.worksheets.document.commands import DocumentJoined, JoinDocument
from actors.worksheets.document.wire import SYNC, message_payload
from common.errors import FailedPrecondition, PayloadTooLarge, PermissionDenied
from common.persons import NothingToTell
from realtime.delivery.connections import Connection
from realtime.front.handlers import EventResult, Handler
from realtime.front.hub import Hub
from serve_app.capabilities.worksheets.writing import examples
from serve_app.capabilities.worksheets.writing.messages import Messages, Pace
from serve_app.capabilities.worksheets.writing.requests import (
    Attached,
    JoinedWorksheet,
    JoinWorksheet,
    LeaveWorksheet,
    SyncSaved,
    WorksheetSync,
    said_at,
)
from serve_app.capabilities.worksheets.writing.sheets import OpenDocuments
from serve_app.capabilities.worksheets.writing.writings import Writings, entity_of
from serve_app.edge.operation import ClientEvent
from serve_app.edge.sockets import handler_of

JOIN: Final = ClientEvent(
    "join_worksheet",
    "worksheet.work",
    JoinWorksheet,
    "read",
    response=JoinedWorksheet,
    resource=("assignment_id",),
    refuses=(PermissionDenied,),
    example=examples.JOIN,
    binary=True,
    description="Hear a document on this socket: what it holds, and every update from then on.",
)
LEAVE: Final = ClientEvent(
    "leave_worksheet",
    "worksheet.work",
    LeaveWorksheet,
    "read",
    response=NothingToTell,
    example=examples.LEAVE,
    description="Hear the document no more on this socket.",
)
WORKSHEET_SYNC: Final = ClientEvent(
    "worksheet_sync",
    "worksheet.work",
    WorksheetSync,
    "signal",
    response=SyncSaved,
    refuses=(PermissionDenied, FailedPrecondition, PayloadTooLarge),
    example=examples.SYNC,
    binary=True,
    description="One message of y-protocols. An update is answered once a majority has stored it.",
)
REQUESTS: Final = (JOIN, LEAVE, WORKSHEET_SYNC)


class SheetListening:
    """Their handlers, for the sockets of one gateway."""

    def __init__(self, hub: Hub, writings: Writings, sheets: OpenDocuments, messages: Messages, pace: Pace) -> None:
        self._joining = hub.joining
        self._subscriptions = hub.subscriptions
        self._writings = writings
        self._sheets = sheets
        self._messages = messages
        self._pace = pace

    def handlers(self) -> list[Handler]:
        """One each."""
        return [
            handler_of(JOIN, self._join),
            handler_of(LEAVE, self._leave),
            handler_of(WORKSHEET_SYNC, self._sync),
        ]

    async def _join(self, connection: Connection, request: JoinWorksheet) -> EventResult:
        id_ = request.assignment_id
        self._sheets.require_room(id_, connection)
        command = JoinDocument(state_vector=request.state_vector)
        submit = partial(self._writings.join, id_, command, by=connection.principal, trace=connection.trace())
        joined = await self._joining.join(connection, entity_of(id_), submit)
        answer: DocumentJoined = answer_to(command, joined.reply.data)
        if connection.closed:
            return EventResult()
        self._sheets.join(id_, connection, answer, joined.reply.version)
        connection.binary = request.binary
        shown = JoinedWorksheet(
            assignment=msgspec.convert(answer.assignment, ShownAssignment),
            attempt=answer.attempt,
            seq=answer.seq,
            writable=answer.writable,
            sync=Attached(num=0),
            state_vector=Attached(num=1),
        )
        held = [*joined.held, *self._where(id_, answer.attempt)]
        return EventResult(
            msgspec.json.encode(shown),
            held,
            attachments=(answer.sync, answer.state_vector),
        )

    def _where(self, id_: str, attempt: int) -> list[TopicDelivery]:
        message = self._sheets.where(id_)
        return [_message(id_, attempt, message)] if message is not None else []

    async def _leave(self, connection: Connection, request: LeaveWorksheet) -> EventResult:
        self._subscriptions.leave(connection, entity_of(request.assignment_id))
        self._sheets.leave(request.assignment_id, connection)
        return EventResult()

    async def _sync(self, connection: Connection, request: WorksheetSync) -> EventResult:
        id_, pace = request.assignment_id, partial(self._pace.require, connection.user)
        heard = await self._messages.handle(
            id_, request.attempt, data=request.message, connection=connection, pace=pace
        )
        if heard.saved is not None:
            saved = SyncSaved(seq=heard.saved.seq, saved_at=said_at(heard.saved.saved_at_ms))
            return EventResult(msgspec.json.encode(saved))
        held = [_message(id_, request.attempt, heard.answer)] if heard.answer is not None else []
        return EventResult(b"{}", held)


def _message(id_: str, attempt: int, message: bytes) -> TopicDelivery:
    """A message of y-protocols, for one socket."""
    packet = packet_of(SYNC, message_payload(id_, attempt))
    return TopicDelivery(topic=entity_of(id_), version=0, packet=packet, attachments=(message,))
