"""What a provider says of an account and of a payout is folded in, whatever the order in which it is heard."""

from typing import Final

import msgspec

from actors.payments.activities import AccountSeen, OpenAccount, ReadTransfer, TransferSeen
from actors.payments.marks import mark_of
from actors.payments.payee.commands import AccountHeard, OpenPayoutAccount
from actors.payments.payee.rules.draft import MANUAL, PayeeDraft
from actors.payments.payee.rules.paying import give_back, look, reverse
from actors.payments.payee.state import PayeeAccount, PayoutRecord
from common.errors import FailedPrecondition

replace = msgspec.structs.replace
_MISSING: Final = "resource_missing"
REFUSED_BY_BANK: Final = "bank"


def open_account(draft: PayeeDraft, command: OpenPayoutAccount) -> None:
    """An account is opened; of one that is there, its page is asked for again.

    Raises:
        FailedPrecondition: a payout is under way to the account of another provider.
    """
    record, account = draft.record, draft.record.account
    if account is None or account.provider != command.provider:
        if any(one.status == "pending" for one in record.payouts):
            raise FailedPrecondition("A payout is under way.", details={"reason": "payout_under_way"})
        account = PayeeAccount(provider=command.provider, enabled=command.provider == MANUAL)
    if command.provider != MANUAL:
        account = replace(account, code="")
        mark, known = mark_of(record.id), account.ref
        ask = OpenAccount(payee=mark, account=known, return_url=command.return_url)
        draft.ask(command.provider, "account", "open", ask)
    draft.set("account", account=account)


def heard(draft: PayeeDraft, command: AccountHeard) -> None:
    """Something happened there: it is read."""
    record, account = draft.record, draft.record.account
    draft.arrival = command.arrival
    payout = next((one for one in record.payouts if one.ref == command.ref), None)
    if payout is not None:
        ask = ReadTransfer(payout=mark_of(payout.id), account=payout.account, ref=payout.ref)
        draft.ask(payout.provider, "read", payout.id, ask)
    elif account is not None and account.provider == command.provider and account.ref:
        why = "" if command.ref == account.ref else REFUSED_BY_BANK
        draft.ask(account.provider, "account", why, OpenAccount(payee=mark_of(record.id), account=account.ref))


def fold_account(draft: PayeeDraft, seen: AccountSeen, why: str) -> None:
    """The account as it is. Where its bank has refused money, and that lies there, it is taken back: the newest first,
    as far as it goes."""
    account = draft.record.account
    if account is None or (account.ref and account.ref != seen.ref):
        return
    if not account.ref:
        draft.bound.append(f"intent:{account.provider}:{seen.ref}")
    after = replace(
        account,
        ref=seen.ref,
        enabled=seen.payouts_enabled,
        requirements=seen.requirements,
        code="",
        heard=draft.now_ms,
    )
    draft.set("account", account=after)
    if seen.url:
        draft.link = seen.url.encode()
    if why == REFUSED_BY_BANK and not seen.payouts_enabled:
        _take_back(draft, seen)


def fold_transfer(draft: PayeeDraft, payout: PayoutRecord, seen: TransferSeen) -> None:
    """A payout as it is. What left us never becomes less, nor does what came back."""
    before = payout
    if payout.status in ("failed", "reversed"):
        draft.put(payout, "payout_updated")
        return
    if not payout.ref:
        draft.bound.append(f"intent:{payout.provider}:{seen.ref}")
    payout = replace(payout, ref=seen.ref, taken_back=max(payout.taken_back, seen.reversed))
    if payout.status == "pending" and seen.status == "pending":
        draft.put(payout, "payout_updated")
        return
    if payout.status == "pending":
        payout = replace(payout, status="paid")
        draft.move(payout, payout.amount)
    if seen.status == "failed":  # the provider has it back, all of it
        payout = replace(payout, taken_back=payout.amount, code=payout.code or "failed")
    if back := payout.taken_back - before.taken_back:
        draft.move(payout, -back)
        give_back(draft, payout, back)
    if payout.taken_back == payout.amount:
        payout = replace(payout, status="reversed")
    draft.put(payout, f"payout_{payout.status}")


def not_done(draft: PayeeDraft, payout: PayoutRecord, verb: str, outcome: str, code: str) -> None:
    """A provider refused for good: nothing was paid, and it is owed again. Where nobody will ever say what became of a
    call, it is looked for, and until then the money counts as paid."""
    if payout.status != "pending":
        draft.put(replace(payout, code=code or outcome), "payout_updated")
    elif outcome == "refused" and (verb == "transfer" or code == _MISSING):
        give_back(draft, payout, payout.amount)
        draft.put(replace(payout, status="failed", code=code), "payout_failed")
    elif verb == "transfer":
        look(draft, payout)
    else:
        draft.put(payout, "payout_updated")


def _take_back(draft: PayeeDraft, seen: AccountSeen) -> None:
    lies = dict(seen.held)
    for payout in reversed(draft.record.payouts):
        left = payout.amount - payout.taken_back
        mine = payout.status == "paid" and payout.account == seen.ref and not payout.asked
        if mine and lies.get(payout.currency, 0) >= left:
            lies[payout.currency] -= left
            reverse(draft, replace(payout, code=REFUSED_BY_BANK))
