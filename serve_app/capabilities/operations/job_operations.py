"""Long work of staff: begun, listed, paused, resumed, cancelled. For administrators."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from actors.jobs.commands import CancelJob, PauseJob, ResumeJob
from actors.jobs.events import JobRecord as JobState
from common.clock import to_rfc3339
from common.decoding import Request
from common.errors import FailedPrecondition
from serve_app.capabilities.operations.jobs import Change, Jobs
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE, decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest

State = Literal["running", "paused", "done", "failed", "cancelled"]
JobId = Annotated[str, Meta(pattern=r"\Ajob_[0-9A-HJKMNP-TV-Z]{26}\Z")]
KindName = Annotated[str, Meta(pattern=r"\A[a-z][a-z_]{0,63}\Z")]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
_ADDRESS: Final = "/api/operations/jobs"
_OF_JOB: Final = {"job_id": "job_01KAFZ0000000000000000000A"}
_JOB: Final[dict[str, Any]] = {
    **_OF_JOB,
    "kind": "rebuild_projections",
    "state": "running",
    "dry_run": False,
    "done": 4200,
    "started_at": "2026-11-20T09:30:00.000Z",
    "result": {"events": 91000, "views": 8800},
}


class ListJobs(Request, frozen=True):
    """Which."""

    kind: KindName | None = None
    state: State | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class StartJobRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Work to begin. With `dry_run`, what would be done is only counted. `request_id`: a repeat with it begins nothing,
    and is answered as the first time."""

    kind: KindName
    dry_run: bool = False


class OfJob(Request, frozen=True):
    """Something about one job."""

    job_id: JobId


class ChangeJob(Request, Repeatable, frozen=True, kw_only=True):
    """Something to be done to one job. `request_id`: a repeat with it is the same deed."""

    job_id: JobId


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Long work.

    `done` of `total` (where that is known) in units of its kind. `error`: why it failed, a code. `result`: figures, so
    far.
    """

    job_id: str
    kind: str
    state: State
    dry_run: bool
    done: int
    total: int | msgspec.UnsetType = msgspec.UNSET
    started_at: str
    ended_at: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    result: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


class JobReply(msgspec.Struct, frozen=True):
    """A job, as it is by now."""

    job: Job


class JobPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, the newest first. `next_cursor` is missing on the last one."""

    jobs: list[Job]
    next_cursor: str | None = None


class JobOperations:
    """One a process."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="list_jobs",
            action="job.read",
            request=ListJobs,
            call=self._list,
            rest=Rest("GET", _ADDRESS, tag="operations"),
            limit="read",
            response=JobPage,
            example=Example({"state": "running"}, {"jobs": [_JOB]}),
            description="Jobs, the newest first. For administrators.",
        )
        yield Operation(
            name="start_job",
            action="job.change",
            request=StartJobRequest,
            call=self._start,
            rest=Rest("POST", _ADDRESS, status=201, tag="operations"),
            limit="write",
            response=JobReply,
            example=Example({"kind": "rebuild_projections", "dry_run": True}, {"job": _JOB | {"dry_run": True}}),
            description="Begin long work. For administrators.",
        )
        yield Operation(
            name="get_job",
            action="job.read",
            request=OfJob,
            call=self._get,
            rest=Rest("GET", f"{_ADDRESS}/{{job_id}}", tag="operations"),
            limit="read",
            response=JobReply,
            resource=("job_id",),
            example=Example(_OF_JOB, {"job": _JOB}),
            description="A job. For administrators.",
        )
        yield _changing("pause", self._change(PauseJob), "Begin no further step of it; the one under way ends.")
        yield _changing("resume", self._change(ResumeJob), "Go on where it stands.")
        yield _changing("cancel", self._change(CancelJob), "End it; what is done stays done.")

    async def _list(self, request: ListJobs, _: Caller) -> JobPage:
        before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        limit = request.limit
        found = await self._jobs.list(request.kind, request.state, before=before, limit=limit + 1)
        more = encode_cursor(found[limit - 1][0]) if len(found) > limit else None
        return JobPage([job_shown(*one) for one in found[:limit]], more)

    async def _start(self, request: StartJobRequest, caller: Caller) -> JobReply:
        return JobReply(job_shown(*await self._jobs.start(request.kind, dry_run=request.dry_run, caller=caller)))

    async def _get(self, request: OfJob, _: Caller) -> JobReply:
        return JobReply(job_shown(request.job_id, await self._jobs.get(request.job_id)))

    def _change(self, change: Change) -> Callable[[ChangeJob, Caller], Awaitable[JobReply]]:
        async def changed(request: ChangeJob, caller: Caller) -> JobReply:
            return JobReply(job_shown(request.job_id, await self._jobs.change(request.job_id, change, caller)))

        return changed


def _changing(verb: str, call: Callable[[ChangeJob, Caller], Awaitable[JobReply]], what: str) -> Operation[ChangeJob]:
    return Operation(
        name=f"{verb}_job",
        action="job.change",
        request=ChangeJob,
        call=call,
        rest=Rest("POST", f"{_ADDRESS}/{{job_id}}/{verb}", tag="operations"),
        limit="write",
        response=JobReply,
        resource=("job_id",),
        refuses=(FailedPrecondition,),
        example=Example(_OF_JOB, {"job": _JOB}),
        description=f"{what} For administrators.",
    )


def job_shown(job_id: str, job: JobState) -> Job:
    """A job as it is shown."""
    return Job(
        job_id=job_id,
        kind=job.kind,
        state=job.state,
        dry_run=job.dry_run,
        done=job.done,
        total=msgspec.UNSET if job.total is None else job.total,
        started_at=to_rfc3339(job.started),
        ended_at=msgspec.UNSET if job.ended is None else to_rfc3339(job.ended),
        error=job.error or msgspec.UNSET,
        result=job.result or msgspec.UNSET,
    )
