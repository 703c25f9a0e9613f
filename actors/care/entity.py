"""One care relationship: a therapist proposes and the client accepts, an administrator may establish one; its therapist
(or an administrator) pauses and resumes it; either party ends it. What has ended stays so: a new one is proposed."""

from dataclasses import dataclass
from typing import assert_never

import msgspec

from actors.care import cover as covers
from actors.care.commands import (
    AcceptCare,
    BeginCare,
    BeginCover,
    BindRoom,
    CareCommand,
    CarryOver,
    EndCare,
    EndCover,
    ForgetCareParty,
    LapsePause,
    PauseCare,
    ResumeCare,
    TurnCover,
)
from actors.care.events import (
    AnyCareEvent,
    CareAccepted,
    CareBegun,
    CareBound,
    CareCarriedOver,
    CareEnded,
    CarePaused,
    CareResumed,
)
from actors.care.state import CareRecord, State
from actors.kernel.contract.entity import Context, Decision, Principal, SetTimer
from common.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.policy import POLICY

_BY_ITS_THERAPIST = frozenset({"care.pause", "care.cover"})


def check_proposal(client: str, therapist: str, by: Principal) -> None:
    """May `by` propose that `therapist` cares for `client`?

    Raises:
        FailedPrecondition: only administrators propose the care of others; and nobody is their own therapist.
    """
    if by.role != "admin" and therapist != by.user:
        raise FailedPrecondition("Propose your own care only.", details={"field": "therapist_id"})
    if therapist == client:
        raise FailedPrecondition("Nobody is their own therapist.", details={"field": "client_id"})


@dataclass(slots=True)
class CareRelation:
    """State: the record, once it has begun."""

    id: str
    care: CareRecord | None = None

    def decide(self, command: CareCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such relationship, or it is nothing to the one who asks.
            AlreadyExists: begun before.
            PermissionDenied: a party, but not one who may do this.
            FailedPrecondition: not in this state.
            InvalidArgument: the end of a pause or a cover has passed.
        """
        match command:
            case BeginCare():
                return self._begin(command, context)
            case CarryOver():
                return self._carry_over(command.care, context.by)
        care = self._known()
        match command:
            case AcceptCare():
                return self._accept(self._open(care, context.by, "care.accept"), context.by)
            case PauseCare():
                return self._pause(self._open(care, context.by, "care.pause"), command.until, context)
            case ResumeCare():
                return self._resume(self._open(care, context.by, "care.pause"), context.by)
            case EndCare():
                return self._end(self._open(care, context.by, "care.end"), context)
            case BeginCover():
                return covers.begin(self._open(care, context.by, "care.cover"), command, context)
            case EndCover():
                return covers.end(self._open(care, context.by, "care.cover"), command.cover, context)
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        match command:
            case BindRoom():
                return self._bind(care, command.room)
            case TurnCover():
                return covers.turn(care, command.cover, context)
            case ForgetCareParty():
                return self._forget(care, command.user, context)
            case LapsePause():
                due = care.state == "paused" and 0 < care.until == command.until <= context.now_ms
                return self._resume(care, context.by) if due else Decision(care)
        assert_never(command)

    def apply(self, event: AnyCareEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.care = event.care

    def _known(self) -> CareRecord:
        if self.care is None:
            raise _not_found(self.id)
        return self.care

    def _open(self, care: CareRecord, by: Principal, action: str) -> CareRecord:
        """The relationship, unless it has ended. Strangers cannot tell whether it exists."""
        relations = care.relations(by.user)
        if not any(POLICY.allows(by.role, relation, action) for relation in relations):
            if (
                any(POLICY.allows(by.role, relation, "care.read") for relation in relations)
                and action in _BY_ITS_THERAPIST
            ):
                raise PermissionDenied("Only its therapist and administrators may do this.", action=action)
            raise _not_found(self.id)
        if not care.open:
            raise FailedPrecondition("This care relationship has ended. Propose a new one.")
        return care

    def _begin(self, command: BeginCare, context: Context) -> Decision:
        by = context.by
        check_proposal(command.client, command.therapist, by)
        if self.care is not None:
            raise AlreadyExists("There is such a care relationship, or it has been proposed.")
        state: State = "active" if by.role == "admin" else "pending"
        care = CareRecord(
            id=self.id,
            client=command.client,
            therapist=command.therapist,
            state=state,
            by=by.user,
            since=context.now_ms,
        )
        return Decision(care, events=[CareBegun(care=care, told=_others(care, by))])

    def _carry_over(self, care: CareRecord, by: Principal) -> Decision:
        if not by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if self.care is not None:
            return Decision(self.care)
        return Decision(care, events=[CareCarriedOver(care=care)])

    def _accept(self, care: CareRecord, by: Principal) -> Decision:
        if care.state != "pending":
            return Decision(care)
        care = msgspec.structs.replace(care, state="active")
        return Decision(care, events=[CareAccepted(care=care, told=_others(care, by))])

    def _pause(self, care: CareRecord, until: int, context: Context) -> Decision:
        if care.state == "pending":
            raise FailedPrecondition("It has not been accepted yet.", details={"reason": "pending"})
        if until and until <= context.now_ms:
            raise InvalidArgument("until has passed. Name a later time, or none.", details={"field": "until"})
        if care.state == "paused" and care.until == until:
            return Decision(care)
        care = msgspec.structs.replace(care, state="paused", until=until)
        timers = [SetTimer(f"lapse:{until}", until, msgspec.msgpack.encode(LapsePause(until)))] if until else []
        return Decision(care, events=[CarePaused(care=care, told=_others(care, context.by))], timers=timers)

    def _resume(self, care: CareRecord, by: Principal) -> Decision:
        if care.state == "pending":
            raise FailedPrecondition("It has not been accepted yet.", details={"reason": "pending"})
        if care.state == "active":
            return Decision(care)
        care = msgspec.structs.replace(care, state="active", until=0)
        return Decision(care, events=[CareResumed(care=care, told=_others(care, by))])

    def _end(self, care: CareRecord, context: Context) -> Decision:
        care, over = covers.ended_with(_ended(care, context.now_ms))
        return Decision(care, events=[CareEnded(care=care, told=_others(care, context.by)), *over])

    def _bind(self, care: CareRecord, room: str) -> Decision:
        if care.room == room:
            return Decision(care)
        care = msgspec.structs.replace(care, room=room)
        return Decision(care, events=[CareBound(care=care)])

    def _forget(self, care: CareRecord, user: str, context: Context) -> Decision:
        if not care.open or user not in (care.client, care.therapist):
            return Decision(care)
        care, over = covers.ended_with(_ended(care, context.now_ms))
        return Decision(care, events=[CareEnded(care=care), *over])


def _ended(care: CareRecord, now_ms: int) -> CareRecord:
    return msgspec.structs.replace(care, state="ended", ended_at=now_ms, until=0)


def _others(care: CareRecord, by: Principal) -> tuple[str, ...]:
    """The parties, but for the one who did it."""
    return tuple(sorted({care.client, care.therapist} - {by.user}))


def _not_found(care_id: str) -> NotFound:
    return NotFound("There is no such care relationship.", care=care_id)
