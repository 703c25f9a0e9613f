"""What can have happened to a room. Stored for ever: add members with defaults at the end, never reorder or rename.

Each numbered event takes one seq of the room. `author` is who did it, `at` when it was decided (ms): the same instant
that the reply named. Bodies and attachments are in `secret` (`messages.Content`), and nowhere else.
"""

import msgspec

from actors.kernel.contract.entity import Event
from actors.rooms.room.wire import WireRoom
from common.clock import to_rfc3339


class Profile(msgspec.Struct, frozen=True, array_like=True):
    """What a room is, apart from who is in it. `owner` is "" while nobody is."""

    kind: str  # "group" or "direct"
    title: str
    open: bool
    owner: str
    created_at: int

    def to_wire(self, room_id: str, last_seq: int) -> WireRoom:
        """The `room` object of the public contract."""
        return WireRoom(
            room_id=room_id,
            kind=self.kind,
            title=self.title,
            open=self.open,
            owner_id=self.owner or None,
            created_at=to_rfc3339(self.created_at),
            last_seq=last_seq,
        )


class RoomEvent(Event, frozen=True, kw_only=True, array_like=True):
    """Base of the events and notes of a room."""

    at: int


class Created(RoomEvent, frozen=True, kw_only=True, tag="created"):
    """The room began, with these members; the owner is the first."""

    profile: Profile
    members: tuple[str, ...]


class Joined(RoomEvent, frozen=True, kw_only=True, tag="joined"):
    """`user` became a member: by themselves, or added by `author`."""

    user: str
    profile: Profile  # of the room as they found it: their letter quotes it


class Left(RoomEvent, frozen=True, kw_only=True, tag="left"):
    """`user` is a member no more: by themselves, or removed by `author`."""

    user: str


class Updated(RoomEvent, frozen=True, kw_only=True, tag="updated"):
    """The room has a new title, openness or owner."""

    profile: Profile


class Posted(RoomEvent, frozen=True, kw_only=True, tag="posted"):
    """A message. Its sender is `author`; its content is the secret."""

    id: str
    kind: str = "text"
    client_id: str | None = None
    reply_to: str | None = None


class Edited(RoomEvent, frozen=True, kw_only=True, tag="edited"):
    """The message posted at `target` has new content: the secret."""

    target: int


class Deleted(RoomEvent, frozen=True, kw_only=True, tag="deleted"):
    """The message posted at `target` by `sender` was taken back; every secret of it is redacted."""

    target: int
    sender: str


class Reacted(RoomEvent, frozen=True, kw_only=True, tag="reacted"):
    """`author` put an emoji on the message posted at `target`, or (not `added`) took it off."""

    target: int
    emoji: str
    added: bool


class Read(RoomEvent, frozen=True, kw_only=True, tag="read"):
    """A note: `author` has read up to `mark`, and with it `seen` messages that counted as unread.

    A turn keeps its notes behind its events, so a replay meets this one late: `upto` is the version it was decided at.
    """

    mark: int
    seen: int
    upto: int


AnyEvent = Created | Joined | Left | Updated | Posted | Edited | Deleted | Reacted | Read
