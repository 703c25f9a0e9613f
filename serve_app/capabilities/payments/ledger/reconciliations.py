"""Reconciliations as operators ask for them, and as they stand: the job does the work (`reconciling.py`)."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import field

from common.clock import Clock
from common.decoding import Request
from common.errors import InvalidArgument, NotFound
from common.persons import OtherId
from common.timeline import parse_instant
from serve_app.capabilities.operations.job_operations import Job, JobId, job_shown
from serve_app.capabilities.operations.jobs import Jobs
from serve_app.capabilities.payments.bills.requests import Instant
from serve_app.capabilities.payments.ledger.reconciling import KIND, RECONCILIATIONS
from serve_app.capabilities.payments.shared import Options
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest, Result
from store.mongo.client import Database, Document, database_errors

_DAY_MS: Final = 86_400_000
_LONGEST_MS: Final = 92 * _DAY_MS
_PREFIX: Final = "job_"
_RUN: Final = "run_"
_RUN_ID: Final = "run_01KAFZ0000000000000000000A"
_JOB: Final[dict[str, Any]] = {
    "job_id": "job_01KAFZ0000000000000000000A",
    "kind": KIND,
    "state": "running",
    "dry_run": False,
    "done": 0,
    "started_at": "2026-11-20T09:30:00.000Z",
}
RunId = OtherId


class Reconcile(Request, Repeatable, frozen=True, kw_only=True):
    """With which provider, and of which time (the last day). `request_id`: a repeat with it begins nothing."""

    provider: str
    since: Instant | None = field(name="from", default=None)
    until: Instant | None = field(name="to", default=None)


class OfRun(Request, frozen=True):
    """One reconciliation."""

    run_id: str


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """It has begun."""

    run_id: OtherId
    job: Job


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the provider of which the two say different things. `kind`: `missing_here` (it has moved money, and
    nothing is posted), `missing_there` (we posted something that its statement does not have), `amount`."""

    kind: Literal["missing_here", "missing_there", "amount"]
    provider_ref: OtherId
    ours: int
    theirs: int


class SidesOfBalance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What each says that the provider holds, in one currency."""

    currency: str
    ledger: int
    provider: int | None = None


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far it is, and what it has found: the first 1,000 differences, and how many there are. The two balances are
    those of the currency of this installation; `provider_balance` is missing where the provider does not say."""

    run_id: OtherId
    status: Literal["running", "done", "failed"]
    matched: int
    differences: list[Difference]
    differences_total: int
    ledger_balance: int | None = None
    provider_balance: int | None = None
    balances: list[SidesOfBalance] | None = None


class ReconciliationOperations:
    """Of one process."""

    def __init__(self, jobs: Jobs, database: Database, options: Options, clock: Clock) -> None:
        self._jobs, self._runs = jobs, database[RECONCILIATIONS]
        self._options, self._clock = options, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="reconcile",
            action="ledger.reconcile",
            request=Reconcile,
            call=self._begin,
            rest=Rest("POST", "/api/ledger/reconcile", status=202, tag="ledger"),
            limit="write",
            response=Begun,
            refuses=(InvalidArgument,),
            example=Example({"provider": "stripe"}, {"run_id": _RUN_ID, "job": _JOB}),
            description="Compare what a provider says has moved with what is posted. It goes on by itself.",
        )
        yield Operation(
            name="get_reconciliation",
            action="ledger.read",
            request=OfRun,
            call=self._get,
            rest=Rest("GET", "/api/ledger/reconciliations/{run_id}", tag="ledger"),
            limit="read",
            response=Reconciliation,
            refuses=(NotFound,),
            resource=("run_id",),
            example=Example(
                {"run_id": _RUN_ID},
                {
                    "run_id": _RUN_ID,
                    "status": "done",
                    "matched": 41,
                    "differences": [{"kind": "missing_here", "provider_ref": "re_1", "ours": 0, "theirs": -500}],
                    "differences_total": 1,
                    "ledger_balance": 10_000,
                    "provider_balance": 9500,
                },
            ),
            description="A reconciliation, as far as it has come.",
        )

    async def _begin(self, request: Reconcile, caller: Caller) -> Result:
        provider, now_ms = self._options.provider(request.provider), self._clock.platform_ms()
        if provider == "manual":
            raise InvalidArgument("Cash and transfers have no statement to read.", details={"field": "provider"})
        until = parse_instant(request.until, "to") if request.until else now_ms
        since = parse_instant(request.since, "from") if request.since else until - _DAY_MS
        if not 0 < until - since <= _LONGEST_MS:
            raise InvalidArgument("from lies before to, by at most 92 days.", details={"field": "to"})
        about = {"provider": provider, "from_ms": str(since), "to_ms": str(until)}
        job_id, job = await self._jobs.start(KIND, dry_run=False, caller=caller, about=about)
        return Result(Begun(run_id=_RUN + job_id.removeprefix(_PREFIX), job=job_shown(job_id, job)))

    async def _get(self, request: OfRun, caller: Caller) -> Reconciliation:
        job_id = _PREFIX + request.run_id.removeprefix(_RUN)
        try:
            msgspec.convert(job_id, JobId)
        except msgspec.ValidationError:
            raise NotFound("There is no such reconciliation.") from None
        job = await self._jobs.get(job_id)
        if job.kind != KIND or not request.run_id.startswith(_RUN):
            raise NotFound("There is no such reconciliation.")
        with database_errors():
            kept: Document = await self._runs.find_one({"_id": job_id}) or {}
        ours, theirs, main = kept.get("ours", {}), kept.get("theirs", {}), self._options.currency
        over: Literal["failed", "running"] = "failed" if job.state in ("failed", "cancelled") else "running"
        return Reconciliation(
            run_id=request.run_id,
            status="done" if job.state == "done" else over,
            matched=job.result.get("matched", 0),
            differences=[msgspec.convert(one, Difference) for one in kept.get("differences", ())],
            differences_total=job.result.get("differences", 0),
            ledger_balance=ours.get(main, 0) if job.state == "done" else None,
            provider_balance=theirs.get(main, 0 if theirs else None),
            balances=[
                SidesOfBalance(currency=currency, ledger=amount, provider=theirs.get(currency))
                for currency, amount in sorted(ours.items())
            ]
            or None,
        )
