"""Elasticsearch that is busy, refuses, breaks off or is something else: what the engine makes of it. That it finds the
right things is for `tests/contract/search` to show, on a real server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from common.errors import StartupError, Unavailable
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.engines.elastic.engine import ElasticEngine
from serve_app.capabilities.search.engines.elastic.server import connect
from serve_app.capabilities.search.port import Applied, Change, Filters, Generation, Put, Term, Tree
from tests.contract.search.documents import all_of, among, delete, key, only, put, some
from tests.fakes.elastic import DONE, HIT, FakeElasticsearch, Fault, error

BULK, SEARCH = "/idx-write/_bulk", "/idx/_search"
BUSY = error(429, "es_rejected_execution_exception")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeElasticsearch]:
    fake = FakeElasticsearch()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def engine(server: FakeElasticsearch) -> AsyncIterator[ElasticEngine]:
    made = ElasticEngine(connect(server.url, "key"), "idx", first_pause_s=0.001)
    yield made
    await made.close()


async def test_a_server_of_our_version_is_taken(engine: ElasticEngine) -> None:
    await engine.start()


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (error(400, "media_type_header_exception"), "older than 9"),
        (Fault(product=""), "is not Elasticsearch"),
        (Fault(product="OpenSearch"), "is not Elasticsearch"),
        (error(401, "security_exception"), "API_KEY"),
        (error(403, "security_exception"), "API_KEY"),
    ],
)
async def test_a_server_that_can_never_serve_is_told_at_start_in_one_line(
    server: FakeElasticsearch, engine: ElasticEngine, fault: Fault, named: str
) -> None:
    server.faults.append(fault)
    with pytest.raises(StartupError, match=named) as refused:
        await engine.start()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("version", ["8.19.1", "10.0.0", ""])
async def test_another_version_is_told(server: FakeElasticsearch, engine: ElasticEngine, version: str) -> None:
    server.version = version
    with pytest.raises(StartupError, match="use Elasticsearch 9"):
        await engine.start()


@pytest.mark.parametrize("fault", [Fault(cut=True), Fault(503, {}), BUSY])
async def test_a_server_that_is_away_may_come_back(
    server: FakeElasticsearch, engine: ElasticEngine, fault: Fault
) -> None:
    server.faults.append(fault)
    await engine.start()


@pytest.mark.parametrize("fault", [BUSY, Fault(503, {}), Fault(cut=True), Fault(half=True), Fault(items=(429,))])
async def test_what_is_not_taken_now_is_taken_later(
    server: FakeElasticsearch, engine: ElasticEngine, fault: Fault
) -> None:
    server.faults.append(fault)
    assert await engine.apply([put("m1", "night")]) == Applied()
    assert len(server.bodies(BULK)) == 2
    assert server.bodies(BULK)[0] == server.bodies(BULK)[1]


async def test_only_the_items_that_were_not_taken_are_sent_again(
    server: FakeElasticsearch, engine: ElasticEngine
) -> None:
    server.faults += [Fault(items=(201, 429, 409, 503)), Fault(items=(200, 201))]
    changes: list[Change] = [put("a"), put("b"), delete("c", 4), put("d")]
    assert await engine.apply(changes) == Applied(stale=1)
    again = [line["index"]["_id"] for line in server.bodies(BULK)[1] if "index" in line]
    assert again == ["messages:b", "messages:d"]


async def test_what_it_never_takes_is_parked(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.faults.append(Fault(items=(201, 400, 404)))
    applied = await engine.apply([put("a"), put("poison"), delete("gone", 3), put("x" * 600)])
    assert set(applied.parked) == {key("poison"), key("x" * 600)}
    assert len(server.bodies(BULK)) == 1


@pytest.mark.parametrize(
    "fault", [Fault(items=(500,)), Fault(items=(403,)), error(403, "security_exception"), error(500, "oops")]
)
async def test_what_nobody_expects_is_no_success(
    server: FakeElasticsearch, engine: ElasticEngine, fault: Fault
) -> None:
    server.faults.append(fault)
    with pytest.raises(Unavailable):
        await engine.apply([put("m1")])


async def test_an_answer_for_fewer_items_is_no_success(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.faults.append(Fault(body={"errors": False, "items": []}))
    with pytest.raises(Unavailable):
        await engine.apply([put("m1")])


async def test_one_that_stays_busy_is_given_up(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.faults += [BUSY] * 20
    with pytest.raises(Unavailable):
        await engine.apply([put("m1")])
    assert 2 <= len(server.bodies(BULK)) <= 10


async def test_an_index_that_is_not_there(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.faults += [error(404, "index_not_found_exception")] * 3
    with pytest.raises(Unavailable):
        await engine.apply([put("m1")])
    with pytest.raises(LookupError):
        await engine.apply([put("m1")], generation=4)
    with pytest.raises(Unavailable):
        await engine.find(some("night"), Filters())


@pytest.mark.parametrize(
    "fault",
    [
        BUSY,
        Fault(503, {}),
        error(400, "parsing_exception"),
        Fault(cut=True),
        Fault(half=True),
        Fault(product=""),
        Fault(body={"_shards": {"total": 2, "successful": 1, "failed": 1}, "hits": {"hits": [HIT]}}),
        Fault(body=DONE | {"timed_out": True, "hits": {"hits": [HIT]}}),
        Fault(body=[1, 2]),
    ],
)
async def test_half_an_answer_is_none(server: FakeElasticsearch, engine: ElasticEngine, fault: Fault) -> None:
    server.faults.append(fault)
    with pytest.raises(Unavailable):
        await engine.find(some("night"), Filters())
    assert (await engine.find(some("night"), Filters())).hits == ()


async def test_hits_are_read(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.hits = [HIT, HIT | {"_id": "files:f:1"}, HIT]
    found = await engine.find(some("night"), Filters(), limit=2)
    assert [hit.key for hit in found.hits] == [key("m1"), key("f:1", "files")]
    assert (found.hits[0].version, found.hits[0].at, found.hits[0].score, found.more) == (3, 7, 1.5, True)


async def test_a_scan_lets_go_of_its_point_in_time(server: FakeElasticsearch, engine: ElasticEngine) -> None:
    server.hits = [HIT]
    assert len(await all_of(engine.scan(only(among("room", "r1"))))) == 1
    assert [(method, path) for method, path, _ in server.heard] == [
        ("POST", "/idx/_pit"),
        ("POST", "/_search"),
        ("DELETE", "/_pit"),
    ]


async def test_nothing_that_is_sent_tells_a_word_and_nothing_runs_there(
    server: FakeElasticsearch, engine: ElasticEngine
) -> None:
    blinder = Blinder(IndexKey("k1", b"canarykey-canarykey-canarykey-32"), Analyser())
    blinded = blinder.document(["Zebrafinken"], ["quicksilvering wildebeests"], beginnings_of_texts=True)
    terms = [Term(token) for token in blinded.words]
    await engine.create(Generation(1, "k1", "one"))
    await engine.apply([Put(key("m1"), 1, 1, blinded.words, blinded.beginnings, {"room": ["r1"]}), delete("m2", 1)])
    await engine.find(Tree(some=tuple(terms)), only(among("room", "r1")), sort="newest")
    sent = b"\n".join(path.encode() + body for _, path, body in server.heard).lower()
    assert terms[0].token.lower().encode() in sent
    assert not any(word in sent for word in (b"zebra", b"quicksilver", b"wildebeest", b"canary"))
    assert not any(word in sent for word in (b"script", b"query_string", b"by_query", b"pipeline"))
