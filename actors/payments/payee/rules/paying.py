"""What is due is paid out. The items of a payout leave what is owed in the very event that asks for it, so nothing is
paid twice, whoever asks how often: they come back only when it is certain that nothing was paid."""

import msgspec

from actors.payments.activities import OpenAccount, ReadTransfer, ReverseTransfer, Transfer
from actors.payments.marks import mark_of
from actors.payments.payee.commands import PayOut
from actors.payments.payee.rules.draft import MANUAL, PayeeDraft
from actors.payments.payee.state import PayableItem, PayeeAccount, PayoutRecord, with_item
from common.errors import FailedPrecondition

replace = msgspec.structs.replace


def pay_out(draft: PayeeDraft, command: PayOut) -> None:
    """Staff says so: all that is due.

    Raises:
        FailedPrecondition: something is due to the one who is named, and their account takes no payouts.
    """
    account = draft.record.account or (PayeeAccount(provider=MANUAL, enabled=True) if command.named else None)
    currencies = _due(draft)
    if account is not None and account.enabled:
        for currency in currencies:
            begin(draft, account, currency)
    elif currencies and command.named:
        raise FailedPrecondition(
            "The account for payouts is not complete.",
            details={"reason": "account", "requirements": list(account.requirements if account else ())},
        )


def on_schedule(draft: PayeeDraft, day: int) -> None:
    """The day has come. What cannot be paid now is planned again for the next day; what was never answered is looked
    for; an account that takes no payouts is read again, for nobody may have heard that it does by now."""
    if day == draft.record.planned:
        draft.set("planned", planned=0)
    account = draft.record.account
    if account is not None and account.provider != MANUAL:
        for currency in _due(draft) if account.enabled else ():
            begin(draft, account, currency)
        if account.ref and not account.enabled:
            ask = OpenAccount(payee=mark_of(draft.record.id), account=account.ref)
            draft.ask(account.provider, "account", "", ask)
    for payout in draft.record.payouts:
        if payout.status == "pending" and not payout.asked:
            look(draft, payout)


def begin(draft: PayeeDraft, account: PayeeAccount, currency: str) -> None:
    """A payout of all that is due in a currency."""
    record = draft.record
    items = due_items(draft, currency)
    number = record.made + 1
    rest = tuple(one for one in record.items if one not in items)
    draft.set("payout_created", items=rest, made=number)
    payout = PayoutRecord(
        id=f"pot_{record.id}-{number}",
        provider=account.provider,
        account=account.ref,
        amount=sum(one.share for one in items),
        currency=currency,
        items=items,
        created=draft.now_ms,
        updated=draft.now_ms,
    )
    draft.made.append(payout.id)
    if payout.provider == MANUAL:  # staff has transferred it, and says so
        paid = draft.put(replace(payout, status="paid", ref=payout.id), "payout_paid")
        draft.move(paid, paid.amount)
        return
    draft.put(replace(payout, asked="transfer"), "payout_created")
    mark = mark_of(payout.id)
    ask = Transfer(payout=mark, account=payout.account, amount=payout.amount, currency=payout.currency)
    draft.ask(payout.provider, "transfer", payout.id, ask)


def look(draft: PayeeDraft, payout: PayoutRecord) -> None:
    """Nobody knows what became of it: it is looked for."""
    payout = draft.put(replace(payout, asked="look"), "payout_updated")
    ask = ReadTransfer(payout=mark_of(payout.id), account=payout.account, ref=payout.ref)
    draft.ask(payout.provider, "look", payout.id, ask)


def reverse(draft: PayeeDraft, payout: PayoutRecord) -> None:
    """Take back what the bank did not."""
    payout = draft.put(replace(payout, asked="reverse"), "payout_updated")
    ask = ReverseTransfer(payout=mark_of(payout.id), ref=payout.ref, amount=payout.amount - payout.taken_back)
    draft.ask(payout.provider, "reverse", payout.id, ask)


def give_back(draft: PayeeDraft, payout: PayoutRecord, amount: int) -> None:
    """So much of it is owed again: of the whole, what it was for."""
    items = payout.items
    if amount != payout.amount:
        part = PayableItem(bill=payout.id, gross=0, share=amount, fee=0, currency=payout.currency)
        items = (part,)
    owed = draft.record.items
    for item in items:
        owed = with_item(owed, replace(item, release=draft.now_ms))
    draft.set("payout_returned", items=owed)


def due_items(draft: PayeeDraft, currency: str) -> tuple[PayableItem, ...]:
    """What can be paid out in a currency, debts included."""
    return tuple(one for one in draft.record.items if one.currency == currency and one.is_due(draft.now_ms))


def _due(draft: PayeeDraft) -> list[str]:
    """The currencies in which more is due than owed back."""
    currencies = sorted({one.currency for one in draft.record.items})
    return [one for one in currencies if draft.record.balance(one, draft.now_ms)[0] > 0]
