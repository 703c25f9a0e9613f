"""The ledger for administrators: balances, entries, figures."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, field

from actors.payments import figures
from actors.payments.figures import RevenueFigures
from common.clock import Clock, to_rfc3339
from common.decoding import Request
from common.errors import InvalidArgument
from common.money import Currency
from common.persons import OtherId
from common.timeline import DAY_MS, parse_instant
from serve_app.capabilities.payments.bills.requests import Cursor, Instant, Limit
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.ledger.books import Attempts, Balance, Books
from serve_app.capabilities.payments.ledger.recurring import Movements
from serve_app.capabilities.payments.shared import Options
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest

_LONGEST: Final = 366 * DAY_MS
_EUR: Final = {"EUR": {"debit": 10_000, "credit": 10_000}}
Account = Annotated[str, Meta(min_length=1, max_length=160)]


_operation: Final = Declare()


class TrialBalance(Request, frozen=True, kw_only=True):
    """Do the books balance?"""


class LedgerAccounts(Request, frozen=True, kw_only=True):
    """All accounts."""


class LedgerEntries(Request, frozen=True, kw_only=True):
    """Postings, the newest first."""

    account: Account | None = None
    since: Instant | None = field(name="from", default=None)
    until: Instant | None = field(name="to", default=None)
    cursor: Cursor | None = None
    limit: Limit = 50


class PaymentAnalytics(Request, frozen=True, kw_only=True):
    """Figures of a time."""

    since: Instant = field(name="from")
    until: Instant = field(name="to")
    currency: Currency | None = None
    group_by: Literal["day", "therapist", "service", "provider"] | None = None


class SidesReply(msgspec.Struct, frozen=True):
    """Debit and credit of one currency."""

    debit: int
    credit: int


class TrialBalanceReply(msgspec.Struct, frozen=True):
    """Debit and credit of all accounts."""

    currencies: dict[str, SidesReply]
    balanced: bool


class AccountsReply(msgspec.Struct, frozen=True):
    """All accounts."""

    items: list[Balance]


class EntryReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A posting."""

    entry_id: OtherId
    at: str
    account: str
    currency: str
    amount: int
    kind: str
    bill_id: str | None = None
    source: str | None = None


class EntriesReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of postings."""

    items: list[EntryReply]
    next_cursor: str | None = None


class FiguresReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Figures of a time, or of one group of it."""

    gross: int
    refunds: int
    disputes: int
    fees: int
    tax: int
    net: int
    payments: int
    recovered: int
    group: str | None = None


class AnalyticsReply(FiguresReply, frozen=True, kw_only=True, omit_defaults=True):
    """All of it. `success_rate`: of the payments that came to an end, those that succeeded; null where none did. `mrr`:
    what subscriptions bring in a month, at the end of the time; `churn`: of those that were paid for at its beginning,
    the part that is not at its end; null where there were none."""

    currency: str
    success_rate: float | None
    mrr: int
    churn: float | None
    groups: list[FiguresReply] | None = None


class LedgerOperations:
    """Of one process."""

    def __init__(self, books: Books, attempts: Attempts, movements: Movements, options: Options, clock: Clock) -> None:
        self._books, self._attempts, self._movements = books, attempts, movements
        self._options, self._clock = options, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        balance = {"account": "provider:stripe", "currency": "EUR", "balance": 9770}
        entry = {
            "entry_id": "bill:bil_1#3.0.0",
            "at": "2026-11-20T09:15:00.000Z",
            "account": "provider:stripe",
            "currency": "EUR",
            "amount": 10_000,
            "kind": "charge",
        }
        sums = {
            "gross": 10_000,
            "refunds": 0,
            "disputes": 0,
            "fees": 230,
            "tax": 0,
            "net": 9770,
            "payments": 1,
            "recovered": 0,
        }
        period = {"from": "2026-11-01T00:00:00.000Z", "to": "2026-12-01T00:00:00.000Z"}
        yield _operation(
            "trial_balance",
            "ledger.read",
            request=TrialBalance,
            call=self._trial,
            rest=Rest("GET", "/api/ledger/trial-balance", tag="ledger"),
            response=TrialBalanceReply,
            example=Example({}, {"currencies": _EUR, "balanced": True}),
            description="Debit and credit of all accounts.",
        )
        yield _operation(
            "ledger_accounts",
            "ledger.read",
            request=LedgerAccounts,
            call=self._accounts,
            rest=Rest("GET", "/api/ledger/accounts", tag="ledger"),
            response=AccountsReply,
            example=Example({}, {"items": [balance]}),
            description="What is on each account.",
        )
        yield _operation(
            "ledger_entries",
            "ledger.read",
            request=LedgerEntries,
            call=self._entries,
            rest=Rest("GET", "/api/ledger/entries", tag="ledger"),
            response=EntriesReply,
            example=Example({"account": "provider:stripe"}, {"items": [entry]}),
            description="Postings, the newest first.",
        )
        yield _operation(
            "payment_analytics",
            "ledger.read",
            request=PaymentAnalytics,
            call=self._analytics,
            rest=Rest("GET", "/api/payments/analytics", tag="ledger"),
            response=AnalyticsReply,
            example=Example(period, {**sums, "currency": "EUR", "success_rate": 1.0, "mrr": 3000, "churn": 0.0}),
            description="Figures of a time, from the ledger.",
        )

    async def _trial(self, request: TrialBalance, caller: Caller) -> TrialBalanceReply:
        found = await self._books.trial_balance()
        sides = {currency: SidesReply(debit, credit) for currency, (debit, credit) in sorted(found.items())}
        return TrialBalanceReply(sides, all(one.debit == one.credit for one in sides.values()))

    async def _accounts(self, request: LedgerAccounts, caller: Caller) -> AccountsReply:
        return AccountsReply(await self._books.balances())

    async def _entries(self, request: LedgerEntries, caller: Caller) -> EntriesReply:
        before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        since = parse_instant(request.since, "from") if request.since else None
        until = parse_instant(request.until, "to") if request.until else None
        found = await self._books.entries(request.account, since, until=until, before=before, limit=request.limit + 1)
        items = [
            EntryReply(
                entry_id=order.partition("|")[2],
                at=to_rfc3339(row.at),
                account=row.account,
                currency=row.currency,
                amount=row.amount,
                kind=row.kind,
                bill_id=row.bill or None,
                source=row.source or None,
            )
            for order, row in found[: request.limit]
        ]
        more = encode_cursor(found[request.limit - 1][0]) if len(found) > request.limit else None
        return EntriesReply(items=items, next_cursor=more)

    async def _analytics(self, request: PaymentAnalytics, caller: Caller) -> AnalyticsReply:
        since, until = parse_instant(request.since, "from"), parse_instant(request.until, "to")
        if not 0 < until - since <= _LONGEST:
            raise InvalidArgument("from lies before to, by at most 366 days.", details={"field": "to"})
        currency = request.currency or self._options.currency
        rows = [row async for row in self._books.rows(since, until, currency)]
        groups = None
        if request.group_by is not None:
            found = figures.grouped(rows, request.group_by)
            groups = [FiguresReply(group=name, **_members(one)) for name, one in found.items()]
        recurring = await self._movements.recurring(since, until, currency)
        return AnalyticsReply(
            currency=currency,
            mrr=recurring.mrr,
            churn=recurring.churn,
            success_rate=await self._attempts.success_rate(since, until),
            groups=groups,
            **_members(figures.figures(rows)),
        )


def _members(one: RevenueFigures) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one), "net": one.net}
