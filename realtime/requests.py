"""What clients may send: one Struct an event, with the types and bounds of the public contract.

Types and forms are checked here; whether it is allowed, and the sense of it, is the room's business. Unknown members
are refused: a misspelt optional one would otherwise be ignored in silence.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw

from actors.rooms.room import commands
from common.errors import InvalidArgument
from common.ids import ID_PATTERN
from common.lines import COMPLAINT, LINE_PATTERN

LARGEST_INT: Final = 2**53 - 1  # the largest that every JSON reader keeps exactly
MAX_DEPTH: Final = 16
_EMPTY: Final = Raw(b"{}")

Id = Annotated[str, Meta(pattern=ID_PATTERN.removesuffix("$") + r"\Z")]  # `$` would let a final newline pass
Seq = Annotated[int, Meta(ge=0, le=LARGEST_INT)]
Limit = Annotated[int, Meta(ge=1, le=commands.LARGEST_PAGE)]
Text = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]
ShortText = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"\A[^\0]*\Z")]
UserIds = Annotated[list[Id], Meta(min_length=1, max_length=1000)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what a client sends with an event."""


class Authenticate(Request, frozen=True):
    """Who the socket belongs to, said after it connected; or a fresh token for a socket that is known."""

    token: Annotated[str, Meta(min_length=1)]


class CreateRoom(Request, frozen=True):
    """Begin a room, or find it."""

    room_id: Id | None = None
    kind: Literal["direct", "group"] = "group"
    title: Text | None = None
    members: Annotated[list[Id], Meta(max_length=1000)] = []
    open: bool = False

    def command(self) -> commands.Create:
        """What is asked of the room that may not exist yet."""
        return commands.Create(self.kind, self.title or "", tuple(self.members), self.open)


class RoomRequest(Request, frozen=True):
    """Base of requests to one room."""

    room_id: Id

    def command(self, user: str) -> commands.RoomCommand:
        """What `user` asks of the room."""
        raise NotImplementedError


class JoinRoom(RoomRequest, frozen=True):
    """Hear a room on this socket."""

    since: Seq | None = None

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Join(since=self.since)


class AddMembers(RoomRequest, frozen=True, kw_only=True):
    """Make users members."""

    user_ids: UserIds

    def command(self, _: str) -> commands.RoomCommand:
        return commands.AddMembers(tuple(self.user_ids))


class RemoveMember(RoomRequest, frozen=True, kw_only=True):
    """End a membership."""

    user_id: Id

    def command(self, _: str) -> commands.RoomCommand:
        return commands.RemoveMember(self.user_id)


class UpdateRoom(RoomRequest, frozen=True):
    """Change title or openness."""

    title: Text | None = None
    open: bool | None = None

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Update(self.title, self.open)


class LeaveRoom(RoomRequest, frozen=True):
    """Hear the room no more on this socket; `forever`: end the membership."""

    forever: bool = False

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Leave()


class PostMessage(RoomRequest, frozen=True, kw_only=True):
    """Say something."""

    body: Text
    client_id: ShortText | None = None
    kind: ShortText = "text"
    reply_to: ShortText | None = None
    attachments: list[dict[str, Any]] | None = None

    def command(self, _: str) -> commands.RoomCommand:
        attachments = b""
        if self.attachments:
            _check_plain(self.attachments, MAX_DEPTH)
            attachments = msgspec.json.encode(self.attachments)
        return commands.Post(self.body, self.client_id, self.kind, self.reply_to, attachments)


class EditMessage(RoomRequest, frozen=True, kw_only=True):
    """Replace the body of one's own message."""

    message_id: ShortText
    body: Text

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Edit(self.message_id, self.body)


class DeleteMessage(RoomRequest, frozen=True, kw_only=True):
    """Take a message back."""

    message_id: ShortText

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Delete(self.message_id)


class React(RoomRequest, frozen=True, kw_only=True):
    """Put an emoji on a message."""

    message_id: ShortText
    emoji: ShortText

    def command(self, _: str) -> commands.RoomCommand:
        return commands.React(self.message_id, self.emoji)


class Unreact(RoomRequest, frozen=True, kw_only=True):
    """Take it off again."""

    message_id: ShortText
    emoji: ShortText

    def command(self, _: str) -> commands.RoomCommand:
        return commands.Unreact(self.message_id, self.emoji)


class MarkRead(RoomRequest, frozen=True, kw_only=True):
    """Everything up to `seq` has been read."""

    seq: Seq

    def command(self, user: str) -> commands.RoomCommand:
        return commands.MarkRead(user, self.seq)


class TypingStart(RoomRequest, frozen=True):
    """The user is typing."""

    def command(self, _: str) -> commands.RoomCommand:
        return commands.TypingStart()


class TypingStop(RoomRequest, frozen=True):
    """The user is typing no more."""

    def command(self, _: str) -> commands.RoomCommand:
        return commands.TypingStop()


class History(RoomRequest, frozen=True):
    """A page of messages, both bounds exclusive."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = commands.DEFAULT_PAGE

    def command(self, _: str) -> commands.RoomCommand:
        return commands.History(self.before, self.after, self.limit)


class InboxAck(Request, frozen=True):
    """What was addressed to the user has been seen, up to there."""

    inbox_seq: Seq


class ListRooms(Request, frozen=True):
    """A page of the user's rooms."""

    cursor: ShortText | None = None
    limit: Limit = commands.DEFAULT_PAGE


class SetPresence(Request, frozen=True):
    """How the user wants to be seen."""

    status: Literal["online", "away", "busy", "invisible"]


class WatchPresence(Request, frozen=True):
    """Hear who is there, of these users; or hear of them no more."""

    user_ids: Annotated[list[Id], Meta(max_length=500)]


class Hello(msgspec.Struct, frozen=True):
    """`auth` of a connection. Unknown members are ignored: what stands between client and server may add its own."""

    token: Any = None
    device_id: Id | None = None
    recover: dict[Id, Seq] = {}
    inbox: Seq | None = None


T = TypeVar("T", bound=msgspec.Struct)


def decode(arguments: Sequence[Raw], kind: type[T], max_bytes: int) -> T:
    """The request in the arguments of an event: one JSON object, or none at all for `{}`.

    Raises:
        InvalidArgument: it is too large, or not what `kind` says; `details.field` names the member at fault.
    """
    if len(arguments) > 1:
        raise InvalidArgument("An event takes one object.")
    raw = arguments[0] if arguments else _EMPTY
    size = len(memoryview(raw))
    if size > max_bytes:
        raise InvalidArgument(f"The payload is too large: at most {max_bytes} bytes.", details={"limit": max_bytes})
    decoder: msgspec.json.Decoder[T] = _decoder(kind)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise InvalidArgument("The payload is not JSON that can be read.") from None


@cache
def _decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    return msgspec.json.Decoder(kind)


_PATH: Final = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`\Z", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`\Z", re.DOTALL)


def _explained(problem: str) -> InvalidArgument:
    """msgspec's words, told to a client: which member, and what is wrong with it."""
    path = _PATH.search(problem)
    field = path[1] if path else ""
    problem = problem[: path.start()] if path else problem
    if missing := _MISSING.match(problem):
        return _invalid(_within(field, missing[1]), "is missing")
    if unknown := _UNKNOWN.match(problem):
        return _invalid(_within(field, unknown[1]), "is not known here")
    if f"matching regex {LINE_PATTERN!r}" in problem:
        return _invalid(field, COMPLAINT)
    if "matching regex" in problem:
        return _invalid(field, "has a form that is not allowed")
    if problem.startswith("Invalid enum value"):  # quotes the value
        return _invalid(field, "is not one of the values that are allowed")
    return _invalid(field, "is not valid: " + problem[:1].lower() + problem[1:].replace("`", ""))


def _within(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _invalid(field: str, complaint: str) -> InvalidArgument:
    field = field[:64]
    details: dict[str, object] | None = {"field": field} if field else None
    return InvalidArgument(f"{field or 'The payload'} {complaint}.", details=details)


def _check_plain(value: object, depth: int) -> None:
    """Raises InvalidArgument unless every reader of JSON can take `value`: not too deep, numbers not too large."""
    if depth == 0:
        raise _invalid("attachments", f"is nested too deeply: at most {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for member in value.values():
            _check_plain(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            _check_plain(member, depth - 1)
    elif isinstance(value, int) and abs(value) > LARGEST_INT:
        raise _invalid("attachments", "has a number that is too large")
