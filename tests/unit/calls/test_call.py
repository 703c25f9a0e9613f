"""A call: it rings, and ends once; a line has one that rings."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.calls.call.commands import AnswerCall, CancelCall, DeclineCall, ForgetParty, GetCall, Ring, RingOver
from actors.calls.call.kind import CallKind
from actors.calls.line.line import FreeLine, LineKind, TakeLine
from actors.kernel.contract.entity import SYSTEM
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound, PermissionDenied
from tests.unit.rooms.harness import World

CALL = "call:call_1"
RING = Ring(caller="tess", callee="ada", media="video", ring_ms=45_000)


@pytest.fixture
def world() -> World:
    ringing = World(CallKind())
    ringing.ask(CALL, RING, SYSTEM)
    return ringing


def freed(world: World) -> list[str]:
    """The lines that were told that they are free."""
    return [letter.to for letter in world.letters if letter.to.startswith("line:")]


def test_the_first_device_has_it_and_the_others_are_told_which(world: World) -> None:
    answered = world.ask(CALL, AnswerCall("phone"), "ada")
    assert (answered["status"], answered["answered_by"]) == ("answered", "phone")
    assert world.ask(CALL, AnswerCall("phone"), "ada") == answered
    with pytest.raises(Conflict) as refused:
        world.ask(CALL, AnswerCall("tablet"), "ada")
    assert refused.value.details == {"answered_by": "phone"}
    assert freed(world) == ["line:tess", "line:ada"]


@pytest.mark.parametrize(
    ("command", "who", "status"),
    [(DeclineCall(), "ada", "declined"), (CancelCall(), "tess", "cancelled"), (RingOver(), SYSTEM, "missed")],
)
def test_it_ends_once_and_stays_so(world: World, command: msgspec.Struct, who: Any, status: str) -> None:
    world.ask(CALL, command, who)
    world.passivate(CALL, snapshot=True)
    assert world.ask(CALL, GetCall(), "ada")["status"] == status
    world.ask(CALL, command, who)
    world.ask(CALL, RingOver(), SYSTEM)
    with pytest.raises(FailedPrecondition) as refused:
        world.ask(CALL, AnswerCall("phone"), "ada")
    assert refused.value.details == {"status": status}
    assert freed(world) == ["line:tess", "line:ada"]


def test_each_side_does_what_is_theirs_and_strangers_do_not_find_it(world: World) -> None:
    for command, who in ((AnswerCall("x"), "tess"), (DeclineCall(), "tess"), (CancelCall(), "ada")):
        with pytest.raises(PermissionDenied):
            world.ask(CALL, command, who)
    for asked in (GetCall(), AnswerCall("x"), DeclineCall(), CancelCall()):
        with pytest.raises(NotFound):
            world.ask(CALL, asked, "eve")
    with pytest.raises(PermissionDenied):
        world.ask(CALL, RING, "tess")
    assert world.ask(CALL, GetCall(), "tess")["status"] == "ringing"


def test_a_repeated_ring_is_the_same_call(world: World) -> None:
    assert world.ask(CALL, RING, SYSTEM)["started_at"] == world.ask(CALL, GetCall(), "ada")["started_at"]
    assert len(world.views("calls")) == 2


def test_nothing_rings_at_who_is_erased(world: World) -> None:
    world.ask(CALL, ForgetParty(), SYSTEM)
    assert world.ask(CALL, GetCall(), "tess")["status"] == "cancelled"


DEEDS = st.sampled_from(
    [
        (AnswerCall("phone"), "ada"),
        (AnswerCall("tablet"), "ada"),
        (DeclineCall(), "ada"),
        (CancelCall(), "tess"),
        (RingOver(), SYSTEM),
    ]
)


@given(st.lists(DEEDS, min_size=1, max_size=8))
def test_whatever_comes_in_whatever_order_one_end_counts(deeds: list[tuple[msgspec.Struct, Any]]) -> None:
    world = World(CallKind())
    world.ask(CALL, RING, SYSTEM)
    for command, who in deeds:
        try:
            world.ask(CALL, command, who)
        except CarewireError:
            continue
    first = deeds[0][0]
    ended = world.ask(CALL, GetCall(), "ada")
    assert ended.get("answered_by") == (first.device if isinstance(first, AnswerCall) else None)
    assert len(freed(world)) == 2


def test_a_line_has_one_call_until_it_is_over() -> None:
    world = World(LineKind())
    world.ask("line:ada", TakeLine("call_1", 50_000), SYSTEM)
    world.ask("line:ada", TakeLine("call_1", 50_000), SYSTEM)
    with pytest.raises(FailedPrecondition) as refused:
        world.ask("line:ada", TakeLine("call_2", 50_000), SYSTEM)
    assert refused.value.details == {"reason": "busy"}
    world.ask("line:ada", FreeLine("call_2"), SYSTEM)
    with pytest.raises(FailedPrecondition):
        world.ask("line:ada", TakeLine("call_2", 50_000), SYSTEM)
    world.passivate("line:ada", snapshot=True)
    world.ask("line:ada", FreeLine("call_1"), SYSTEM)
    world.ask("line:ada", TakeLine("call_2", 50_000), SYSTEM)


def test_a_line_that_nobody_freed_is_free_when_its_call_would_be_over() -> None:
    world = World(LineKind())
    world.ask("line:ada", TakeLine("call_1", 50_000), SYSTEM)
    world.now_ms += 50_000
    world.ask("line:ada", TakeLine("call_2", 50_000), SYSTEM)


def test_only_carewire_itself_takes_a_line() -> None:
    with pytest.raises(PermissionDenied):
        World(LineKind()).ask("line:ada", TakeLine("call_1", 1), "ada")
