import asyncio
from dataclasses import replace

import pytest

from common.errors import PayloadTooLarge
from store.ports.journal import CommandRecord, Journal, Loaded, Outcome, Snapshot, Turn
from store.ports.stores import Stores
from tests.contract.conftest import Backend
from tests.contract.kernel.turns import a_turn, command_id
from tests.waiting import eventually

STORED, REFUSED = Outcome.STORED, Outcome.REFUSED
ROOM = "room:1"


@pytest.fixture
def journal(stores: Stores) -> Journal:
    return stores.journal


async def stored(journal: Journal, *turns: Turn) -> None:
    for turn in turns:
        assert await journal.append([turn]) == {turn.entity: STORED}


def bare(turn: Turn) -> Turn:
    """As readers of history get it."""
    return replace(turn, commands=(), effects=())


# --- append


async def test_what_was_stored_is_read_back_as_it_was(journal: Journal) -> None:
    turn = a_turn(ROOM, 1, b"one", b"\x00\xff", notes=(b"read",), answers=("a", "b"), effects=(b"view", b"letter"))
    await stored(journal, turn)
    assert await journal.load([ROOM]) == {ROOM: Loaded(None, (turn,))}
    assert await journal.turns(ROOM, after=0, limit=10) == [turn]


async def test_nothing_at_all_can_be_appended(journal: Journal) -> None:
    assert await journal.append([]) == {}


async def test_a_turn_that_is_there_already_is_refused_and_changes_nothing(journal: Journal) -> None:
    first = a_turn(ROOM, 1, b"first", answers=("a",))
    await stored(journal, first)
    second = a_turn(ROOM, 1, b"second", answers=("b",))
    assert await journal.append([second]) == {ROOM: REFUSED}
    assert (await journal.load([ROOM]))[ROOM].turns == (first,)
    assert await journal.replies([command_id("b")]) == {}


async def test_each_entity_of_an_append_stands_or_falls_by_itself(journal: Journal) -> None:
    await stored(journal, a_turn("room:2", 1, b"there"))
    turns = [a_turn(f"room:{n}", 1, b"new") for n in (1, 2, 3)]
    assert await journal.append(turns) == {"room:1": STORED, "room:2": REFUSED, "room:3": STORED}
    assert [turn.events for turn in (await journal.load(["room:2"]))["room:2"].turns] == [(b"there",)]


async def test_a_command_that_was_answered_before_refuses_the_whole_turn(journal: Journal) -> None:
    await stored(journal, a_turn(ROOM, 1, b"x", answers=("a", "b", "c")))
    assert await journal.append([a_turn(ROOM, 2, b"y", b"z", answers=("new", "b"))]) == {ROOM: REFUSED}
    assert len((await journal.load([ROOM]))[ROOM].turns) == 1
    assert await journal.replies([command_id("new")]) == {}


async def test_a_command_id_is_unique_over_all_entities(journal: Journal) -> None:
    await stored(journal, a_turn("room:1", 1, b"x", answers=("a",)))
    assert await journal.append([a_turn("room:2", 1, b"y", answers=("a",))]) == {"room:2": REFUSED}


async def test_of_two_entities_with_one_command_in_one_append_the_first_stands(journal: Journal) -> None:
    turns = [a_turn("room:1", 1, b"x", answers=("a",)), a_turn("room:2", 1, b"y", answers=("a",))]
    assert await journal.append(turns) == {"room:1": STORED, "room:2": REFUSED}


async def test_one_command_twice_in_one_turn_is_stored_with_its_first_reply(journal: Journal) -> None:
    turn = a_turn(ROOM, 1, b"x", answers=("a", "a"))
    changed = replace(turn, commands=(turn.commands[0], CommandRecord(turn.commands[1].id, b"other")))
    await stored(journal, changed)
    assert await journal.replies([command_id("a")]) == {command_id("a"): b'"a"'}
    assert await journal.append([a_turn(ROOM, 2, b"y", answers=("a",))]) == {ROOM: REFUSED}


async def test_turns_without_commands_do_not_collide(journal: Journal) -> None:
    await stored(journal, a_turn("room:1", 1, b"x"), a_turn("room:1", 2, b"y"), a_turn("room:2", 1, b"z"))


async def test_the_journal_itself_does_not_mind_a_gap(journal: Journal) -> None:
    await stored(journal, a_turn(ROOM, 1, b"x"), a_turn(ROOM, 5, b"y"))
    await stored(journal, a_turn(ROOM, 3, b"between"))
    assert [turn.turn for turn in (await journal.load([ROOM]))[ROOM].turns] == [1, 3, 5]


async def test_an_entity_comes_once_in_an_append(journal: Journal) -> None:
    with pytest.raises(ValueError, match="one turn"):
        await journal.append([a_turn(ROOM, 1, b"x"), a_turn(ROOM, 2, b"y")])
    assert await journal.load([ROOM]) == {ROOM: Loaded(None, ())}


async def test_a_turn_that_no_document_can_hold_stops_the_append_before_anything_is_stored(journal: Journal) -> None:
    with pytest.raises(PayloadTooLarge):
        await journal.append([a_turn("room:1", 1, b"small"), a_turn("room:2", 1, bytes(17 * 2**20))])
    assert (await journal.load(["room:1"]))["room:1"].turns == ()


async def test_an_append_may_be_larger_than_one_message_to_the_server(journal: Journal) -> None:
    turns = [a_turn(f"room:{n}", 1, bytes(11 * 2**20)) for n in range(5)]
    assert set((await journal.append(turns)).values()) == {STORED}
    assert set((await journal.append(turns)).values()) == {REFUSED}


async def test_of_two_writers_of_one_turn_exactly_one_is_stored(backend: Backend) -> None:
    writers = backend.process().journal, backend.process().journal
    for number in range(1, 21):
        turns = [a_turn(ROOM, number, f"{writer} in {number}".encode()) for writer in (1, 2)]
        outcomes = await asyncio.gather(*(w.append([t]) for w, t in zip(writers, turns, strict=True)))
        assert sorted(outcome[ROOM].name for outcome in outcomes) == ["REFUSED", "STORED"]
        winner = next(t for t, outcome in zip(turns, outcomes, strict=True) if outcome[ROOM] is STORED)
        assert (await writers[0].load([ROOM]))[ROOM].turns[-1] == winner


async def test_of_two_writers_with_one_command_exactly_one_is_stored(backend: Backend) -> None:
    writers = backend.process().journal, backend.process().journal
    for number in range(1, 21):
        answers = (f"command {number}",)
        turns = [a_turn(f"room:{writer}", number, b"x", answers=answers) for writer in (1, 2)]
        outcomes = await asyncio.gather(*(w.append([t]) for w, t in zip(writers, turns, strict=True)))
        assert sorted(o.name for outcome in outcomes for o in outcome.values()) == ["REFUSED", "STORED"]


# --- commands


async def test_replies_are_found_by_command_id(journal: Journal) -> None:
    await stored(journal, a_turn("room:1", 1, b"x", answers=("a", "b")), a_turn("room:2", 1, answers=("c",)))
    wanted = [command_id(name) for name in ("b", "c", "nobody's")]
    assert await journal.replies(wanted) == {command_id("b"): b'"b"', command_id("c"): b'"c"'}
    assert await journal.replies([]) == {}


# --- load and snapshots


async def test_an_entity_that_nobody_wrote_is_new(journal: Journal) -> None:
    assert await journal.load(["room:none", ROOM]) == {"room:none": Loaded(None, ()), ROOM: Loaded(None, ())}
    assert await journal.load([]) == {}


async def test_load_gives_the_snapshot_and_the_turns_after_it(journal: Journal) -> None:
    turns = [a_turn(ROOM, number, b"x") for number in range(1, 5)]
    await stored(journal, *turns)
    snapshot = Snapshot(ROOM, 2, 2, 1_000_002, b"state")
    await journal.save([snapshot])
    assert await journal.load([ROOM]) == {ROOM: Loaded(snapshot, tuple(turns[2:]))}


async def test_load_keeps_entities_apart_whose_ids_begin_alike(journal: Journal) -> None:
    names = ["room:1", "room:10", "room:1.", "room:1-", "room:1:1"]
    for name in names:
        await stored(journal, a_turn(name, 1, name.encode()))
    loaded = await journal.load(names)
    assert {name: [turn.events for turn in loaded[name].turns] for name in names} == {
        name: [(name.encode(),)] for name in names
    }


async def test_many_entities_are_loaded_at_once(journal: Journal) -> None:
    names = [f"room:{number}" for number in range(450)]
    await journal.append([a_turn(name, 1, b"x") for name in names])
    loaded = await journal.load(names)
    assert list(loaded) == names
    assert all(len(each.turns) == 1 for each in loaded.values())


async def test_turns_are_in_order_also_beyond_nine(journal: Journal) -> None:
    await stored(journal, *(a_turn(ROOM, number, b"x") for number in range(1, 13)))
    assert [turn.turn for turn in (await journal.load([ROOM]))[ROOM].turns] == list(range(1, 13))


async def test_only_a_newer_snapshot_replaces_one(journal: Journal) -> None:
    newer, older = Snapshot(ROOM, 9, 9, 1, b"newer"), Snapshot(ROOM, 8, 8, 1, b"older")
    await journal.save([newer])
    await journal.save([older])
    await journal.save([replace(newer, state=b"same turn")])
    assert (await journal.load([ROOM]))[ROOM].snapshot == newer
    newest = Snapshot(ROOM, 10, 12, 2, b"newest")
    await journal.save([newest, Snapshot("room:2", 1, 1, 1, b"two")])
    assert (await journal.load([ROOM]))[ROOM].snapshot == newest
    await journal.save([])


async def test_whoever_saves_last_the_newest_snapshot_stays(backend: Backend) -> None:
    first, second = backend.process().journal, backend.process().journal
    for number in range(20):
        entity = f"room:{number}"
        newer, older = Snapshot(entity, 2, 2, 1, b"newer"), Snapshot(entity, 1, 1, 1, b"older")
        await asyncio.gather(first.save([older]), second.save([newer]))
        assert (await first.load([entity]))[entity].snapshot == newer


# --- history

# Turn 1: events 1, 2. Turn 2: a note. Turn 3: event 3, not primary. Turn 4: events 4, 5, 6. Turn 5: a note. Turn 6: 7.
HISTORY = (
    a_turn(ROOM, 1, b"1", b"2", first=1, primary=2, answers=("a",), effects=(b"fx",)),
    a_turn(ROOM, 2, first=3, notes=(b"n2",)),
    a_turn(ROOM, 3, b"3", first=3, primary=0),
    a_turn(ROOM, 4, b"4", b"5", b"6", first=4, primary=1),
    a_turn(ROOM, 5, first=7, notes=(b"n5",)),
    a_turn(ROOM, 6, b"7", first=7, primary=1),
)


@pytest.fixture
async def history(journal: Journal) -> Journal:
    await stored(journal, *HISTORY, a_turn("room:10", 1, b"other"), a_turn("room:0", 1, b"other"))
    return journal


def numbers(turns: list[Turn]) -> list[int]:
    return [turn.turn for turn in turns]


@pytest.mark.parametrize(
    ("seq", "expected"),
    [(0, "123456"), (1, "123456"), (2, "3456"), (3, "456"), (4, "456"), (5, "456"), (6, "6"), (7, ""), (99, "")],
)
async def test_after_gives_the_turns_that_end_above(history: Journal, seq: int, expected: str) -> None:
    assert numbers(await history.after(ROOM, seq, limit=10)) == [*map(int, expected)]
    assert numbers(await history.after(ROOM, seq, limit=2)) == [*map(int, expected[:2])]


@pytest.mark.parametrize(
    ("seq", "expected"),
    [
        (99, [6, 4, 1]),
        (8, [6, 4, 1]),
        (7, [4, 1]),
        (6, [4, 1]),
        (5, [4, 1]),
        (4, [1]),
        (3, [1]),
        (2, [1]),
        (1, []),
        (0, []),
    ],
)
async def test_before_gives_the_turns_with_something_to_list_that_begin_below(
    history: Journal, seq: int, expected: str
) -> None:
    assert numbers(await history.before(ROOM, seq, limit=10)) == [*map(int, expected)]
    assert numbers(await history.before(ROOM, seq, limit=1)) == [*map(int, expected[:1])]


async def test_at_gives_each_turn_that_holds_one_of_the_events_once(history: Journal) -> None:
    assert numbers(await history.at(ROOM, [6, 2, 1, 4])) == [1, 4]
    assert numbers(await history.at(ROOM, [3])) == [3]
    assert numbers(await history.at(ROOM, [0, 8, 99, -1])) == []
    assert await history.at(ROOM, []) == []


async def test_across_gives_the_turns_of_many_entities_each_once(history: Journal) -> None:
    places = [(ROOM, 6), (ROOM, 2), (ROOM, 1), (ROOM, 4), (ROOM, 99), (ROOM, 0), ("room:nowhere", 1)]
    assert sorted(numbers(await history.across(places))) == [1, 4]
    assert await history.across([(ROOM, 1)]) == await history.at(ROOM, [1])
    assert await history.across([]) == []


async def test_a_limit_of_zero_gives_nothing(history: Journal) -> None:
    assert await history.after(ROOM, 0, limit=0) == []
    assert await history.before(ROOM, 9, limit=0) == []
    assert await history.turns(ROOM, after=0, limit=0) == []
    assert await history.unsettled([7], limit=0) == []
    assert await history.entities("room:", after="", limit=0) == []


async def test_readers_of_history_get_neither_commands_nor_effects(history: Journal) -> None:
    for found in (
        await history.after(ROOM, 0, limit=1),
        await history.at(ROOM, [1]),
        await history.before(ROOM, 3, limit=1),
    ):
        assert found == [bare(HISTORY[0])]
    assert (await history.turns(ROOM, after=0, limit=1)) == [HISTORY[0]]


async def test_turns_pages_through_an_entity(history: Journal) -> None:
    assert numbers(await history.turns(ROOM, after=0, limit=4)) == [1, 2, 3, 4]
    assert numbers(await history.turns(ROOM, after=4, limit=4)) == [5, 6]


async def test_heads_tell_the_last_event_and_time_of_each_entity(history: Journal) -> None:
    assert await history.heads([ROOM, "room:0", "room:none"]) == {ROOM: (7, 1_000_006), "room:0": (1, 1_000_001)}
    await stored(history, a_turn(ROOM, 7, first=8, notes=(b"later",)))
    assert await history.heads([ROOM]) == {ROOM: (7, 1_000_007)}
    assert await history.heads([]) == {}


async def test_entities_are_listed_in_order_and_by_pages(journal: Journal) -> None:
    names = ["room:a", "room:a-b", "room:a.b", "room:a:b", "room:aa", "room:b"]
    for name in [*reversed(names), "user:a", "rook:z", "rooms"]:
        await stored(journal, a_turn(name, 1, b"x"), a_turn(name, 2, b"y"))
    assert await journal.entities("room:", after="", limit=100) == sorted(names)
    assert await journal.entities("room:", after="", limit=2) == sorted(names)[:2]
    assert await journal.entities("room:", after="room:a.b", limit=2) == sorted(names)[3:5]
    assert await journal.entities("room:", after="room:b", limit=2) == []
    assert len(await journal.entities("", after="", limit=100)) == 9


# --- redaction


async def test_redaction_replaces_events_and_nothing_else(history: Journal) -> None:
    await history.redact(ROOM, {5: b"gone", 1: b"", 99: b"there is no such event"})
    after = await history.turns(ROOM, after=0, limit=10)
    expected = list(HISTORY)
    expected[0] = replace(HISTORY[0], events=(b"", b"2"))
    expected[3] = replace(HISTORY[3], events=(b"4", b"gone", b"6"))
    assert after == expected
    await history.redact(ROOM, {5: b"gone", 1: b""})
    assert await history.turns(ROOM, after=0, limit=10) == expected
    await history.redact(ROOM, {})


# --- effects


async def test_effects_are_unsettled_until_settled(journal: Journal) -> None:
    turns = [
        a_turn("room:1", 1, b"x", effects=(b"a",), partition=3),
        a_turn("room:1", 2, b"x", partition=3),
        a_turn("room:1", 3, b"x", effects=(b"b", b"c"), partition=3),
        a_turn("room:2", 1, b"x", effects=(b"d",), partition=4),
        a_turn("room:3", 1, b"x", effects=(b"e",), partition=5),
    ]
    await stored(journal, *turns)
    assert await journal.unsettled([3, 4, 9], limit=10) == [turns[0], turns[2], turns[3]]
    assert await journal.unsettled([3, 4], limit=2) == [turns[0], turns[2]]
    assert await journal.unsettled([], limit=2) == []
    assert await journal.unsettled([3, 4], limit=9, before_ms=turns[0].at_ms) == []
    assert await journal.unsettled([3, 4], limit=9, before_ms=turns[2].at_ms) == [turns[0], turns[3]]
    await journal.settle([("room:1", 1), ("room:2", 1), ("room:2", 99), ("nobody", 1)])
    await journal.settle([("room:1", 1)])
    await journal.settle([])

    async def settled() -> bool:
        return await journal.unsettled([3, 4], limit=10) == [turns[2]]

    await eventually(settled, "the settled turns were still listed")
    assert await journal.turns("room:1", after=0, limit=1) == [replace(turns[0], effects=())]


async def test_unsettled_turns_are_read_page_by_page_to_the_end(journal: Journal) -> None:
    """Also where others are settled meanwhile, and where a partition ends within a page."""
    places = [(f"room:{room}", turn, room % 3) for room in range(7) for turn in (2, 10, 1)]
    await stored(
        journal, *(a_turn(room, turn, b"x", effects=(b"fx",), partition=partition) for room, turn, partition in places)
    )
    seen: list[Turn] = []
    while page := await journal.unsettled([0, 1, 2], limit=4, after=seen[-1] if seen else None):
        seen += page
        await journal.settle((turn.entity, turn.turn) for turn in page[:2])
    assert [(turn.partition, turn.entity, turn.turn) for turn in seen] == sorted(
        (p, room, turn) for room, turn, p in places
    )
    assert await journal.unsettled([0, 1], limit=9, after=seen[-1]) == []


async def test_unsettled_turns_of_an_entity_come_oldest_first(journal: Journal) -> None:
    await stored(journal, *(a_turn(ROOM, number, b"x", effects=(b"fx",)) for number in (2, 10, 1)))
    assert [turn.turn for turn in await journal.unsettled([7], limit=10)] == [1, 2, 10]
