"""Disputes: evidence is drafted, sent once, or the dispute is given up."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import SetTimer
from actors.payments import activities
from actors.payments.bill.commands import DraftEvidence, RespondToDispute
from actors.payments.bill.letters import DisputeDue
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.evidence import LARGEST, MEMBERS, together
from actors.payments.bill.state import BillRecord, DisputeRecord
from actors.payments.versions import require_version
from common.errors import FailedPrecondition, InvalidArgument, NotFound

replace = msgspec.structs.replace
_HOUR_MS: Final = 3_600_000
TOLD_HOURS: Final = (168, 72, 24)
SENT_HOURS: Final = 12
"""Before an answer is due staff is told so often; in the end the draft is sent, unless they said no."""


def decide(draft: Draft, command: DraftEvidence | RespondToDispute, version: int) -> None:
    """Draft, send or accept.

    Raises:
        NotFound: the bill has no such dispute.
        FailedPrecondition: it is closed, or answered already, or has changed meanwhile.
        InvalidArgument: this is no evidence.
    """
    dispute = _open(draft.record, command.dispute)
    written = evidence_in(command.secret)
    require_version(command.versions, version)
    if isinstance(command, DraftEvidence):
        draft.put_dispute(replace(dispute, declined_draft=not command.automatic), change="evidence_drafted")
        if command.secret is not None:
            draft.secret, draft.secret_of = command.secret, f"evidence:{dispute.id}"
            draft.author = draft.record.id  # nobody's: it is wanted until the dispute closes, whoever is erased
        return
    _answer(draft, dispute, {} if command.accept else together(draft.record, written), accept=command.accept)


def due(draft: Draft, command: DisputeDue, written: dict[str, str]) -> None:
    """A deadline comes nearer. One that has moved, or a dispute that is answered, is left alone."""
    dispute = draft.record.dispute(command.dispute)
    if dispute is None or dispute.closed or dispute.submitted or dispute.due != command.due:
        return
    if command.hours == SENT_HOURS and not dispute.declined_draft:
        _answer(draft, dispute, together(draft.record, written))
    else:
        draft.put_dispute(dispute, change="dispute_due")


def deadlines(dispute: DisputeRecord, now_ms: int) -> list[SetTimer]:
    """When staff is told that an answer is due, and when it is sent. What is over by now is left out."""
    made = []
    for hours in (*TOLD_HOURS, SENT_HOURS):
        at_ms = dispute.due - hours * _HOUR_MS
        if dispute.due and at_ms > now_ms:
            command = msgspec.msgpack.encode(DisputeDue(dispute=dispute.id, due=dispute.due, hours=hours))
            made.append(SetTimer(f"dispute:{dispute.id}:{dispute.due}:{hours}", at_ms, command))
    return made


def evidence_in(secret: bytes | None) -> dict[str, str]:
    """What was written.

    Raises:
        InvalidArgument: a member is unknown, or it is too much.
    """
    evidence = {} if secret is None else msgspec.msgpack.decode(secret, type=dict[str, str])
    if unknown := sorted(set(evidence) - MEMBERS):
        raise InvalidArgument("There is no such member of evidence.", details={"field": f"evidence.{unknown[0]}"})
    if sum(map(len, evidence.values())) > LARGEST:
        raise InvalidArgument("The evidence is too long.", details={"field": "evidence", "limit": LARGEST})
    return evidence


def _answer(draft: Draft, dispute: DisputeRecord, evidence: dict[str, str], *, accept: bool = False) -> None:
    payment = draft.record.payment(dispute.payment)
    assert payment is not None
    ask = activities.AnswerDispute(
        bill=draft.record.id, ref=payment.ref, dispute=dispute.provider_ref, evidence=evidence, accept=accept
    )
    word = "dispute_accepted" if accept else "dispute_submitted"
    draft.put_dispute(replace(dispute, submitted=draft.now_ms), change=word)
    draft.ask(payment, "answer_dispute", ask, dispute.id, sealed=bool(evidence))
    if evidence:
        draft.author = draft.record.id


def _open(record: BillRecord, dispute_id: str) -> DisputeRecord:
    dispute = record.dispute(dispute_id)
    if dispute is None:
        raise NotFound("There is no such dispute.", dispute=dispute_id)
    if dispute.closed or dispute.submitted:
        raise FailedPrecondition(
            "This dispute has been answered.", details={"reason": "closed" if dispute.closed else "submitted"}
        )
    return dispute
