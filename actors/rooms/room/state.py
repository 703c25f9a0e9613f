"""What a room remembers: O(members), never O(messages), and no word of what was said.

The title is in the clear here, in the journal and in snapshots: it is a label, and the public contract says that
clinical content does not belong in it.
"""

from dataclasses import dataclass, field

import msgspec

from actors.rooms.messages.message_ids import mark_of
from actors.rooms.messages.unread import RecentPosts, Stretch
from actors.rooms.room.events import AnyEvent, Created, Deleted, Joined, Left, Posted, Profile, Read, Updated
from actors.rooms.room.wire import RoomMember, WireRoom
from config.settings import RoomSettings


class Member(msgspec.Struct, array_like=True):
    """One member. Messages at or below `floor` are not unread to them: they came later, or read that far."""

    joined: int  # seq of their joining
    offset: int  # live posts of the room that are not unread to them
    read: int = 0  # their watermark; 0: nothing yet

    @property
    def floor(self) -> int:
        """Where their unread messages begin, exclusive."""
        return self.read if self.read > self.joined else self.joined


class Frozen(msgspec.Struct, array_like=True):
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

    def __post_init__(self) -> None:
        self.mark = mark_of(self.id)

    # -- questions ----------------------------------------------------------------------------------------------

    def unread(self, user: str) -> int:
        """Live messages by others above the member's floor."""
        return self.posts - self.members[user].offset

    def to_wire(self, *, profile: Profile | None = None, more: int = 0) -> WireRoom:
        """The `room` object, as it will be after `more` events."""
        shown = profile or self.profile
        assert shown is not None
        return shown.to_wire(self.id, self.last_seq + more)

    def roster(self, owner: str | None = None) -> list[RoomMember]:
        """The members, in the order of joining."""
        if owner is None:
            owner = self.profile.owner if self.profile else ""
        return [RoomMember(user_id=user, role=role_of(user, owner)) for user in self.members]

    def marks(self) -> dict[str, int]:
        """Who has read how far, of those who have read at all."""
        return {user: member.read for user, member in self.members.items() if member.read}

    def stretch(self, user: str, seq: int) -> Stretch:
        """What `user` would read by marking `seq`: from their floor to there, or to the end."""
        member = self.members[user]
        upto = max(min(seq, self.last_seq), member.joined)
        return Stretch(user, member.floor, upto, self.deletions)

    # -- fold ---------------------------------------------------------------------------------------------------

    def apply(self, event: AnyEvent, seq: int, at_ms: int) -> None:
        """Fold in an event or note. Needs no secret, and never refuses."""
        self.last_seq = seq
        if isinstance(event, Posted):
            self._posted(event, seq)
        elif isinstance(event, Read):
            self._read(event)
        elif isinstance(event, Joined):
            self._admit(event.user, seq)
        elif isinstance(event, Left):
            self.members.pop(event.user, None)
        elif isinstance(event, Updated):
            self.profile = event.profile
        elif isinstance(event, Deleted):
            self._deleted(event, seq, at_ms)
        elif isinstance(event, Created):
            self.profile = event.profile
            for user in event.members:
                self._admit(user, seq)

    def _admit(self, user: str, seq: int) -> None:
        self.members[user] = Member(joined=seq, offset=self.posts)

    def _posted(self, event: Posted, seq: int) -> None:
        self.posts += 1
        self.last_post, self.last_post_at = seq, event.at
        self.recent.post(seq, event.author)
        member = self.members.get(event.author)
        if member is not None:
            member.offset += 1

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

    def _read(self, note: Read) -> None:
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
        member.read = max(member.read, note.mark)

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
        )

    def thaw(self, frozen: Frozen) -> None:
        """Become what was frozen."""
        self.profile, self.members, self.last_seq = frozen.profile, frozen.members, frozen.last_seq
        self.posts, self.deletions = frozen.posts, frozen.deletions
        self.last_post, self.last_post_at = frozen.last_post, frozen.last_post_at
        self.recent.floor = frozen.floor
        self.recent.seqs.extend(frozen.recent_seqs)
        self.recent.authors.extend(frozen.recent_authors)


def role_of(user: str, owner: str) -> str:
    """`owner` or `member`."""
    return "owner" if user == owner else "member"
