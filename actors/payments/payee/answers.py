"""Payouts, balances and accounts as their owners see them."""

import msgspec

from actors.payments.payee.commands import PayeeView
from actors.payments.payee.state import PayoutRecord, payee_of
from common.clock import to_rfc3339
from common.persons import OtherId, UserId


class PayoutItemReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a payout is for: `gross` was taken of the bill, `share` is the therapist's, `fee` the platform's."""

    bill_id: OtherId
    gross: int
    share: int
    fee: int


class PayoutReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payout. `reversed_amount`: what of it was taken back; `reason`: why it failed, or came back."""

    payout_id: OtherId
    therapist_id: UserId
    amount: int
    currency: str
    status: str
    provider: str
    items: list[PayoutItemReply]
    created_at: str
    updated_at: str
    provider_ref: str | None = None
    reversed_amount: int = 0
    reason: str | None = None


class PayoutPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of payouts."""

    items: list[PayoutReply]
    next_cursor: str | None = None


class BalanceReply(msgspec.Struct, frozen=True, kw_only=True):
    """What can be paid out by now (below 0: what is owed back), and what cannot yet."""

    therapist_id: UserId
    available: int
    pending: int
    currency: str


class AccountReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The account. `url`: the page of the provider on which its owner completes it. `opening`: the provider has not
    answered yet. `reason`: why it could not be opened."""

    provider: str
    payouts_enabled: bool
    requirements: list[str]
    url: str | None = None
    opening: bool = False
    reason: str | None = None


def payout_reply(payout: PayoutRecord) -> PayoutReply:
    """The payout."""
    return PayoutReply(
        payout_id=payout.id,
        therapist_id=payee_of(payout.id),
        amount=payout.amount,
        currency=payout.currency,
        status=payout.status,
        provider=payout.provider,
        items=[
            PayoutItemReply(bill_id=one.bill, gross=one.gross, share=one.share, fee=one.fee) for one in payout.items
        ],
        created_at=to_rfc3339(payout.created),
        updated_at=to_rfc3339(payout.updated),
        provider_ref=payout.ref or None,
        reversed_amount=payout.taken_back,
        reason=payout.code or None,
    )


def account_reply(view: PayeeView, *, owner: bool) -> AccountReply:
    """The account; its page is for the owner alone."""
    account = view.record.account
    if account is None:
        return AccountReply(provider="none", payouts_enabled=False, requirements=["account"])
    return AccountReply(
        provider=account.provider,
        payouts_enabled=account.enabled,
        requirements=list(account.requirements),
        url=view.link if owner and view.link and not account.enabled else None,
        opening=account.provider != "manual" and not account.heard and not account.code,
        reason=account.code or None,
    )
