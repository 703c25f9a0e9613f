"""Long work from end to end: begun at the door, carried out by a runner, over the real kernel and a real mongod."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from actors.jobs.activities import Step, StepDone
from actors.kernel.contract.entity import Principal
from actors.rooms.room.commands import Create
from common.errors import NotFound, Unavailable
from serve_app.capabilities.operations.connectors.jobs import JobsConnector
from serve_app.capabilities.operations.work.rebuilding import Rebuilding
from serve_app.cluster.spec import CarewireSpec
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

JOBS = "/api/operations/jobs"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Counting:
    """Work that counts to ten, a step at a time, each when it is let."""

    kind: str = "rebuild_projections"
    let: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    begun: int = 0
    seen: list[Step] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    async def step(self, step: Step) -> StepDone:
        self.begun += 1
        await self.let.acquire()
        self.seen.append(step)
        if self.trouble:
            raise self.trouble.pop()
        done = step.done + 1
        return StepDone(cursor=str(done) if done < 10 else "", done=done, total=10, result={"even": done // 2})

    def go(self, steps: int) -> None:
        for _ in range(steps):
            self.let.release()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(shared: House) -> House:
    await shared.empty()
    await shared.database["jobs"].delete_many({})
    return shared


async def start(home: House, **more: Any) -> str:
    body = {"kind": "rebuild_projections", **more}
    job = (await home.ok("POST", JOBS, body, bearer=home.admin()))["job"]
    assert (job["state"], job["done"]) == ("running", 0)
    return str(job["job_id"])


async def get(home: House, job_id: str) -> Any:
    return (await home.ok("GET", f"{JOBS}/{job_id}", bearer=home.admin()))["job"]


async def change(home: House, job_id: str, deed: str) -> Any:
    return (await home.ok("POST", f"{JOBS}/{job_id}/{deed}", bearer=home.admin()))["job"]


async def until(home: House, job_id: str, **wanted: Any) -> Any:
    async def so() -> bool:
        job = await get(home, job_id)
        return all(job.get(name) == value for name, value in wanted.items())

    await eventually(so, f"the job never was {wanted}", timeout_s=20)
    return await get(home, job_id)


async def test_it_is_carried_out_step_by_step_and_shows_how_far_it_has_come(home: House) -> None:
    work = Counting()
    async with a_runner(home, [JobsConnector({"rebuild_projections": work})]):
        job_id = await start(home)
        work.go(4)
        await until(home, job_id, done=4, total=10, result={"even": 2})
        work.go(6)
        over = await until(home, job_id, state="done")
    assert (over["done"], over.get("error")) == (10, None)
    assert over["ended_at"] >= over["started_at"]
    assert [step.done for step in work.seen] == list(range(10))


async def test_it_is_paused_resumed_and_cancelled(home: House) -> None:
    work = Counting()
    async with a_runner(home, [JobsConnector({"rebuild_projections": work})]):
        job_id = await start(home)
        work.go(2)
        await until(home, job_id, done=2)

        async def third() -> bool:
            return work.begun == 3

        await eventually(third, "the third step was not begun")
        assert (await change(home, job_id, "pause"))["state"] == "paused"
        work.go(1)  # the step that was under way
        await until(home, job_id, done=3, state="paused")
        assert (await change(home, job_id, "resume"))["state"] == "running"
        work.go(1)
        await until(home, job_id, done=4)
        assert (await change(home, job_id, "cancel"))["state"] == "cancelled"
        work.go(1)
        for deed in ("pause", "resume"):
            problem = await home.refused(
                412, "failed_precondition", "POST", f"{JOBS}/{job_id}/{deed}", bearer=home.admin()
            )
            assert problem["details"] == {"state": "cancelled"}
        assert (await change(home, job_id, "cancel"))["done"] == 4


async def test_it_goes_on_where_it_stands_when_its_runner_is_another(home: House) -> None:
    work = Counting()
    async with a_runner(home, [JobsConnector({"rebuild_projections": work})]):
        job_id = await start(home)
        work.go(3)
        await until(home, job_id, done=3)
        work.trouble.append(Unavailable("Not now.", retry_after_s=1.0))
        work.go(1)

        async def tried() -> bool:
            return len(work.seen) == 4

        await eventually(tried, "the fourth step was not tried")
    second = Counting()
    second.go(7)
    async with a_runner(home, [JobsConnector({"rebuild_projections": second})]):
        await until(home, job_id, state="done", done=10)
    assert second.seen[0].cursor == "3"


async def test_what_passes_is_tried_again_and_what_does_not_ends_it(home: House) -> None:
    work = Counting(trouble=[Unavailable("Try again.", retry_after_s=0.01)])
    work.go(3)
    async with a_runner(home, [JobsConnector({"rebuild_projections": work})]):
        job_id = await start(home)
        await until(home, job_id, done=2)
        work.trouble.append(NotFound("It is not there."))
        work.go(1)
        over = await until(home, job_id, state="failed")
    assert (over["error"], over["done"]) == ("not_found", 2)


async def test_rebuilding_brings_back_what_read_models_have_lost(home: House) -> None:
    """The real work, with steps so short that each does one entity; a dry run counts the same and writes nothing."""
    for number in range(3):
        await home.region.submit(f"room:r{number}", Create(title="t"), by=Principal("alice"))
    memberships = home.database["memberships"]
    stored = [one async for one in memberships.find()]
    await memberships.delete_many({})
    recipe = CarewireSpec(home.settings)
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    work = Rebuilding(home.stores, kinds, home.clock, step_s=0)
    async with a_runner(home, [JobsConnector({"rebuild_projections": work})]):
        dry = await until(home, await start(home, dry_run=True), state="done")
        assert await memberships.count_documents({}) == 0
        real = await until(home, await start(home), state="done")
    assert dry["dry_run"]
    assert not real["dry_run"]
    assert dry["done"] >= 3
    assert real["result"]["views"] >= dry["result"]["views"] > 0
    assert len(stored) >= 3
    assert sorted(map(str, stored)) == sorted([str(one) async for one in memberships.find()])


async def test_a_socket_is_answered_as_the_route_is(home: House) -> None:
    if not home.gateways:
        await home.gateway()
    client = await home.socket(home.admin())
    job = (await client.ok("start_job", {"kind": "rebuild_projections"}))["job"]
    of_job = {"job_id": job["job_id"]}
    for event, state in (("pause_job", "paused"), ("resume_job", "running"), ("cancel_job", "cancelled")):
        assert (await client.ok(event, of_job))["job"]["state"] == state
    told = await client.ok("get_job", of_job)
    assert told == await home.ok("GET", f"{JOBS}/{job['job_id']}", bearer=home.admin())
    assert await client.ok("list_jobs", {}) == await home.ok("GET", JOBS, bearer=home.admin())
    error = await client.error("pause_job", of_job)
    assert (error["code"], error["details"]) == ("failed_precondition", {"state": "cancelled"})


async def test_a_repeat_by_its_request_id_begins_nothing_at_either_door(home: House) -> None:
    if not home.gateways:
        await home.gateway()
    client = await home.socket(home.admin())
    body = {"kind": "rebuild_projections", "request_id": f"r-{uuid.uuid4().hex}"}
    first = await home.ok("POST", JOBS, body, bearer=home.admin())
    assert await home.ok("POST", JOBS, body, bearer=home.admin()) == first
    assert await client.ok("start_job", body) == first
    assert len((await home.ok("GET", JOBS, bearer=home.admin()))["jobs"]) == 1
    problem = await home.refused(409, "conflict", "POST", JOBS, body | {"dry_run": True}, bearer=home.admin())
    assert problem["details"] == {"field": "request_id"}
    other = await client.ok("start_job", body | {"request_id": f"r-{uuid.uuid4().hex}"})
    assert other["job"]["job_id"] != first["job"]["job_id"]
    of_job = {"job_id": first["job"]["job_id"], "request_id": body["request_id"]}
    paused = await client.ok("pause_job", of_job)
    await client.ok("resume_job", of_job)
    path = f"{JOBS}/{of_job['job_id']}/pause"
    again = await home.ok("POST", path, {"request_id": body["request_id"]}, bearer=home.admin())
    assert (again, paused["job"]["state"]) == (paused, "paused")
    assert (await get(home, of_job["job_id"]))["state"] == "running"


async def test_lists_are_of_the_newest_first_by_kind_and_state(home: House) -> None:
    made = [await start(home) for _ in range(3)]
    await change(home, made[1], "cancel")
    first = await home.ok("GET", f"{JOBS}?limit=2", bearer=home.admin())
    second = await home.ok("GET", f"{JOBS}?limit=2&cursor={first['next_cursor']}", bearer=home.admin())
    assert [one["job_id"] for one in (*first["jobs"], *second["jobs"])] == made[::-1]
    assert "next_cursor" not in second
    running = await home.ok("GET", f"{JOBS}?state=running&kind=rebuild_projections", bearer=home.admin())
    assert [one["job_id"] for one in running["jobs"]] == [made[2], made[0]]
    assert (await home.ok("GET", f"{JOBS}?kind=other", bearer=home.admin()))["jobs"] == []
    for one in (made[0], made[2]):
        await change(home, one, "cancel")


async def test_bad_input_is_refused_and_begins_nothing(home: House) -> None:
    for body in (
        {},
        {"kind": "x"},
        {"kind": 7},
        {"kind": "rebuild_projections", "x": 1},
        {"kind": "", "dry_run": True},
    ):
        await home.refused(400, "invalid_argument", "POST", JOBS, body, bearer=home.admin())
    for query in ("state=lost", "kind=A-B", "limit=0", "cursor=x"):
        await home.refused(400, "invalid_argument", "GET", f"{JOBS}?{query}", bearer=home.admin())
    nobody = f"{JOBS}/job_01KAFZ0000000000000000000A"
    await home.refused(404, "not_found", "GET", nobody, bearer=home.admin())
    for deed in ("pause", "resume", "cancel"):
        await home.refused(404, "not_found", "POST", f"{nobody}/{deed}", bearer=home.admin())
    assert (await home.ok("GET", JOBS, bearer=home.admin()))["jobs"] == []


async def test_only_administrators_and_each_deed_is_recorded(home: House) -> None:
    job_id = await start(home)
    for role in ("client", "therapist", "moderator"):
        eve = token("eve", role)
        await home.refused(403, "permission_denied", "POST", JOBS, {"kind": "rebuild_projections"}, bearer=eve)
        await home.refused(403, "permission_denied", "GET", f"{JOBS}/{job_id}", bearer=eve)
        await home.refused(403, "permission_denied", "POST", f"{JOBS}/{job_id}/cancel", bearer=eve)
    await home.refused(401, "unauthenticated", "GET", JOBS)
    for deed in ("pause", "resume", "cancel"):
        await change(home, job_id, deed)
    links = await home.service.parts.audit.page(subject=None, below=None, limit=10)
    told = [one.entry.action for one in links if one.entry.resource == job_id]
    assert told == ["job.cancel", "job.resume", "job.pause", "job.start"]
