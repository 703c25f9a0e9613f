"""Jobs as the API serves them: begun, listed, paused, resumed, cancelled; each deed in the audit record."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from actors.jobs.commands import CancelJob, GetJob, PauseJob, ResumeJob, StartJob
from actors.jobs.events import JobRecord
from actors.jobs.kind import JOBS
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from common.errors import InvalidArgument
from common.ids import new_id
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.edge.operation import Caller
from store.ports.views import ViewQuery

Change = type[PauseJob] | type[ResumeJob] | type[CancelJob]
_DEEDS: Final[dict[Change, str]] = {PauseJob: "job.pause", ResumeJob: "job.resume", CancelJob: "job.cancel"}
_job: Final = msgspec.json.Decoder(JobRecord).decode


class Jobs:
    """One a replica of the API. `kinds`: of the work that runners know."""

    def __init__(
        self, entities: EntityClient, views: ViewFinder, kinds: Collection[str], audit: AuditRecord, clock: Clock
    ) -> None:
        self._entities, self._views, self._kinds = entities, views, kinds
        self._audit, self._clock = audit, clock

    async def start(
        self, kind: str, *, dry_run: bool, caller: Caller, about: Mapping[str, str] | None = None
    ) -> tuple[str, JobRecord]:
        """Begin one; its id, and how it stands. `about`: on what.

        Raises:
            InvalidArgument: there is no work of this kind.
        """
        if kind not in self._kinds:
            raise InvalidArgument(f"kind is one of {', '.join(sorted(self._kinds))}.", details={"field": "kind"})
        job_id = new_id("job", self._clock.now_ms())
        await self._record("job.start", job_id, caller)
        command = StartJob(kind=kind, dry_run=dry_run, about=dict(about or {}))
        return job_id, await self._entities.ask(f"job:{job_id}", command, by=SYSTEM, command_id="start")

    async def get(self, job_id: str) -> JobRecord:
        """Raises NotFound: there is no such job."""
        return await self._entities.ask(f"job:{job_id}", GetJob(), by=SYSTEM)

    async def change(self, job_id: str, change: Change, caller: Caller) -> JobRecord:
        """Pause, resume or cancel it; idempotent.

        Raises:
            NotFound: there is no such job.
            FailedPrecondition: it is over.
        """
        await self.get(job_id)
        await self._record(_DEEDS[change], job_id, caller)
        return await self._entities.ask(f"job:{job_id}", change(), by=SYSTEM)

    async def list(
        self, kind: str | None, state: str | None, *, before: str | None, limit: int
    ) -> Sequence[tuple[str, JobRecord]]:
        """The newest first. `before`: the id of one, to go on behind it."""
        equal = {name: value for name, value in (("kind", kind), ("state", state)) if value is not None}
        query = ViewQuery(collection=JOBS, equal=equal, order_by="job", below=before, descending=True, limit=limit)
        return [(view.id, _job(view.data)) for view in await self._views.find(query)]

    async def _record(self, action: str, job_id: str, caller: Caller) -> None:
        by = caller.by
        await self._audit.append(AuditEntry(action, by.user, role=by.role, resource=job_id, request=caller.trace))
