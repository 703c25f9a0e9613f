"""How a conversation follows the care that it belongs to: open, paused and closed with it, and who is there in place of
its therapist. Pure.

The relationship sends a letter for each of its changes, and whoever asked for the change asks the room as well, so that
the caller is answered when the room is in its new state. Both say all that is true; the later version counts.
"""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation.binding import Binding, Bond, State
from actors.rooms.conversation.commands import FollowCare, Stead
from actors.rooms.marks.events import RoomEvent
from actors.rooms.room.events import Bonded, Joined, Left, Profile, Rebound
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import PermissionDenied

COVER: Final = "cover"
_STATES: Final[dict[str, State]] = {"active": "open", "paused": "paused", "ended": "closed"}


def follow(room: RoomState, command: FollowCare, context: Context) -> Decision:
    """Be as the care is. A room that is still to begin remembers it, so that it does not begin on care that is over."""
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    if not command.bond.outdates(room.bond):
        return Decision(Done())
    now_ms, profile = context.now_ms, room.profile
    note = Bonded(at=now_ms, bond=command.bond)
    if profile is None or (binding := profile.binding) is None:
        return Decision(Done(), notes=[note])
    events: list[RoomEvent] = []
    changed = _as_care_is(binding, command, room.bond, now_ms)
    if changed != binding:
        profile = msgspec.structs.replace(profile, binding=changed)
        events.append(Rebound(at=now_ms, profile=profile))
    events += _steads(room, profile, command.covers if command.bond.state != "ended" else (), now_ms)
    return Decision(Done(), events=events, notes=[note])


def _as_care_is(binding: Binding, command: FollowCare, known: Bond | None, now_ms: int) -> Binding:
    """What was paused by hand stays so while the care is as it was; what was closed by hand, as long as it is the same
    care."""
    bond = command.bond
    state = _STATES.get(bond.state, binding.state)
    same = bond.care == binding.care
    if same and binding.state == "closed":
        return binding
    if same and known is not None and known.state == bond.state != "paused":
        return binding
    until = command.until if state == "paused" else 0
    if same and (binding.state, binding.until) == (state, until):
        return binding
    return msgspec.structs.replace(binding, state=state, at=now_ms, until=until, care=bond.care)


def _steads(room: RoomState, profile: Profile, wanted: tuple[Stead, ...], now_ms: int) -> list[RoomEvent]:
    """Who comes in place of the therapist, and who goes."""
    there = {user for user, seat in room.seats.items() if seat.role == COVER}
    names = {one.user for one in wanted}
    left: list[RoomEvent] = [Left(at=now_ms, user=user) for user in sorted(there - names)]
    return left + [
        Joined(at=now_ms, user=one.user, profile=profile, role=COVER, hidden=one.hidden)
        for one in wanted
        if one.user not in room.members
    ]
