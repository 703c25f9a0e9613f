"""Every operation of conversations. The rules are in `actors.rooms`."""

from collections.abc import Iterator
from typing import Any, Final

from actors.care.state import CareRecord, WireCover, shown_cover
from actors.kernel.contract.answers import Reply
from actors.rooms.conversation.commands import ChangeState, Respond, See
from actors.rooms.replies import CreatedRoom, LastActivity, UpdatedRoom
from actors.rooms.service import Rooms
from common.errors import CarewireError, FailedPrecondition, NotFound, RateLimited
from common.timeline import parse_instant
from serve_app.capabilities.conversations import examples, requests
from serve_app.capabilities.conversations.requests import ConversationPage, ConversationReply
from serve_app.capabilities.conversations.service import Conversations
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

_PATH: Final = "/api/conversations"
_TAG: Final = "conversations"
_OF: Final = ("room_id",)


class ConversationOperations:
    """One a process."""

    def __init__(self, conversations: Conversations, rooms: Rooms, care: CareReader) -> None:
        self._conversations, self._rooms, self._care = conversations, rooms, care

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._beginning()
        yield from self._reading()
        yield from self._changing()

    def _beginning(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="create_conversation",
            action="conversation.create",
            request=requests.CreateConversation,
            call=self._create,
            rest=Rest("POST", _PATH, status=201, statuses=(200,), tag=_TAG),
            limit="write",
            response=CreatedRoom,
            refuses=(FailedPrecondition, NotFound, RateLimited),
            example=examples.CREATE,
            description="Begin the conversation with somebody, or find it: the two have one of each relation. A client "
            "and a therapist need active care; two clients, both consents; two therapists may speak about a client "
            "under an alias.",
        )
        yield Operation(
            name="respond_conversation",
            action="conversation.respond",
            request=requests.RespondConversation,
            call=lambda asked, caller: self._submit(asked.room_id, Respond(asked.accept, asked.accept_policy), caller),
            rest=Rest("POST", f"{_PATH}/{{room_id}}/respond", tag=_TAG),
            limit="write",
            response=UpdatedRoom,
            resource=_OF,
            refuses=(FailedPrecondition, NotFound),
            example=examples.RESPOND,
            description="Accept a conversation, or decline it. Only who was asked.",
        )

    def _reading(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="get_conversation",
            action="conversation.read",
            request=requests.OfConversation,
            call=self._get,
            rest=Rest("GET", f"{_PATH}/{{room_id}}", tag=_TAG),
            limit="read",
            response=ConversationReply,
            resource=_OF,
            refuses=(NotFound,),
            example=examples.GET,
            description="A conversation, who is in it, and who stands in for its therapist.",
        )
        yield Operation(
            name="list_conversations",
            action="conversation.list",
            request=requests.ListConversations,
            call=self._list,
            rest=Rest("GET", _PATH, tag=_TAG),
            limit="read",
            response=ConversationPage,
            example=examples.LIST,
            description="The caller's conversations, those last spoken in first, with unread counts and last messages.",
        )

    def _changing(self) -> Iterator[Operation[Any]]:
        yield self._change(
            name="pause_conversation",
            action="conversation.pause",
            request=requests.PauseConversation,
            command=lambda asked: ChangeState(
                "paused", 0 if asked.until is None else parse_instant(asked.until, "until")
            ),
            path="pause",
            example=examples.PAUSE,
            description="Nobody says anything until `until`, or until somebody resumes it. Its therapist, "
            "administrators.",
        )
        yield self._change(
            name="resume_conversation",
            action="conversation.pause",
            request=requests.OfConversation,
            command=lambda _: ChangeState("open"),
            path="resume",
            example=examples.RESUME,
            description="Let a conversation go on.",
        )
        yield self._change(
            name="close_conversation",
            action="conversation.close",
            request=requests.OfConversation,
            command=lambda _: ChangeState("closed"),
            path="close",
            example=examples.CLOSE,
            description="Nothing is said any more; reading stays. Its therapist, administrators; either of two "
            "clients.",
        )

    def _change(
        self,
        name: str,
        action: str,
        request: type[requests.OfConversation],
        command: Any,
        path: str,
        example: Example,
        description: str,
    ) -> Operation[Any]:
        refuses: tuple[type[CarewireError], ...] = (FailedPrecondition, NotFound)
        return Operation(
            name=name,
            action=action,
            request=request,
            call=lambda asked, caller: self._submit(asked.room_id, command(asked), caller),
            rest=Rest("POST", f"{_PATH}/{{room_id}}/{path}", tag=_TAG),
            limit="write",
            response=UpdatedRoom,
            resource=_OF,
            refuses=refuses,
            example=example,
            description=description,
        )

    async def _create(self, asked: requests.CreateConversation, caller: Caller) -> Result:
        made = await self._conversations.create(asked, by=caller.by, trace=caller.trace)
        return Result(made, status=201 if made.created else 200)

    async def _submit(self, room_id: str, command: Any, caller: Caller) -> Reply:
        return await self._rooms.submit(room_id, command, by=caller.by, trace=caller.trace)

    async def _get(self, asked: requests.OfConversation, caller: Caller) -> ConversationReply:
        seen = await self._rooms.ask(asked.room_id, See(), by=caller.by, trace=caller.trace)
        care = None if seen.room.care_id is None else await self._care.get(seen.room.care_id)
        return ConversationReply(room=seen.room, members=seen.members, cover=_cover(care), note=seen.note)

    async def _list(self, asked: requests.ListConversations, caller: Caller) -> ConversationPage:
        def wanted(peek: LastActivity) -> bool:
            fits = bool(peek.relation) if asked.relation is None else peek.relation == asked.relation
            return fits and asked.state in (None, peek.state)

        page = await self._rooms.rooms_of(
            caller.by, cursor=asked.cursor, limit=asked.limit, trace=caller.trace, wanted=wanted
        )
        return ConversationPage(rooms=page.rooms, next_cursor=page.cursor)


def _cover(care: CareRecord | None) -> WireCover | None:
    """Who stands in, or will."""
    standing = None if care is None else care.standing
    return None if care is None or standing is None else shown_cover(care, standing)
