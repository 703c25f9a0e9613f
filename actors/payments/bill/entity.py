"""The rules of a bill: who may do what to it, and what follows."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal
from actors.payments.activities import PaymentSeen, decode_observed
from actors.payments.bill.cards import PlaceBillCard
from actors.payments.bill.commands import (
    BillCommand,
    BillContents,
    BillTime,
    CancelPayment,
    ChangeLines,
    CodeBill,
    CodingOf,
    ConfirmPayment,
    DecideReview,
    DisputeOf,
    DraftEvidence,
    HistoryOf,
    OpenBill,
    Pay,
    ReadBill,
    ReadCoding,
    ReadDispute,
    ReadHistory,
    RefundBill,
    RespondToDispute,
    VoidBill,
    WriteOff,
)
from actors.payments.bill.events import BillChanged, BillEvent
from actors.payments.bill.letters import (
    BY_SYSTEM,
    Adopt,
    AuthorizeDue,
    BookingTold,
    DisputeDue,
    Dunned,
    Grace,
    Invoiced,
    LendMethod,
    MoveBeneficiary,
    Neutralize,
    NoMethod,
    NotePaymentChange,
    Poll,
    SessionSeen,
    TimeLapsed,
)
from actors.payments.bill.rules import (
    booking,
    disputing,
    far,
    manual,
    mirrored,
    observing,
    opening,
    paying,
    refunding,
    reviewing,
    timing,
)
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.settling import settle
from actors.payments.bill.state import BillRecord, Dunning
from actors.payments.versions import require_version
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation

replace = msgspec.structs.replace
_ACTIONS: Final[dict[type, str]] = {
    ChangeLines: "bill.change",
    BillTime: "bill.change",
    Pay: "bill.pay",
    ConfirmPayment: "bill.pay",
    CancelPayment: "bill.pay",
    DecideReview: "review.decide",
    RefundBill: "bill.refund",
    VoidBill: "bill.change",
    WriteOff: "bill.change",
    ReadBill: "bill.read",
    ReadHistory: "bill.read",
    CodeBill: "bill.change",
    ReadCoding: "bill.read",
    ReadDispute: "dispute.change",
    DraftEvidence: "dispute.change",
    RespondToDispute: "dispute.change",
}


def relations_of(record: BillRecord, user: str) -> set[Relation]:
    """What somebody is to a bill: SELF who pays, MEMBER for whom it is, OWNER whose session it is."""
    found = {Relation.SELF} if user == record.payer else set()
    found |= {Relation.MEMBER} if user == record.client else set()
    found |= {Relation.OWNER} if user and user == record.beneficiary else set()
    return found or {Relation.NONE}


@dataclass(slots=True)
class Bill:
    """State: the record, once there is one."""

    id: str
    poll_ms: int
    record: BillRecord | None = None

    def decide(self, command: BillCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such bill, or it is nothing to the one who asks.
            PermissionDenied: it is something to them, but this they may not do.
            FailedPrecondition: not as it is now.
            Conflict: the person saw another amount.
        """
        by = context.by
        if isinstance(command, OpenBill):
            return self._open(command, context)
        if isinstance(command, BY_SYSTEM):
            return self._by_system(command, context)
        record = self._permitted(command, by)
        if not by.is_system:
            mirrored.require_ours(record, command)
        draft = Draft(record, context.now_ms, self.poll_ms)
        match command:
            case ReadBill():
                return Decision(_reply(record, client=by.user == record.payer))
            case ReadHistory():
                notes = by.is_system or by.role == "admin" or by.user == record.beneficiary
                return Decision(HistoryOf(record=record, notes=notes))
            case ChangeLines():
                require_version(command.versions, version)
                opening.change(draft, command)
            case BillTime():
                timing.billed(draft, command)
            case Pay():
                paying.pay(draft, command, by)
            case ConfirmPayment():
                paying.confirm(draft, command)
            case CancelPayment():
                paying.cancel(draft, command.payment)
            case DecideReview():
                reviewing.decide(draft, command)
            case RefundBill():
                refunding.refund(draft, command)
            case VoidBill():
                require_version(command.versions, version)
                opening.void(draft)
            case WriteOff():
                require_version(command.versions, version)
                opening.write_off(draft)
            case CodeBill():
                require_version(command.versions, version)
                draft.set("coded")
                draft.secret, draft.secret_of, draft.author = command.secret, "coding", record.client
            case ReadCoding():
                return Decision(_coding_of(record, by))
            case ReadDispute():
                return Decision(_dispute_of(record, command.dispute))
            case DraftEvidence() | RespondToDispute():
                disputing.decide(draft, command, version)
            case _:
                assert_never(command)
        return self._done(draft, client=by.user == record.payer)

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What a provider answered, folded in."""
        payment_id, verb, _, about = answered.key.split("|", 3)
        record = self.record
        payment = record.payment(payment_id) if record is not None else None
        if record is None or payment is None:
            return Decision()
        draft = Draft(record, context.now_ms, self.poll_ms)
        if payment.asked == verb:
            payment = replace(payment, asked="")
            draft.record = replace(
                record, payments=tuple(payment if one.id == payment.id else one for one in record.payments)
            )
        if answered.outcome == "done":
            seen = decode_observed(answered.result)
            if isinstance(seen, PaymentSeen):
                observing.fold(draft, payment, seen)
        else:
            observing.not_done(
                draft=draft, payment=payment, verb=verb, about=about, code=answered.code or answered.outcome
            )
        return self._done(draft)

    def needs(self, command: BillCommand) -> list[str]:
        """What was written for a dispute, where that is to be sent of itself."""
        dispute = self.record.dispute(command.dispute) if isinstance(command, DisputeDue) and self.record else None
        return [str(dispute.evidence_seq)] if dispute is not None and dispute.evidence_seq else []

    def apply(self, event: BillEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        record = event.record
        what, _, id_ = event.secret_of.partition(":") if isinstance(event, BillChanged) else ("", "", "")
        match what:
            case "texts":
                record = replace(record, texts_seq=seq)
            case "coding":
                record = replace(record, coding_seq=seq)
            case "client":
                payments = tuple(replace(one, client_seq=seq) if one.id == id_ else one for one in record.payments)
                record = replace(record, payments=payments)
            case "evidence":
                disputes = tuple(replace(one, evidence_seq=seq) if one.id == id_ else one for one in record.disputes)
                record = replace(record, disputes=disputes)
        self.record = record

    def _open(self, command: OpenBill, context: Context) -> Decision:
        by = context.by
        if self.record is not None:
            self._permitted(ReadBill(), by)
            return Decision(_reply(self.record, client=by.user == self.record.payer))
        if not by.is_system:
            owner = Relation.OWNER if command.beneficiary == by.user else Relation.NONE
            POLICY.require(by.role, "bill.create", {owner})
        draft = opening.opened(self.id, command, context.now_ms, self.poll_ms)
        return self._done(draft)

    def _by_system(self, command: BillCommand, context: Context) -> Decision:
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        record = self.record
        if record is None:
            return Decision()
        draft = Draft(record, context.now_ms, self.poll_ms)
        match command:
            case NotePaymentChange():
                observing.seen(draft, command)
            case Poll():
                payment = record.payment(command.payment)
                if payment is not None and not payment.over and payment.heard == command.heard:
                    observing.read(draft, payment)
            case BookingTold():
                booking.told(draft, command)
            case SessionSeen():
                timing.seen(draft, command)
            case LendMethod():
                far.borrow(draft, command.bill)
            case NoMethod():
                far.nothing_lent(draft)
            case Adopt():
                mirrored.adopt(draft, command)
            case Dunned():
                _dunned(draft, command)
            case Invoiced():
                if not record.invoice:
                    draft.set("invoiced", invoice=command.invoice)
            case Neutralize():
                if record.texts_seq or record.coding_seq:
                    draft.set("neutralized", texts_seq=0, coding_seq=0)
            case TimeLapsed():
                timing.lapsed(draft)
            case MoveBeneficiary():
                opening.move(draft, command)
            case PlaceBillCard():
                draft.place(command.card)
            case Grace():
                far.grace_over(draft, command.payment)
            case AuthorizeDue():
                far.authorize(draft, command)
            case DisputeDue():
                written = next((context.parts.get(key) for key in self.needs(command)), None)
                disputing.due(draft, command, written or {})
        return self._done(draft, read=False)

    def _done(self, draft: Draft, *, client: bool = False, read: bool = True) -> Decision:
        """The decision, once all that `manual` was asked is answered and all that follows is asked."""
        settle(draft)
        while draft.inline:
            key, ask = draft.inline.pop(0)
            payment = draft.record.payment(key.partition("|")[0])
            assert payment is not None
            payment = replace(payment, asked="")
            observing.fold(draft, payment, manual.answer(payment, ask))
            settle(draft)
        far.failed(draft)
        far.lend(draft)
        return draft.decision(_reply(draft.record, client=client) if read else None)

    def _permitted(self, command: BillCommand, by: Principal) -> BillRecord:
        """The bill, if this person may do this to it. Strangers cannot tell whether it exists."""
        record = self.record
        if record is None:
            raise _not_found(self.id)
        if by.is_system:
            return record
        relations = relations_of(record, by.user)
        if not any(POLICY.allows(by.role, one, "bill.read") for one in relations):
            raise _not_found(self.id)
        POLICY.require(by.role, _ACTIONS[type(command)], relations)
        return record


def _reply(record: BillRecord, *, client: bool) -> BillContents:
    return BillContents(record=record, client=client)


def _coding_of(record: BillRecord, by: Principal) -> CodingOf:
    """For the client whom it is about, and the therapist who wrote it; whoever else pays or looks finds none."""
    concerned = by.is_system or by.user in (record.client, record.beneficiary)
    if not record.coding_seq or not concerned:
        raise NotFound("There is no superbill for this.", bill=record.id)
    return CodingOf(record=record)


def _dispute_of(record: BillRecord, dispute_id: str) -> DisputeOf:
    dispute = record.dispute(dispute_id)
    if dispute is None:
        raise NotFound("There is no such dispute.", dispute=dispute_id)
    return DisputeOf(record=record, evidence_seq=dispute.evidence_seq)


def _dunned(draft: Draft, command: Dunned) -> None:
    """What its subscription does about it: nothing any more, once it is paid or closed."""
    told = Dunning(since=command.since, steps=command.steps, next_at=command.next_at, do=command.do)
    if draft.record.due:
        draft.set("dunning", dunning=told)


def _not_found(bill_id: str) -> NotFound:
    return NotFound("There is no such bill.", bill=bill_id)
