"""What every endpoint shares, on an application with a few routes made for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from actors.kernel.contract.entity import Principal
from common.auth.tokens import Expected, Verified, mint, verify
from common.clock import SystemClock
from common.errors import InvalidArgument, Overloaded
from config.settings import HttpSettings, LimitSettings
from serve_app.capabilities.rooms.operations import reading_operations
from serve_app.cluster.application import ApiServices, Conventions, create_api
from serve_app.edge.conventions.callers import address_of
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit, public
from serve_app.edge.conventions.repeats.idempotency import StoredAnswer, at_work, in_use, operation_id
from serve_app.edge.rest import router_of
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from tests.unit.serve_app.edge.test_api import FewRooms, NoRegistry, OneShard

SECRET = "a-secret-of-at-least-32-bytes-for-tests"
NOW_MS = SystemClock().now_ms()


class Order(BaseModel):
    item: str


class MemoryAnswers:
    """`IdempotencyStore` in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, StoredAnswer | None]] = {}

    async def begin(self, key: str, fingerprint: str, subject: str, *, lease_s: float) -> StoredAnswer | None:
        if key not in self.held:
            self.held[key] = (fingerprint, None)
            return None
        known, stored = self.held[key]
        if known != fingerprint:
            raise in_use()
        if stored is None:
            raise at_work()
        return stored

    async def finish(self, key: str, subject: str, answer: StoredAnswer) -> None:
        self.held[key] = (self.held[key][0], answer)

    async def release(self, key: str) -> None:
        self.held.pop(key)


class Shop:
    """Routes, and how often they ran."""

    def __init__(self) -> None:
        self.orders = 0
        self.operations: list[str | None] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails: Exception | None = None
        self.router = APIRouter(prefix="/api/shop")
        self.router.post("/orders", status_code=201)(self.order)
        self.router.get("/thing")(self.thing)
        self.router.put("/thing")(self.change)
        self.router.post("/open")(self.anybody)

    async def order(self, request: Request, order: Order, by: Annotated[Principal, permit("room.create")]) -> Any:
        await self.open.wait()
        self.orders += 1
        self.operations.append(operation_id(request))
        if self.fails is not None:
            raise self.fails
        return {"number": self.orders, "item": order.item, "by": by.user}

    async def thing(self, _: Annotated[Principal, permit("room.create")]) -> Response:
        return Response(b'{"v":7}', media_type="application/json")

    async def change(self, _: Annotated[Principal, permit("room.create")]) -> dict[str, int]:
        return {"v": 8}

    async def anybody(self, request: Request, _: Annotated[None, public("account.enter")]) -> dict[str, int]:
        await request.body()
        self.orders += 1
        return {"number": self.orders}


async def verified(token: object) -> Verified:
    return verify(token, SECRET, ["HS256"], now_ms=NOW_MS, expected=Expected())


def application(shop: Shop, replicas: Callable[[], int] = lambda: 1, **limits: int) -> FastAPI:
    conventions = Conventions(
        http=HttpSettings(max_body_bytes=2000),
        limits=LimitSettings.model_validate(limits or {"enabled": False}),
        store=MemoryAnswers(),
        fingerprint_key=b"k",
        replicas=replicas,
    )
    return create_api(
        ApiServices(
            verify=verified,
            census=ProcessMonitor(NoRegistry(), OneShard()),
            health=HealthMonitor([]),
            registry=CollectorRegistry(),
            conventions=conventions,
            routers=[router_of(reading_operations(FewRooms())), shop.router],
        )
    )


def client_of(app: FastAPI, user: str = "alice") -> httpx.AsyncClient:
    headers = {"Authorization": "Bearer " + mint(SECRET, user=user, role="client", now_ms=NOW_MS, ttl_s=60)}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


@pytest.fixture
async def shop() -> Shop:
    return Shop()


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(shop)) as client:
        yield client


async def order(http: httpx.AsyncClient, key: str, item: str = "tea", **headers: str) -> httpx.Response:
    return await http.post("/api/shop/orders", json={"item": item}, headers={"Idempotency-Key": key, **headers})


async def test_a_repeat_with_the_same_key_gets_the_first_answer_and_does_nothing(
    http: httpx.AsyncClient, shop: Shop
) -> None:
    first, again = await order(http, "k1"), await order(http, "k1")
    assert (first.status_code, again.status_code, shop.orders) == (201, 201, 1)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (await order(http, "k2")).json()["number"] == 2


async def test_the_same_key_with_another_body_is_a_conflict(http: httpx.AsyncClient, shop: Shop) -> None:
    await order(http, "k1")
    other = await order(http, "k1", item="coffee")
    assert (other.status_code, other.json()["code"], shop.orders) == (409, "conflict", 1)


async def test_a_key_belongs_to_its_user(shop: Shop) -> None:
    app = application(shop)
    async with client_of(app) as alice, client_of(app, "bob") as bob:
        await order(alice, "k1")
        assert (await order(bob, "k1")).json()["by"] == "bob"


async def test_of_two_at_once_one_runs_and_the_other_is_told_to_wait(http: httpx.AsyncClient, shop: Shop) -> None:
    shop.open.clear()
    both = [asyncio.create_task(order(http, "k1")) for _ in range(2)]
    done, (first,) = await asyncio.wait(both, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    second = done.pop().result()
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    shop.open.set()
    assert (await first).status_code == 201
    assert shop.orders == 1


async def test_a_refusal_is_remembered_but_not_a_not_now(http: httpx.AsyncClient, shop: Shop) -> None:
    shop.fails = InvalidArgument("no")
    assert (await order(http, "k1")).status_code == 400
    shop.fails = Overloaded("busy", retry_after_s=1)
    assert (await order(http, "k2")).status_code == 503
    shop.fails = None
    assert (await order(http, "k1")).status_code == 400
    assert (await order(http, "k2")).status_code == 201


async def test_a_crash_releases_the_key(http: httpx.AsyncClient, shop: Shop) -> None:
    shop.fails = RuntimeError("boom")
    assert (await order(http, "k1")).status_code == 500
    shop.fails = None
    assert (await order(http, "k1")).status_code == 201


async def test_routes_learn_a_name_of_the_operation_that_does_not_change(http: httpx.AsyncClient, shop: Shop) -> None:
    shop.fails = Overloaded("busy")
    await order(http, "k1")
    shop.fails = None
    await order(http, "k1")
    await http.post("/api/shop/orders", json={"item": "x"})
    assert shop.operations[0] == shop.operations[1] is not None
    assert shop.operations[2] is None


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\x7f"])
async def test_a_malformed_key_is_refused(key: str, http: httpx.AsyncClient, shop: Shop) -> None:
    assert (await order(http, key)).json()["details"] == {"field": "Idempotency-Key"}
    assert shop.orders == 0


async def test_a_body_above_the_limit_is_refused_whether_it_says_so_or_not(http: httpx.AsyncClient, shop: Shop) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 1000

    for headers in ({}, {"Idempotency-Key": "k"}):
        declared = await http.post("/api/shop/open", content=b"x" * 2001, headers=headers)
        counted = await http.post("/api/shop/open", content=chunks(), headers=headers)
        assert [(one.status_code, one.json()["code"]) for one in (declared, counted)] == [
            (413, "payload_too_large")
        ] * 2
    assert shop.orders == 0
    assert (await http.post("/api/shop/open", content=b"x" * 2000)).status_code == 200


async def test_requests_are_limited_for_each_user_and_headers_tell(shop: Shop) -> None:
    app = application(shop, user_per_minute=3, ip_per_minute=1)
    async with client_of(app) as alice, client_of(app, "bob") as bob:
        answers = [await alice.get("/api/shop/thing") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=2", "r=1", "r=0", "r=0"]
        assert answers[0].headers["ratelimit-policy"] == '"user";q=3;w=60'
        assert answers[3].json()["code"] == "rate_limited"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        assert (await bob.get("/api/shop/thing")).status_code == 200
        assert (await alice.get("/livez")).status_code == 200


async def test_strangers_are_limited_by_address_and_bad_tokens_make_no_new_bucket(shop: Shop) -> None:
    async with client_of(application(shop, ip_per_minute=2)) as http:
        codes = [
            (await http.get("/api/shop/thing", headers={"Authorization": f"Bearer {n}"})).status_code for n in range(3)
        ]
    assert codes == [401, 401, 429]


async def test_replicas_share_a_limit_and_each_tells_the_whole(shop: Shop) -> None:
    replicas = 2
    app = application(shop, replicas=lambda: replicas, user_per_minute=6)
    async with client_of(app) as http:
        answers = [await http.get("/api/shop/thing") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=4", "r=2", "r=0", "r=0"]
        assert answers[0].headers["ratelimit-policy"] == '"user";q=6;w=60'
        replicas = 1
    async with client_of(app, "bob") as http:
        assert (await http.get("/api/shop/thing")).headers["ratelimit"].split(";")[1] == "r=5"


def test_the_address_is_the_peer_unless_proxies_are_trusted() -> None:
    scope: dict[str, Any] = {
        "client": ("10.0.0.1", 1),
        "headers": [(b"x-forwarded-for", b"6.6.6.6, 1.2.3.4, 10.0.0.9")],
    }
    assert [address_of(scope, n) for n in (0, 1, 2, 4)] == ["10.0.0.1", "10.0.0.9", "1.2.3.4", "10.0.0.1"]


async def test_browsers_may_call_from_elsewhere_and_read_the_headers(http: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    preflight = await http.options("/api/shop/orders", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    answer = await http.get("/api/shop/thing", headers={"Origin": "https://app.example"})
    assert "RateLimit" in answer.headers["access-control-expose-headers"]
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert {"If-Match", "If-None-Match"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/api/shop/thing", "/api/nothing", "/docs", "/livez"])
async def test_security_headers_go_with_every_answer(path: str, http: httpx.AsyncClient) -> None:
    headers = (await http.get(path)).headers
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


async def test_personal_answers_are_not_cached(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/nothing")).headers["cache-control"] == "no-store"


def test_a_cursor_comes_back_as_it_went_out_and_another_is_refused() -> None:
    assert decode_cursor(encode_cursor("a", 3), str, int) == ("a", 3)
    foreign = ["", "zzz", "é", encode_cursor(3, "a"), encode_cursor("a"), encode_cursor("a", 2**60), "W" * 400]
    for cursor in [*foreign, encode_cursor("a", True)]:
        with pytest.raises(InvalidArgument):
            decode_cursor(cursor, str, int)


async def test_a_route_without_an_action_is_not_deployed(shop: Shop) -> None:
    bare = APIRouter()

    @bare.get("/api/bare")
    async def route() -> None: ...

    shop.router.include_router(bare)
    with pytest.raises(LookupError, match="/api/bare"):
        application(shop)


async def test_every_operation_documents_its_errors_its_headers_and_the_key(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    post = document["paths"]["/api/shop/orders"]["post"]
    assert {"201", "400", "401", "403", "409", "413", "429", "500", "503"} <= set(post["responses"])
    assert "422" not in post["responses"]
    assert {"X-Request-Id", "Idempotency-Key"} <= {parameter["name"] for parameter in post["parameters"]}
    assert "application/problem+json" in post["responses"]["409"]["content"]
    assert json.dumps(document).count("HTTPValidationError") == 0
