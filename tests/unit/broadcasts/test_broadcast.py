"""A broadcast: page by page, paused, gone on with, cancelled; each page counts once."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.broadcasts.activities import AUDIENCE, PageTold, TellPage
from actors.broadcasts.commands import (
    Announce,
    BeginBroadcast,
    CancelBroadcast,
    GetBroadcast,
    GetWords,
    PauseBroadcast,
    ResumeBroadcast,
)
from actors.broadcasts.entity import page_key
from actors.broadcasts.kind import BroadcastKind
from actors.broadcasts.records import Audience
from actors.kernel.contract.activities import Answered, Outcome, Still
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.history.codec import decode_effects
from common.errors import CarewireError, FailedPrecondition, NotFound, PermissionDenied
from tests.unit.rooms.harness import START_MS, World, run

ONE = "broadcast:brd_1"
ANNOUNCE = Announce(by="root", audience=Audience("therapist"), rate_per_s=100, secret=b"words")


@pytest.fixture
def world() -> World:
    return World(BroadcastKind())


def pages(world: World) -> list[tuple[str, TellPage]]:
    """Every page that was ever owed."""
    owed = [one for turn in run(world.turns(ONE)) for one in decode_effects(turn).activities]
    assert {(one.connector, one.lane, one.owner) for one in owed} <= {(AUDIENCE, "pages", "")}
    return [(one.key, msgspec.msgpack.decode(one.payload, type=TellPage)) for one in owed]


def told(world: World, step: int, cursor: str, count: int, *, failed: int = 0, outcome: Outcome = "done") -> None:
    """What became of a page reaches the broadcast."""
    result = msgspec.msgpack.encode(PageTold(cursor=cursor, told=count, failed=failed, total=9))
    world.ask(ONE, Answered(key=page_key(step), outcome=outcome, result=result), SYSTEM)


def how(world: World) -> Any:
    """How it stands, the same in the read model."""
    seen = world.ask(ONE, GetBroadcast(), SYSTEM)
    (view,) = world.views("broadcasts")
    assert msgspec.json.decode(view.data) == seen
    return seen


def test_it_tells_page_by_page_from_where_it_stands_until_nobody_is_left(world: World) -> None:
    made = world.ask(ONE, ANNOUNCE, SYSTEM)
    assert (made["status"], made["audience"]) == ("running", {"role": "therapist"})
    assert world.ask(ONE, ANNOUNCE, SYSTEM) == made
    told(world, 1, "m", 5)
    world.passivate(ONE, snapshot=True)
    told(world, 2, "", 3, failed=1)
    assert [(key, page.cursor, page.counted) for key, page in pages(world)] == [
        ("page|1", "", False),
        ("page|2", "m", True),
    ]
    seen = how(world)
    assert (seen["status"], seen["total"], seen["done"], seen["failed"]) == ("done", 9, 8, 1)


def test_a_page_counts_once(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    told(world, 1, "m", 5)
    told(world, 1, "m", 5)
    assert how(world)["done"] == 5


def test_paused_it_begins_no_page_and_goes_on_where_it_stood(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    world.ask(ONE, PauseBroadcast(), SYSTEM)
    assert not world.ask(ONE, Still(key="page|1", payload=b""), SYSTEM)
    told(world, 1, "", 0, outcome="dropped")
    assert len(pages(world)) == 1
    world.ask(ONE, ResumeBroadcast(), SYSTEM)
    world.ask(ONE, ResumeBroadcast(), SYSTEM)
    assert [page.cursor for _, page in pages(world)] == ["", ""]
    told(world, 2, "m", 5)
    assert how(world)["done"] == 5


def test_a_page_under_way_when_it_was_paused_still_counts(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    world.ask(ONE, PauseBroadcast(), SYSTEM)
    world.ask(ONE, ResumeBroadcast(), SYSTEM)
    assert len(pages(world)) == 1
    told(world, 1, "m", 5)
    assert (how(world)["done"], len(pages(world))) == (5, 2)


def test_cancelled_it_stays_so(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    world.ask(ONE, CancelBroadcast(), SYSTEM)
    world.ask(ONE, CancelBroadcast(), SYSTEM)
    told(world, 1, "m", 5)
    assert (how(world)["status"], how(world)["done"]) == ("cancelled", 0)
    for command in (PauseBroadcast(), ResumeBroadcast()):
        with pytest.raises(FailedPrecondition):
            world.ask(ONE, command, SYSTEM)


def test_what_is_made_for_later_begins_then(world: World) -> None:
    later = msgspec.structs.replace(ANNOUNCE, send_at=START_MS + 60_000)
    assert world.ask(ONE, later, SYSTEM)["status"] == "scheduled"
    assert pages(world) == []
    world.ask(ONE, BeginBroadcast(), SYSTEM)
    world.ask(ONE, BeginBroadcast(), SYSTEM)
    assert len(pages(world)) == 1


def test_one_whose_words_were_erased_ends(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    told(world, 1, "", 0, outcome="erased")
    assert how(world)["status"] == "cancelled"


def test_the_words_are_for_carewire_itself_and_in_no_state(world: World) -> None:
    world.ask(ONE, ANNOUNCE, SYSTEM)
    assert b"words" not in world.state(ONE)
    for command in (ANNOUNCE, GetBroadcast(), GetWords(), CancelBroadcast()):
        with pytest.raises(PermissionDenied):
            world.ask(ONE, command, "root")
    with pytest.raises(NotFound):
        World(BroadcastKind()).ask(ONE, GetBroadcast(), SYSTEM)


@given(st.lists(st.sampled_from(["told", "pause", "resume", "dies"]), max_size=30))
def test_whatever_is_done_to_it_everybody_is_told_once(deeds: list[str]) -> None:
    """Nine people, three a page: nobody twice, and nobody left out once it is done."""
    world = World(BroadcastKind())
    world.ask(ONE, ANNOUNCE, SYSTEM)
    people, heard = "abcdefghi", []
    for deed in [*deeds, "resume", *["told"] * 4]:
        key, page = pages(world)[-1]
        if deed == "told" and how(world)["status"] != "done":
            behind = [one for one in people if one > page.cursor]
            heard += behind[:3] if world.resident(ONE).entity.broadcast.pending else []
            told(world, int(key.partition("|")[2]), behind[2] if len(behind) > 3 else "", min(3, len(behind)))
        elif deed == "dies":
            world.passivate(ONE, snapshot=len(deeds) % 2 == 0)
        elif deed in ("pause", "resume"):
            try:
                world.ask(ONE, PauseBroadcast() if deed == "pause" else ResumeBroadcast(), SYSTEM)
            except CarewireError:
                assert how(world)["status"] == "done"
    assert "".join(heard) == people
    assert (how(world)["status"], how(world)["done"]) == ("done", 9)
