"""The ledger as it is read: sums and entries of the postings, which the events of bills carry."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from actors.payments.bill.state import BillRecord
from actors.payments.bill.views import BILLS
from actors.payments.ledger import POSTINGS, PostedRow
from serve_app.capabilities.payments.ledger.checking import Stored
from serve_app.capabilities.payments.ledger.sums import LedgerSums
from store.mongo.client import Database, Document, database_errors

_ACCOUNT, _CURRENCY, _AMOUNT, _AT, _ORDER = "f.account", "f.currency", "f.amount", "f.at", "f.order"


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What is on an account, in one currency."""

    account: str
    currency: str
    balance: int


class Books:
    """One a process. Every figure is summed by the database, from the postings alone; `sums` are kept of those that
    are old (None: as many as is usual)."""

    def __init__(self, database: Database, sums: LedgerSums | None = None) -> None:
        self._postings = database[POSTINGS]
        self._sums = sums or LedgerSums(database)

    async def trial_balance(self) -> Mapping[str, tuple[int, int]]:
        """Debit and credit of all accounts, by currency. They are equal, or something is wrong."""
        return await self._sums.sides()

    async def balances(self, account: str | None = None) -> list[Balance]:
        """Of each account (or of one), by currency."""
        found = await self._sums.accounts()
        return [
            Balance(account=name, currency=currency, balance=balance)
            for (name, currency), balance in sorted(found.items())
            if account in (None, name)
        ]

    async def untrue_sums(self) -> list[str]:
        """See `checking.Postings`."""
        return await self._sums.untrue()

    async def put(self, one: Stored) -> None:
        """See `checking.Postings`."""
        document = {"_id": one.id, "v": one.version, "f": dict(one.fields), "d": one.data}
        with database_errors():
            await self._postings.replace_one({"_id": one.id}, document, upsert=True)

    async def remove(self, posting: str) -> None:
        """See `checking.Postings`."""
        with database_errors():
            await self._postings.delete_one({"_id": posting})

    async def forget_sums(self) -> None:
        """See `checking.Postings`."""
        await self._sums.forget()

    async def entries(
        self, account: str | None, since: int | None, until: int | None, before: str | None, limit: int
    ) -> list[tuple[str, PostedRow]]:
        """Postings with their places in the order of time, the newest first."""
        wanted: Document = {}
        if account is not None:
            wanted[_ACCOUNT] = account
        times = {name: value for name, value in (("$gte", since), ("$lt", until)) if value is not None}
        if times:
            wanted[_AT] = times
        if before is not None:
            wanted["f.order"] = {"$lt": before}
        with database_errors():
            found = self._postings.find(wanted, sort=[("f.order", -1)], limit=limit)
            return [(one["f"]["order"], _row(one)) async for one in found]

    async def rows(self, since: int, until: int, currency: str) -> AsyncIterator[PostedRow]:
        """Every posting of a time, in its order."""
        wanted = {_AT: {"$gte": since, "$lt": until}, _CURRENCY: currency}
        with database_errors():
            async for one in self._postings.find(wanted, sort=[("f.order", 1)]):
                yield _row(one)

    async def between(self, above: str, below: str | None, limit: int) -> list[Stored]:
        """See `checking.Postings`."""
        bounds = {"$gt": above} if below is None else {"$gt": above, "$lt": below}
        with database_errors():
            found = self._postings.find({"_id": bounds}, sort=[("_id", 1)], limit=limit)
            return [Stored(id=one["_id"], fields=one["f"], data=one["d"]) async for one in found]

    async def of_sources(self, account: str, sources: Sequence[str], *, since: int = 0) -> Mapping[str, int]:
        """What is posted on an account for each of these objects of a provider; with `since`, from then on."""
        stages: list[Document] = [
            {"$match": {"f.source": {"$in": list(sources)}, _ACCOUNT: account, _AT: {"$gte": since}}},
            {"$group": {"_id": "$f.source", "sum": {"$sum": f"${_AMOUNT}"}}},
        ]
        return {one["_id"]: int(one["sum"]) async for one in self._sum(stages)}

    async def sources(
        self, account: str, since: int, until: int, after: str, limit: int
    ) -> tuple[Mapping[str, int], str]:
        """Objects of a provider for which something is posted on an account in a time, and how much: those whose first
        posting of the time is one of the next `limit` after this place. And the place to go on from ("": that was
        all)."""
        low, high = max(after, f"{since:015d}"), f"{until:015d}"
        orders = {"$gt": low, "$lt": high}
        with database_errors():
            found = self._postings.find({_ACCOUNT: account, _ORDER: orders}, {"f.source": 1, _ORDER: 1})
            page = [one["f"] async for one in found.sort([(_ORDER, 1)]).limit(limit)]
        stages: list[Document] = [
            {
                "$match": {
                    "f.source": {"$in": sorted({one["source"] for one in page})},
                    _ACCOUNT: account,
                    _AT: {"$gte": since, "$lt": until},
                }
            },
            {"$group": {"_id": "$f.source", "sum": {"$sum": f"${_AMOUNT}"}, "first": {"$min": f"${_ORDER}"}}},
        ]
        sums = {one["_id"]: int(one["sum"]) async for one in self._sum(stages) if one["first"] > low} if page else {}
        return sums, page[-1]["order"] if len(page) == limit else ""

    async def _sum(self, stages: list[Document]) -> AsyncIterator[Any]:
        with database_errors():
            async for one in self._postings.aggregate(stages):
                yield one


def _row(document: Mapping[str, Any]) -> PostedRow:
    return msgspec.msgpack.decode(document["d"], type=PostedRow)


class Attempts:
    """How payments end, from the read model of bills."""

    def __init__(self, database: Database) -> None:
        self._bills = database[BILLS]

    async def success_rate(self, since: int, until: int, currency: str | None = None) -> float | None:
        """Of the payments of bills made in a time (in a currency) that came to an end, those that succeeded. None: none
        came to one."""
        wanted = {"f.order": {"$gte": f"{since:015d}", "$lt": f"{until:015d}"}}
        won = lost = 0
        with database_errors():
            async for one in self._bills.find(wanted, projection={"d": 1}):
                record = msgspec.msgpack.decode(one["d"], type=BillRecord)
                for payment in record.payments if currency in (None, record.currency) else ():
                    failed = payment.error is not None and payment.error.code != "superseded"
                    won += payment.status == "succeeded"
                    lost += payment.status != "succeeded" and failed
        return won / (won + lost) if won + lost else None
