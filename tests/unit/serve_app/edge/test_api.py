"""The REST API as an ASGI application, called directly, with small fakes for what lies behind it."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Command, Principal
from actors.rooms.messages.chat_message import Content, pack, posted
from actors.rooms.replies import MessagePage, RoomList
from actors.rooms.room.commands import History
from actors.rooms.room.events import Posted
from common.auth.tokens import Expected, Verified, mint, verify
from common.clock import SystemClock
from common.errors import NotFound, Overloaded
from config.settings import Settings
from serve_app.capabilities.operations.pools import pool_operations
from serve_app.capabilities.rooms.operations import reading_operations
from serve_app.cluster.application import ApiServices, create_api
from serve_app.cluster.pools import Pools
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.rest import router_of
from serve_app.processes.health import Finding, HealthMonitor, HealthPart, State
from serve_app.processes.monitor import ProcessMonitor
from store.memory import memory_stores
from store.mongo.processes import Process, ProcessRegistry

SECRET = "a-secret-of-at-least-32-bytes-for-tests"
R = TypeVar("R")
NOW_MS = SystemClock().now_ms()


class FewRooms:
    """Twelve messages in `r1`, of which a page is shown; other rooms do not exist."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.asked: list[Mapping[str, object]] = []

    async def rooms_of(self, by: Principal, *, cursor: str | None, limit: int, trace: str) -> RoomList:
        self.asked.append({"by": by.user, "cursor": cursor, "limit": limit, "trace": trace})
        if self.fails is not None:
            raise self.fails
        return RoomList(rooms=[], cursor="next")

    async def submit(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> Reply:
        asked: object = command
        assert isinstance(asked, History)
        if room_id != "r1":
            raise NotFound("There is no such room.", room=room_id)
        before, after, limit = asked.before, asked.after, asked.limit
        seqs = [n for n in range(1, 13) if (before is None or n < before) and (after is None or n > after)]
        page = seqs[:limit] if after is not None else seqs[-limit:]
        messages = [posted(Posted(at=0, id=f"msg_{n}", secret=pack(Content("ü"))), n).to_wire("r1") for n in page]
        shown = MessagePage(messages=messages, has_more=len(page) < len(seqs))
        return Reply(msgspec.json.encode(shown), 1, False)

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> R:
        return answer_to(command, (await self.submit(room_id, command, by=by, trace=trace)).data)


class NoRegistry(ProcessRegistry):
    """Nobody has registered."""

    def __init__(self) -> None:
        pass

    @override
    async def alive(self) -> list[Process]:
        return []


class OneShard:
    """A shard that answers, and one that does not."""

    async def names(self) -> Sequence[str]:
        return ("rooms-0", "rooms-1")

    async def stats(self, shard: str) -> Mapping[str, object]:
        if shard == "rooms-1":
            raise ConnectionError
        return {"name": shard, "serving": True, "entities": 3, "pid": 17, "node": "n1"}

    async def metrics(self, shard: str) -> bytes:
        if shard == "rooms-1":
            raise ConnectionError
        return (
            b"# HELP carewire_entities_active E.\n# TYPE carewire_entities_active gauge\ncarewire_entities_active 3\n"
        )


class World:
    """The application and what the tests turn in it."""

    def __init__(self) -> None:
        self.rooms = FewRooms()
        self.state: State = "ok"
        self.registry = CollectorRegistry()
        self.app: FastAPI = create_api(
            ApiServices(
                verify=self.verify,
                census=ProcessMonitor(NoRegistry(), OneShard()),
                health=HealthMonitor([HealthPart("mongo", self._probe)], clock=iter(range(0, 10**6, 10)).__next__),
                registry=self.registry,
                routers=[
                    router_of(reading_operations(self.rooms)),
                    router_of(pool_operations(Pools(CarewireSpec(Settings()), memory_stores(SystemClock())))),
                ],
            )
        )

    async def _probe(self) -> Finding:
        return Finding(self.state, {})

    async def verify(self, token: object) -> Verified:
        return verify(token, SECRET, ["HS256"], now_ms=NOW_MS, expected=Expected())


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=signed("alice")) as client:
        yield client


def signed(user: str, role: str = "client", ttl_s: float = 60) -> dict[str, str]:
    return {"Authorization": "Bearer " + mint(SECRET, user=user, role=role, now_ms=NOW_MS, ttl_s=ttl_s)}


def the_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document, after checking that it is one (RFC 9457)."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


async def test_history_is_passed_through_with_a_cursor_backwards(http: httpx.AsyncClient) -> None:
    page = (await http.get("/api/rooms/r1/messages", params={"limit": 5})).json()
    assert [message["seq"] for message in page["messages"]] == [8, 9, 10, 11, 12]
    assert page["messages"][0]["body"] == "ü"
    earlier = (await http.get("/api/rooms/r1/messages", params={"limit": 5, "cursor": page["next_cursor"]})).json()
    assert [message["seq"] for message in earlier["messages"]] == [3, 4, 5, 6, 7]
    first = (await http.get("/api/rooms/r1/messages", params={"limit": 5, "cursor": earlier["next_cursor"]})).json()
    assert [message["seq"] for message in first["messages"]] == [1, 2]
    assert (first["has_more"], "next_cursor" in first) == (False, False)


async def test_history_pages_forwards_from_after(http: httpx.AsyncClient) -> None:
    page = (await http.get("/api/rooms/r1/messages", params={"after": 6, "limit": 4})).json()
    assert [message["seq"] for message in page["messages"]] == [7, 8, 9, 10]
    rest = (await http.get("/api/rooms/r1/messages", params={"cursor": page["next_cursor"], "limit": 4})).json()
    assert [message["seq"] for message in rest["messages"]] == [11, 12]


async def test_the_rooms_of_the_caller_are_listed(http: httpx.AsyncClient, world: World) -> None:
    page = await http.get("/api/rooms", params={"cursor": "c1", "limit": 7}, headers={"X-Request-Id": "t1"})
    assert page.json() == {"rooms": [], "next_cursor": "next"}
    assert world.rooms.asked == [{"by": "alice", "cursor": "c1", "limit": 7, "trace": "t1"}]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/rooms/r1/messages?limit=0", "limit"),
        ("/api/rooms/r1/messages?limit=201", "limit"),
        ("/api/rooms/r1/messages?limit=many", "limit"),
        ("/api/rooms/r1/messages?before=-1", "before"),
        ("/api/rooms/r1/messages?after=1e9", "after"),
        ("/api/rooms/r1/messages?cursor=zzz", "cursor"),
        ("/api/rooms/-r1/messages", "room_id"),
        ("/api/rooms/%24gt/messages", "room_id"),
        ("/api/rooms?limit=0", "limit"),
    ],
)
async def test_a_malformed_request_is_told_which_field(path: str, field: str, http: httpx.AsyncClient) -> None:
    assert the_problem(await http.get(path), 400, "invalid_argument")["details"] == {"field": field}


async def test_a_room_that_is_not_there_is_not_found(http: httpx.AsyncClient) -> None:
    document = the_problem(await http.get("/api/rooms/r2/messages"), 404, "not_found")
    assert "r2" not in document["detail"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer " + "a" * 9999]
)
async def test_without_a_good_token_nobody_reads(header: str | None, http: httpx.AsyncClient) -> None:
    http.headers.pop("authorization")
    headers = {} if header is None else {"Authorization": header}
    answer = await http.get("/api/rooms", headers=headers)
    the_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_expired_token_is_told_apart(http: httpx.AsyncClient) -> None:
    the_problem(await http.get("/api/rooms", headers=signed("alice", ttl_s=-10)), 401, "token_expired")


async def test_unknown_addresses_and_methods_are_problems(http: httpx.AsyncClient) -> None:
    the_problem(await http.get("/api/nothing"), 404, "not_found")
    answer = await http.delete("/api/rooms")
    the_problem(answer, 405, "invalid_argument")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_a_person_in_a_browser_gets_a_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nothing", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "/docs" in answer.text


async def test_a_fault_of_ours_says_nothing_of_itself(http: httpx.AsyncClient, world: World) -> None:
    world.rooms.fails = RuntimeError("alice wrote: secret")
    document = the_problem(await http.get("/api/rooms"), 500, "internal")
    assert "secret" not in str(document)


async def test_overload_says_when_to_come_back(http: httpx.AsyncClient, world: World) -> None:
    world.rooms.fails = Overloaded("The server is busy.", retry_after_s=2.4)
    answer = await http.get("/api/rooms")
    assert the_problem(answer, 503, "overloaded")["retry_after"] == 2.4
    assert answer.headers["retry-after"] == "2"


async def test_a_request_id_is_echoed_or_made(http: httpx.AsyncClient) -> None:
    assert (await http.get("/livez", headers={"X-Request-Id": "abc-1"})).headers["x-request-id"] == "abc-1"
    assert (await http.get("/livez")).headers["x-request-id"].startswith("req_")
    made = (await http.get("/livez", headers={"X-Request-Id": "a b\r"})).headers["x-request-id"]
    assert made.startswith("req_")


async def test_health_readiness_and_liveness_differ(http: httpx.AsyncClient, world: World) -> None:
    answer = await http.get("/health")
    assert answer.status_code == 200
    report = answer.json()
    assert report["status"] == "ok"
    assert report["services"]["mongo"]["status"] == "ok"
    assert {"uptime", "version"} < set(report)
    world.state = "down"
    assert (await http.get("/health")).status_code == 503
    assert (await http.get("/readyz")).status_code == 503
    assert (await http.get("/livez")).status_code == 200


async def test_status_is_for_administrators(http: httpx.AsyncClient) -> None:
    the_problem(await http.get("/api/status"), 403, "permission_denied")
    rows = (await http.get("/api/status", headers=signed("root", "admin"))).json()
    assert [(row["name"], row["kind"], row["status"], row["pid"]) for row in rows] == [
        ("rooms-0", "shard", "ok", 17),
        ("rooms-1", "shard", "unreachable", None),
    ]


async def test_only_administrators_change_the_number_of_shards_and_only_of_pools_that_there_are(
    http: httpx.AsyncClient,
) -> None:
    admin = signed("root", "admin")
    the_problem(await http.put("/api/pools/rooms", json={"shards": 4}), 403, "permission_denied")
    refused = the_problem(await http.put("/api/pools/presence", json={"shards": 4}, headers=admin), 404, "not_found")
    assert refused["detail"] == "There is no such pool; there are rooms, calendars, care."
    for shards in (0, 65, "many"):
        the_problem(await http.put("/api/pools/rooms", json={"shards": shards}, headers=admin), 400, "invalid_argument")


async def test_metrics_survive_a_process_that_does_not_answer(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'carewire_entities_active{process="rooms-0"} 3.0' in answer.text


async def test_requests_are_counted_by_template_never_by_path(http: httpx.AsyncClient, world: World) -> None:
    await http.get("/api/rooms/r1/messages")
    await http.get("/api/rooms/r2/messages")
    await http.get("/wp-login.php")
    await http.request("BREW", "/api/rooms")
    labels = [
        (sample.labels["method"], sample.labels["route"], sample.labels["status"], sample.value)
        for family in world.registry.collect()
        for sample in family.samples
        if sample.name == "carewire_http_requests_total"
    ]
    assert ("GET", "/api/rooms/{room_id}/messages", "200", 1.0) in labels
    assert ("GET", "/api/rooms/{room_id}/messages", "404", 1.0) in labels
    assert ("GET", "other", "404", 1.0) in labels
    assert not any("r1" in route or "wp" in route for _, route, _, _ in labels)
    assert "BREW" not in {method for method, *_ in labels}


async def test_the_documentation_lists_every_route_and_its_errors(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    links = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        assert link.startswith("/docs/"), "nothing is loaded from elsewhere"
        answer = await http.get(link)
        assert answer.status_code == 200, link
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await http.get("/docs/redoc.standalone.js")).status_code == 404
    assert re.findall(r'<a href="([^"]+)"', page.text) == ["/openapi.json", "/asyncapi.json"]
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert {"/health", "/livez", "/readyz", "/metrics", "/api/rooms", "/api/rooms/{room_id}/messages"} <= set(paths)
    assert "401" in paths["/api/rooms"]["get"]["responses"]
