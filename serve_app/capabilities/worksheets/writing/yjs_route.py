"""Sockets of y-websocket: `/yjs/<assignment>?token=...`, unchanged from npm."""

import re
from functools import partial
from typing import Final

from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.protocol import TopicDelivery
from actors.worksheets.document.commands import DocumentJoined, JoinDocument
from actors.worksheets.document.wire import CLOSED, GAP, SYNC
from actors.worksheets.yjs.awareness import states_bytes
from actors.worksheets.yjs.messages import awareness_message, step1_message
from common.errors import InvalidArgument, NotFound, Unavailable
from common.ids import ID_PATTERN
from realtime.delivery.joining import Joining
from realtime.front.raw.codes import AWAY, close_code_of
from realtime.front.raw.routes import RawListener, RawRoute, RawSocket
from serve_app.capabilities.worksheets.writing.messages import Messages, Pace
from serve_app.capabilities.worksheets.writing.sheets import OpenDocuments
from serve_app.capabilities.worksheets.writing.writings import Writings, entity_of

_MESSAGES: Final = f'["{SYNC}",'.encode()
_OVER: Final = f'["{CLOSED}",'.encode()
_GAP: Final = f'["{GAP}",'.encode()
_SILENCE: Final = awareness_message(states_bytes([]))
_MAX_MESSAGE: Final = 1 << 18
_is_id: Final = re.compile(ID_PATTERN.removesuffix("$") + r"\Z").match


class YjsRoute:
    """Of one gateway."""

    def __init__(
        self, joining: Joining, writings: Writings, sheets: OpenDocuments, messages: Messages, pace: Pace
    ) -> None:
        self._joining = joining
        self._writings = writings
        self._sheets = sheets
        self._messages = messages
        self._pace = pace

    def route(self) -> RawRoute:
        """As the gateway takes it."""
        return RawRoute(path="/yjs", action="worksheet.work", open=self._open, max_message=_MAX_MESSAGE)

    async def _open(self, socket: RawSocket) -> RawListener:
        """Join, say what is there, and say what the server lacks (the client says so by itself)."""
        id_, connection = socket.name, socket.connection
        if not _is_id(id_):
            raise NotFound("There is no such assignment.")
        self._sheets.require_room(id_, connection)
        command = JoinDocument(strict=True)
        submit = partial(self._writings.join, id_, command, by=connection.principal, trace=connection.trace())
        joined = await self._joining.join(connection, entity_of(id_), submit)
        answer: DocumentJoined = answer_to(command, joined.reply.data)
        listener = YjsSocket(
            socket=socket, attempt=answer.attempt, messages=self._messages, sheets=self._sheets, pace=self._pace
        )
        if connection.closed:
            return listener
        self._sheets.join(id_, connection, answer, joined.reply.version)
        socket.send(step1_message(answer.state_vector))
        if (where := self._sheets.where(id_)) is not None:
            socket.send(where)
        for delivery in joined.held:
            listener.delivered(delivery)
        return listener


class YjsSocket:
    """One of them, a `RawListener`."""

    def __init__(self, socket: RawSocket, attempt: int, messages: Messages, sheets: OpenDocuments, pace: Pace) -> None:
        self._socket = socket
        self._attempt = attempt
        self._messages = messages
        self._sheets = sheets
        self._pace = pace

    async def heard(self, message: bytes) -> None:
        """See `RawListener.heard`. What stands on an update that was lost on its way is no fault of the client's: it
        comes back, and says again what is lacking."""
        socket = self._socket
        try:
            heard = await self._messages.handle(
                socket.name, self._attempt, data=message, connection=socket.connection, pace=self._rest
            )
        except InvalidArgument as error:
            if (error.details or {}).get("reason") != "gap":
                raise
            raise Unavailable("Something before this was not stored. Connect again.") from None
        if heard.answer is not None:
            socket.send(heard.answer)

    def delivered(self, delivery: TopicDelivery) -> None:
        """See `RawListener.delivered`."""
        packet = delivery.packet
        if delivery.evict:
            if delivery.evict == self._socket.connection.user:
                self._socket.close(close_code_of("permission_denied"), "This is not shared with you any more.")
            return
        if packet.startswith(_MESSAGES) and delivery.attachments:
            self._socket.send(delivery.attachments[0])
        elif packet.startswith(_OVER):
            self._socket.close(close_code_of("failed_precondition"), "This attempt is over.")
        elif packet.startswith(_GAP):
            self._socket.close(AWAY, "Too much was missed. Connect again.")

    def idle(self) -> None:
        """y-websocket takes half a minute without a message for a lost connection."""
        self._socket.send(_SILENCE)

    def closed(self) -> None:
        """The front says goodbye to its connection, which is enough."""

    def _rest(self) -> None:
        """Who writes too fast is read no further for a while; nothing is refused, so nothing is lost."""
        if wait_s := self._pace.wait_s(self._socket.connection.user):
            self._socket.rest(wait_s)
