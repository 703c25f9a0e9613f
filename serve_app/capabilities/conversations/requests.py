"""What people send about conversations, and what they get: one Struct each, at both doors."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.care.state import WireCover
from actors.rooms.conversation.binding import State
from actors.rooms.conversation.policy import Relation
from actors.rooms.replies import RoomLine
from actors.rooms.room.wire import RoomMember, WireRoom
from common.decoding import Id, Instant, Request, Seq
from common.lines import LINE_PATTERN
from serve_app.capabilities.rooms.requests import Accept
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE

Alias = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE_PATTERN)]
Note = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\A[^\0]*\Z")]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[
    str,
    Meta(min_length=1, max_length=512, description="`next_cursor` of the page before; without it, the first page."),
]


class SpeaksAbout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of whom two therapists speak, and under which name."""

    client_id: Id
    alias: Alias


class CreateConversation(Request, frozen=True, kw_only=True):
    """Begin the conversation with somebody, or find it. `about`: of whom two therapists speak, under an alias.
    `accept_policy`: the version of the policy that one agrees to. `accept`: what cannot be had where it is `e2ee`."""

    relation: Relation
    other: Id = msgspec.field(name="with")
    care_id: Id | None = None
    about: SpeaksAbout | None = None
    note: Note | None = None
    accept_policy: Seq | None = None
    e2ee: bool = False
    accept: Accept | None = None


class OfConversation(Request, frozen=True):
    """One conversation."""

    room_id: Id


class RespondConversation(OfConversation, frozen=True, kw_only=True):
    """Whoever was asked accepts, or does not."""

    accept: bool
    accept_policy: Seq | None = None


class PauseConversation(OfConversation, frozen=True):
    """`until`: when it goes on by itself; without it, somebody resumes it."""

    until: Instant | None = None


class ListConversations(Request, frozen=True, kw_only=True):
    """A page of one's conversations."""

    relation: Relation | None = None
    state: State | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ConversationReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation and who is in it. `cover`: who is there in place of its therapist, or will be. `note`: what its
    maker said when they asked."""

    room: WireRoom
    members: list[RoomMember]
    cover: WireCover | None = None
    note: str | None = None


class ConversationPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of conversations, those last spoken in first."""

    rooms: list[RoomLine]
    next_cursor: str | None = None
