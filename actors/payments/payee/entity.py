"""The rules of a payee: who may do what, and what follows."""

from dataclasses import dataclass

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal
from actors.payments.activities import AccountSeen, TransferSeen, decode_observed
from actors.payments.payee.commands import (
    BY_SYSTEM,
    AccountHeard,
    Earn,
    Finish,
    OpenPayoutAccount,
    PayeeCommand,
    PayOut,
    PayoutsDue,
    ReadPayee,
)
from actors.payments.payee.events import PayeeChanged
from actors.payments.payee.rules import earning, observing, paying
from actors.payments.payee.rules.draft import PayeeDraft
from actors.payments.payee.state import PayeeRecord
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation

replace = msgspec.structs.replace


@dataclass(slots=True)
class Payee:
    """State: the record. Every therapist is a payee, to whom nothing is owed at first."""

    id: str
    record: PayeeRecord

    def decide(self, command: PayeeCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: it is somebody else's.
            PermissionDenied: it is for Carewire itself, or for administrators.
            FailedPrecondition: the account takes no payouts, or one is under way.
        """
        _permit(self.id, command, context.by)
        draft = PayeeDraft(self.record, context.now_ms)
        match command:
            case Earn():
                earning.earned(draft, command)
            case Finish():
                earning.finished(draft, command)
            case OpenPayoutAccount():
                observing.open_account(draft, command)
            case PayOut():
                paying.pay_out(draft, command)
            case PayoutsDue():
                paying.on_schedule(draft, command.day)
            case AccountHeard():
                observing.heard(draft, command)
            case ReadPayee():
                pass
        draft.plan()
        return draft.decision(reply=not isinstance(command, BY_SYSTEM))

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What a provider answered, folded in."""
        _, verb, _, about = answered.key.split("|", 3)
        draft = PayeeDraft(self.record, context.now_ms)
        seen = decode_observed(answered.result) if answered.outcome == "done" else None
        if verb == "account":
            if isinstance(seen, AccountSeen):
                observing.fold_account(draft, seen, about)
            elif self.record.account is not None:
                draft.set("account", account=replace(self.record.account, code=answered.code or answered.outcome))
        elif (payout := self.record.payout(about)) is not None:
            payout = replace(payout, asked="" if payout.asked == verb else payout.asked)
            if isinstance(seen, TransferSeen):
                observing.fold_transfer(draft, payout, seen)
            else:
                observing.not_done(draft=draft, payout=payout, verb=verb, outcome=answered.outcome, code=answered.code)
        draft.plan()
        return draft.decision()

    def apply(self, event: PayeeChanged, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        record = event.record
        if event.linked and record.account is not None:
            record = replace(record, account=replace(record.account, link_seq=seq))
        self.record = record


def _permit(therapist: str, command: PayeeCommand, by: Principal) -> None:
    if by.is_system:
        return
    if isinstance(command, BY_SYSTEM):
        raise PermissionDenied("Only Carewire itself does that.")
    relation = Relation.OWNER if by.user == therapist else Relation.NONE
    if not POLICY.allows(by.role, relation, "payout.read"):
        raise NotFound("There is no such payee.", therapist=therapist)
    if isinstance(command, PayOut):
        POLICY.require(by.role, "payout.run", {relation})
    elif isinstance(command, OpenPayoutAccount):
        POLICY.require(by.role, "payout.account", {relation})
