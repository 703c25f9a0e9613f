"""One job: a row of steps, each an activity, each from where the last one ended.

A step may be carried out more than once (its runner died before it could tell), so what it does is idempotent; what it
counts is told once. The next is owed in the turn that stores what came of the last one, so a job outlives whatever
dies, and nothing need remember that it is there.
"""

from dataclasses import dataclass
from typing import Any, Final, assert_never

import msgspec

from actors.jobs.activities import StepDone
from actors.jobs.commands import BeginAgain, CancelJob, GetJob, JobCommand, PauseJob, ResumeJob, StartJob
from actors.jobs.events import JobEnded, JobEvent, JobPaused, JobRecord, JobStarted, JobWentOn, State
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, SetTimer
from common.errors import FailedPrecondition, NotFound, PermissionDenied

_OVER: Final = frozenset({"done", "failed", "cancelled"})
_STALE: Final = "stale"  # the runner asked whether the step was still wanted, and heard that it was not
_done: Final = msgspec.msgpack.Decoder(StepDone).decode


@dataclass(slots=True)
class JobEntity:
    """`job` is None until it has begun."""

    id: str
    job: JobRecord | None = None

    def decide(self, command: JobCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: anybody but Carewire itself asks; the door knows who may.
            NotFound: there is no such job.
            FailedPrecondition: it is over, so it cannot be paused, resumed or cancelled.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if isinstance(command, StartJob):
            return self._start(command, context.now_ms)
        if self.job is None:
            raise NotFound("There is no such job.")
        match command:
            case GetJob():
                return Decision(self.job)
            case BeginAgain():
                return _again(self.job, command, context.now_ms)
            case PauseJob():
                return self._pause(self.job)
            case ResumeJob():
                return self._resume(self.job)
            case CancelJob():
                return self._cancel(self.job, context.now_ms)
        assert_never(command)

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What became of a step. One that nobody waits for any more changes nothing."""
        job = self.job
        if job is None or not job.pending or answered.key != step_key(job.step) or job.state in _OVER:
            return Decision()
        if answered.outcome == "done":
            return self._went_on(job, _done(answered.result), context.now_ms)
        if answered.outcome == "dropped" and answered.code == _STALE:
            return _went_on(_changed(job, pending=False))
        return _over(_ended(job, "failed", context.now_ms, error=answered.code or answered.outcome))

    def still(self, key: str) -> bool:
        """Is this step wanted?"""
        return self.job is not None and self.job.state == "running" and key == step_key(self.job.step)

    def apply(self, event: JobEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.job = event.job

    def _start(self, command: StartJob, now_ms: int) -> Decision:
        if self.job is not None:
            return Decision(self.job)
        begun = JobRecord(
            kind=command.kind,
            state="running",
            started=now_ms,
            dry_run=command.dry_run,
            step=1,
            pending=True,
            about=command.about,
            every_ms=command.every_ms,
        )
        return Decision(begun, events=[JobStarted(job=begun)])

    def _went_on(self, job: JobRecord, step: StepDone, now_ms: int) -> Decision:
        further = _changed(job, done=step.done, total=step.total, result=step.result, cursor=step.cursor, pending=False)
        if not step.cursor:
            return _over(_ended(further, "done", now_ms))
        return _went_on(further)

    def _pause(self, job: JobRecord) -> Decision:
        if job.state == "paused":
            return Decision(job)
        return _so(JobPaused, _changed(_open(job), state="paused"))

    def _resume(self, job: JobRecord) -> Decision:
        """A step that was under way when it was paused is still the one that is waited for."""
        if job.state == "running":
            return Decision(job)
        return _went_on(_changed(_open(job), state="running"))

    def _cancel(self, job: JobRecord, now_ms: int) -> Decision:
        if job.state == "cancelled":
            return Decision(job)
        return _so(JobEnded, _ended(_open(job), "cancelled", now_ms))


def step_key(step: int) -> str:
    """The key of the activity that a step is."""
    return f"step|{step}"


def _open(job: JobRecord) -> JobRecord:
    if job.state in _OVER:
        raise FailedPrecondition("This job is over.", details={"state": job.state})
    return job


def _went_on(job: JobRecord) -> Decision:
    """The next step is owed, unless one is under way, or none is to begin."""
    if job.state != "running" or job.pending:
        return Decision(job, events=[JobWentOn(job=job)])
    asking = _changed(job, step=job.step + 1, pending=True)
    return Decision(asking, events=[JobWentOn(job=asking, asks=True)])


def _ended(job: JobRecord, state: State, now_ms: int, error: str = "") -> JobRecord:
    return _changed(job, state=state, ended=now_ms, error=error, pending=False)


def _over(job: JobRecord) -> Decision:
    assert job.ended is not None
    return Decision(job, events=[JobEnded(job=job)], timers=_following(job, job.ended))


def _changed(job: JobRecord, **changes: Any) -> JobRecord:
    return msgspec.structs.replace(job, **changes)


def _again(job: JobRecord, command: BeginAgain, now_ms: int) -> Decision:
    """The next round; nothing, where it is not the time for it any more."""
    if job.state not in ("done", "failed") or job.started != command.started or not job.every_ms:
        return Decision(job)
    clean = _changed(job, done=0, total=None, result={}, cursor="", error="", ended=None)
    return _went_on(_changed(clean, state="running", started=now_ms))


def _following(job: JobRecord, now_ms: int) -> list[SetTimer]:
    """The timer of the next round: a day whose round was missed is not made up for."""
    if not job.every_ms or job.state == "cancelled":
        return []
    due_ms = max(job.started + job.every_ms, now_ms)
    return [SetTimer(f"again:{job.started}", due_ms, msgspec.msgpack.encode(BeginAgain(job.started)))]


def _so(event: type[JobPaused] | type[JobEnded], job: JobRecord) -> Decision:
    return Decision(job, events=[event(job=job)])
