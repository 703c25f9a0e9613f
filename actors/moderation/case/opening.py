"""How a case begins, or is joined by more of the same. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Decision, SetTimer
from actors.moderation.case import chain
from actors.moderation.case.commands import Add, Appeal, Endanger, FallDue, FileReport, HoldMessage
from actors.moderation.case.events import CaseChanged
from actors.moderation.records import GRAVE, SEVERITIES, Case, CaseOf, EvidenceRecord, Reported, Severity, graver
from actors.moderation.showing import appeal_of, report_of, shown
from common.safety.evidence import unpack
from config.capabilities.moderation import ModerationSettings

MOST_EVIDENCE: Final = 100
DAY_MS: Final = 86_400_000
_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class CaseDeadlines:
    """How long somebody may take to look first, by severity, and how long evidence is kept behind the end (ms)."""

    due_ms: Mapping[Severity, int]
    keep_ms: int

    @classmethod
    def of(cls, settings: ModerationSettings) -> "CaseDeadlines":
        """As the settings say."""
        due_s = {"emergency": settings.due_emergency_s, "high": settings.due_high_s, "normal": settings.due_normal_s}
        return cls({one: due_s[one] * 1000 for one in SEVERITIES}, settings.evidence_days * DAY_MS)


@dataclass(frozen=True, slots=True)
class Openings:
    """The rules of one case. `case`: as it is; None: there is none yet."""

    id: str
    terms: CaseDeadlines
    case: Case | None
    now_ms: int
    version: int

    def report(self, command: FileReport) -> Decision:
        """Somebody reports; the same report again only brings what was said, if that is not there yet."""
        severity: Severity = "high" if command.reason in GRAVE else "normal"
        case = self.case or self._new("report", severity, command.subject, command.room)
        known = any(one.id == command.report for one in case.reports)
        if known and (command.secret is None or _has(case, command.secret)):
            mine = next(one for one in case.reports if one.id == command.report)
            return Decision(report_of(case, mine))
        reported = Reported(command.report, command.by, command.reason, self.now_ms)
        again = not known and case.is_closed
        if not known:
            case = replace(case, reports=(*case.reports, reported), severity=graver(case.severity, severity))
            case = self._again(case) if again else case
        case = self._line(case, "reported" if not known else "evidence", command.secret, command.reason)
        mine = next(one for one in case.reports if one.id == command.report)
        decision = self._changed(case, "reported", command.secret, timer=again or self.case is None)
        return msgspec.structs.replace(decision, reply=report_of(case, mine))

    def hold(self, command: HoldMessage) -> Decision:
        """A room holds a message."""
        if self.case is not None:
            return Decision()
        case = self._new("held", "normal", command.held.sender, command.held.room)
        case = self._line(replace(case, held=command.held), "held", command.secret, ",".join(command.held.matched))
        return self._changed(case, "held", command.secret, timer=True)

    def endanger(self, command: Endanger) -> Decision:
        """Words of danger: a new case, one more piece of an open one, or, where it is graver than before or that was
        closed, the case raised again."""
        case = self.case or self._new("crisis", command.severity, command.subject, command.room)
        if command.secret is not None and _has(case, command.secret):
            return Decision(shown(case, self.version))
        worse = graver(case.severity, command.severity) != case.severity
        raised = self.case is None or worse or case.is_closed
        if self.case is not None and raised:
            case = self._again(replace(case, severity=graver(case.severity, command.severity)))
        case = replace(case, alerted=tuple(dict.fromkeys((*case.alerted, *command.team))))
        case = self._line(case, "danger", command.secret, ",".join(command.rules))
        cry = command.cry if raised else ""
        decision = self._changed(case, "danger", command.secret, timer=raised, alerts=raised, cry=cry)
        return msgspec.structs.replace(decision, reply=shown(case, self.version + 1))

    def appeal(self, command: Appeal) -> Decision:
        """Somebody does not agree. Asked again, it is the same appeal."""
        if self.case is not None:
            return Decision(appeal_of(self.case))
        case = self._new("appeal", "normal", command.by, "")
        case = replace(case, about=command.about, against=command.against)
        case = self._line(case, "appealed", command.secret, command.about, evidence=False)
        return msgspec.structs.replace(
            self._changed(case, "appealed", command.secret, timer=True), reply=appeal_of(case)
        )

    def add(self, case: Case, command: Add) -> Decision:
        """Something happened elsewhere."""
        if command.again:
            case = self._again(case)
        case = self._line(case, command.what, command.secret, command.details, by=command.by, evidence=False)
        return self._changed(case, command.what, command.secret, timer=command.again)

    def _new(self, kind: CaseOf, severity: Severity, subject: str, room: str) -> Case:
        due = self.now_ms + self.terms.due_ms[severity]
        return Case(
            id=self.id,
            kind=kind,
            severity=severity,
            state="open",
            subject=subject,
            created=self.now_ms,
            due=due,
            room=room,
        )

    def _again(self, case: Case) -> Case:
        """Raised once more: somebody has to look anew."""
        due = self.now_ms + self.terms.due_ms[case.severity]
        state = "open" if case.is_closed or not case.assignee else case.state
        return replace(
            case,
            state=state,
            raised=case.raised + 1,
            looked=0,
            overdue=False,
            due=due,
            closed=0,
            closing_by="",
            outcome="",
        )

    def _line(
        self, case: Case, what: str, secret: bytes | None, details: str, *, by: str = "", evidence: bool = True
    ) -> Case:
        """With a line in the chain, and the evidence that the event will hold."""
        number = self.version + 1
        of = chain.digest(secret)
        if evidence and secret is not None and len(case.evidence) < MOST_EVIDENCE:
            found = unpack(secret)
            kept = EvidenceRecord(number, found.message_id, self.now_ms, content_hash(secret))
            case = replace(case, evidence=(*case.evidence, kept))
        words = number if secret is not None else 0
        return chain.added(case, self.now_ms, by, what, details=details, words=words, of=of)

    def _changed(
        self, case: Case, change: str, secret: bytes | None, *, timer: bool, alerts: bool = False, cry: str = ""
    ) -> Decision:
        told = tuple(one.id for one in case.reports) if self.case is not None and timer else ()
        event = CaseChanged(
            author=f"case:{self.id}", secret=secret, case=case, change=change, told=told, alerts=alerts, cry=cry
        )
        due = SetTimer(f"due:{case.raised}", case.due, _pack(FallDue(case.raised)))
        return Decision(events=[event], timers=[due] if timer else ())


def content_hash(secret: bytes) -> str:
    """Of what was said, whenever it was taken."""
    return chain.digest(_pack(replace(unpack(secret), captured=0, context=(), note="")))


def _has(case: Case, secret: bytes) -> bool:
    return any(one.hash == content_hash(secret) for one in case.evidence)
