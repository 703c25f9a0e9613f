"""Sums of the ledger that are kept are those of the postings, whatever comes late and whoever makes them."""

import asyncio
import random

import msgspec
import pytest

from actors.jobs.activities import Step, StepDone
from actors.payments.ledger import POSTINGS, PostedRow
from serve_app.capabilities.payments.ledger.books import Books
from serve_app.capabilities.payments.ledger.keeping import KeepingSums
from serve_app.capabilities.payments.ledger.sums import SUMS, LedgerSums
from store.mongo.client import Database

COUNT = 200


async def stored(database: Database, at: int, account: str, amount: int, currency: str = "EUR") -> None:
    """A posting."""
    id_ = f"bill:bil_{at}#1.0.{account}"
    row = PostedRow(
        entity=f"bill:bil_{at}",
        kind="charge",
        at=at,
        account=account,
        currency=currency,
        amount=amount,
        source="",
        provider="",
        therapist="",
        service="",
        recovered=False,
    )
    fields = {"account": account, "currency": currency, "amount": amount, "at": at, "order": f"{at:015d}|{id_}"}
    await database[POSTINGS].insert_one({"_id": id_, "v": 1, "f": fields, "d": msgspec.msgpack.encode(row)})


async def fill(database: Database) -> None:
    """Some of two currencies."""
    dice = random.Random(1)
    for at in range(0, COUNT, 2):
        amount, currency = dice.randrange(1, 9_999), dice.choice(("EUR", "JPY"))
        await stored(database, at, f"provider:{dice.choice('ab')}", amount, currency)
        await stored(database, at + 1, f"payable:t{dice.randrange(5)}", -amount, currency)


async def by_hand(database: Database) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, str], int]]:
    """The same, posting by posting."""
    sides: dict[str, tuple[int, int]] = {}
    accounts: dict[tuple[str, str], int] = {}
    async for one in database[POSTINGS].find({}):
        fields = one["f"]
        debit, credit = sides.get(fields["currency"], (0, 0))
        sides[fields["currency"]] = (debit + max(0, fields["amount"]), credit + max(0, -fields["amount"]))
        key = (fields["account"], fields["currency"])
        accounts[key] = accounts.get(key, 0) + fields["amount"]
    return sides, accounts


async def agrees(database: Database) -> bool:
    """Is what the books say what the postings say?"""
    books = Books(database, LedgerSums(database, stretch=20, open_=5))
    sides, accounts = await by_hand(database)
    found = {(one.account, one.currency): one.balance for one in await books.balances()}
    return (await books.trial_balance(), found) == (sides, accounts)


async def test_they_are_those_of_the_postings_and_few_postings_are_read(mongo: Database) -> None:
    await fill(mongo)
    for _ in range(2):  # made, then kept
        assert await agrees(mongo)
    kept = [one async for one in mongo[SUMS].find({}, sort=[("_id", 1)])]
    assert [one["count"] for one in kept] == [20] * 9  # the last 20 stay open
    assert [one["to"] for one in kept][:-1] == [one["_id"] for one in kept][1:]
    await stored(mongo, COUNT, "bank", 1)
    assert await agrees(mongo)


async def test_they_are_made_before_anybody_asks_and_a_step_may_be_done_twice(mongo: Database) -> None:
    await fill(mongo)
    work = KeepingSums(mongo, LedgerSums(mongo, stretch=20, open_=5))
    first, again = [await work.step(Step(kind="ledger_sums")) for _ in range(2)]
    assert (first.done, first.cursor != "", again.done) == (4, True, 4)
    step = Step(kind="ledger_sums", cursor=again.cursor, done=8)
    assert await work.step(step) == StepDone(cursor="", done=9, result={"stretches": 9})
    before = [one async for one in mongo[SUMS].find({}, sort=[("_id", 1)])]
    assert await agrees(mongo)
    assert [one async for one in mongo[SUMS].find({}, sort=[("_id", 1)])] == before


async def test_what_is_stored_late_counts(mongo: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without counting, what was closed stays as it was."""
    await fill(mongo)
    assert await agrees(mongo)
    await stored(mongo, 30, "bank", 700)

    async def as_kept(self: LedgerSums, since: str, to: str) -> int:
        return sum([one["count"] async for one in mongo[SUMS].find({"_id": {"$gte": since, "$lt": to}})])

    with monkeypatch.context() as patched:
        patched.setattr(LedgerSums, "_count", as_kept)
        assert not await agrees(mongo)
    assert await agrees(mongo)


async def test_several_may_make_them_at_one_time(mongo: Database) -> None:
    await fill(mongo)
    assert all(await asyncio.gather(*(agrees(mongo) for _ in range(8))))
    assert sum([one["count"] async for one in mongo[SUMS].find({})]) == 180


async def test_a_posting_that_somebody_has_changed_is_found(mongo: Database) -> None:
    await fill(mongo)
    assert await agrees(mongo)
    sums = LedgerSums(mongo, stretch=20, open_=5)
    assert await sums.untrue() == []
    await mongo[POSTINGS].update_one({"f.at": 30}, {"$inc": {"f.amount": 5}})
    assert len(await sums.untrue()) == 1
    await sums.forget()
    assert await agrees(mongo)
