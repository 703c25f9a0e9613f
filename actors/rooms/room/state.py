"""The state of a room: O(members), never O(messages), and no word of what was said.

The title is in the clear here, in the journal and in snapshots: it is a label, and the public contract says that
clinical content does not belong in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.rooms.conversation.binding import NO_OPENING, Binding, Bond, Opening
from actors.rooms.conversation.policy import PLAIN, Policy
from actors.rooms.keeping.events import Aged
from actors.rooms.messages.unread import RecentPosts, UnreadStretch
from actors.rooms.room.events import (
    Agreed,
    AnyEvent,
    Barred,
    Bonded,
    CaughtUp,
    Created,
    Deleted,
    Delivered,
    Joined,
    Left,
    Named,
    Pinned,
    Posted,
    Profile,
    Quieted,
    ReadMarkMoved,
    Rebound,
    UnreadAnnounced,
    Updated,
)
from actors.rooms.room.sight import Sight, sight_of
from actors.rooms.room.wire import RoomMember, WireRoom
from actors.rooms.safety.events import SAFETY_EVENTS
from actors.rooms.safety.record import NOTHING, Safeguards, Screen
from common.numbered_ids import mark_of
from config.settings import RoomSettings

ANNOUNCE_MS: Final = 25_000
"""How long what is said in a room is gathered before members who do not look are told: less than the time for which the
kernel keeps a timer in memory, so it costs no write."""


RECEIPTS: Final = 1
TYPING: Final = 2
"""What a member may keep to themselves, and then does not hear of others either: a bit each."""


class Member(msgspec.Struct, array_like=True):
    """One member. Messages at or below `floor` are not unread to them: they came later, or read that far."""

    joined: int  # seq of their joining
    offset: int  # live posts of the room that are not unread to them
    read: int = 0  # their watermark; 0: nothing yet
    delivered: int = 0  # what a device of theirs has; what was read is delivered
    delivered_at: int = 0  # when the marks last moved (ms)
    read_at: int = 0
    quiet: int = 0  # what they keep to themselves: RECEIPTS, TYPING

    @property
    def floor(self) -> int:
        """The seq above which their unread messages begin."""
        return self.read if self.read > self.joined else self.joined


class MemberTraits(msgspec.Struct, frozen=True, array_like=True):
    """Traits of a member: their role, and the seq up to which nothing is theirs to see (0: all is)."""

    role: str
    visible_from: int = 0


class Frozen(msgspec.Struct, array_like=True, kw_only=True):
    """A room's state as a snapshot holds it. Add members with defaults at the end."""

    profile: Profile | None
    members: dict[str, Member]
    last_seq: int
    posts: int
    deletions: int
    last_post: int
    last_post_at: int
    floor: int
    recent_seqs: list[int]
    recent_authors: list[str]
    announcing: int = 0
    announced: int = 0
    told: dict[str, int] = {}
    seats: dict[str, MemberTraits] = {}
    bond: Bond | None = None
    barred: dict[str, tuple[str, ...]] = {}
    spoken: dict[str, int] = {}
    replies: int = 0
    pins: list[str] = []
    safety: Safeguards = NOTHING
    agreed: tuple[str, ...] = ()
    aged: int = 0


@dataclass(slots=True)
class RoomState:
    """State and its fold. `members` is in the order of joining."""

    id: str
    settings: RoomSettings
    recent: RecentPosts
    mark: str = ""
    profile: Profile | None = None
    members: dict[str, Member] = field(default_factory=dict)
    last_seq: int = 0
    posts: int = 0  # live ones
    deletions: int = 0
    last_post: int = 0  # its seq
    last_post_at: int = 0
    fresh_deletions: list[tuple[int, int, str]] = field(default_factory=list)  # of the last turn: seq, target, sender
    fresh_at: int = 0
    announcing: int = 0  # when the last timer was set that tells of what was said
    announced: int = 0  # up to where it was told
    told: dict[str, int] = field(default_factory=dict)  # members who were told and have not read on, and up to where
    seats: dict[str, MemberTraits] = field(default_factory=dict)  # of special members
    bond: Bond | None = None  # what is known of the care that it belongs to, or will
    barred: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of whom somebody wants nothing
    spoken: dict[str, int] = field(default_factory=dict)  # posts of each of a conversation
    safety: Safeguards = NOTHING  # what is held, and who reads for a while
    screen: Screen | None = None  # what holds a message, where the policy says so
    guarded: bool = False  # may it be that not everybody may say or see everything?
    replies: int = 0  # how many messages answer another
    pins: list[str] = field(default_factory=list)  # ids of what is pinned, in that order
    agreed: set[str] = field(default_factory=set)  # members who accepted what an encrypted room costs
    aged: int = 0  # up to where nothing is left that has had its time

    def __post_init__(self) -> None:
        self.mark = mark_of(self.id)

    # -- questions ----------------------------------------------------------------------------------------------

    @property
    def e2ee(self) -> bool:
        """Is it a room that the server cannot read?"""
        return self.guarded and self.binding is not None and self.binding.e2ee

    def unread(self, user: str) -> int:
        """Live messages by others above the member's floor."""
        return self.posts - self.members[user].offset

    @property
    def binding(self) -> Binding | None:
        """The relation that it is bound to; None: it is a plain room."""
        return None if self.profile is None else self.profile.binding

    @property
    def policy(self) -> Policy:
        """The policy of the room: screening, and what is shown."""
        binding = self.binding
        return PLAIN if binding is None else binding.in_force

    def to_wire(
        self, user: str, *, profile: Profile | None = None, more: int = 0, opening: Opening = NO_OPENING
    ) -> WireRoom:
        """The `room` object as this user sees it, as it will be after `more` events."""
        shown = profile or self.profile
        assert shown is not None
        return shown.to_wire(self.id, self.last_seq + more, Sight(user), opening)

    def roster(self, by: str) -> list[RoomMember]:
        """The members as `by` sees them, in the order of joining."""
        return self.listed(by, self.members)

    def listed(self, by: str, users: Iterable[str], owner: str | None = None) -> list[RoomMember]:
        """These, as members, as `by` sees them."""
        if owner is None:
            owner = self.profile.owner if self.profile else ""
        name, seats = sight_of(self, by).name, self.seats
        return [
            RoomMember(user_id=name(user), role=seats[user].role if user in seats else role_of(user, owner))
            for user in users
        ]

    def keeps(self, user: str, what: int) -> bool:
        """Does this member keep RECEIPTS or TYPING to themselves?"""
        member = self.members.get(user)
        return member is not None and bool(member.quiet & what)

    def stretch(self, user: str, seq: int) -> UnreadStretch:
        """The stretch that `user` would read by marking `seq`: from their floor to there, or to the end."""
        member = self.members[user]
        upto = max(min(seq, self.last_seq), member.joined)
        return UnreadStretch(user, member.floor, upto, self.deletions)

    # -- fold ---------------------------------------------------------------------------------------------------

    def apply(self, event: AnyEvent, seq: int, at_ms: int) -> None:
        """Fold in an event or note. Needs no secret, and never refuses."""
        self.last_seq = seq
        if isinstance(event, Posted):
            self._posted(event, seq)
        elif isinstance(event, ReadMarkMoved):
            self._read(event)
        elif isinstance(event, Joined):
            self._admit(event.user, seq, event.quiet)
            if event.role or event.hidden:
                self.seats[event.user] = MemberTraits(event.role, seq if event.hidden else 0)
                self.guarded = True
        elif isinstance(event, Left):
            self.members.pop(event.user, None)
            self.told.pop(event.user, None)
            self.seats.pop(event.user, None)
            self.agreed.discard(event.user)
        elif isinstance(event, Updated | Rebound):
            self.profile = event.profile
        elif isinstance(event, Deleted):
            self._deleted(event, seq, at_ms)
        elif isinstance(event, Created):
            self.profile = event.profile
            self.guarded = event.profile.binding is not None
            for user in event.members:
                self._admit(user, seq, event.quiet.get(user, 0))
        elif isinstance(event, UnreadAnnounced | Named | CaughtUp):
            self._told(event)
        elif isinstance(event, Bonded):
            self.bond = event.bond
        elif isinstance(event, Barred):
            self._barred(event)
        elif isinstance(event, Delivered | Quieted):
            self._of_member(event)
        elif isinstance(event, Agreed):
            self.agreed.add(event.author)
        elif isinstance(event, Pinned):
            self.pins = list(event.pins)
        elif isinstance(event, Aged):
            self.aged = event.upto
        elif isinstance(event, SAFETY_EVENTS):
            self.safety = self.safety.with_event(event)

    def _barred(self, event: Barred) -> None:
        others = tuple(other for other in self.barred.get(event.user, ()) if other != event.other)
        if event.barred:
            others = (*others, event.other)
        self.barred[event.user] = others
        if not others:
            del self.barred[event.user]
        self.guarded = self.guarded or event.barred

    def _admit(self, user: str, seq: int, quiet: int) -> None:
        self.members[user] = Member(joined=seq, offset=self.posts, quiet=quiet)

    def _of_member(self, event: Delivered | Quieted) -> None:
        member = self.members.get(event.author)
        if member is None:
            return
        if isinstance(event, Quieted):
            member.quiet = event.quiet
        elif event.mark > member.delivered:
            member.delivered, member.delivered_at = event.mark, event.at

    def _posted(self, event: Posted, seq: int) -> None:
        self.posts += 1
        self.last_post, self.last_post_at = seq, event.at
        self.recent.post(seq, event.author)
        if event.reply_to is not None:
            self.replies += 1
        if event.at >= self.announcing + ANNOUNCE_MS:
            self.announcing = event.at
        member = self.members.get(event.author)
        if member is not None:
            member.offset += 1
        if self.guarded and (binding := self.binding) is not None and binding.relation:
            self.spoken[event.author] = self.spoken.get(event.author, 0) + 1

    def _told(self, event: UnreadAnnounced | Named | CaughtUp) -> None:
        match event:
            case UnreadAnnounced():
                self.announced = event.upto
                self.told |= {one.user: event.upto for one in event.unseen}
            case Named():
                self.told[event.user] = event.upto
            case CaughtUp():
                self.told.pop(event.author, None)

    def _deleted(self, event: Deleted, seq: int, at_ms: int) -> None:
        self.posts -= 1
        self.deletions += 1
        self.recent.remove(event.target)
        for user, member in self.members.items():
            if event.target <= member.floor or user == event.sender:
                member.offset -= 1
        if at_ms != self.fresh_at:
            self.fresh_deletions.clear()
            self.fresh_at = at_ms
        self.fresh_deletions.append((seq, event.target, event.sender))

    def _read(self, note: ReadMarkMoved) -> None:
        """Move a watermark. A replay puts the notes of a turn behind its events; both orders must end the same.

        Posts commute with the change of an offset. A later deletion does not: with the old floor it did not count as
        read. And a membership that began after the note is not the one that it speaks of.
        """
        member = self.members.get(note.author)
        if member is None or note.upto < member.joined:
            return
        floor = member.floor
        gone = sum(
            note.upto < seq and floor < target <= note.mark and sender != note.author
            for seq, target, sender in self.fresh_deletions
        )
        member.offset += note.seen - gone
        if note.mark > member.read:
            member.read, member.read_at = note.mark, note.at
        if note.mark > member.delivered:
            member.delivered, member.delivered_at = note.mark, note.at

    # -- snapshots ----------------------------------------------------------------------------------------------

    def freeze(self) -> Frozen:
        """The state between two turns, as a snapshot holds it."""
        return Frozen(
            profile=self.profile,
            members=self.members,
            last_seq=self.last_seq,
            posts=self.posts,
            deletions=self.deletions,
            last_post=self.last_post,
            last_post_at=self.last_post_at,
            floor=self.recent.floor,
            recent_seqs=self.recent.seqs.tolist(),
            recent_authors=self.recent.authors,
            announcing=self.announcing,
            announced=self.announced,
            told=self.told,
            seats=self.seats,
            bond=self.bond,
            barred=self.barred,
            spoken=self.spoken,
            replies=self.replies,
            pins=self.pins,
            safety=self.safety,
            agreed=tuple(sorted(self.agreed)),
            aged=self.aged,
        )

    def thaw(self, frozen: Frozen) -> None:
        """Become what was frozen."""
        self.profile, self.members, self.last_seq = frozen.profile, frozen.members, frozen.last_seq
        self.posts, self.deletions = frozen.posts, frozen.deletions
        self.last_post, self.last_post_at = frozen.last_post, frozen.last_post_at
        self.announcing, self.announced, self.told = frozen.announcing, frozen.announced, frozen.told
        self.seats, self.bond, self.barred, self.spoken = frozen.seats, frozen.bond, frozen.barred, frozen.spoken
        self.safety = frozen.safety
        self.guarded = self.binding is not None or bool(self.seats or self.barred)
        self.replies, self.pins, self.agreed = frozen.replies, frozen.pins, set(frozen.agreed)
        self.aged, self.recent.floor = frozen.aged, frozen.floor
        self.recent.seqs.extend(frozen.recent_seqs)
        self.recent.authors.extend(frozen.recent_authors)


def role_of(user: str, owner: str) -> str:
    """`owner` or `member`."""
    return "owner" if user == owner else "member"
