"""STORED, REFUSED and UNKNOWN on a real server, over a connection that breaks at the worst moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors.kernel.lib.writes import WriteBatcher, batch_writes
from common.errors import Unavailable
from common.lib.tasks import Tasks
from store.holders import this_process
from store.mongo.client import Database, open_client
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.documents import JOURNAL, to_document
from store.mongo.kernel.journal import MongoJournal, outcomes_of
from store.mongo.kernel.leases import MongoLeases
from store.mongo.kernel.maps import MongoPartitionMaps
from store.mongo.kernel.timers import MongoTimers
from store.mongo.kernel.views import MongoViews
from store.mongo.keys import MongoKeyStore
from store.ports.journal import Outcome, Snapshot, Turn
from store.ports.timers import Timer
from store.ports.views import View
from tests.contract.kernel.turns import a_turn, command_id
from tests.mongo import url_of
from tests.partners.proxy import Proxy
from tests.waiting import eventually

STORED, REFUSED, UNKNOWN = Outcome.STORED, Outcome.REFUSED, Outcome.UNKNOWN
ROOM = "room:1"
TIMEOUT_S = 1.0
INSERT = b"insert\x00\x08\x00\x00\x00journal"  # {insert: "journal", ...} as it goes over the wire


@pytest.fixture
async def proxy(mongo_port: int) -> AsyncIterator[Proxy]:
    async with Proxy(mongo_port) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def far(mongo: Database, proxy: Proxy) -> AsyncIterator[Database]:
    """The same database, through the proxy."""
    await ensure_indexes(mongo)
    client = open_client(url_of(proxy.port), timeout_s=TIMEOUT_S)
    await client.admin.command("ping")
    yield client[mongo.name]
    await asyncio.to_thread(client.close)  # it says goodbye, through the proxy, which needs this loop


@pytest.fixture
def journal(far: Database) -> MongoJournal:
    return MongoJournal(far)


@pytest.fixture
def near(mongo: Database) -> MongoJournal:
    """The journal as a process with a good connection sees it."""
    return MongoJournal(mongo)


async def settled_outcome(journal: MongoJournal, turn: Turn) -> Outcome:
    """Append, and after UNKNOWN look what became of it, as a shard does: reload, and try again if it is not there."""
    for _ in range(20):
        outcome = (await journal.append([turn]))[turn.entity]
        if outcome is not UNKNOWN:
            return outcome
        loaded = (await journal.load([turn.entity]))[turn.entity]
        if any(each.turn == turn.turn for each in loaded.turns):
            return STORED if turn in loaded.turns else REFUSED
    raise AssertionError("the outcome stayed unknown")


async def test_an_insert_that_was_applied_but_not_answered_is_unknown_and_there(
    journal: MongoJournal, near: MongoJournal, proxy: Proxy
) -> None:
    turn = a_turn(ROOM, 1, b"hello", answers=("a",))
    proxy.lose_answer_to(INSERT)
    assert await journal.append([turn]) == {ROOM: UNKNOWN}
    assert proxy.cuts == 1
    assert (await near.load([ROOM]))[ROOM].turns == (turn,)
    assert (await journal.load([ROOM]))[ROOM].turns == (turn,)
    assert await journal.append([turn]) == {ROOM: REFUSED}
    assert await journal.replies([command_id("a")]) == {command_id("a"): b'"a"'}


async def test_an_insert_that_never_arrived_is_unknown_and_not_there(
    journal: MongoJournal, near: MongoJournal, proxy: Proxy
) -> None:
    turn = a_turn(ROOM, 1, b"hello")
    proxy.lose_request(INSERT)
    assert await journal.append([turn]) == {ROOM: UNKNOWN}
    assert (await near.load([ROOM]))[ROOM].turns == ()
    assert await journal.append([turn]) == {ROOM: STORED}


async def test_lost_answers_and_lost_requests_leave_no_loss_and_no_double(
    journal: MongoJournal, near: MongoJournal, proxy: Proxy
) -> None:
    turns = [a_turn(ROOM, number, f"m{number}".encode(), answers=(f"c{number}",)) for number in range(1, 13)]
    for turn in turns:
        if turn.turn % 3 == 0:
            proxy.lose_answer_to(INSERT)
        elif turn.turn % 3 == 1:
            proxy.lose_request(INSERT)
        assert await settled_outcome(journal, turn) is STORED
    assert proxy.cuts == 8
    assert (await near.load([ROOM]))[ROOM].turns == tuple(turns)


async def test_a_driver_that_took_a_lost_answer_for_a_refusal_would_double(far: Database, proxy: Proxy) -> None:
    """The twin: without a fence, trying again after a lost answer stores it twice."""
    for _ in range(2):
        proxy.lose_answer_to(INSERT)
        with pytest.raises(Exception, match=r"closed|reset"):
            await far.command({"insert": JOURNAL, "documents": [{"e": ROOM, "t": 1}], "ordered": False})
    assert await far[JOURNAL].count_documents({"e": ROOM, "t": 1}) == 2


async def test_settlements_that_fail_are_made_good(journal: MongoJournal, near: MongoJournal, proxy: Proxy) -> None:
    await journal.append([a_turn(f"room:{number}", 1, b"x", effects=(b"fx",)) for number in (1, 2)])
    settling: WriteBatcher[tuple[str, int]] = batch_writes(journal.settle, Tasks("test"))
    proxy.refusing = True
    proxy.cut_all()
    settled = [settling.put([("room:1", 1)]), settling.put([("room:2", 1)])]
    with pytest.raises(Unavailable):
        await journal.settle([("room:2", 1)])
    assert not any(one.done() for one in settled)
    proxy.refusing = False
    await asyncio.gather(*settled)

    async def all_settled() -> bool:
        return await near.unsettled([7], limit=10) == []

    await eventually(all_settled, "what could not be settled before was forgotten")


async def test_all_entities_of_an_unanswered_append_are_unknown(journal: MongoJournal, proxy: Proxy) -> None:
    await journal.append([a_turn("room:2", 1, b"there")])
    proxy.lose_answer_to(INSERT)
    turns = [a_turn(f"room:{number}", 1, b"new") for number in (1, 2, 3)]
    assert set((await journal.append(turns)).values()) == {UNKNOWN}
    assert await journal.append(turns) == {f"room:{number}": REFUSED for number in (1, 2, 3)}


async def test_a_hung_server_is_unknown_in_time_and_reads_say_unavailable(journal: MongoJournal, proxy: Proxy) -> None:
    loop = asyncio.get_running_loop()
    proxy.hang()
    began_s = loop.time()
    assert await journal.append([a_turn(ROOM, 1, b"x")]) == {ROOM: UNKNOWN}
    with pytest.raises(Unavailable):
        await journal.load([ROOM])
    assert loop.time() - began_s < 2 * TIMEOUT_S + 2.0
    proxy.resume()

    async def answers_again() -> bool:
        return await settled_outcome(journal, a_turn(ROOM, 2, b"y")) is STORED

    await eventually(answers_again, "the journal did not recover")


async def test_a_server_that_is_not_there_is_unknown_or_unavailable(far: Database, proxy: Proxy) -> None:
    proxy.refusing = True
    proxy.cut_all()
    journal, views, timers = MongoJournal(far), MongoViews(far), MongoTimers(far)
    assert await journal.append([a_turn(ROOM, 1, b"x")]) == {ROOM: UNKNOWN}
    results = await asyncio.gather(
        journal.load([ROOM]),
        journal.save([Snapshot(ROOM, 1, 1, 1, b"s")]),
        journal.redact(ROOM, {1: b""}),
        journal.settle([(ROOM, 1)]),
        journal.heads([ROOM]),
        views.write([View("people", "a", 1)]),
        timers.put([Timer("t", ROOM, 1, 1, b"")]),
        MongoLeases(far).acquire("rooms-0", this_process(), 1.0),
        MongoPartitionMaps(far).read("rooms"),
        MongoKeyStore(far).erase("alice"),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Unavailable] * 10


async def test_a_delayed_network_only_takes_longer(journal: MongoJournal, proxy: Proxy) -> None:
    proxy.delay_s = 0.05
    assert await journal.append([a_turn(ROOM, 1, b"x")]) == {ROOM: STORED}


async def test_a_write_of_views_is_carried_through_a_lost_answer(far: Database, proxy: Proxy) -> None:
    views = MongoViews(far)
    proxy.lose_answer_to(b"people")
    await views.write([View("people", "a", 1, {"room": "r"})])
    assert proxy.cuts == 1
    assert (await views.get("people", ["a"]))["a"].version == 1


async def test_a_lease_whose_acquisition_was_not_answered_is_ours_all_the_same(far: Database, proxy: Proxy) -> None:
    leases, me = MongoLeases(far), this_process()
    first = await leases.acquire("rooms-0", me, 60.0)
    proxy.lose_answer_to(b"findAndModify")
    assert await leases.acquire("rooms-0", me, 60.0) == first
    assert proxy.cuts == 1


# --- what the server may answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"ok": 1, "n": 2}, [STORED, STORED]),
        ({"ok": 1, "n": 1, "writeErrors": [{"index": 1, "code": 11000}]}, [STORED, REFUSED]),
        ({"ok": 1, "n": 1, "writeErrors": [{"index": 0, "code": 11602}]}, [UNKNOWN, STORED]),
        ({"ok": 1, "n": 2, "writeConcernError": {"code": 64}}, [UNKNOWN, UNKNOWN]),
        (
            {"ok": 1, "n": 1, "writeErrors": [{"index": 0, "code": 11000}], "writeConcernError": {"code": 91}},
            [REFUSED, UNKNOWN],
        ),
    ],
)
def test_only_a_taken_key_is_refused_and_only_certainty_is_stored(
    answer: dict[str, object], expected: list[Outcome]
) -> None:
    turns = [a_turn("room:1", 1, b"x"), a_turn("room:2", 1, b"y")]
    assert outcomes_of(turns, answer) == dict(zip(["room:1", "room:2"], expected, strict=True))


async def test_a_write_that_no_majority_confirms_is_unknown(mongo: Database) -> None:
    """The server applies the insert and then answers with a write concern error: a majority of two is never there."""
    await ensure_indexes(mongo)
    turns = [a_turn("room:1", 1, b"x"), a_turn("room:2", 1, b"y")]
    assert await MongoJournal(mongo).append(turns[:1]) == {"room:1": STORED}
    command = {
        "insert": JOURNAL,
        "documents": [to_document(turn) for turn in turns],
        "ordered": False,
        "writeConcern": {"w": 2, "wtimeout": 1},
    }
    outcomes = outcomes_of(turns, await mongo.command(command))
    assert outcomes == {"room:1": REFUSED, "room:2": UNKNOWN}

    async def is_there() -> bool:
        return (await MongoJournal(mongo).load(["room:2"]))["room:2"].turns == (turns[1],)

    await eventually(is_there, "what was unknown did not come to light")
