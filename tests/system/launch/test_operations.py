"""What an operator sees of the running program."""

import re
import socket
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.system.harness import System, wait_until

WHILE_SOMEBODY_MEETS = {  # tests/integration/media/test_metrics.py
    "carewire_media_streams",
    "carewire_media_packets_total",
    "carewire_media_load",
    "carewire_media_dropped_total",
    "carewire_meeting_moves_total",
    "carewire_turn_up",
}
DASHBOARD = (Path(__file__).parents[3] / "deploy" / "grafana.json").read_text()


async def test_status_lists_every_process(system: System) -> None:
    rows = {row["name"]: row for row in system.rows_from_cli()}
    kinds = {name: row["kind"] for name, row in rows.items()}
    assert kinds == {
        "rooms-0": "shard",
        "rooms-1": "shard",
        "presence-0": "shard",
        "calendars-0": "shard",
        "care-0": "shard",
        "gateway-0": "gateway",
        "api-0": "api",
        "predictor-0": "predictor",
        "activities-0": "runner",
        "files-0": "worker",
        "follower-0": "worker",
        "search-0": "worker",
        "controller": "controller",
        "mongod": "mongod",
    }
    assert all(isinstance(row["pid"], int) and row["node"] and row["status"] == "ok" for row in rows.values()), rows
    assert len({row["pid"] for row in rows.values()}) == len(rows)
    assert all(isinstance(rows[name]["entities"], int) for name in ("rooms-0", "rooms-1"))
    assert isinstance(rows["gateway-0"]["sockets"], int)
    assert {row["node"] for row in rows.values()} == {socket.gethostname()}
    assert all(row["lag_ms"] >= 0 for row in rows.values() if row["kind"] in ("shard", "gateway"))


async def test_none_of_our_processes_stands_back_behind_others(system: System) -> None:
    ours = psutil.Process().nice()
    assert {row["name"] for row in system.rows_from_cli() if psutil.Process(row["pid"]).nice() > ours} == set()


async def test_status_counts_sockets_and_entities(system: System) -> None:
    async with system.client("counted") as client:
        await client.call("create_room", {"room_id": "counted-1"})
        rows = {row["name"]: row for row in await system.status()}
        assert rows["gateway-0"]["sockets"] >= 1
        assert rows["rooms-0"]["entities"] + rows["rooms-1"]["entities"] >= 1


async def test_health_tells_each_part_apart(system: System) -> None:
    async with httpx.AsyncClient(base_url=system.http_url, trust_env=False) as http:
        report = (await http.get("/health")).json()
        assert report["status"] == "ok"
        assert {"mongo", "rooms", "presence", "calendars", "gateway", "ml", "activities"} <= set(report["services"])
        ladder = report["services"].pop("notifications")
        assert ladder["status"] == ("degraded" if ladder["rungs_of_nobody"] else "ok")  # does any staff sign in?
        for part in report["services"].values():
            assert part["status"] == "ok"
            assert 0 <= part["last_success_age_s"] < 10
        assert (await http.get("/livez")).text == "ok"
        assert (await http.get("/readyz")).text == "ready"
        assert (await http.get("/docs")).status_code == 200
        assert "/api/rooms" in (await http.get("/openapi.json")).json()["paths"]


async def test_metrics_come_from_every_process_and_count_what_happens(system: System) -> None:
    async def stored(http: httpx.AsyncClient) -> float:
        families = {f.name: f for f in text_string_to_metric_families((await http.get("/metrics")).text)}
        processes = {sample.labels["process"] for family in families.values() for sample in family.samples}
        assert {"rooms-0", "rooms-1", "presence-0", "gateway-0", "api-0", "predictor-0"} <= processes
        assert {"carewire_ml_cache_hit_rate", "carewire_ml_rules_only"} <= set(families)
        return sum(sample.value for sample in families["carewire_events_stored"].samples)

    async with system.http() as http, system.client("measured") as client:
        before = await stored(http)
        await client.call("create_room", {"room_id": "measured-1"})
        for n in range(10):
            await client.call("message", {"room_id": "measured-1", "body": str(n)})

        async def counted() -> bool:
            return await stored(http) >= before + 10

        await wait_until(counted, within_s=5.0, what="ten messages in the metrics, which are made once a second")
        page = (await http.get("/metrics")).text
        assert page.count("# TYPE carewire_turn_seconds histogram") == 1
        assert "measured" not in page


async def test_rest_shows_what_the_socket_acknowledged(system: System) -> None:
    async with system.client("rest-alice") as alice, system.http("rest-alice") as http:
        await alice.call("create_room", {"room_id": "rest-1", "title": "REST"})
        acks = [await alice.call("message", {"room_id": "rest-1", "body": f"n{n}"}) for n in range(5)]
        page = (await http.get("/api/rooms/rest-1/messages", params={"limit": 2})).json()
        assert [(m["id"], m["seq"]) for m in page["messages"]] == [(a["id"], a["seq"]) for a in acks[3:]]
        older = (await http.get("/api/rooms/rest-1/messages", params={"cursor": page["next_cursor"]})).json()
        assert [m["body"] for m in older["messages"]] == ["n0", "n1", "n2"]
        rooms = (await http.get("/api/rooms")).json()["rooms"]
        assert [(line["room"]["room_id"], line["last_message"]["body"]) for line in rooms] == [("rest-1", "n4")]


async def test_a_request_id_is_echoed_once(system: System) -> None:
    async with system.http() as http:
        answer = await http.get("/api/nothing", headers={"X-Request-Id": "req-17"})
    assert answer.headers.get_list("x-request-id") == ["req-17"]
    assert answer.json()["request_id"] == "req-17"


async def test_rest_keeps_strangers_out(system: System) -> None:
    async with system.client("rest-bob") as bob, system.http("mallory") as http:
        await bob.call("create_room", {"room_id": "rest-2"})
        answer = await http.get("/api/rooms/rest-2/messages")
        assert answer.status_code in (403, 404)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/api/rooms")).json()["rooms"] == []


async def test_every_listener_of_ours_is_on_the_loopback(system: System) -> None:
    """But for the port of each Serve replica, where Ray asks for its token."""
    assert system.process is not None
    me = psutil.Process(system.process.pid)
    open_to_all = [
        (process.name(), connection.laddr)
        for process in [me, *me.children(recursive=True)]
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and not str(connection.laddr[0]).endswith("127.0.0.1")
        and not process.name().startswith("ray::ServeRepli")
    ]
    assert open_to_all == []


async def test_a_killed_gateway_leaves_the_status_and_its_successor_enters_it(system: System) -> None:
    before = await system.kill("gateway-0")

    async def replaced() -> bool:
        try:
            rows = [row for row in await system.status() if row["kind"] == "gateway"]
        except httpx.HTTPError:
            return False
        return [row["status"] for row in rows] == ["ok"] and rows[0]["pid"] != before

    await wait_until(replaced, within_s=30.0, what="another gateway")


async def test_the_dashboard_shows_metrics_that_there_are(system: System) -> None:
    async with system.http() as http, system.client("dashboard") as client:
        await client.call("create_room", {"room_id": "dashboard-1"})
        page = (await http.get("/metrics")).text
    known = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    shown = set(re.findall(r"(?:carewire|process)_[a-z_]+[a-z]", DASHBOARD))
    assert {name.removesuffix("_bucket") for name in shown} - WHILE_SOMEBODY_MEETS <= known
