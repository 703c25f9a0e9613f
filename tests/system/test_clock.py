"""The platform's time, moved by an administrator: what waits for days happens now, in every process."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.system.harness import LEAN, System, wait_until

DAY_S = 86_400


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("clock") / ".carewire", CLOCK__SETTABLE="true", **LEAN)
    try:
        yield system.start()
    finally:
        system.stop()


async def test_what_waits_for_days_happens_when_time_is_moved_and_tokens_live_on(system: System) -> None:
    wall = datetime.now(UTC)
    async with system.http("root", "admin") as admin, system.client("ann") as ann:
        made = await admin.post("/api/care", json={"client_id": "ann", "therapist_id": "tess"})
        path = f"/api/care/{made.json()['care_id']}"
        until = (wall + timedelta(days=2)).isoformat()
        assert (await admin.post(f"{path}/pause", json={"until": until})).json()["state"] == "paused"

        moved = await admin.post("/api/operations/clock", json={"advance_s": 3 * DAY_S})
        assert moved.status_code == 200, moved.text
        now = datetime.fromisoformat(moved.json()["now"])
        assert timedelta(days=3) <= now - wall < timedelta(days=3, minutes=5)

        await wait_until(
            lambda: [one["state"] for event, one in ann.heard if event == "care_updated"][-1] == "active",
            within_s=20,
            what="resumed care",
        )

        async def ahead() -> bool:  # a report is at most a second old
            health = (await admin.get("/health")).json()["services"]["clock"]
            return (health["status"], health["settable"], health["ahead_s"]) == ("ok", True, 3 * DAY_S)

        await wait_until(ahead, within_s=10, what="the clock in /health")
        assert (await admin.get("/api/care")).status_code == 200  # its token is good by the wall's time

        await system.kill("care-0")  # its next life reads the time before it serves
        paused = await admin.post(f"{path}/pause", json={"until": (wall + timedelta(days=3)).isoformat()})
        assert paused.status_code == 400, paused.text  # that has passed
    async with system.client("bob") as bob:
        assert (await bob.sio.call("advance_clock", {"advance_s": 1}))["error"]["code"] == "permission_denied"
        (session,) = await bob.hears("session")
        assert datetime.fromisoformat(session["server_time"]) - wall >= timedelta(days=3)


async def test_it_is_moved_forward_only_by_administrators_and_within_reason(system: System) -> None:
    async with system.http("root", "admin") as admin, system.http("ann") as ann:
        for body in ({"advance_s": -1}, {"advance_s": "9"}, {"advance_s": 1e12}, {}, {"advance_s": 1, "by": 2}):
            refused = await admin.post("/api/operations/clock", json=body)
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid_argument"), body
        refused = await ann.post("/api/operations/clock", json={"advance_s": 1})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
