"""What administrators see of the index, and do with it: long work, as jobs."""

from typing import Final

from common.clock import to_rfc3339
from serve_app.capabilities.operations.job_operations import job_shown
from serve_app.capabilities.operations.jobs import Jobs
from serve_app.capabilities.search.doors.answers import Drift, JobBegun, Progress, SearchStatus
from serve_app.capabilities.search.process.keys import COLLECTION
from serve_app.capabilities.search.process.link import SearchLink
from serve_app.capabilities.search.process.working import DRIFT
from serve_app.edge.operation import Caller
from store.mongo.client import Database, Document, database_errors

REINDEX: Final = "search_reindex"
CHECK: Final = "search_check"
ROTATE: Final = "search_rotate"


class Upkeep:
    """One a process."""

    def __init__(self, link: SearchLink, jobs: Jobs, database: Database) -> None:
        self._link, self._jobs, self._all = link, jobs, database[COLLECTION]

    async def status(self) -> SearchStatus:
        """Raises Unavailable: nobody keeps it just now."""
        state = await self._link.state()
        with database_errors():
            drift: Document | None = await self._all.find_one({"_id": DRIFT})
        return SearchStatus(
            engine=state.engine,
            index=state.index,
            generation=state.generation,
            key_id=state.key_id,
            documents=state.documents,
            lag_ms=state.lag_ms,
            drift=None if drift is None else _drift(drift),
            reindex=Progress(state="running", done=state.done, total=state.total) if state.making else None,
        )

    async def reindex(self, caller: Caller) -> JobBegun:
        """A new index. Raises Unavailable."""
        return await self._begin(REINDEX, caller)

    async def check(self, caller: Caller, *, repair: bool) -> JobBegun:
        """A look at it. Raises Unavailable."""
        return await self._begin(CHECK, caller, repair="yes" if repair else "")

    async def rotate(self, caller: Caller) -> JobBegun:
        """A new key. Raises Unavailable."""
        return await self._begin(ROTATE, caller)

    async def _begin(self, kind: str, caller: Caller, **about: str) -> JobBegun:
        named = {name: value for name, value in about.items() if value}
        job_id, job = await self._jobs.start(kind, dry_run=False, caller=caller, about=named)
        return JobBegun(job=job_shown(job_id, job))


def _drift(document: Document) -> Drift:
    return Drift(
        missing=int(document["missing"]),
        stale=int(document["stale"]),
        extra=int(document["extra"]),
        checked_at=to_rfc3339(int(document["checked_at"])),
    )
