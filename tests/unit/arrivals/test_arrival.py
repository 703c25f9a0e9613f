"""An event of a partner: stored once, handed over until somebody has it, forgotten when they have."""

from typing import Any

import msgspec
import pytest

from actors.arrivals.arrival import KEPT_MS, PAUSES_MS
from actors.arrivals.commands import Arrive, Forget, NoteBlobRemoved, NoteHandedOver, ReadBody, Replay, TryAgain
from actors.arrivals.kind import ARRIVALS, ArrivalKind
from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from tests.unit.rooms.harness import World, run

EVENT = "arrival:acme:evt_1"
BODY = b'{"id":"evt_1","name":"Ann"}'
ARRIVE = Arrive(what="paid", to="bill:1", letter=b"\xc0", body=BODY)


@pytest.fixture
def world() -> World:
    return World(ArrivalKind())


def asked(world: World) -> list[tuple[str, bytes]]:
    """Who was written to since the last look."""
    letters, world.letters = world.letters, []
    return [(letter.to, letter.command) for letter in letters]


def line(world: World) -> Any:
    """As the list shows it."""
    (view,) = world.views(ARRIVALS)
    shown = msgspec.json.decode(view.data)
    assert (view.fields["state"], view.fields["partner"]) == (shown["state"], "acme")
    return shown


def journal(world: World) -> bytes:
    """All that is stored of it."""
    return b"".join(blob for turn in run(world.turns(EVENT)) for blob in (*turn.events, *turn.effects))


def test_what_arrives_is_told_to_whom_it_concerns_and_asked_again_later(world: World) -> None:
    told = world.ask(EVENT, ARRIVE, SYSTEM)
    assert (told["state"], told["tries"]) == ("waiting", 1)
    assert asked(world) == [("bill:1", b"\xc0")]
    assert line(world) == told
    assert told["due"] == told["received"] + PAUSES_MS[0]
    assert world.ask(EVENT, ARRIVE, SYSTEM) == told
    assert asked(world) == []


def test_what_concerns_nobody_is_noted_and_its_body_is_not(world: World) -> None:
    assert world.ask(EVENT, Arrive(what="opened", body=BODY), SYSTEM)["state"] == "ignored"
    assert asked(world) == []
    assert world.ask(EVENT, ReadBody(), SYSTEM) == {"body": None, "blob": ""}
    with pytest.raises(FailedPrecondition):
        world.ask(EVENT, Replay(), SYSTEM)


def test_the_body_is_sealed_and_goes_when_somebody_has_it(world: World) -> None:
    world.ask(EVENT, ARRIVE, SYSTEM)
    assert b"Ann" not in journal(world)
    sealed = len(journal(world))
    kept = msgspec.json.decode(msgspec.json.encode(world.ask(EVENT, ReadBody(), SYSTEM)))
    assert kept["blob"] == ""
    assert kept["body"] is not None
    assert world.ask(EVENT, NoteHandedOver(), SYSTEM)["state"] == "handed"
    assert world.ask(EVENT, NoteHandedOver(), SYSTEM)["due"] is None
    assert world.ask(EVENT, ReadBody(), SYSTEM) == {"body": None, "blob": ""}
    (first, *_) = run(world.turns(EVENT))
    assert len(b"".join(first.events)) < sealed - len(BODY)


def test_it_is_asked_with_growing_pauses_and_given_up_in_the_end(world: World) -> None:
    told = world.ask(EVENT, ARRIVE, SYSTEM)
    for tries, pause_ms in enumerate(PAUSES_MS[1:], 1):
        world.passivate(EVENT, snapshot=bool(tries % 2))
        asked(world)
        told = world.ask(EVENT, TryAgain(tries), SYSTEM)
        assert asked(world) == [("bill:1", b"\xc0")]
        assert (told["tries"], told["due"]) == (tries + 1, world.now_ms + pause_ms)
        assert world.ask(EVENT, TryAgain(tries), SYSTEM) == told, "a timer that is stale does nothing"
        assert asked(world) == []
    told = world.ask(EVENT, TryAgain(len(PAUSES_MS)), SYSTEM)
    assert (told["state"], told["due"]) == ("dead", None)
    assert asked(world) == []
    assert line(world)["state"] == "dead"
    assert world.ask(EVENT, ReadBody(), SYSTEM)["body"] is not None, "an operator may replay it"
    world.ask(EVENT, Forget(), SYSTEM)
    assert world.ask(EVENT, ReadBody(), SYSTEM)["body"] is None
    assert line(world)["state"] == "dead"


def test_the_timers_are_those_of_the_pauses_and_of_the_thirty_days(world: World) -> None:
    told = world.ask(EVENT, ARRIVE, SYSTEM)
    for tries in range(1, len(PAUSES_MS) + 1):
        world.ask(EVENT, TryAgain(tries), SYSTEM)
    timers = [timer for turn in run(world.turns(EVENT)) for timer in turn.effects if b"retry" in timer]
    assert len(timers) == len(PAUSES_MS)
    (last,) = [turn.effects for turn in run(world.turns(EVENT)) if any(b"forget" in one for one in turn.effects)]
    assert str(told["received"] + KEPT_MS).encode() in b"".join(last)


def test_a_replay_asks_once_more_also_what_was_dead_or_handed_over(world: World) -> None:
    world.ask(EVENT, ARRIVE, SYSTEM)
    for tries in range(1, len(PAUSES_MS) + 1):
        world.ask(EVENT, TryAgain(tries), SYSTEM)
    asked(world)
    told = world.ask(EVENT, Replay(), SYSTEM)
    assert (told["state"], asked(world)) == ("waiting", [("bill:1", b"\xc0")])
    assert told["due"] == world.now_ms + PAUSES_MS[-1]
    world.ask(EVENT, NoteHandedOver(), SYSTEM)
    told = world.ask(EVENT, Replay(to="bill:2", letter=b"\xc2"), SYSTEM)
    assert (told["state"], asked(world)) == ("waiting", [("bill:2", b"\xc2")])


def test_a_large_body_is_left_over_when_somebody_has_it_until_it_is_cleared(world: World) -> None:
    world.ask(EVENT, Arrive(what="paid", to="bill:1", letter=b"\xc0", blob="whk_1"), SYSTEM)
    assert world.ask(EVENT, ReadBody(), SYSTEM) == {"body": None, "blob": "whk_1"}
    assert line(world)["leftover"] == ""
    world.ask(EVENT, NoteHandedOver(), SYSTEM)
    assert line(world)["leftover"] == "whk_1"
    world.ask(EVENT, Replay(), SYSTEM)
    world.ask(EVENT, NoteHandedOver(), SYSTEM)
    assert line(world)["leftover"] == "whk_1"
    world.passivate(EVENT, snapshot=True)
    world.ask(EVENT, NoteBlobRemoved(), SYSTEM)
    assert line(world)["leftover"] == ""
    assert world.ask(EVENT, ReadBody(), SYSTEM) == {"body": None, "blob": ""}


@pytest.mark.parametrize("command", [ARRIVE, NoteHandedOver(), TryAgain(1), Replay(), Forget(), ReadBody(), Attach()])
def test_only_carewire_itself_speaks_to_it(world: World, command: msgspec.Struct) -> None:
    world.ask(EVENT, ARRIVE, SYSTEM)
    with pytest.raises(PermissionDenied):
        world.ask(EVENT, command, Principal("root", "admin"))


@pytest.mark.parametrize("command", [NoteHandedOver(), TryAgain(1), Replay(), Forget(), ReadBody(), NoteBlobRemoved()])
def test_of_what_has_not_arrived_nothing_is_known(world: World, command: msgspec.Struct) -> None:
    with pytest.raises(NotFound):
        world.ask(EVENT, command, SYSTEM)
