"""What everybody can reach without an account: who sees what, how often, how dear it is, and HEAD."""

import asyncio
import gzip
import hmac
from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from typing_extensions import override

from common.auth.tokens import Expected, Verified, mint, verify
from common.clock import SystemClock
from common.lib.fresh import Fresh
from config.settings import HttpSettings, LimitSettings, Settings
from serve_app.capabilities.rooms.operations import reading_operations
from serve_app.cluster.application import ApiServices, Conventions, create_api
from serve_app.cluster.blueprint import asyncapi_of
from serve_app.edge.conventions.described.documents import DescribedDocument, takes_gzip
from serve_app.edge.conventions.operators import Operators
from serve_app.edge.rest import router_of
from serve_app.processes.health import Finding, HealthMonitor, HealthPart
from serve_app.processes.monitor import ProcessMonitor
from tests.unit.serve_app.edge.test_api import FewRooms, NoRegistry, OneShard

SECRET: Final = "a-secret-of-at-least-32-bytes-for-tests"
TOKEN: Final = "an-operations-token-of-32-bytes-and-more"
NOW_MS: Final = SystemClock().now_ms()
INNER: Final = ("/metrics", "/openapi.json", "/asyncapi.json")


class CountedShards(OneShard):
    """Counts how often it is asked for its figures."""

    def __init__(self) -> None:
        self.asked = 0

    @override
    async def metrics(self, shard: str) -> bytes:
        self.asked += shard == "rooms-0"
        return await super().metrics(shard)


class Town:
    """The application, and clients of it from anywhere."""

    def __init__(self, *, limits: Mapping[str, object] | None = None, **http: Any) -> None:
        self.shards = CountedShards()
        self.verified = 0
        self.registry = CollectorRegistry()
        conventions = Conventions(
            http=HttpSettings(**http), limits=LimitSettings.model_validate(limits or {"enabled": False})
        )
        self.app = create_api(
            ApiServices(
                verify=self._verify,
                census=ProcessMonitor(NoRegistry(), self.shards),
                health=HealthMonitor([HealthPart("mongo", self._well)]),
                registry=self.registry,
                conventions=conventions,
                routers=[router_of(reading_operations(FewRooms()))],
                asyncapi=lambda: asyncapi_of(Settings()),
            )
        )

    def client(self, address: str = "127.0.0.1", *, host: str = "127.0.0.1:8000", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 1234))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=named)

    async def _well(self) -> Finding:
        return Finding("ok", {})

    async def _verify(self, token: object) -> Verified:
        self.verified += 1
        return verify(token, SECRET, ["HS256"], now_ms=NOW_MS, expected=Expected())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(role: str) -> dict[str, str]:
    return bearer(mint(SECRET, user="someone", role=role, now_ms=NOW_MS, ttl_s=60))


async def sees(client: httpx.AsyncClient) -> list[bool]:
    """Does this client get the metrics, the description, the parts of the health?"""
    statuses = [(await client.get(path)).status_code for path in INNER]
    assert set(statuses) <= {200, 401, 403}
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    return [*(status == 200 for status in statuses), "services" in health.json()]


EVERYTHING: Final = [True] * (len(INNER) + 1)
NOTHING: Final = [False] * (len(INNER) + 1)


async def test_without_a_token_this_machine_sees_everything_and_others_only_whether_it_is_well() -> None:
    town = Town()
    assert await sees(town.client()) == EVERYTHING
    assert await sees(town.client("::1", host="[::1]:8000")) == EVERYTHING
    assert await sees(town.client(host="localhost")) == EVERYTHING
    assert await sees(town.client("192.0.2.7")) == NOTHING
    health = await town.client("192.0.2.7").get("/health")
    assert health.json() == {"status": "ok"}
    for path in ("/livez", "/readyz", "/docs"):
        assert (await town.client("192.0.2.7").get(path)).status_code == 200


@pytest.mark.parametrize(
    "whence",
    [
        {"x_forwarded_for": "192.0.2.7"},
        {"forwarded": "for=192.0.2.7"},
        {"x_real_ip": "192.0.2.7"},
        {"via": "1.1 proxy"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8000"},
    ],
)
async def test_who_asks_through_something_on_this_machine_is_not_on_it(whence: dict[str, str]) -> None:
    assert await sees(Town().client(**whence)) == NOTHING


async def test_with_a_token_only_it_or_an_administrator_opens_wherever_they_are() -> None:
    town = Town(operations_token=TOKEN)
    for address in ("127.0.0.1", "192.0.2.7"):
        assert await sees(town.client(address)) == NOTHING
        assert await sees(town.client(address, **bearer(TOKEN))) == EVERYTHING
        assert await sees(town.client(address, **signed("admin"))) == EVERYTHING
        for wrong in (bearer(TOKEN[:-1]), bearer(TOKEN + "x"), signed("client"), signed("moderator")):
            assert await sees(town.client(address, **wrong)) == NOTHING


async def test_the_operations_token_is_good_for_nothing_else_and_is_no_failed_sign_in() -> None:
    town = Town(operations_token=TOKEN)
    client = town.client(**bearer(TOKEN))
    assert (await client.get("/metrics")).status_code == 200
    assert town.verified == 0
    assert (await client.get("/api/rooms")).status_code == 401
    assert (await client.get("/api/status")).status_code == 401


def test_the_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    token = HttpSettings(operations_token=SecretStr(TOKEN)).operations_token
    assert Operators(token).knows(TOKEN)
    assert compared == [TOKEN.encode()]


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        HttpSettings(operations_token=SecretStr("short"))


ADDRESSES: Final = (
    *("/livez", "/readyz", "/health", "/metrics", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/", "/nothing"),
    *("/api/rooms", "/api/rooms/r1/messages?limit=2", "/api/rooms/r2/messages", "/api/status"),
)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_head_is_get_without_the_body(path: str) -> None:
    client = Town(limits={}).client(x_request_id="r1", **signed("client"))
    get, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    volatile = {"ratelimit"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in get.headers.items() if k not in volatile
    }


async def test_head_is_refused_where_there_is_nothing_to_get_and_counted_as_itself() -> None:
    town = Town()
    refused = await town.client(**signed("admin")).head("/api/auth/login")
    assert refused.status_code == 404
    client = town.client()
    await client.head("/livez")
    assert (
        'carewire_http_requests_total{method="HEAD",route="/livez",status="200"}'
        in generate_latest(town.registry).decode()
    )


@pytest.mark.parametrize("path", ["/api/rooms/", "/docs/", "/metrics/", "/livez/", "/"])
async def test_no_redirect_names_a_host_or_a_scheme(path: str) -> None:
    client = Town().client(host="evil.example", x_forwarded_proto="https", x_forwarded_host="evil.example")
    answer = await client.get(path, follow_redirects=False)
    assert "evil" not in str(answer.headers)
    assert answer.headers.get("location", "/docs") == "/docs"
    assert answer.status_code == (307 if path == "/" else 404)


async def test_addresses_beside_the_api_are_limited_by_address_but_not_the_probes() -> None:
    town = Town(limits={"open_per_minute": 3})
    near, far = town.client(), town.client("192.0.2.7")
    statuses = [(await near.get(path)).status_code for path in ("/docs", "/health", "/openapi.json", "/metrics")]
    assert statuses == [200, 200, 200, 429]
    refused = await near.head("/nothing")
    assert (refused.status_code, refused.headers["ratelimit-policy"]) == (429, '"open";q=3;w=60')
    assert (await far.get("/docs")).status_code == 200
    for path in ("/livez", "/readyz"):
        assert {(await near.get(path)).status_code for _ in range(10)} == {200}
    assert (await near.get("/api/rooms", headers=signed("client"))).status_code == 200


async def test_the_figures_of_all_processes_are_fetched_once_for_all_who_ask_at_once() -> None:
    town = Town()
    client = town.client()
    answers = await asyncio.gather(*(client.get("/metrics") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert town.shards.asked == 1


async def test_the_description_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town()
    made = 0
    real = town.app.openapi

    def counted() -> dict[str, Any]:
        nonlocal made
        made += 1
        return real()

    monkeypatch.setattr(town.app, "openapi", counted)
    client = town.client()
    pages = [await client.get("/openapi.json") for _ in range(3)]
    assert made == 1
    assert len({page.content for page in pages}) == 1
    etag = pages[0].headers["etag"]
    again = await client.get("/openapi.json", headers={"If-None-Match": f'"x", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    plain = await client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert plain.json() == pages[0].json()
    assert plain.headers["etag"] != etag
    assert "content-encoding" not in plain.headers
    assert int(pages[0].headers["content-length"]) < len(plain.content) / 4


def asked(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def test_a_document_is_compressed_for_those_who_take_it_and_when_it_is_worth_it() -> None:
    long, short = DescribedDocument(b"a" * 5000, "text/plain"), DescribedDocument(b"a", "text/plain")
    packed = long.answer(asked(accept_encoding="br, gzip"))
    assert gzip.decompress(bytes(packed.body)) == b"a" * 5000
    assert long.answer(asked()).body == b"a" * 5000
    assert short.answer(asked(accept_encoding="gzip")).body == b"a"
    for document in (long, short):
        assert document.answer(asked(accept_encoding="gzip")).headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepts", "takes"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("", False),
        ("identity", False),
        ("br", False),
        ("notgzip", False),
    ],
)
def test_whether_gzip_is_taken(accepts: str, takes: bool) -> None:
    assert takes_gzip(accepts) is takes


async def test_what_is_fresh_is_given_again_and_a_failure_is_not_kept() -> None:
    made, now = 0, 0.0

    async def make() -> int:
        nonlocal made
        made += 1
        if made == 2:
            raise ConnectionError
        return made

    fresh = Fresh(make, 1.0, lambda: now)
    assert [await fresh.get(), await fresh.get()] == [1, 1]
    now = 1.5
    with pytest.raises(ConnectionError):
        await fresh.get()
    assert await fresh.get() == 3
