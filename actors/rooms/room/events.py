"""Events of a room. Stored for ever: add members with defaults at the end, never reorder or rename.

Each numbered event takes one seq of the room. `author` is who did it, `at` when it was decided (ms): the same instant
that the reply named. Bodies and attachments are in `secret` (`messages.Content`), and nowhere else.
"""

import msgspec

from actors.rooms.conversation.binding import NO_OPENING, Binding, Bond, Opening, WireAbout
from actors.rooms.conversation.policy import PLAIN, Policy
from actors.rooms.keeping.events import KeepingEvent
from actors.rooms.marks.events import Acknowledged, BlockReserved, BlockSet, Chosen, RoomEvent
from actors.rooms.messages.more import More
from actors.rooms.room.sight import OPEN, Sight
from actors.rooms.room.wire import WireRoom
from actors.rooms.safety.events import SafetyEvent
from common.clock import to_rfc3339


class Profile(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The profile of a room: everything but its members. `owner` is "" while nobody is."""

    kind: str  # "group" or "direct"
    title: str
    open: bool
    owner: str
    created_at: int
    binding: Binding | None = None  # of what is more than a plain room
    searchable: bool = True
    retention_days: int | None = None  # how long messages are kept, as its members were told; None: for ever

    @property
    def policy(self) -> Policy:
        """The policy of the room, as members see it."""
        rules = PLAIN if self.binding is None else self.binding.in_force
        if self.retention_days is None:
            return rules
        return msgspec.structs.replace(rules, retention_days=self.retention_days)

    def to_wire(self, room_id: str, last_seq: int, sight: Sight = OPEN, opening: Opening = NO_OPENING) -> WireRoom:
        """The `room` object of the public contract, as `sight` shows it. `opening`: what its maker said of it."""
        bound = self.binding
        if bound is None:
            return self._shown(room_id, last_seq, self.owner)
        seen = msgspec.structs.replace(sight, veil=bound.veil)
        return msgspec.structs.replace(
            self._shown(room_id, last_seq, seen.name(self.owner)),
            state=bound.state,
            policy_version=bound.policy_version,
            relation=bound.relation or None,
            care_id=bound.care or None,
            about=_about(bound, sight.user, opening),
            anonymous=bool(bound.veil),
            e2ee=bound.e2ee,
        )

    def _shown(self, room_id: str, last_seq: int, owner: str) -> WireRoom:
        return WireRoom(
            room_id=room_id,
            kind=self.kind,
            title=self.title,
            open=self.open,
            owner_id=owner or None,
            created_at=to_rfc3339(self.created_at),
            last_seq=last_seq,
            searchable=self.searchable,
            state="open",
            policy=self.policy,
            policy_version=0,
        )


def _about(bound: Binding, user: str, opening: Opening) -> WireAbout | None:
    if not bound.about or not opening.alias:
        return None
    return WireAbout(alias=opening.alias, client_id=opening.client if user == bound.maker else None)


class Created(RoomEvent, frozen=True, kw_only=True, tag="created"):
    """The room began, with these members; the owner is the first. The secret of a conversation is its `Opening`.
    `quiet`: those who keep their marks or their typing to themselves (`marks/delivery.py`)."""

    profile: Profile
    members: tuple[str, ...]
    quiet: dict[str, int] = {}


class Joined(RoomEvent, frozen=True, kw_only=True, tag="joined"):
    """`user` became a member: by themselves, or added by `author`."""

    user: str
    profile: Profile  # of the room as they found it: their letter quotes it
    role: str = ""  # "cover": for a while, in place of the therapist
    hidden: bool = False  # what was said before is not theirs to see
    quiet: int = 0


class Left(RoomEvent, frozen=True, kw_only=True, tag="left"):
    """`user` is a member no more: by themselves, or removed by `author`."""

    user: str
    veil: str = ""  # of an anonymous room


class Updated(RoomEvent, frozen=True, kw_only=True, tag="updated"):
    """The room has a new title, openness or owner; or (`retention`) its messages are kept for another time."""

    profile: Profile
    retention: bool = False


class Posted(RoomEvent, frozen=True, kw_only=True, tag="posted"):
    """A message. Its sender is `author`; its content is the secret."""

    id: str
    kind: str = "text"
    client_id: str | None = None
    reply_to: str | None = None
    veil: str = ""  # of an anonymous room
    more: More | None = None


class Edited(RoomEvent, frozen=True, kw_only=True, tag="edited"):
    """The message posted at `target` has new content: the secret. `unseen_by`: members who may not see it.
    `after_read`: somebody had read what it was."""

    target: int
    unseen_by: tuple[str, ...] = ()
    after_read: bool = False


class Deleted(RoomEvent, frozen=True, kw_only=True, tag="deleted"):
    """The message posted at `target` by `sender` was taken back; every secret of it is redacted."""

    target: int
    sender: str
    unseen_by: tuple[str, ...] = ()


class Reacted(RoomEvent, frozen=True, kw_only=True, tag="reacted"):
    """`author` put an emoji on the message posted at `target`, or (not `added`) took it off."""

    target: int
    emoji: str
    added: bool
    unseen_by: tuple[str, ...] = ()


class ReadMarkMoved(RoomEvent, frozen=True, kw_only=True, tag="read"):
    """A note: `author` has read up to `mark`, and with it `seen` messages that counted as unread.

    A turn keeps its notes behind its events, so a replay meets this one late: `upto` is the version it was decided at.
    `private`: nobody hears of it.
    """

    mark: int
    seen: int
    upto: int
    veil: str = ""
    unseen_by: tuple[str, ...] = ()  # members who do not hear of it
    private: bool = False


class Unseen(msgspec.Struct, frozen=True, array_like=True):
    """The number of messages that a member has not read; `sender`: who wrote all that is new ("": several)."""

    user: str
    count: int
    sender: str = ""


class UnreadAnnounced(RoomEvent, frozen=True, kw_only=True, tag="announced"):
    """A note: members who have not read along are told of what was said up to `upto`."""

    upto: int
    unseen: tuple[Unseen, ...]


class Named(RoomEvent, frozen=True, kw_only=True, tag="named"):
    """A note: `user` was answered, by the message posted at `upto`. `anonymous`: not to be told by whom."""

    user: str
    upto: int
    anonymous: bool = False


class CaughtUp(RoomEvent, frozen=True, kw_only=True, tag="caught_up"):
    """A note: `author`, who had been told of what was said up to `upto`, has read it."""

    upto: int


class Agreed(RoomEvent, frozen=True, kw_only=True, tag="agreed"):
    """A note: `author` has accepted what an encrypted room costs."""


class Filed(RoomEvent, frozen=True, kw_only=True, tag="filed"):
    """A note: the message posted at `target` holds these files of `author`'s."""

    target: int
    id: str
    files: tuple[str, ...]


class Referred(RoomEvent, frozen=True, kw_only=True, tag="referred"):
    """A note: blocks of the message posted at `target` stand for these entities. `author` put them there."""

    target: int
    id: str
    refs: tuple[tuple[str, str], ...]  # (entity, block)


class Rebound(RoomEvent, frozen=True, kw_only=True, tag="rebound"):
    """The conversation is in another state, or belongs to other care."""

    profile: Profile


class Bonded(RoomEvent, frozen=True, kw_only=True, tag="bonded"):
    """A note: what is true of the care relationship that the room belongs to, or will."""

    bond: Bond


class Barred(RoomEvent, frozen=True, kw_only=True, tag="barred"):
    """A note: `user` wants nothing of `other` any more, or (not `barred`) again."""

    user: str
    other: str
    barred: bool


class Delivered(RoomEvent, frozen=True, kw_only=True, tag="delivered"):
    """A note: a device of `author` has everything up to `mark`."""

    mark: int


class Quieted(RoomEvent, frozen=True, kw_only=True, tag="quieted"):
    """A note: `author` keeps marks or typing to themselves from now on, or no longer does (`quiet`)."""

    quiet: int


class Pinned(RoomEvent, frozen=True, kw_only=True, tag="pinned"):
    """The message posted at `target` was pinned, or (not `added`) is no longer. `pins`: all that are, by id."""

    target: int
    added: bool
    pins: tuple[str, ...]


class Mentioned(RoomEvent, frozen=True, kw_only=True, tag="mentioned"):
    """A note: these are meant by the message posted at `upto`."""

    users: tuple[str, ...]
    message_id: str
    upto: int
    veil: str = ""


class AckAsked(RoomEvent, frozen=True, kw_only=True, tag="ack_asked"):
    """A note: these are asked to acknowledge the message posted at `upto`; for the how manieth time."""

    users: tuple[str, ...]
    message_id: str
    upto: int
    round: int = 0
    urgent: bool = False


class Said(RoomEvent, frozen=True, kw_only=True, tag="said"):
    """A note: what `author` wanted to be said later was said, as `message_id`; or it was not, because of `reason`."""

    scheduled_id: str
    message_id: str = ""
    reason: str = ""


AnyEvent = (
    Created
    | Joined
    | Left
    | Updated
    | Posted
    | Edited
    | Deleted
    | Reacted
    | ReadMarkMoved
    | UnreadAnnounced
    | Named
    | CaughtUp
    | Filed
    | Referred
    | Agreed
    | Rebound
    | Bonded
    | Barred
    | Delivered
    | Quieted
    | Pinned
    | Mentioned
    | AckAsked
    | Said
    | Acknowledged
    | Chosen
    | BlockReserved
    | BlockSet
    | SafetyEvent
    | KeepingEvent
)
