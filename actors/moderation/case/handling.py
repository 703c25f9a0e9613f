"""What moderators do about a case. Pure."""

from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Decision, Principal, SetTimer
from actors.moderation.case import chain
from actors.moderation.case.commands import (
    AddNote,
    AssignModerator,
    Close,
    ConfirmResolution,
    ForgetEvidence,
    RejectHeld,
    RejectResolution,
    TakeAction,
)
from actors.moderation.case.events import CaseAction, CaseChanged
from actors.moderation.case.opening import CaseDeadlines
from actors.moderation.records import Case, HeldState
from actors.moderation.showing import held_of, shown
from common.errors import FailedPrecondition, InvalidArgument

SAME_PERSON: Final = "same_person"
_TWO: Final = frozenset({"emergency", "high"})
_OF_APPEALS: Final = frozenset({"upheld", "refused"})
_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Handling:
    """The rules of one case that is there. `by`: a moderator or an administrator."""

    terms: CaseDeadlines
    case: Case
    by: Principal
    now_ms: int
    version: int

    def look(self) -> Decision:
        """Whoever opens it first has looked: reporters hear that somebody does."""
        if self.case.looked:
            return Decision()
        return self._changed(self._looked(self.case), "looked", told=self._states_change())

    def assign(self, command: AssignModerator) -> Decision:
        """Raises FailedPrecondition: it is closed."""
        self._open()
        case = replace(self._looked(self.case), assignee=command.to or self.by.user, state="assigned")
        return self._changed(case, "assigned", told=self._states_change())

    def note(self, command: AddNote) -> Decision:
        """Something to remember."""
        return self._changed(self.case, "noted", command.secret)

    def act(self, command: TakeAction) -> Decision:
        """Do something about it.

        Raises:
            FailedPrecondition: it is closed.
            InvalidArgument: the case has no message, room or person that this could be done to; or `until` has passed.
        """
        self._open()
        message = self.case.evidence[-1].message if self.case.evidence else ""
        if command.deed == "delete_message" and not message:
            raise InvalidArgument("This case holds no message.", details={"field": "action"})
        if command.deed in ("remove_member", "close_conversation") and not self.case.room:
            raise InvalidArgument("This case is about no room.", details={"field": "action"})
        if command.deed == "restrict" and not command.scope:
            raise InvalidArgument("Say what they may not do.", details={"field": "scope"})
        if command.until and command.until <= self.now_ms:
            raise InvalidArgument("This time has passed.", details={"field": "until"})
        user = command.user or self.case.subject
        if command.deed == "restrict" and user == self.by.user:
            raise InvalidArgument("Nobody restricts themselves.", details={"field": "user_id"})
        done = CaseAction(
            deed=command.deed,
            by=self.by.user,
            user=user,
            until=command.until,
            scope=command.scope,
            message=message,
            restriction=command.restriction,
        )
        case = self._looked(self.case)
        return self._changed(case, command.deed, command.secret, details=user, told=self._states_change(), done=done)

    def close(self, command: Close) -> Decision:
        """Raises FailedPrecondition: it is closed, or (`same_person`) they decided what an appeal is about;
        InvalidArgument: not an outcome of such a case."""
        self._open()
        if (command.outcome in _OF_APPEALS) != (self.case.kind == "appeal"):
            raise InvalidArgument("A case like this does not end so.", details={"field": "outcome"})
        if self.by.user in self.case.against:
            raise _same_person("An appeal is judged by somebody else.")
        case = replace(self._looked(self.case), outcome=command.outcome, closing_by=self.by.user)
        if case.severity in _TWO:
            return self._changed(
                replace(case, state="closing"),
                "closing",
                command.secret,
                details=command.outcome,
                told=self._states_change(),
            )
        return self._closed(case, command.secret, command.outcome)

    def confirm(self, _: ConfirmResolution) -> Decision:
        """Raises FailedPrecondition: nobody has proposed to close it, or (`same_person`) they did themselves."""
        if self.case.state != "closing":
            raise FailedPrecondition("Nobody has proposed to close this case.", details={"state": self.case.state})
        if self.by.user in (self.case.closing_by, *self.case.against):
            raise _same_person("Somebody else has to confirm it.")
        return self._closed(self.case, None, self.case.outcome)

    def reopen(self, command: RejectResolution) -> Decision:
        """Raises FailedPrecondition: it is open."""
        if self.case.state not in ("closing", "closed"):
            raise FailedPrecondition("This case is open.", details={"state": self.case.state})
        state = "assigned" if self.case.assignee else "open"
        case = replace(self.case, state=state, outcome="", closing_by="", closed=0)
        return self._changed(case, "reopened", command.secret, told=tuple(one.id for one in case.reports))

    def release(self) -> Decision:
        """What is held goes to the room; released already, nothing more happens."""
        held = self.case.held
        assert held is not None
        if held.state == "released":
            return Decision(held_of(self.case))
        return self._verdict("released", None)

    def reject(self, command: RejectHeld) -> Decision:
        """Raises FailedPrecondition: it was released."""
        held = self.case.held
        assert held is not None
        if held.state == "released":
            raise FailedPrecondition("This message was released.", details={"state": held.state})
        return Decision(held_of(self.case)) if held.state == "rejected" else self._verdict("rejected", command.secret)

    def _verdict(self, state: HeldState, secret: bytes | None) -> Decision:
        held = self.case.held
        assert held is not None
        case = replace(self._looked(self.case), held=replace(held, state=state), against=(self.by.user,))
        outcome = "action_taken" if state == "rejected" else "no_action"
        decision = self._closed(replace(case, outcome=outcome, closing_by=self.by.user), secret, state, change=state)
        return msgspec.structs.replace(decision, reply=held_of(replace(case, state="closed")))

    def _closed(self, case: Case, secret: bytes | None, details: str, *, change: str = "closed") -> Decision:
        case = replace(case, state="closed", closed=self.now_ms, overdue=False)
        told = tuple(one.id for one in case.reports)
        decision = self._changed(case, change, secret, details=details, told=told)
        forget = SetTimer(f"forget:{self.now_ms}", self.now_ms + self.terms.keep_ms, _pack(ForgetEvidence(self.now_ms)))
        return msgspec.structs.replace(decision, timers=[forget])

    def _changed(
        self,
        case: Case,
        change: str,
        secret: bytes | None = None,
        *,
        details: str = "",
        told: tuple[str, ...] = (),
        done: CaseAction | None = None,
    ) -> Decision:
        number, of = self.version + 1, chain.digest(secret)
        words = number if secret is not None else 0
        case = chain.added(case, self.now_ms, self.by.user, change, details=details, words=words, of=of)
        event = CaseChanged(author=f"case:{case.id}", secret=secret, case=case, change=change, told=told, done=done)
        return Decision(shown(case, number), events=[event])

    def _looked(self, case: Case) -> Case:
        return case if case.looked else replace(case, looked=self.now_ms, overdue=False)

    def _states_change(self) -> tuple[str, ...]:
        """The reports whose makers hear that somebody looks, the first time that somebody does."""
        return () if self.case.looked else tuple(one.id for one in self.case.reports)

    def _open(self) -> None:
        if self.case.is_closed:
            raise FailedPrecondition("This case is closed.", details={"state": "closed"})


def _same_person(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, details={"reason": SAME_PERSON})
