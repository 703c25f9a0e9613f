"""Cases and what belongs to them as people see them."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from actors.moderation.records import (
    Case,
    CaseOf,
    CaseState,
    ChainLine,
    EvidenceRecord,
    HeldState,
    Reported,
    Scope,
    Severity,
    appeal_id_of,
)
from common.clock import to_rfc3339
from common.persons import UserId
from common.safety.evidence import Evidence, unpack


class ShownReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report as who made it sees it."""

    report_id: str
    state: Literal["received", "in_review", "closed"]
    due_at: str
    created_at: str
    outcome: Literal["action_taken", "no_action"] | None = None


class ShownCaseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the chain of a case. `text`: what they wrote, to whoever opens the case."""

    at: str
    what: str
    hash: str
    by: UserId | None = None
    details: str | None = None
    text: str | None = None


class ShownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a message said before."""

    body: str
    at: str


class ShownMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it was."""

    id: str
    sender_id: UserId
    body: str
    sent_at: str
    seq: int = 0
    attachments: list[dict[str, str]] = []
    deleted: bool = False


class ShownEvidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said, as it was when it was reported."""

    message: ShownMessage
    versions: list[ShownVersion]
    context: list[ShownMessage]
    captured_at: str
    hash: str
    note: str | None = None
    plaintext: str | None = None


class ShownCase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as moderators see it. Who reported it is never in it. `chain` is in no list, `evidence` only where
    the case is opened."""

    case_id: str
    kind: CaseOf
    severity: Severity
    state: CaseState
    subject_id: UserId
    due_at: str
    overdue: bool
    version: int
    created_at: str
    room_id: str | None = None
    reporter: Literal["hidden"] | None = None
    reasons: list[str] = []
    evidence: list[ShownEvidence] | UnsetType = UNSET
    chain: list[ShownCaseLine] | UnsetType = UNSET
    assignee: UserId | None = None
    outcome: str | None = None
    about: str | None = None


class ShownHeld(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that is held, or was."""

    held_id: str
    room_id: str
    sender_id: UserId
    matched: list[str]
    state: HeldState
    created_at: str
    case_id: str
    edit_of: str | None = None
    message: ShownMessage | None = None


class ShownRestriction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody may not do, and until when (never: until it is lifted)."""

    restriction_id: str
    user_id: UserId
    scope: list[Scope]
    created_at: str
    case_id: str
    until: str | None = None
    lifted: bool = False


class ShownAppeal(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal."""

    appeal_id: str
    state: Literal["open", "upheld", "refused"]


def report_of(case: Case, reported: Reported) -> ShownReport:
    """What became of a report, never what was done."""
    closed = case.is_closed
    outcome: Literal["action_taken", "no_action"] = "action_taken" if case.outcome == "action_taken" else "no_action"
    looked_at = case.looked or case.state != "open"
    return ShownReport(
        report_id=reported.id,
        state="closed" if closed else "in_review" if looked_at else "received",
        due_at=to_rfc3339(case.due),
        created_at=to_rfc3339(reported.at),
        outcome=outcome if closed else None,
    )


def appeal_of(case: Case) -> ShownAppeal:
    """An appeal as who made it sees it."""
    over = case.is_closed
    state: Literal["open", "upheld", "refused"] = (
        "open" if not over else "upheld" if case.outcome == "upheld" else "refused"
    )
    return ShownAppeal(appeal_id=appeal_id_of(case.id), state=state)


def held_of(case: Case, message: ShownMessage | None = None) -> ShownHeld | None:
    """The message that this case holds."""
    held = case.held
    if held is None:
        return None
    return ShownHeld(
        held_id=held.id,
        room_id=held.room,
        sender_id=held.sender,
        matched=list(held.matched),
        state=held.state,
        created_at=to_rfc3339(held.at),
        case_id=case.id,
        edit_of=held.edit_of or None,
        message=message,
    )


def shown(case: Case, version: int, words: dict[int, bytes] | None = None) -> ShownCase:
    """The case; `words`: what its events hold, to whoever opens it."""
    secrets = words or {}
    evidence = [one for kept in case.evidence if (one := _evidence(kept, secrets)) is not None]
    return ShownCase(
        case_id=case.id,
        kind=case.kind,
        severity=case.severity,
        state=case.state,
        subject_id=case.subject,
        due_at=to_rfc3339(case.due),
        overdue=case.overdue,
        version=version,
        created_at=to_rfc3339(case.created),
        room_id=case.room or None,
        reporter="hidden" if case.reports else None,
        reasons=list(dict.fromkeys(one.reason for one in case.reports)),
        evidence=UNSET if words is None else evidence,
        chain=[_line(line, secrets) for line in case.chain],
        assignee=case.assignee or None,
        outcome=case.outcome or None,
        about=case.about or None,
    )


def message_of(evidence: Evidence) -> ShownMessage:
    """The message of a piece of evidence."""
    return ShownMessage(
        id=evidence.message_id,
        sender_id=evidence.sender,
        body=evidence.body,
        sent_at=to_rfc3339(evidence.at),
        seq=evidence.seq,
        attachments=attachments_in(evidence.attachments),
        deleted=evidence.deleted,
    )


def attachments_in(packed: bytes) -> list[dict[str, str]]:
    """What was attached: its members as text."""
    found = msgspec.json.decode(packed, type=list[dict[str, object]]) if packed else []
    return [{name: str(value) for name, value in one.items()} for one in found]


def _line(line: ChainLine, secrets: dict[int, bytes]) -> ShownCaseLine:
    text = secrets.get(line.words) if line.words else None
    return ShownCaseLine(
        at=to_rfc3339(line.at),
        what=line.what,
        hash=line.hash,
        by=line.by or None,
        details=line.details or None,
        text=None if text is None else text.decode(),
    )


def _evidence(kept: EvidenceRecord, secrets: dict[int, bytes]) -> ShownEvidence | None:
    packed = secrets.get(kept.event)
    if packed is None:
        return None
    found = unpack(packed)
    context: list[Any] = [
        ShownMessage(id=one.id, sender_id=one.sender, body=one.body, sent_at=to_rfc3339(one.at), seq=one.seq)
        for one in found.context
    ]
    return ShownEvidence(
        message=message_of(found),
        versions=[ShownVersion(body=one.body, at=to_rfc3339(one.at)) for one in found.versions],
        context=context,
        captured_at=to_rfc3339(found.captured),
        hash=kept.hash,
        note=found.note or None,
        plaintext=found.plaintext or None,
    )
