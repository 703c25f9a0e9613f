"""A case: which rule decides. Moderators and administrators see all but those about themselves."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, Principal, Query, SetTimer
from actors.kernel.contract.versions import require_version
from actors.moderation.case import chain
from actors.moderation.case.commands import (
    Add,
    AddNote,
    Appeal,
    AssignModerator,
    CaseCommand,
    Close,
    ConfirmResolution,
    Deciders,
    Endanger,
    FallDue,
    Fate,
    FileReport,
    ForgetEvidence,
    GetCase,
    GetHeldContents,
    HoldMessage,
    RejectHeld,
    RejectResolution,
    ReleaseHeld,
    TakeAction,
)
from actors.moderation.case.events import CaseChanged, CaseEvent, EvidenceForgotten
from actors.moderation.case.handling import Handling
from actors.moderation.case.opening import CaseDeadlines, Openings
from actors.moderation.records import Case
from actors.moderation.showing import held_of, shown
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation

_Of_System = (
    FileReport | HoldMessage | Endanger | Appeal | Fate | GetHeldContents | Deciders | Add | FallDue | ForgetEvidence
)
_OF_SYSTEM: Final = (
    FileReport,
    HoldMessage,
    Endanger,
    Appeal,
    Fate,
    GetHeldContents,
    Deciders,
    Add,
    FallDue,
    ForgetEvidence,
)
UNDER_HOLD: Final = "under_hold"
"""How the part's key begins that says whether a legal hold lies over the case, its room, or whom it is about."""
_DAY_MS: Final = 86_400_000
_pack: Final = msgspec.msgpack.Encoder().encode
_OF_HELD: Final = (ReleaseHeld, RejectHeld, Fate)
_CHANGES: Final = (AssignModerator, AddNote, TakeAction, Close, ConfirmResolution, RejectResolution)
_Of_Moderators = (
    GetCase
    | AssignModerator
    | AddNote
    | TakeAction
    | Close
    | ConfirmResolution
    | RejectResolution
    | ReleaseHeld
    | RejectHeld
)


class CaseWords(Query, frozen=True):
    """The case, with what its events hold; `held`: the message that it holds alone."""

    case: Case
    version: int
    held: bool = False


@dataclass(slots=True)
class CaseEntity:
    """`case` is None until something opened it."""

    id: str
    terms: CaseDeadlines
    case: Case | None = None

    def decide(self, command: CaseCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such case, or it is nothing to the one who asks, or it holds no message.
            PermissionDenied: only Carewire itself does that, or no role of the one who asks.
            FailedPrecondition: not in this state, or not by this person; or it has changed meanwhile.
            InvalidArgument: not in a case like this.
        """
        if isinstance(command, _OF_SYSTEM):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself does that.")
            return self._of_system(command, context.now_ms, version, held=_is_under_hold(context))
        case = self._known()
        self._require(case, context.by, "case.read" if isinstance(command, GetCase) else "case.decide")
        if isinstance(command, _OF_HELD) and case.held is None:
            raise NotFound("There is no such message.", case=self.id)
        if isinstance(command, _CHANGES):
            require_version(command.versions, version)
        rules = Handling(terms=self.terms, case=case, by=context.by, now_ms=context.now_ms, version=version)
        return self._of_moderators(rules, command, version)

    def apply(self, event: CaseEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, CaseChanged):
            self.case = event.case
        elif self.case is not None:
            self.case = replace(self.case, evidence=())

    def _of_system(self, command: _Of_System, now_ms: int, version: int, *, held: bool) -> Decision:
        openings = Openings(id=self.id, terms=self.terms, case=self.case, now_ms=now_ms, version=version)
        match command:
            case FileReport():
                return openings.report(command)
            case HoldMessage():
                return openings.hold(command)
            case Endanger():
                return openings.endanger(command)
            case Appeal():
                return openings.appeal(command)
            case Add():
                return openings.add(self._known(), command)
            case Fate():
                return Decision(held_of(self._held()))
            case GetHeldContents():
                return Decision(CaseWords(self._held(), version, held=True))
            case Deciders():
                return Decision(shown(self._known(), version))
            case FallDue():
                return self._fall_due(command, now_ms)
            case ForgetEvidence():
                return self._forget(command, now_ms, held=held)
        assert_never(command)

    def _forget(self, command: ForgetEvidence, now_ms: int, *, held: bool) -> Decision:
        """Its time is over; under a legal hold it is looked at again a day later."""
        if self.case is None or not self.case.is_closed or self.case.closed != command.closed:
            return Decision()
        if not held:
            return Decision(events=[EvidenceForgotten(case=self.id)])
        again = now_ms + _DAY_MS
        return Decision(timers=[SetTimer(f"forget:{command.closed}:{again}", again, _pack(command))])

    def _of_moderators(self, rules: Handling, command: _Of_Moderators, version: int) -> Decision:
        match command:
            case GetCase():
                looked = rules.look()
                case = next((one.case for one in looked.events if isinstance(one, CaseChanged)), rules.case)
                return Decision(CaseWords(case, version + len(looked.events)), events=looked.events)
            case AssignModerator():
                return rules.assign(command)
            case AddNote():
                return rules.note(command)
            case TakeAction():
                return rules.act(command)
            case Close():
                return rules.close(command)
            case ConfirmResolution():
                return rules.confirm(command)
            case RejectResolution():
                return rules.reopen(command)
            case ReleaseHeld():
                return rules.release()
            case RejectHeld():
                return rules.reject(command)
        assert_never(command)

    def _fall_due(self, command: FallDue, now_ms: int) -> Decision:
        case = self.case
        if case is None or case.raised != command.raised or case.looked or case.is_closed:
            return Decision()
        late = chain.added(replace(case, overdue=True), now_ms, "", "overdue")
        return Decision(events=[CaseChanged(author=f"case:{case.id}", case=late, change="overdue")])

    def _known(self) -> Case:
        if self.case is None:
            raise NotFound("There is no such case.", case=self.id)
        return self.case

    def _held(self) -> Case:
        case = self._known()
        if case.held is None:
            raise NotFound("There is no such message.", case=self.id)
        return case

    def _require(self, case: Case, by: Principal, action: str) -> None:
        if not POLICY.allows(by.role, Relation.NONE, action) or by.user == case.subject:
            raise NotFound("There is no such case.", case=self.id)


def _is_under_hold(context: Context) -> bool:
    return any(bool(found) for key, found in context.parts.items() if key.startswith(UNDER_HOLD))
