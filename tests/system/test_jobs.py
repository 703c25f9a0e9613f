"""Long work in the running program, through the death of whoever carries it out."""

import asyncio
from typing import Any

from tests.system.harness import System, wait_until

JOBS = "/api/operations/jobs"


async def test_a_job_is_done_though_its_runner_is_killed(system: System) -> None:
    async with system.client("worker") as client:
        await asyncio.gather(*(client.call("create_room", {"room_id": f"job-{number}"}) for number in range(50)))
    async with system.http("root", "admin") as http:
        started = await http.post(JOBS, json={"kind": "rebuild_projections"})
        assert started.status_code == 201, started.text
        await system.kill("activities-0")
        address = f"{JOBS}/{started.json()['job']['job_id']}"

        async def done() -> bool:
            job: dict[str, Any] = (await http.get(address)).json()["job"]
            assert job["state"] in ("running", "done"), job
            return bool(job["state"] == "done" and job["done"] >= 50)

        await wait_until(done, within_s=90, what="the job is done", every_s=0.5)


async def test_a_partner_who_is_not_configured_does_not_exist(system: System) -> None:
    async with system.http() as http:
        http.headers.pop("Authorization", None)
        assert (await http.post("/api/webhooks/acme", content=b"{}")).status_code == 404
