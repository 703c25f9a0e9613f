"""The rules of an emergency. Until it is over, at any moment somebody is being asked or has accepted it; every wait
ends by a durable timer, and no acknowledgement is ever made by a machine."""

from dataclasses import dataclass
from typing import Final, Literal, assert_never

import msgspec
from msgspec.structs import replace

from actors.emergencies.activities import Responders
from actors.emergencies.emergency import authority, climbing
from actors.emergencies.emergency.commands import (
    AcknowledgeEmergency,
    CancelEmergency,
    Cry,
    EmergencyCommand,
    ForgetLocation,
    ForgetPerson,
    GetEmergency,
    GiveUp,
    HandOff,
    NextRung,
    Raise,
    RaiseAgain,
    Resolve,
    StopLooking,
    TakeBack,
)
from actors.emergencies.emergency.events import (
    Change,
    EmergencyChanged,
    EmergencyEvent,
    Located,
    LocationForgotten,
    RungDue,
)
from actors.emergencies.emergency.steps import ChangeNotice, EscalationTimes
from actors.emergencies.ladders import STANDARD, Rung
from actors.emergencies.records import Emergency, graver, shown
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal
from actors.kernel.contract.versions import require_version
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

Ending = Literal["resolved", "cancelled", "unanswered"]
OVER_ALREADY: Final = "over"
_RAISED: Final[Change] = "raised"
_AGAIN: Final[Change] = "raised_again"
_NOTHING: Final = Decision()
_OF_RESPONDERS: Final = (AcknowledgeEmergency, HandOff, Resolve, CancelEmergency)
_responders: Final = msgspec.msgpack.Decoder(Responders).decode
_cry: Final = msgspec.msgpack.Decoder(Cry).decode


@dataclass(slots=True)
class EmergencyEntity:
    """`emergency` is None until it was raised. `steps`: how long things last."""

    id: str
    steps: EscalationTimes
    emergency: Emergency | None = None

    def decide(self, command: EmergencyCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such emergency, or it is nothing to the one who asks.
            PermissionDenied: theirs to see, but not to do this.
            Conflict: somebody else has it; `details.acknowledged_by`.
            FailedPrecondition: not in this state, or it has changed meanwhile.
            InvalidArgument: it cannot be handed over to this person.
        """
        now_ms = context.now_ms
        if isinstance(command, GetEmergency):
            return Decision(authority.seen(self._known(), context.by))
        if isinstance(command, _OF_RESPONDERS):
            one = self._known()
            authority.require(one, command, context.by)
            require_version(command.versions, version)
            return self._shown(self._of_people(one, command, context.by, now_ms), version)
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if isinstance(command, Raise):
            return self._shown(self._raise(command, now_ms, version), version)
        return self._of_time(self._known(), command, now_ms)

    def answered(self, answered: Answered, now_ms: int) -> Decision:
        """The people of a rung were found, or cannot be: then those are asked who stood on it when it was raised."""
        one = self.emergency
        if one is None or one.status != "raised":
            return _NOTHING
        current = one.looking and answered.key == look_key(one.step)
        if answered.outcome != "done":
            return self._ask_known(one, now_ms) if current else _NOTHING
        found = _responders(answered.result)
        if current:
            return self._ask(_with_ladder(one, found.rungs), found.users, now_ms)
        late = tuple(user for user in found.users if user not in one.asked and user != one.user)
        return self._ask_late(one, late, now_ms) if late else _NOTHING

    def still(self, key: str) -> bool:
        """Are the people of this step still to be looked up?"""
        return self.emergency is not None and self.emergency.looking and key == look_key(self.emergency.step)

    def apply(self, event: EmergencyEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if not isinstance(event, LocationForgotten):
            self.emergency = event.emergency
        elif self.emergency is not None:
            self.emergency = replace(self.emergency, places=())

    def _known(self) -> Emergency:
        if self.emergency is None:
            raise NotFound("There is no such emergency.", emergency=self.id)
        return self.emergency

    def _shown(self, decision: Decision, version: int) -> Decision:
        """With the emergency as it is then for an answer."""
        last = decision.events[-1] if decision.events else None
        one = last.emergency if isinstance(last, EmergencyChanged | RungDue | Located) else self._known()
        return msgspec.structs.replace(decision, reply=shown(one, version + len(decision.events)))

    def _of_people(
        self,
        one: Emergency,
        command: AcknowledgeEmergency | HandOff | Resolve | CancelEmergency,
        by: Principal,
        now_ms: int,
    ) -> Decision:
        match command:
            case AcknowledgeEmergency():
                return self._acknowledge(one, by.user, now_ms)
            case HandOff():
                return self._hand_off(one, command.to, by.user, now_ms)
            case Resolve():
                return self._end(one=one, status="resolved", user=by.user, now_ms=now_ms, note=command.secret)
            case CancelEmergency():
                return self._end(one, "cancelled", by.user, now_ms)
        assert_never(command)

    def _of_time(
        self,
        one: Emergency,
        command: NextRung | StopLooking | TakeBack | RaiseAgain | GiveUp | ForgetLocation | ForgetPerson,
        now_ms: int,
    ) -> Decision:
        """Timers, each judged anew: a stale one changes nothing."""
        match command:
            case NextRung() if one.status == "raised" and not one.looking and command.step == one.step:
                return self.steps.look(climbing.further(one), now_ms)
            case StopLooking() if one.status == "raised" and one.looking and command.step == one.step:
                return self._ask_known(one, now_ms)
            case TakeBack() if one.status == "handed_over" and command.step == one.step:
                return self._come_back(one, now_ms)
            case RaiseAgain() if one.status == "acknowledged" and command.step == one.step:
                return self._raise_again(one, now_ms)
            case GiveUp() if one.status == "raised" and command.raising == one.raising:
                return self._end(one, "unanswered", "", now_ms)
            case ForgetLocation() if one.over and one.places and command.ended == one.ended:
                return Decision(events=[LocationForgotten(places=one.places)])
            case ForgetPerson() if not one.over:
                return self._forget(one, command.user, now_ms)
        return _NOTHING

    def _raise(self, command: Raise, now_ms: int, version: int) -> Decision:
        """What Carewire itself raises is never refused: where the last one has just ended, it is raised again."""
        one, change = self.emergency, _RAISED
        if one is not None and not one.over:
            one = climbing.noted(one, now_ms, "joined", command.by)
            joined = replace(one, kind=graver(one.kind, command.kind))
            return self.steps.said(joined, ChangeNotice("joined"), version, _cry_of(command))
        if one is not None and command.by:
            raise FailedPrecondition("This emergency is over. Raise another.", details={"reason": OVER_ALREADY})
        if one is None:
            one = _new(self.id, command, now_ms)
        else:
            one, change = replace(_again(one), kind=graver(one.kind, command.kind), ended=0), _AGAIN
        one = climbing.noted(one, now_ms, change, command.by)
        people = tuple(user for user in climbing.known_on(one) if user != one.user)
        one = climbing.asking(one, people, now_ms) if people else climbing.looking(one)
        return self.steps.begun(one, ChangeNotice(change, one.asked, one.asked), now_ms, version, cry=_cry_of(command))

    def _ask_known(self, one: Emergency, now_ms: int) -> Decision:
        one = _with_ladder(one)
        return self._ask(one, climbing.known_on(one), now_ms)

    def _ask(self, one: Emergency, people: tuple[str, ...], now_ms: int) -> Decision:
        """A rung begins. Mail goes out once a rung."""
        if climbing.skips(one, people):
            return self.steps.look(climbing.further(climbing.noted(one, now_ms, "skipped")), now_ms)
        one = climbing.noted(climbing.asking(one, people, now_ms), now_ms, "asked")
        channels = climbing.rung_of(one).channels
        by_mail = one.laps == 0 and (not channels or "email" in channels)
        return self.steps.waiting(one, ChangeNotice("asked", one.asked, one.asked if by_mail else (), channels))

    def _ask_late(self, one: Emergency, late: tuple[str, ...], now_ms: int) -> Decision:
        """They were found after the others of their rung had been asked, whose time goes on."""
        one = climbing.noted(replace(one, asked=(*one.asked, *late)), now_ms, "asked")
        return Decision(events=[ChangeNotice("asked", late, late).event(one)])

    def _acknowledge(self, one: Emergency, user: str, now_ms: int) -> Decision:
        _check_open(one)
        if one.status == "acknowledged" and one.owner == user:
            return _NOTHING
        if one.status != "raised" and user not in (one.owner, one.handed_to):
            raise Conflict("Somebody else is on it.", details={"acknowledged_by": one.owner})
        one = replace(climbing.settled(one), status="acknowledged", owner=user, acknowledged=now_ms, handed_to="")
        return self.steps.accepted(
            climbing.noted(one, now_ms, "acknowledged", user), ChangeNotice("acknowledged"), now_ms
        )

    def _hand_off(self, one: Emergency, to: str, user: str, now_ms: int) -> Decision:
        _check_open(one)
        if one.status == "raised":
            raise FailedPrecondition("Nobody has acknowledged it yet.", details={"status": one.status})
        if to in (one.owner, one.user):
            raise InvalidArgument("Name somebody else.", details={"field": "to"})
        if one.handed_to == to:
            return _NOTHING
        asked = tuple(dict.fromkeys([*one.asked, to]))
        one = replace(climbing.settled(one), status="handed_over", handed_to=to, asked=asked)
        one = climbing.noted(one, now_ms, "handed_over", user)
        return self.steps.handed(one, ChangeNotice("handed_over", (to,), (to,)), now_ms)

    def _come_back(self, one: Emergency, now_ms: int) -> Decision:
        """To whoever handed it over: they have not been relieved."""
        one = replace(climbing.settled(one), status="acknowledged", handed_to="")
        told = ChangeNotice("came_back", (one.owner,), (one.owner,))
        return self.steps.accepted(climbing.noted(one, now_ms, "came_back"), told, now_ms)

    def _raise_again(self, one: Emergency, now_ms: int) -> Decision:
        """Whoever was asked before is asked at once; the first rung is looked up anew."""
        one = climbing.noted(climbing.looking(_again(one)), now_ms, _AGAIN)
        return self.steps.begun(one, ChangeNotice(_AGAIN, one.asked, one.asked), now_ms, 0, cry=Cry())

    def _end(self, one: Emergency, status: Ending, user: str, now_ms: int, note: bytes | None = None) -> Decision:
        if one.status == status:
            return _NOTHING
        _check_open(one)
        one = replace(climbing.settled(one), status=status, ended=now_ms, handed_to="")
        return self.steps.ended(climbing.noted(one, now_ms, status, user), ChangeNotice(status), note)

    def _forget(self, one: Emergency, user: str, now_ms: int) -> Decision:
        """They will not come any more, or need nobody."""
        if user == one.user:
            return self._end(one, "cancelled", "", now_ms)
        one = replace(one, asked=tuple(other for other in one.asked if other != user))
        if user == one.owner:
            return self._raise_again(one, now_ms)
        return self._come_back(one, now_ms) if user == one.handed_to else _NOTHING


def look_key(step: int) -> str:
    """The key of the activity that looks up the people of a step."""
    return f"rung|{step}"


def _new(emergency_id: str, command: Raise, now_ms: int) -> Emergency:
    return Emergency(
        id=emergency_id,
        user=command.user,
        kind=command.kind,
        status="raised",
        by=command.by,
        created=now_ms,
        rungs=command.rungs,
        known=command.known,
    )


def _again(one: Emergency) -> Emergency:
    return replace(
        one, status="raised", rung=0, laps=0, owner="", acknowledged=0, handed_to="", raising=one.raising + 1
    )


def _with_ladder(one: Emergency, found: tuple[Rung, ...] = ()) -> Emergency:
    """With the ladder that was found, where it had none."""
    return one if one.rungs else replace(one, rungs=found or STANDARD.rungs)


def _cry_of(command: Raise) -> Cry:
    return Cry() if command.secret is None else _cry(command.secret)


def _check_open(one: Emergency) -> None:
    if one.over:
        raise FailedPrecondition("This emergency is over.", details={"status": one.status})
