"""The whole program with a feature off: it costs no process, has no route and no event, says so, and nobody else misses
it. On again it goes on, and start-up says what was missed.

The suite switches two off together; `make drill features` each alone.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pytest

from actors.workflows.table import all_reactions
from config.features import FeatureSettings
from config.settings import Settings
from serve_app.cluster.blueprint import unconnected_api, unconnected_handlers
from serve_app.edge.conventions.permits import routes_of
from tests.system.harness import System, processes_of

FEATURES: Final = tuple(FeatureSettings.model_fields)
OFF: Final = [(name,) for name in FEATURES] if int(os.environ.get("DRILL_SIZE", "0")) else [("ml", "video")]
PROCESSES: Final = {"ml": "predictor-0", "search": "search-0", "files": "files-0", "moderation": "follower-0"}
"""Those that a feature has of its own, by the names that the status shows."""
DEPLOYMENTS: Final = {"ml": "Predictor", "search": "Search", "files": "Files", "moderation": "Follower"}
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
WEEK: Final = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture(scope="module", params=OFF, ids="+".join)
def off(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What is off."""
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture(scope="module")
def without(off: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, which they are no part of."""
    switches = {f"FEATURES__{name.upper()}": "false" for name in off}
    system = System(tmp_path_factory.mktemp("features"), **switches)
    try:
        yield system.start()
    finally:
        system.stop()


@cache
def doors(*off: str) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """(Method, path) of each route, and each event, of a program without these."""
    settings = Settings(features=FeatureSettings(**dict.fromkeys(off, False)))
    routes = {
        (method, str(route.path))
        for route in routes_of(unconnected_api(settings))
        for method in METHODS & (route.methods or set())
    }
    return frozenset(routes), frozenset(one.event for one in unconnected_handlers(settings))


def gone(*off: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What is there of neither, where these are off."""
    (routes, events), (fewer, less) = doors(), doors(*off)
    return sorted(routes - fewer), sorted(events - less)


async def test_it_costs_no_process_and_the_whole_is_well(off: tuple[str, ...], without: System) -> None:
    absent = {PROCESSES[name] for name in off if name in PROCESSES}
    rows = {row["name"] for row in await without.status()}
    there = {"rooms-0", "rooms-1", "presence-0", "calendars-0", "care-0", "activities-0", "gateway-0", "controller"}
    assert rows >= there | {*PROCESSES.values()} - absent
    assert not rows & absent
    theirs = [DEPLOYMENTS[name] for name in off if name in DEPLOYMENTS]
    assert not [one for one in processes_of(without.data_dir).values() if any(name in one for name in theirs)]
    async with without.http() as http:
        report = (await http.get("/health")).json()
    assert report["status"] == "ok"
    told = {name for name, part in report["services"].items() if part == {"status": "off"}}
    assert told >= set(off) & report["services"].keys()
    assert told <= set(off)
    assert report["services"]["rooms"]["status"] == "ok"


async def test_its_routes_are_not_found_and_in_no_document(off: tuple[str, ...], without: System) -> None:
    routes, events = gone(*off)
    async with without.http("root", "admin") as http:
        for method, path in routes:
            answer = await http.request(method, path.replace("{", "").replace("}", ""), json={})
            assert answer.status_code in (404, 405), (method, path, answer.text)
            assert answer.json()["code"] == "not_found" or answer.status_code == 405, (method, path, answer.text)
        paths: dict[str, Any] = (await http.get("/openapi.json")).json()["paths"]
        document = (await http.get("/asyncapi.json")).json()
    assert not {(method, path) for path, item in paths.items() for method in map(str.upper, item)} & set(routes)
    assert not {one["name"] for one in document["components"]["messages"].values() if "name" in one} & set(events)
    assert "/api/rooms" in paths


async def test_its_events_are_unknown(off: tuple[str, ...], without: System) -> None:
    async with without.client("bob") as client:
        for event in gone(*off)[1]:
            ack = await client.sio.call(event, {}, timeout=15)
            assert (ack["ok"], ack["error"]["code"]) == (False, "invalid_argument"), (event, ack)
            assert ack["error"]["message"] == "There is no such event.", (event, ack)


async def test_chat_and_bookings_go_on(without: System) -> None:
    async with without.client("alice") as client:
        await client.call("create_room", {"room_id": "r1"})
        assert (await client.call("message", {"room_id": "r1", "body": "still here"}))["seq"] >= 1
    start = (datetime.now(UTC) + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    async with without.http("t1", "therapist") as staff, without.http() as http:
        calendar = {"tz": "UTC", "weekly": WEEK, "slot_minutes": 30, "services": []}
        assert (await staff.put("/api/calendars/t1", json=calendar)).status_code == 200
        wanted = {"therapist_id": "t1", "start": start.isoformat(), "duration_minutes": 30}
        booked = await http.post("/api/bookings", json=wanted)
    assert booked.status_code == 201, booked.text


@pytest.mark.skipif(len(OFF) < len(FEATURES), reason="a second start of each: `make drill features`")
async def test_on_again_it_says_what_was_missed(off: tuple[str, ...], without: System) -> None:
    without.stop()
    for name in off:
        without.env.pop(f"CAREWIRE_FEATURES__{name.upper()}")
    without.start()
    missed = {rule.name for rule in all_reactions() if rule.feature in off}
    told = {name for name in missed if f"carewire react {name} --since " in without.said()}
    assert told == missed
    async with without.http("root", "admin") as http:
        report = (await http.get("/health")).json()
        assert report["status"] == "ok"
        assert not [name for name, part in report["services"].items() if part["status"] == "off"]
        answers = [await http.get(path) for method, path in gone(*off)[0] if method == "GET" and "{" not in path]
    assert all(one.status_code not in (404, 405, 503) for one in answers), [one.text for one in answers]
