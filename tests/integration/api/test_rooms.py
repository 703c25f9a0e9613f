"""The REST API over the real kernel and the rooms' own rules, on storage in memory."""

from collections.abc import AsyncIterator
from itertools import chain

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from typing_extensions import override

from actors.inboxes.kind import InboxKind
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import AnyKind, Principal
from actors.rooms.pairs import PairKind
from actors.rooms.room.commands import Create, History, Post, RetractMessage
from actors.rooms.room.kind import RoomKind
from actors.rooms.service import Rooms
from actors.workflows.table import reactions_of
from common.auth.tokens import mint
from common.auth.verifier import Verifier
from common.clock import SystemClock
from config.settings import AuthSettings, KernelSettings, RoomSettings
from serve_app.capabilities.rooms.operations import reading_operations
from serve_app.cluster.application import ApiServices, create_api
from serve_app.edge.rest import router_of
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from store.memory import memory_stores
from store.mongo.processes import Process, ProcessRegistry

SECRET = "a-secret-of-at-least-32-bytes-for-tests"
ALICE, BOB = Principal("alice"), Principal("bob")


class Nobody(ProcessRegistry):
    """A registry without a database, and without processes."""

    def __init__(self) -> None:
        pass

    @override
    async def alive(self) -> list[Process]:
        return []


class NoShards:
    """The shards of this test are in this process, and not asked."""

    async def names(self) -> tuple[str, ...]:
        return ()

    async def stats(self, shard: str) -> dict[str, object]:
        raise LookupError(shard)

    async def metrics(self, shard: str) -> bytes:
        raise LookupError(shard)


@pytest.fixture
async def rooms() -> AsyncIterator[Rooms]:
    clock = SystemClock()
    stores = memory_stores(clock)
    kinds: list[AnyKind] = [RoomKind(RoomSettings()), PairKind(), InboxKind()]
    cluster = LocalCluster(
        stores, kinds, settings=KernelSettings(linger_ms=0), clock=clock, reactions=reactions_of(["room"])
    )
    await cluster.start()
    yield Rooms(await cluster.region("api"), stores.views, clock)
    await cluster.stop()


@pytest.fixture
async def http(rooms: Rooms) -> AsyncIterator[httpx.AsyncClient]:
    verifier = Verifier(AuthSettings(), SystemClock(), secret=SECRET)
    services = ApiServices(
        verifier.verify,
        ProcessMonitor(Nobody(), NoShards()),
        HealthMonitor([]),
        CollectorRegistry(),
        routers=[router_of(reading_operations(rooms))],
    )
    transport = httpx.ASGITransport(create_api(services))
    token = mint(SECRET, user="alice", role="client", now_ms=SystemClock().now_ms(), ttl_s=60)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://carewire", headers=headers) as client:
        yield client


async def posted(rooms: Rooms, room: str, count: int) -> list[str]:
    """Ids of messages by Alice, who has made the room."""
    await rooms.create(room, Create(title="T"), by=ALICE)
    acks = [await rooms.ask(room, Post(body=f"n{n}"), by=ALICE) for n in range(count)]
    return [ack.id for ack in acks]


async def test_messages_are_those_of_the_socket_ack(rooms: Rooms, http: httpx.AsyncClient) -> None:
    await posted(rooms, "r1", 3)
    ack = msgspec.json.decode((await rooms.submit("r1", History(), by=ALICE)).data)
    answer = await http.get("/api/rooms/r1/messages")
    assert (answer.status_code, answer.json()) == (200, ack)


async def test_paging_by_cursor_shows_every_message_once_in_either_direction(
    rooms: Rooms, http: httpx.AsyncClient
) -> None:
    ids = await posted(rooms, "r1", 12)

    async def walk(**first: int) -> list[list[str]]:
        pages, query = [], {"limit": 5, **first}
        while True:
            page = (await http.get("/api/rooms/r1/messages", params=query)).json()
            pages.append([message["id"] for message in page["messages"]])
            if "next_cursor" not in page:
                return pages
            query = {"limit": 5, "cursor": page["next_cursor"]}

    assert list(chain(*reversed(await walk()))) == ids
    assert list(chain(*await walk(after=0))) == ids


async def test_a_deleted_message_keeps_its_place_without_its_body(rooms: Rooms, http: httpx.AsyncClient) -> None:
    ids = await posted(rooms, "r1", 2)
    await rooms.ask("r1", RetractMessage(message_id=ids[0]), by=ALICE)
    messages = (await http.get("/api/rooms/r1/messages")).json()["messages"]
    assert [(m["id"], m["body"], m["deleted_at"] is None) for m in messages] == [
        (ids[0], "", False),
        (ids[1], "n1", True),
    ]


async def test_rooms_are_listed_page_by_page(rooms: Rooms, http: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await posted(rooms, name, 1)
    first = (await http.get("/api/rooms", params={"limit": 2})).json()
    second = (await http.get("/api/rooms", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    listed = [line["room"]["room_id"] for line in first["rooms"] + second["rooms"]]
    assert sorted(listed) == ["a", "b", "c"]
    assert "next_cursor" not in second
    assert (await http.get("/api/rooms", params={"cursor": "made-up"})).json()["code"] == "invalid_argument"


async def test_a_room_of_others_is_closed_to_strangers_and_unknown_ones_are_not_found(
    rooms: Rooms, http: httpx.AsyncClient
) -> None:
    await rooms.create("theirs", Create(), by=BOB)
    foreign, unknown = await http.get("/api/rooms/theirs/messages"), await http.get("/api/rooms/none/messages")
    assert foreign.status_code in (403, 404)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
