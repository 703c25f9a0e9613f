"""The facade over real regions and shards (storage in memory): rooms by name, direct rooms, the list of rooms."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.inboxes.kind import InboxKind
from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from actors.kernel.contract.protocol import TopicDelivery
from actors.rooms.pairs import ClaimPair, PairKind, pair_id
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.rooms.service import Rooms, command_id_of
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from common.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from config.settings import KernelSettings, RoomSettings
from store.memory import memory_stores

ANN, BOB, CYD = Principal("ann"), Principal("bob"), Principal("cyd")


class TickingClock(SystemClock):
    """Never the same millisecond twice, so that everything has an order by time."""

    def __init__(self) -> None:
        self._now_ms = super().now_ms()

    @override
    def now_ms(self) -> int:
        self._now_ms += 1
        return self._now_ms


class Served:
    """Rooms as gateway and API use them. `heard` is what the region was told, in order."""

    def __init__(self, region: Region, rooms: Rooms, heard: "asyncio.Queue[TopicDelivery]") -> None:
        self.region = region
        self.rooms = rooms
        self.heard = heard

    async def create(self, room_id: str | None, by: Principal, *others: str, **rest: Any) -> Any:
        command = c.Create(members=others, **rest)
        return msgspec.json.decode((await self.rooms.create(room_id, command, by=by)).data)

    async def ask(self, room_id: str, command: c.RoomCommand, by: Principal) -> Any:
        return msgspec.json.decode((await self.rooms.submit(room_id, command, by=by)).data)

    async def list(self, by: Principal, **page: Any) -> Any:
        return msgspec.json.decode(msgspec.json.encode(await self.rooms.rooms_of(by, **page)))


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    clock = TickingClock()
    heard: asyncio.Queue[TopicDelivery] = asyncio.Queue()

    def take(parcel: list[TopicDelivery]) -> None:
        for one in parcel:
            heard.put_nowait(one)

    kinds = (RoomKind(RoomSettings()), PairKind(), InboxKind())
    stores = memory_stores(clock, [index for kind in kinds for index in kind.indexes])
    cluster = LocalCluster(
        stores, kinds, settings=KernelSettings(linger_ms=0), clock=clock, reactions=reactions_of(["room"])
    )
    await cluster.start()
    region = await cluster.region("test", take)
    yield Served(region, Rooms(region, stores.views, clock), heard)
    await cluster.stop()


async def test_a_room_without_an_id_gets_one(served: Served) -> None:
    first = await served.create(None, ANN, title="One")
    second = await served.create(None, ANN, title="Two")
    assert first["created"]
    assert first["room"]["room_id"].startswith("room_")
    assert first["room"]["room_id"] < second["room"]["room_id"]


async def test_an_id_that_no_room_can_have_is_refused(served: Served) -> None:
    for strange in ("", "a b", "a\n", "-a", "x" * 129, "a/b"):
        with pytest.raises(InvalidArgument):
            await served.create(strange, ANN)
        with pytest.raises(InvalidArgument):
            await served.create(strange, ANN, "bob", kind="direct")
        with pytest.raises(InvalidArgument):
            await served.ask(strange, c.Glance(), ANN)


async def test_two_users_have_one_direct_room_whoever_begins_it(served: Served) -> None:
    begun = await asyncio.gather(
        *(served.create(None, by, other, kind="direct") for by, other in [(ANN, "bob"), (BOB, "ann")] * 4)
    )
    assert len({one["room"]["room_id"] for one in begun}) == 1
    assert sum(one["created"] for one in begun) == 1
    again = await served.create("my-own-id", BOB, "ann", "bob", kind="direct")
    assert (again["room"]["room_id"], again["created"]) == (begun[0]["room"]["room_id"], False)
    other = await served.create(None, ANN, "cyd", kind="direct")
    assert other["created"]
    assert other["room"]["room_id"] != again["room"]["room_id"]


async def test_without_the_pair_two_users_would_have_many_direct_rooms(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the race above, without its guard: each asks a pair of their own."""
    numbers = iter(range(8))
    monkeypatch.setattr("actors.rooms.service.pair_id", lambda users: f"pair:{next(numbers)}")
    begun = await asyncio.gather(
        *(served.create(None, by, other, kind="direct") for by, other in [(ANN, "bob"), (BOB, "ann")] * 4)
    )
    assert len({one["room"]["room_id"] for one in begun}) == 8


async def test_a_direct_room_may_be_given_an_id(served: Served) -> None:
    assert (await served.create("ann-and-bob", ANN, "bob", kind="direct"))["room"]["room_id"] == "ann-and-bob"
    found = await served.create(None, BOB, "ann", kind="direct")
    assert (found["room"]["room_id"], found["created"]) == ("ann-and-bob", False)


async def test_a_direct_room_never_takes_over_another_room(served: Served) -> None:
    await served.create("theirs", CYD)
    await served.create("ours", ANN, "bob")
    with pytest.raises(PermissionDenied):
        await served.create("theirs", ANN, "bob", kind="direct")
    with pytest.raises(AlreadyExists):
        await served.create("ours", ANN, "bob", kind="direct")
    begun = await served.create(None, ANN, "bob", kind="direct")
    assert begun["created"]
    assert begun["room"]["room_id"] not in ("theirs", "ours")


async def test_a_claim_whose_claimant_died_is_taken_up_by_the_other(served: Served) -> None:
    pair = pair_id(("ann", "bob"))
    await served.region.submit(pair, ClaimPair("half-done"), by=SYSTEM)
    begun = await served.create(None, BOB, "ann", kind="direct")
    assert (begun["room"]["room_id"], begun["created"]) == ("half-done", True)


async def test_a_claim_of_a_room_that_is_not_theirs_is_given_up(served: Served) -> None:
    await served.create("theirs", CYD)
    await served.region.submit(pair_id(("ann", "bob")), ClaimPair("theirs"), by=SYSTEM)
    begun = await served.create(None, BOB, "ann", kind="direct")
    assert begun["created"]
    assert begun["room"]["room_id"] != "theirs"


async def test_a_direct_room_with_the_wrong_number_of_people_is_refused(served: Served) -> None:
    for others in ((), ("ann",), ("bob", "cyd"), ("not an id",)):
        with pytest.raises(InvalidArgument):
            await served.create(None, ANN, *others, kind="direct")


async def test_one_client_id_is_one_message_however_often_it_is_sent(served: Served) -> None:
    await served.create("r1", ANN, "bob")
    post = c.Post(body="hello", client_id="c-1")
    first, *again = [await served.ask("r1", post, ANN) for _ in range(3)]
    assert again == [first | {"duplicate": True}] * 2
    assert (await served.ask("r1", post, BOB))["id"] != first["id"]
    assert len((await served.ask("r1", c.History(), ANN))["messages"]) == 2
    one, other = await asyncio.gather(*(served.ask("r1", c.Post(body="hi", client_id="c-2"), ANN) for _ in range(2)))
    assert one["id"] == other["id"]


def test_no_two_people_share_a_command_id() -> None:
    assert command_id_of(c.Post(body="x", client_id="b:c"), Principal("a")) != command_id_of(
        c.Post(body="x", client_id="c"), Principal("a:b")
    )
    assert command_id_of(c.Post(body="x"), ANN) is None
    assert command_id_of(c.Glance(), ANN) is None


async def test_rooms_are_listed_by_what_was_said_last(served: Served) -> None:
    for room_id in ("a", "b", "d"):
        await served.create(room_id, ANN, "bob")
    await served.ask("a", c.Post(body="hi"), ANN)
    listed = await served.list(BOB)
    assert [one["room"]["room_id"] for one in listed["rooms"]] == ["a", "d", "b"]
    assert [one["unread"] for one in listed["rooms"]] == [1, 0, 0]
    assert listed["rooms"][0]["last_message"]["body"] == "hi"
    assert listed["rooms"][0]["last_seq"] == 2
    assert listed["rooms"][1]["last_message"] is None
    assert "cursor" not in listed
    await served.ask("a", c.Leave(), BOB)
    assert [one["room"]["room_id"] for one in (await served.list(BOB))["rooms"]] == ["d", "b"]
    assert (await served.list(CYD)) == {"rooms": []}


async def test_the_list_comes_in_pages_and_each_room_once(served: Served) -> None:
    for number in range(7):
        await served.create(f"r{number}", ANN)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = await served.list(ANN, cursor=cursor, limit=3)
        seen += [one["room"]["room_id"] for one in page["rooms"]]
        cursor = page.get("cursor")
        await served.ask(seen[0], c.Post(body="to the top"), ANN)
    assert cursor is None
    assert len(seen) == len(set(seen)) == 7


async def test_a_cursor_that_was_never_given_out_is_refused(served: Served) -> None:
    for strange in ("", "x", "é", "MTIz", "MSAyIDM", "=", "IA"):
        with pytest.raises(InvalidArgument):
            await served.list(ANN, cursor=strange)
    for limit in (0, 201):
        with pytest.raises(InvalidArgument):
            await served.list(ANN, limit=limit)


async def test_being_added_and_removed_arrives_in_the_inbox(served: Served) -> None:
    await served.region.submit("user:bob", Attach(0), by=BOB, listen=True)
    await served.create("r1", ANN, "bob")
    await served.ask("r1", c.RemoveMember("bob"), ANN)
    async with asyncio.timeout(5):  # letters follow the answer
        packets = [msgspec.json.decode((await served.heard.get()).packet) for _ in range(2)]
    [[added, first], [removed, second]] = packets
    assert (added, first["room"]["room_id"], first["inbox_seq"]) == ("room_added", "r1", 1)
    assert (removed, second["room_id"], second["inbox_seq"]) == ("room_removed", "r1", 2)
    assert first["event_id"] < second["event_id"]


async def test_a_deleted_message_is_gone_from_the_journal_when_the_ack_comes(served: Served) -> None:
    await served.create("r1", ANN, "bob")
    sent = await served.ask("r1", c.Post(body="a symptom"), ANN)
    await served.ask("r1", c.Edit(sent["id"], "another symptom"), ANN)
    await served.ask("r1", c.RetractMessage(sent["id"]), ANN)
    attached = await served.region.submit("room:r1", Attach(0), by=BOB)
    assert b"symptom" not in attached.data
    [message] = (await served.ask("r1", c.History(), BOB))["messages"]
    assert message["body"] == ""


async def test_asking_a_room_that_is_not_there_finds_nothing(served: Served) -> None:
    with pytest.raises(NotFound):
        await served.ask("nowhere", c.Glance(), ANN)
