"""The whole program with a feature off: it costs no process, has no route, says so, and nobody else misses it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.system.harness import System, processes_of

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture(scope="module")
def without_the_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, which neither the model nor video is part of."""
    system = System(tmp_path_factory.mktemp("features"), FEATURES__ML="false", FEATURES__VIDEO="false")
    try:
        yield system.start()
    finally:
        system.stop()


async def test_it_costs_no_process_and_the_whole_is_well(without_the_model: System) -> None:
    assert {row["kind"] for row in await without_the_model.status()} == {
        "shard", "gateway", "api", "runner", "worker", "controller", "mongod",
    }  # fmt: skip
    assert not [command for command in processes_of(without_the_model.data_dir).values() if "Predictor" in command]
    async with without_the_model.http() as http:
        report = (await http.get("/health")).json()
    assert report["status"] == "ok"
    assert (report["services"]["ml"], report["services"]["video"]) == ({"status": "off"}, {"status": "off"})
    assert report["services"]["rooms"]["status"] == "ok"


async def test_its_routes_are_not_found_and_not_in_the_document(without_the_model: System) -> None:
    async with without_the_model.http() as http:
        answer = await http.post("/api/ml/predict", json={"symptoms": ["cough"]})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await http.get("/api/ml/model")).status_code == 404
        paths = (await http.get("/openapi.json")).json()["paths"]
    assert not [path for path in paths if path.startswith("/api/ml")]
    assert "/api/rooms" in paths


async def test_chat_and_bookings_go_on(without_the_model: System) -> None:
    async with without_the_model.client("alice") as client:
        await client.call("create_room", {"room_id": "r1"})
        assert (await client.call("message", {"room_id": "r1", "body": "still here"}))["seq"] >= 1
    start = (datetime.now(UTC) + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    async with without_the_model.http("t1", "therapist") as staff, without_the_model.http() as http:
        calendar = {"tz": "UTC", "weekly": WEEK, "slot_minutes": 30, "services": []}
        assert (await staff.put("/api/calendars/t1", json=calendar)).status_code == 200
        wanted = {"therapist_id": "t1", "start": start.isoformat(), "duration_minutes": 30}
        booked = await http.post("/api/bookings", json=wanted)
    assert booked.status_code == 201, booked.text
