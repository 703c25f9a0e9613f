"""Decisions about a conversation: beginning it, answering a request, pausing and closing it. Pure.

requested -> open, declined        by who was asked
open      -> paused, closed        by its therapist, staff, the care that it belongs to, either of two who are alike
paused    -> open, closed          by the same; or when its time is over
declined, closed -> anew           as `_again` says
"""

from typing import TYPE_CHECKING, Any

import msgspec

from actors.kernel.contract.entity import Context, Decision, Principal, SetTimer
from actors.rooms.conversation.admission import SAID, check_policy
from actors.rooms.conversation.binding import (
    NO_OPENING,
    REFUSED_FOR_MS,
    Binding,
    Bond,
    Consent,
    Opening,
    State,
)
from actors.rooms.conversation.commands import (
    Bar,
    ChangeState,
    Converse,
    LapseRest,
    Respond,
)
from actors.rooms.conversation.policy import PLAIN
from actors.rooms.keeping import house
from actors.rooms.replies import CreatedRoom, UpdatedRoom
from actors.rooms.room import rules as texts
from actors.rooms.room.events import Agreed, Barred, Bonded, Created, Joined, Profile, Rebound
from actors.rooms.room.membership import opening_in, profile_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from actors.rooms.safety import finding
from actors.rooms.sealed import rules as sealed
from common.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied, RateLimited
from common.policy import POLICY, Relation

if TYPE_CHECKING:
    from actors.rooms.marks.events import RoomEvent


def converse(room: RoomState, command: Converse, context: Context) -> Decision:
    """Begin it, find it, or begin it anew."""
    user, now_ms = context.by.user, context.now_ms
    if not user:
        raise PermissionDenied("Only a user can begin a conversation.")
    bond = _known(room, command.bond)
    if bond is not None and bond.state != "active":
        raise FailedPrecondition("There is no active care relationship.", details={"reason": "no_care"})
    if command.e2ee:
        sealed.check_accepted(command.accept)
    profile = room.profile
    if profile is not None:
        return _find(room=room, profile=profile, command=command, bond=bond, context=context)
    days = house.days_kept(context.parts, command.relation)
    binding = _bound(command, days, user, now_ms)
    profile = Profile(
        kind="direct",
        title="",
        open=False,
        owner=command.therapist or user,
        created_at=now_ms,
        binding=binding,
        retention_days=days,
    )
    secret = command.opening or None
    opening = _check_note(room, command, secret) if secret else NO_OPENING
    events: list[RoomEvent] = [
        Created(author=user, secret=secret, at=now_ms, profile=profile, members=(user, command.other))
    ]
    events += [
        Joined(author="", at=now_ms, user=one.user, profile=profile, role="cover", hidden=one.hidden)
        for one in command.covers
    ]
    shown = room.to_wire(user, profile=profile, more=len(events), opening=opening)
    notes: list[RoomEvent] = [] if bond is None else [Bonded(at=now_ms, bond=bond)]
    notes += [Agreed(author=user, at=now_ms)] if command.e2ee else []
    return Decision(CreatedRoom(room=shown, created=True), events=events, notes=notes)


def _known(room: RoomState, bond: Bond | None) -> Bond | None:
    """The later word on the care that it belongs to: what was sent, or what came by letter before it."""
    if bond is None or room.bond is None or not room.bond.outdates(bond):
        return bond
    return room.bond


def _bound(command: Converse, days: int | None, user: str, now_ms: int) -> Binding:
    state: State = "requested" if command.asks else "open"
    consents: tuple[Consent, ...] = ()
    if command.asks:
        told = msgspec.structs.replace(command.policy, retention_days=days)
        check_policy(told, command.policy_version, command.accepted)
        consents = (Consent(user, command.policy_version, now_ms),)
    return Binding(
        relation=command.relation,
        state=state,
        at=now_ms,
        maker=user,
        asked=command.other,
        therapist=command.therapist,
        care=command.bond.care if command.bond is not None else "",
        policy=None if command.policy == PLAIN else command.policy,
        policy_version=command.policy_version,
        consents=consents,
        about=command.about,
        e2ee=command.e2ee,
    )


def _find(room: RoomState, profile: Profile, command: Converse, bond: Bond | None, context: Context) -> Decision:
    user, binding = context.by.user, profile.binding
    if binding is None or binding.relation != command.relation or binding.parties != {user, command.other}:
        raise AlreadyExists("This room_id is in use for another room.", room=room.id)
    if command.e2ee and not binding.e2ee:
        raise FailedPrecondition(
            "The two have this conversation, and it is not encrypted: that never changes.", details={"reason": "e2ee"}
        )
    notes: list[RoomEvent] = list(sealed.agreeing(room, command.accept, user, context.now_ms)) if command.e2ee else []
    again = _again(binding, profile.retention_days, command, context)
    secret = None
    if again is not None and command.asks:
        secret = command.opening or msgspec.msgpack.encode(NO_OPENING)
        _check_note(room, command, secret)
        again = msgspec.structs.replace(again, opening=room.last_seq + 1)
    if again is None:
        shown = room.to_wire(user, opening=opening_in(context))
        return Decision(CreatedRoom(room=shown, created=False), notes=notes)
    changed = msgspec.structs.replace(profile, binding=again)
    notes += [] if bond is None else [Bonded(at=context.now_ms, bond=bond)]
    shown = room.to_wire(user, profile=changed, more=1, opening=opening_in(context))
    event = Rebound(author=user, secret=secret, at=context.now_ms, profile=changed)
    return Decision(CreatedRoom(room=shown, created=False), events=[event], notes=notes)


def _check_note(room: RoomState, command: Converse, secret: bytes) -> Opening:
    """What is said of it. Raises FailedPrecondition: its note would be held, and is no message that could wait."""
    opening = msgspec.msgpack.decode(secret, type=Opening)
    finding.refuse(room.screen, command.policy, relation=command.relation, field="note", text=opening.note)
    return opening


def _again(binding: Binding, days: int | None, command: Converse, context: Context) -> Binding | None:
    """The binding of one that begins anew; None: it stays as it is. New care opens it, whatever it was; who may ask
    asks again, but not whoever has refused them lately."""
    user, now_ms = context.by.user, context.now_ms
    if command.bond is not None:
        if binding.care == command.bond.care:
            return None
        return msgspec.structs.replace(binding, state="open", at=now_ms, until=0, care=command.bond.care)
    if not command.asks or binding.state not in ("declined", "closed"):
        return None
    left_ms = binding.refused_at + REFUSED_FOR_MS - now_ms if binding.refused_by not in ("", user) else 0
    if left_ms > 0:
        raise RateLimited(
            "This person does not want to be asked again yet.",
            details={"reason": "refused"},
            retry_after_s=left_ms / 1000,
        )
    asked = _bound(command, days, user, now_ms)
    return msgspec.structs.replace(asked, refused_by=binding.refused_by, refused_at=binding.refused_at)


def respond(room: RoomState, command: Respond, context: Context) -> Decision:
    """Who was asked accepts, or does not."""
    user, now_ms = context.by.user, context.now_ms
    profile, binding = conversation_of(room)
    relation = Relation.REQUESTED if user == binding.asked else Relation.MEMBER
    if not POLICY.allows(context.by.role, relation, "conversation.respond"):
        raise PermissionDenied("Only the one who was asked may answer.", room=room.id)
    to: State = "open" if command.accept else "declined"
    if binding.state == to:
        return _unchanged(room, context)
    if binding.state != "requested":
        raise FailedPrecondition("This request has been answered already.", details={"reason": binding.state})
    if command.accept:
        check_policy(profile.policy, binding.policy_version, command.accepted)
        consents = (*binding.consents, Consent(user, binding.policy_version, now_ms))
        changed = msgspec.structs.replace(binding, state=to, at=now_ms, consents=consents)
    else:
        changed = msgspec.structs.replace(binding, state=to, at=now_ms, refused_by=user, refused_at=now_ms)
    return _changed(room, profile, changed, context)


def change_state(room: RoomState, command: ChangeState, context: Context) -> Decision:
    """Pause it, resume it, close it."""
    now_ms = context.now_ms
    profile, binding = _managed(room, command, context.by)
    if command.until and command.until <= now_ms:
        raise texts.invalid("until has passed. Name a later time, or none.", "until")
    if (binding.state, binding.until) == (command.to, command.until):
        return _unchanged(room, context)
    _check_change(room, binding, command, context.by)
    changed = msgspec.structs.replace(binding, state=command.to, at=now_ms, until=command.until)
    return _changed(room, profile, changed, context)


def _managed(room: RoomState, command: ChangeState, by: Principal) -> tuple[Profile, Binding]:
    profile = profile_of(room)
    user, action = by.user, "conversation.close" if command.to == "closed" else "conversation.pause"
    relation = Relation.MEMBER if user in room.members else Relation.NONE
    binding = profile.binding
    if binding is not None and binding.may_manage(user):
        relation = Relation.OWNER
    if not by.is_system and not POLICY.allows(by.role, relation, action):
        raise PermissionDenied("Only its therapist and administrators may do this.", room=room.id)
    return conversation_of(room)


def _check_change(room: RoomState, binding: Binding, command: ChangeState, by: Principal) -> None:
    """Raises FailedPrecondition: not from the state in which it is."""
    state, staff = binding.state, by.is_system or by.role == "admin"
    if command.to == "closed":
        return
    if command.to == "paused" and state in ("open", "paused"):
        return
    if command.to == "open" and (state == "paused" or (state == "closed" and staff)):
        if binding.therapist and room.bond is not None and room.bond.state != "active":
            raise FailedPrecondition("There is no active care relationship.", details={"reason": "no_care"})
        return
    raise FailedPrecondition(SAID.get(state, "This conversation is open."), details={"reason": state})


def lapse(room: RoomState, command: LapseRest, context: Context) -> Decision:
    """The timer: a pause may be over."""
    system_only(context)
    if room.profile is None or (binding := room.profile.binding) is None:
        return Decision(Done())
    resting = room.bond is not None and room.bond.state != "active"
    if binding.state != "paused" or not 0 < binding.until == command.until <= context.now_ms or resting:
        return Decision(Done())
    changed = msgspec.structs.replace(binding, state="open", at=context.now_ms, until=0)
    return Decision(Done(), events=_changed(room, room.profile, changed, context).events)


def bar(room: RoomState, command: Bar, context: Context) -> Decision:
    """Somebody wants nothing of another any more, or again."""
    system_only(context)
    if (command.other in room.barred.get(command.user, ())) is command.barred:
        return Decision(Done())
    note = Barred(at=context.now_ms, user=command.user, other=command.other, barred=command.barred)
    return Decision(Done(), notes=[note])


def conversation_of(room: RoomState) -> tuple[Profile, Binding]:
    """What the room is, and what it is bound to. Raises NotFound: it is no conversation."""
    profile = profile_of(room)
    if profile.binding is None or not profile.binding.relation:
        raise NotFound("There is no such conversation.", room=room.id)
    return profile, profile.binding


def _unchanged(room: RoomState, context: Context) -> Decision:
    return Decision(UpdatedRoom(room=room.to_wire(context.by.user, opening=opening_in(context))))


def _changed(room: RoomState, profile: Profile, binding: Binding, context: Context) -> Decision:
    changed = msgspec.structs.replace(profile, binding=binding)
    event = Rebound(author=context.by.user, at=context.now_ms, profile=changed)
    shown = room.to_wire(context.by.user, profile=changed, more=1, opening=opening_in(context))
    return Decision(UpdatedRoom(room=shown), events=[event], timers=rest_timers(binding))


def rest_timers(binding: Binding) -> list[SetTimer]:
    """The timer of a pause that ends by itself."""
    if binding.state != "paused" or not binding.until:
        return []
    command: Any = LapseRest(binding.until)
    return [SetTimer(f"rest:{binding.until}", binding.until, msgspec.msgpack.encode(command))]


def system_only(context: Context) -> None:
    """Raises PermissionDenied: a person asks for what only Carewire itself may."""
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
