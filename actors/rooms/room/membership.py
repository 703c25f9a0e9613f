"""Decisions about the room itself and who is in it. Pure: room, command and context in, a decision or an error out.

A direct room has two members for ever; a group has an owner as long as it has members. When the owner leaves, the
member of longest standing takes over; when nobody is left, an open room waits for whoever joins next.
"""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.messages.queries import Standing
from actors.rooms.replies import CreatedRoom, JoinedRoom, RoomMembers, UpdatedRoom
from actors.rooms.room import rules
from actors.rooms.room.commands import AddMembers, Create, Join, Leave, RemoveMember, Update
from actors.rooms.room.events import Created, Joined, Left, Profile, RoomEvent, Updated
from actors.rooms.room.state import RoomState, role_of
from actors.rooms.room.wire import Done, RoomMember
from common.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied

_REFUSED: Final = "You are not a member of this room."
_KEPT: Final = "A direct room cannot be left for ever. Leave it without `forever` to stop hearing it."
_FIXED: Final = "A direct room keeps its two members. Create a group to talk with others."


def profile_of(room: RoomState) -> Profile:
    """What the room is.

    Raises:
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
        return _find(room, room.profile, command, {user, *others}, user)
    _check_size(room, 1 + len(others))
    profile = Profile(
        kind=command.kind,
        title=rules.title(command.title, room.settings),
        open=command.open,
        owner=user,
        created_at=context.now_ms,
    )
    event = Created(author=user, at=context.now_ms, profile=profile, members=(user, *others))
    return Decision(CreatedRoom(room=room.to_wire(profile=profile, more=1), created=True), events=[event])


def _check_direct(command: Create, others: list[str]) -> None:
    if len(others) != 1:
        raise rules.invalid("A direct room is with exactly one other user.", "members")
    if command.open:
        raise rules.invalid("A direct room cannot be open.", "open")


def _find(room: RoomState, profile: Profile, command: Create, pair: set[str], user: str) -> Decision:
    if user not in room.members and not profile.open:
        raise PermissionDenied(_REFUSED, room=room.id)
    if command.kind == "direct" and (profile.kind != "direct" or room.members.keys() != pair):
        raise AlreadyExists("This room_id is in use for another room. Choose another.", room=room.id)
    return Decision(CreatedRoom(room=room.to_wire(), created=False))


def join(room: RoomState, command: Join, context: Context) -> Decision:
    """Tell a member where the room stands; make a stranger a member first, if the room is open."""
    user, profile = context.by.user, profile_of(room)
    if command.since is not None and command.since < 0:
        raise rules.invalid("since is a seq: 0 or more.", "since")
    events: list[RoomEvent] = []
    members = room.roster()
    if user not in room.members:
        if not profile.open or not user:
            raise PermissionDenied(_REFUSED, room=room.id)
        _check_size(room, len(room.members) + 1)
        events.append(Joined(author=user, at=context.now_ms, user=user, profile=profile))
        if not profile.owner:
            profile = msgspec.structs.replace(profile, owner=user)
            events.append(Updated(author=user, at=context.now_ms, profile=profile))
        members.append(RoomMember(user_id=user, role=role_of(user, profile.owner)))
    answer = JoinedRoom(
        room=room.to_wire(profile=profile, more=len(events)),
        members=members,
        last_seq=room.last_seq + len(events),
        messages=[],
        read=room.marks(),
        has_more=False,
    )
    return Decision(Standing(answer, command.since, room.last_post == 0), events=events)


def add(room: RoomState, command: AddMembers, context: Context) -> Decision:
    """Make users members, each with an event of their own."""
    profile = _owned_group(room, context)
    new = [user for user in rules.user_ids(command.users, "user_ids") if user not in room.members]
    _check_size(room, len(room.members) + len(new))
    events = [Joined(author=context.by.user, at=context.now_ms, user=user, profile=profile) for user in new]
    members = room.roster() + [RoomMember(user_id=user, role="member") for user in new]
    return Decision(RoomMembers(members=members), events=events)


def remove(room: RoomState, command: RemoveMember, context: Context) -> Decision:
    """End another's membership. Somebody who is no member is left alone."""
    _owned_group(room, context)
    if command.user == context.by.user:
        raise FailedPrecondition("You cannot remove yourself: leave the room for ever instead.")
    members = [member for member in room.roster() if member.user_id != command.user]
    gone = [Left(author=context.by.user, at=context.now_ms, user=command.user)] if command.user in room.members else []
    return Decision(RoomMembers(members=members), events=gone)


def leave(room: RoomState, command: Leave, context: Context) -> Decision:
    """End the caller's membership, and hand the room on if it was theirs."""
    user, profile = context.by.user, profile_of(room)
    if profile.kind == "direct":
        raise FailedPrecondition(_KEPT)
    events: list[RoomEvent] = [Left(author=user, at=context.now_ms, user=user)]
    if user == profile.owner:
        heir = next((other for other in room.members if other != user), "")
        profile = msgspec.structs.replace(profile, owner=heir)
        events.append(Updated(author=user, at=context.now_ms, profile=profile))
    return Decision(Done(), events=events)


def update(room: RoomState, command: Update, context: Context) -> Decision:
    """Change title or openness. What is the same already makes no event."""
    profile = _owned(room, context)
    if command.title is None and command.open is None:
        raise rules.invalid("Name a title or whether the room is open.", "title")
    if command.open and profile.kind == "direct":
        raise FailedPrecondition(_FIXED)
    changed = msgspec.structs.replace(
        profile,
        title=profile.title if command.title is None else rules.title(command.title, room.settings),
        open=profile.open if command.open is None else command.open,
    )
    if changed == profile:
        return Decision(UpdatedRoom(room=room.to_wire()))
    event = Updated(author=context.by.user, at=context.now_ms, profile=changed)
    return Decision(UpdatedRoom(room=room.to_wire(profile=changed, more=1)), events=[event])


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
