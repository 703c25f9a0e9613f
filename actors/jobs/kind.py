"""Jobs as the kernel sees them. Nobody listens to one."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.jobs.activities import CONNECTOR, Step
from actors.jobs.commands import JobCommand, StartJob
from actors.jobs.events import JobEvent, JobRecord, JobStarted, JobWentOn
from actors.jobs.job import JobEntity, step_key
from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Principal, Recorded
from common.errors import PermissionDenied
from store.ports.views import Index, Scalar, View

JOBS: Final = "jobs"
"""The read model: `id` is the job's, which sorts by time; `data` is the job as JSON."""
_LANE: Final = "steps"  # one at a time
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(JobRecord | None).decode
_to_json: Final = msgspec.json.Encoder().encode


class JobKind(Kind[JobEntity, JobCommand, JobEvent]):
    """`job:<id>`."""

    name = "job"
    commands = JobCommand
    events = JobEvent
    indexes = (
        Index(JOBS, ("job",)),
        Index(JOBS, ("kind", "job")),
        Index(JOBS, ("state", "job")),
        Index(JOBS, ("kind", "state", "job")),
    )

    @override
    def create(self, key: str) -> JobEntity:
        return JobEntity(key)

    @override
    def snapshot(self, entity: JobEntity) -> bytes:
        return _pack(entity.job)

    @override
    def restore(self, key: str, state: bytes) -> JobEntity:
        return JobEntity(key, _unpack(state))

    @override
    def admit(self, entity: JobEntity, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[JobEvent], part: None) -> None:
        return None

    @override
    def assume_new(self, command: JobCommand) -> bool:
        return isinstance(command, StartJob)

    @override
    def answered(self, entity: JobEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def still(self, entity: JobEntity, key: str, payload: bytes) -> bool:
        return entity.still(key)

    @override
    def effects(self, entity_id: str, recorded: Recorded[JobEvent], part: None) -> Effects:
        event, job_id = recorded.event, entity_id.partition(":")[2]
        job = event.job
        fields: dict[str, Scalar] = {"job": job_id, "kind": job.kind, "state": job.state}
        view = View(collection=JOBS, id=job_id, version=recorded.seq, fields=fields, data=_to_json(job))
        asks = isinstance(event, JobStarted) or (isinstance(event, JobWentOn) and event.asks)
        return Effects(views=[view], activities=[_step(job_id, job)] if asks else [])


def _step(job_id: str, job: JobRecord) -> Activity:
    step = Step(
        kind=job.kind,
        cursor=job.cursor,
        done=job.done,
        result=job.result,
        dry_run=job.dry_run,
        about=job.about,
        job=job_id,
        started=job.started,
    )
    return Activity(
        connector=CONNECTOR, key=step_key(job.step), payload=_pack(step), lane=_LANE, urgency="bulk", ask=True
    )
