"""`/api/operations/jobs`: long work, and how far it has come."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from actors.jobs.commands import CancelJob, PauseJob, ResumeJob
from actors.jobs.events import Job as JobState
from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from serve_app.capabilities.identity.origin import Origin
from serve_app.capabilities.identity.routes import From
from serve_app.capabilities.operations.activities import By
from serve_app.capabilities.operations.jobs import Change, Jobs
from serve_app.edge.conventions.paging import DEFAULT_PAGE, Cursor, Limit, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit

Reader = Annotated[Principal, permit("job.read")]
Operator = Annotated[Principal, permit("job.change")]
JobId = Annotated[str, Path(pattern=r"^job_[0-9A-HJKMNP-TV-Z]{26}$", examples=["job_01KAFZ0000000000000000000A"])]
State = Literal["running", "paused", "done", "failed", "cancelled"]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,63}$", examples=["rebuild_projections"])]


class StartedJob(BaseModel):
    """Work to begin. With `dry_run`, what would be done is only counted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Kind
    dry_run: bool = False


class Job(BaseModel):
    """Long work. `done` of `total` (where that is known) in units of its kind; `result`: figures, so far."""

    job_id: str
    kind: str
    state: State
    dry_run: bool
    done: int
    total: int | None = None
    started_at: str
    ended_at: str | None = None
    error: str | None = Field(default=None, description="Why it failed: a code.")
    result: dict[str, int] | None = None


class JobAnswer(BaseModel):
    """One job, as it is by now."""

    job: Job


class JobPage(BaseModel):
    """A page, the newest first."""

    jobs: list[Job]
    next_cursor: str | None = None


def job_routes(jobs: Jobs) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/operations/jobs", tags=["operations"])

    @router.get("", operation_id="list_jobs")
    async def listed(
        _: Reader,
        kind: Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{0,63}$")] = None,
        state: State | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> JobPage:
        """Jobs, the newest first. For administrators."""
        before = None if cursor is None else str(decode_cursor(cursor, str)[0])
        found = await jobs.list(kind, state, before=before, limit=limit + 1)
        more = encode_cursor(found[limit - 1][0]) if len(found) > limit else None
        return JobPage(jobs=[_shown(*one) for one in found[:limit]], next_cursor=more)

    @router.post("", operation_id="start_job", status_code=201)
    async def start(who: Operator, by: From, body: StartedJob) -> JobAnswer:
        """Begin long work. For administrators."""
        return JobAnswer(job=_shown(*await jobs.start(body.kind, dry_run=body.dry_run, by=_by(who, by))))

    @router.get("/{job_id}", operation_id="get_job")
    async def get(_: Reader, job_id: JobId) -> JobAnswer:
        """A job. For administrators."""
        return JobAnswer(job=_shown(job_id, await jobs.get(job_id)))

    async def changed(job_id: str, change: Change, who: Principal, by: Origin) -> JobAnswer:
        return JobAnswer(job=_shown(job_id, await jobs.change(job_id, change, _by(who, by))))

    @router.post("/{job_id}/pause", operation_id="pause_job", responses={412: {}})
    async def pause(who: Operator, by: From, job_id: JobId) -> JobAnswer:
        """Begin no further step of it; the one under way ends. For administrators."""
        return await changed(job_id, PauseJob, who, by)

    @router.post("/{job_id}/resume", operation_id="resume_job", responses={412: {}})
    async def resume(who: Operator, by: From, job_id: JobId) -> JobAnswer:
        """Go on where it stands. For administrators."""
        return await changed(job_id, ResumeJob, who, by)

    @router.post("/{job_id}/cancel", operation_id="cancel_job", responses={412: {}})
    async def cancel(who: Operator, by: From, job_id: JobId) -> JobAnswer:
        """End it; what is done stays done. For administrators."""
        return await changed(job_id, CancelJob, who, by)

    return router


def _by(who: Principal, by: Origin) -> By:
    return By(who.user, who.role, by.address, by.request)


def _shown(job_id: str, job: JobState) -> Job:
    return Job(
        job_id=job_id,
        kind=job.kind,
        state=job.state,
        dry_run=job.dry_run,
        done=job.done,
        total=job.total,
        started_at=to_rfc3339(job.started),
        ended_at=None if job.ended is None else to_rfc3339(job.ended),
        error=job.error or None,
        result=job.result or None,
    )
