"""Sums of the ledger that are kept, so that a balance reads few of its postings.

The postings in their order of time are cut into stretches of some thousands; the sums of each are a document of
`ledger_sums`: `{_id: where it begins, to: where it ends (exclusive), count, sides: [{currency, debit, credit}],
accounts: [{account, currency, balance}]}`. What is behind the last of them is summed anew each time.

Stretches are closed in the background (`keeping.py`), and by whoever reads before that was done.

A posting is never changed and never goes, so a stretch is what it was as long as it has as many postings. They are
counted, in the index alone, whenever the sums are read: one that was stored late makes its stretch be summed again.
Whatever else somebody does to the database `carewire ledger check` finds.
"""

from collections.abc import Sequence
from typing import Any, Final

from pymongo import ReturnDocument

from actors.payments.ledger import POSTINGS
from store.mongo.client import Database, Document, database_errors

SUMS: Final = "ledger_sums"
STRETCH: Final = 20_000
"""Postings of a stretch."""
OPEN: Final = 1_000
"""So many postings have to follow before a stretch is closed: one that is stored late mostly comes before that."""
_ORDER: Final = "f.order"
Sides = dict[str, tuple[int, int]]
"""Debit and credit by currency."""
Accounts = dict[tuple[str, str], int]
"""What is on an account, by account and currency."""


class LedgerSums:
    """One a process. Every figure is summed by the database. `stretch`, `open_`: how many postings a stretch has, and
    how many stay open behind it."""

    def __init__(self, database: Database, *, stretch: int = STRETCH, open_: int = OPEN) -> None:
        self._postings, self._kept = database[POSTINGS], database[SUMS]
        self._stretch, self._open = stretch, open_

    async def sides(self) -> Sides:
        """Debit and credit of all accounts."""
        found: dict[str, list[int]] = {}
        with database_errors():
            rest = await self._closed()
            kept = self._kept.find({}, projection={"sides": 1})
            for one in [*[one async for one in kept], rest]:
                for side in one["sides"]:
                    both = found.setdefault(side["currency"], [0, 0])
                    both[0] += int(side["debit"])
                    both[1] += int(side["credit"])
        return {currency: (debit, credit) for currency, (debit, credit) in found.items()}

    async def accounts(self) -> Accounts:
        """What is on each account."""
        stages: list[Document] = [
            {"$unwind": "$accounts"},
            {
                "$group": {
                    "_id": {"account": "$accounts.account", "currency": "$accounts.currency"},
                    "balance": {"$sum": "$accounts.balance"},
                }
            },
        ]
        found: Accounts = {}
        with database_errors():
            rest = await self._closed()
            async for one in self._kept.aggregate(stages):
                found[one["_id"]["account"], one["_id"]["currency"]] = int(one["balance"])
        for one in rest["accounts"]:
            key = (one["account"], one["currency"])
            found[key] = found.get(key, 0) + int(one["balance"])
        return found

    async def close(self, most: int) -> tuple[int, bool]:
        """Close up to `most` stretches that can be: how many were, and whether that was all."""
        with database_errors():
            at, closed = await self._whole(), 0
            while closed < most:
                if (to := await self._end(at)) is None:
                    return closed, True
                at = await self._close(at, to)
                closed += 1
        return closed, False

    async def untrue(self) -> list[str]:
        """Where the stretches begin whose sums are not those of their postings, though they have as many."""
        found: list[str] = []
        with database_errors():
            async for kept in self._kept.find({}, sort=[("_id", 1)]):
                made = await self._summed(kept["_id"], kept["to"])
                if made["count"] == kept["count"] and _figures(made) != _figures(kept):
                    found.append(kept["_id"])
        return found

    async def forget(self) -> None:
        """All of them: they are made anew when they are wanted."""
        with database_errors():
            await self._kept.delete_many({})

    async def _closed(self) -> Document:
        """All stretches are closed that can be, and hold what they should: what is behind them."""
        at = await self._whole()
        while (to := await self._end(at)) is not None:
            at = await self._close(at, to)
        return await self._summed(at, None)

    async def _whole(self) -> str:
        """The stretches that are closed hold what they should: where the last of them ends."""
        kept = [one async for one in self._kept.find({}, projection={"to": 1, "count": 1}, sort=[("_id", 1)])]
        at = str(kept[-1]["to"]) if kept else ""
        if kept and await self._count("", at) != sum(one["count"] for one in kept):
            await self._mend(kept)
        return at

    async def _mend(self, kept: Sequence[Document]) -> None:
        for one in kept:
            if await self._count(one["_id"], one["to"]) != one["count"]:
                made = await self._summed(one["_id"], one["to"])
                await self._kept.replace_one({"_id": one["_id"]}, {"to": one["to"], **made})

    async def _count(self, since: str, to: str) -> int:
        return int(await self._postings.count_documents({_ORDER: {"$gte": since, "$lt": to}}))

    async def _end(self, at: str) -> str | None:
        """Where the stretch that begins there ends; None: not enough follows yet."""
        if await self._order(at, self._stretch + self._open) is None:
            return None
        return await self._order(at, self._stretch)

    async def _order(self, at: str, skip: int) -> str | None:
        found = self._postings.find({_ORDER: {"$gte": at}}, projection={_ORDER: 1, "_id": 0}, sort=[(_ORDER, 1)])
        async for one in found.skip(skip).limit(1):
            return str(one["f"]["order"])
        return None

    async def _close(self, at: str, to: str) -> str:
        """Unless another process was faster: the end that counts."""
        made = {"to": to, **await self._summed(at, to)}
        stored: Document = await self._kept.find_one_and_update(
            {"_id": at}, {"$setOnInsert": made}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return str(stored["to"])

    async def _summed(self, since: str, to: str | None) -> Document:
        bounds = {"$gte": since} if to is None else {"$gte": since, "$lt": to}
        amount: Any = "$f.amount"
        stages: list[Document] = [
            {"$match": {_ORDER: bounds}},
            {
                "$group": {
                    "_id": {"account": "$f.account", "currency": "$f.currency"},
                    "count": {"$sum": 1},
                    "debit": {"$sum": {"$max": [amount, 0]}},
                    "credit": {"$sum": {"$min": [amount, 0]}},
                }
            },
            {"$sort": {"_id.account": 1, "_id.currency": 1}},
        ]
        count, sides, accounts = 0, dict[str, list[int]](), list[Document]()
        async for one in self._postings.aggregate(stages):
            debit, credit, currency = int(one["debit"]), -int(one["credit"]), one["_id"]["currency"]
            count += int(one["count"])
            both = sides.setdefault(currency, [0, 0])
            both[0] += debit
            both[1] += credit
            accounts.append({"account": one["_id"]["account"], "currency": currency, "balance": debit - credit})
        sums = [{"currency": name, "debit": both[0], "credit": both[1]} for name, both in sorted(sides.items())]
        return {"count": count, "sides": sums, "accounts": accounts}


def _figures(one: Document) -> tuple[Any, Any]:
    return one["sides"], one["accounts"]
