"""`reconcile`: what a provider says has moved, beside what we have posted. Long work, in steps: the lines of its
statement are copied (by their own ids, so a step may be done twice), then compared source by source.

Collections: `reconciliations` `{_id: job, differences}`, once done `ours, theirs,
provider, total, to` too, and
`statement_lines`
`{_id: job:ref, job, source, kind, net, currency, at, made}`, which lapse after a day.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, ReplaceOne

from actors.jobs.activities import Step, StepDone
from actors.payments import ledger
from actors.payments.activities import Read
from actors.payments.bill.state import BillRecord
from common.clock import Clock
from common.errors import InvalidArgument, Unavailable
from common.logs import get_logger
from serve_app.activities.connector import Later, Misconfigured
from serve_app.capabilities.payments.ledger.books import Books
from serve_app.capabilities.payments.ledger.rereading import bills_posted, movements_of
from serve_app.capabilities.payments.providers import Attempt, Movement, PaymentProvider, Statements
from store.mongo.client import Database, Document, database_errors

RECONCILIATIONS: Final = "reconciliations"
LINES: Final = "statement_lines"
KIND: Final = "reconcile"
MOST_LISTED: Final = 1000
"""Differences that a reconciliation names; more are counted."""
HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * HOUR_MS
_KEPT_S: Final = 86_400
_SLICE_MS: Final = HOUR_MS
_SOURCES: Final = 500
_BILLS: Final = 50
log = get_logger(__name__)
INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    RECONCILIATIONS: [IndexModel([("provider", ASCENDING), ("to", DESCENDING)], name="latest")],
    LINES: [
        IndexModel([("job", ASCENDING), ("source", ASCENDING)], name="source"),
        IndexModel([("made", ASCENDING)], name="lapse", expireAfterSeconds=_KEPT_S),
    ],
}
Providers = Mapping[str, Callable[[], PaymentProvider]]


class Reconciling:
    """See the module. Lines are read from a day before the time, for we post what we hear, and hear it later."""

    def __init__(self, database: Database, providers: Providers, clock: Clock) -> None:
        self._runs, self._lines = database[RECONCILIATIONS], database[LINES]
        self._books, self._database = Books(database), database
        self._providers, self._clock = providers, clock

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`."""
        about = _about(step)
        if not step.cursor:
            await self._begin(step.job)
        phase, _, place = (step.cursor or f"lines:{about.since - _DAY_MS}").partition(":")
        if phase == "lines":
            return await self._copy(step, about, place)
        if phase == "theirs":
            return await self._compare(step, about, place)
        return await self._missing(step, about, place)

    async def _begin(self, job: str) -> None:
        """Nothing is left of the round before."""
        with database_errors():
            await self._lines.delete_many({"job": job})
            await self._runs.replace_one({"_id": job}, {"differences": []}, upsert=True)

    async def _copy(self, step: Step, about: "_About", place: str) -> StepDone:
        """One hour of a statement; or some bills, where a provider has none."""
        provider = self._provider(about)
        try:
            if isinstance(provider, Statements):
                since = int(place)
                until = min(since + _SLICE_MS, about.until)
                copied = await self._keep(step.job, provider.movements(since, until))
                following = f"lines:{until}" if until < about.until else "theirs:"
            else:
                bills, last = await bills_posted(
                    database=self._database,
                    provider=about.provider,
                    since=about.since,
                    until=about.until,
                    after="" if place.isdigit() else place,
                    limit=_BILLS,
                )
                copied = await self._keep(step.job, self._read_again(provider, bills, about.since))
                following = f"lines:{last}" if last else "theirs:"
        except (Later, Misconfigured) as error:
            raise Unavailable("The provider does not answer.") from error
        finally:
            await provider.close()
        return StepDone(cursor=following, done=step.done + copied, result=step.result)

    async def _read_again(
        self, provider: PaymentProvider, bills: Sequence[BillRecord], since_ms: int
    ) -> AsyncIterator[Movement]:
        now_ms = self._clock.now_ms()
        for record in bills:
            for payment in record.payments:
                if payment.provider == provider.name and payment.ref:
                    ask = Read(bill=record.id, ref=payment.ref)
                    seen = await provider.read(ask, Attempt(payment.ref, payment.ref, now_ms))
                    for movement in movements_of(seen, since_ms):
                        yield movement

    async def _keep(self, job: str, movements: AsyncIterator[Movement]) -> int:
        writes: list[ReplaceOne[Document]] = []
        count = 0
        made = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        async for one in movements:
            line: Document = {"_id": f"{job}:{one.ref}", "job": job, "source": one.source or one.ref, "kind": one.kind}
            line |= {"net": one.amount - one.fee, "currency": one.currency, "at": one.at_ms, "made": made}
            writes.append(ReplaceOne({"_id": line["_id"]}, line, upsert=True))
            count += 1
            if len(writes) >= _SOURCES:
                await self._write(writes)
                writes = []
        await self._write(writes)
        return count

    async def _write(self, writes: list[ReplaceOne[Document]]) -> None:
        if writes:
            with database_errors():
                await self._lines.bulk_write(writes, ordered=False)

    async def _compare(self, step: Step, about: "_About", place: str) -> StepDone:
        """Some of the sources of the statement: each is posted, and as much."""
        theirs = await self._next_sources(step.job, place)
        account, sources = ledger.provider(about.provider), list(theirs)
        ours = await self._books.of_sources(account, sources)
        lately = await self._books.of_sources(account, sources, since=about.since - _DAY_MS)
        found, matched = [], 0
        for source, lines in theirs.items():
            if max(one["at"] for one in lines) < about.since:
                continue  # of the day before: it is there to be found by what we posted later
            net = sum(int(one["net"]) for one in lines)
            if net in (ours.get(source), lately.get(source)):
                matched += 1
            else:
                kind = "amount" if source in ours else "missing_here"
                found.append(_difference(kind, source, ours.get(source, 0), net))
        await self._note(step.job, found)
        following = f"theirs:{sources[-1]}" if sources else "ours:"
        return StepDone(cursor=following, done=step.done, result=_figures(step, matched, len(found)))

    async def _next_sources(self, job: str, place: str) -> dict[str, list[Document]]:
        """The next lines of the statement by their sources; of the last source all of them."""
        found: dict[str, list[Document]] = {}
        with database_errors():
            lines = self._lines.find({"job": job, "source": {"$gt": place}}, sort=[("source", 1)], limit=_SOURCES)
            async for one in lines:
                found.setdefault(one["source"], []).append(one)
            if found:
                last = next(reversed(found))
                found[last] = await self._lines.find({"job": job, "source": last}).to_list(None)
        return found

    async def _missing(self, step: Step, about: "_About", place: str) -> StepDone:
        """Some of our postings of the time: each is in the statement. The last hour may not be there yet."""
        account = ledger.provider(about.provider)
        until = about.until - HOUR_MS
        ours, last = await self._books.sources(account, about.since, until, after=place, limit=_SOURCES)
        with database_errors():
            wanted = {"job": step.job, "source": {"$in": list(ours)}}
            known = {one["source"] async for one in self._lines.find(wanted, {"source": 1})}
        found = [_difference("missing_there", source, net, 0) for source, net in ours.items() if source not in known]
        await self._note(step.job, found)
        if last:
            return StepDone(cursor=f"ours:{last}", done=step.done, result=_figures(step, 0, len(found)))
        figures = _figures(step, 0, len(found))
        await self._end(step, about, figures["differences"])
        return StepDone(cursor="", done=step.done, result=figures)

    async def _end(self, step: Step, about: "_About", differences: int) -> None:
        """How much each of the two says is there; where they differ, somebody should look."""
        held = {one.currency: one.balance for one in await self._books.balances(ledger.provider(about.provider))}
        provider = self._provider(about)
        there: dict[str, int] = {}
        try:
            if isinstance(provider, Statements):
                there = {currency: await provider.balance(currency) for currency in held}
        except (Later, Misconfigured) as error:
            raise Unavailable("The provider does not answer.") from error
        finally:
            await provider.close()
        ended = {"ours": held, "theirs": there, "provider": about.provider, "total": differences, "to": about.until}
        with database_errors():
            await self._runs.update_one({"_id": step.job}, {"$set": ended}, upsert=True)
        if differences:
            log.warning("reconciliation.differs", provider=about.provider, differences=differences, job=step.job)

    async def _note(self, job: str, found: Sequence[Document]) -> None:
        """Each once, however often the step is done."""
        with database_errors():
            for one in found:
                key = {"_id": job, "differences.provider_ref": {"$ne": one["provider_ref"]}}
                push = {"differences": {"$each": [one], "$slice": MOST_LISTED}}
                await self._runs.update_one(key, {"$push": push})

    def _provider(self, about: "_About") -> PaymentProvider:
        made = self._providers.get(about.provider)
        if made is None:
            raise InvalidArgument("This payment provider is not configured here.", details={"field": "provider"})
        return made()


class _About:
    """What a job was begun for."""

    def __init__(self, about: Mapping[str, str]) -> None:
        self.provider = about["provider"]
        self.since, self.until = int(about["from_ms"]), int(about["to_ms"])


def _about(step: Step) -> _About:
    """The last day before it began, where it was begun for no other time."""
    lately = {"from_ms": str(step.started - _DAY_MS), "to_ms": str(step.started)}
    try:
        return _About(lately | step.about)
    except (KeyError, ValueError) as error:
        raise InvalidArgument("A reconciliation is begun with POST /api/ledger/reconcile.") from error


def _difference(kind: str, source: str, ours: int, theirs: int) -> Document:
    return {"kind": kind, "provider_ref": source, "ours": ours, "theirs": theirs}


def _figures(step: Step, matched: int, differences: int) -> dict[str, int]:
    before = step.result
    return {
        "matched": before.get("matched", 0) + matched,
        "differences": before.get("differences", 0) + differences,
    }
