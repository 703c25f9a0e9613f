"""Decisions about the room itself and who is in it. Pure: room, command and context in, a decision or an error out.

A direct room has two members for ever; a group has an owner as long as it has members. When the owner leaves, the
member of longest standing takes over; when nobody is left, an open room waits for whoever joins next.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation import words
from actors.rooms.conversation.binding import NO_OPENING, Binding, Opening
from actors.rooms.keeping import house
from actors.rooms.marks import delivery, privacy
from actors.rooms.messages.queries import RoomStanding
from actors.rooms.replies import CreatedRoom, JoinedRoom, RoomMembers, UpdatedRoom
from actors.rooms.room import rules
from actors.rooms.room.commands import AddMembers, Create, Join, Leave, RemoveMember, Update
from actors.rooms.room.events import Agreed, Created, Joined, Left, Profile, Updated
from actors.rooms.room.sight import resolve, sight_of, veil_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from actors.rooms.safety import finding
from actors.rooms.sealed import rules as sealed
from common.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied

if TYPE_CHECKING:
    from actors.rooms.marks.events import RoomEvent

OPENING: Final = "opening"
"""How the key of the part begins that holds what was said when a conversation was asked for."""
_REFUSED: Final = "You are not a member of this room."
_KEPT: Final = "A direct room cannot be left for ever. Leave it without `forever` to stop hearing it."
_FIXED: Final = "A direct room keeps its two members. Create a group to talk with others."


def profile_of(room: RoomState) -> Profile:
    """The profile of the room. Raises:
    NotFound: nobody has created it.
    """
    if room.profile is None:
        raise NotFound("There is no such room.", room=room.id)
    return room.profile


def require_member(room: RoomState, user: str) -> None:
    """Raises NotFound when there is no such room, PermissionDenied when `user` is not in it."""
    if room.profile is None or user not in room.members:
        profile_of(room)
        raise PermissionDenied(_REFUSED, room=room.id)


def create(room: RoomState, command: Create, context: Context) -> Decision:
    """Begin the room; or find it, when the caller may be in it."""
    user = context.by.user
    if not user:
        raise PermissionDenied("Only a user can create a room.")
    others = [other for other in rules.user_ids(command.members, "members") if other != user]
    if command.kind == "direct":
        _check_direct(command, others)
    if room.profile is not None:
        return _find(room=room, profile=room.profile, command=command, pair={user, *others}, user=user)
    _check_size(room, 1 + len(others))
    if command.e2ee:
        sealed.check_accepted(command.accept)
    profile = Profile(
        kind=command.kind,
        title=rules.title(command.title, room.settings),
        open=command.open,
        owner=user,
        created_at=context.now_ms,
        binding=_bound(command, context.now_ms),
        retention_days=house.days_kept(context.parts),
    )
    members = (user, *others)
    quiet = privacy.quiet_among(members, context)
    event = Created(author=user, at=context.now_ms, profile=profile, members=members, quiet=quiet)
    notes = (Agreed(author=user, at=context.now_ms),) if command.e2ee else ()
    return Decision(
        CreatedRoom(room=room.to_wire(user, profile=profile, more=1), created=True), events=[event], notes=notes
    )


def _bound(command: Create, now_ms: int) -> Binding | None:
    """What is special about a room without a relation."""
    if not (command.veil or command.e2ee):
        return None
    return Binding(veil=command.veil, at=now_ms, e2ee=command.e2ee)


def _check_direct(command: Create, others: list[str]) -> None:
    if len(others) != 1:
        raise rules.invalid("A direct room is with exactly one other user.", "members")
    if command.open:
        raise rules.invalid("A direct room cannot be open.", "open")
    if command.veil:
        raise rules.invalid("A direct room cannot be anonymous: there are two of you.", "anonymous")


def _find(room: RoomState, profile: Profile, command: Create, pair: set[str], user: str) -> Decision:
    if user not in room.members and not profile.open:
        raise PermissionDenied(_REFUSED, room=room.id)
    if command.kind == "direct" and (profile.kind != "direct" or room.members.keys() != pair):
        raise AlreadyExists("This room_id is in use for another room. Choose another.", room=room.id)
    return Decision(CreatedRoom(room=room.to_wire(user), created=False))


def join(room: RoomState, command: Join, context: Context) -> Decision:
    """Tell a member where the room stands; make a stranger a member first, if the room is open."""
    user, profile = context.by.user, profile_of(room)
    if command.since is not None and command.since < 0:
        raise rules.invalid("since is a seq: 0 or more.", "since")
    events: list[RoomEvent] = []
    members = room.roster(user)
    if user not in room.members:
        if not profile.open or not user:
            raise PermissionDenied(_REFUSED, room=room.id)
        _check_size(room, len(room.members) + 1)
        quiet = privacy.quiet_of(user, context)
        events.append(Joined(author=user, at=context.now_ms, user=user, profile=profile, quiet=quiet))
        if not profile.owner:
            profile = msgspec.structs.replace(profile, owner=user)
            events.append(Updated(author=user, at=context.now_ms, profile=profile))
        members += room.listed(user, (user,), profile.owner)
    answer = JoinedRoom(
        room=room.to_wire(user, profile=profile, more=len(events), opening=opening_in(context)),
        members=members,
        last_seq=room.last_seq + len(events),
        messages=[],
        read=dict(delivery.marks_for(room, user)),
        has_more=False,
    )
    standing = RoomStanding(
        answer=answer,
        since=command.since,
        silent=room.last_post == 0,
        sight=sight_of(room, user),
        threads=room.replies > 0,
    )
    return Decision(standing, events=events, notes=sealed.agreeing(room, command.accept, user, context.now_ms))


def opening_in(context: Context) -> Opening:
    """The message with which the conversation was asked for."""
    return next((found for found in context.parts.values() if isinstance(found, Opening)), NO_OPENING)


def opening_key(bound: Binding) -> str:
    """The key of that part, as the conversation is now."""
    return f"{OPENING}/{bound.opening}"


def add(room: RoomState, command: AddMembers, context: Context) -> Decision:
    """Make users members, each with an event of their own."""
    profile = _owned_group(room, context)
    new = [user for user in rules.user_ids(command.users, "user_ids") if user not in room.members]
    _check_size(room, len(room.members) + len(new))
    author, at = context.by.user, context.now_ms
    events = [
        Joined(author=author, at=at, user=user, profile=profile, quiet=privacy.quiet_of(user, context)) for user in new
    ]
    members = room.roster(author) + room.listed(author, new)
    return Decision(RoomMembers(members=members), events=events)


def remove(room: RoomState, command: RemoveMember, context: Context) -> Decision:
    """End another's membership. Somebody who is no member is left alone."""
    _owned_group(room, context)
    gone = resolve(room, command.user)
    if gone == context.by.user:
        raise FailedPrecondition("You cannot remove yourself: leave the room for ever instead.")
    members = room.listed(context.by.user, [user for user in room.members if user != gone])
    left = Left(author=context.by.user, at=context.now_ms, user=gone, veil=veil_of(room))
    return Decision(RoomMembers(members=members), events=[left] if gone in room.members else [])


def leave(room: RoomState, command: Leave, context: Context) -> Decision:
    """End the caller's membership, and hand the room on if it was theirs."""
    user, profile = context.by.user, profile_of(room)
    if profile.kind == "direct":
        raise FailedPrecondition(_KEPT)
    events: list[RoomEvent] = [Left(author=user, at=context.now_ms, user=user, veil=veil_of(room))]
    if user == profile.owner:
        heir = next((other for other in room.members if other != user), "")
        profile = msgspec.structs.replace(profile, owner=heir)
        events.append(Updated(author=user, at=context.now_ms, profile=profile))
    return Decision(Done(), events=events)


def update(room: RoomState, command: Update, context: Context) -> Decision:
    """Change title, openness, or whether it is searched. What is the same already makes no event."""
    profile, user = _owned(room, context), context.by.user
    if command.title is None and command.open is None and command.searchable is None:
        raise rules.invalid("Name a title, or whether the room is open or searched.", "title")
    if command.open and profile.kind == "direct":
        raise FailedPrecondition(_FIXED)
    if command.title is not None:
        words.check(room, (command.title,), command.words)
        finding.refuse(room.screen, room.policy, relation=_relation(room), field="title", text=command.title)
    changed = msgspec.structs.replace(
        profile,
        title=profile.title if command.title is None else rules.title(command.title, room.settings),
        open=profile.open if command.open is None else command.open,
        searchable=profile.searchable if command.searchable is None else command.searchable,
    )
    if changed == profile:
        return Decision(UpdatedRoom(room=room.to_wire(user, opening=opening_in(context))))
    event = Updated(author=user, at=context.now_ms, profile=changed)
    shown = room.to_wire(user, profile=changed, more=1, opening=opening_in(context))
    return Decision(UpdatedRoom(room=shown), events=[event])


def _relation(room: RoomState) -> str:
    return "" if room.binding is None else room.binding.relation


def _owned(room: RoomState, context: Context) -> Profile:
    profile = profile_of(room)
    if context.by.user != profile.owner:
        raise PermissionDenied("Only the owner of the room may do this.", room=room.id)
    return profile


def _owned_group(room: RoomState, context: Context) -> Profile:
    if profile_of(room).kind == "direct":
        raise FailedPrecondition(_FIXED)
    return _owned(room, context)


def _check_size(room: RoomState, members: int) -> None:
    if members > room.settings.max_members:
        raise FailedPrecondition(f"A room has at most {room.settings.max_members} members.", room=room.id)
