"""Conversations that wait for an answer are counted one after the other: nobody asks more people than they may."""

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.outgoing.asking import LAPSE_MS
from actors.outgoing.commands import AskFor, NoteAsked, OutgoingCommand
from actors.outgoing.kind import OutgoingKind
from actors.rooms.conversation.commands import Respond
from common.errors import PermissionDenied, RateLimited
from tests.unit.rooms.chat import Chat
from tests.unit.rooms.conversation.test_conversations import ANN as PERSON
from tests.unit.rooms.conversation.test_conversations import BOB, REQUEST
from tests.unit.rooms.harness import World

ANN = "outgoing:ann"
MOST = 5


def asked(world: World, *rooms: str) -> list[str]:
    """Those for which there is a place."""
    done = world.turn(ANN, [(AskFor(room, MOST), "ann") for room in rooms])
    return [room for room, one in zip(rooms, done, strict=True) if not one.answer.code]


def noted(world: World, room: str, *, waits: bool, seq: int) -> None:
    world.do(ANN, NoteAsked(room=room, waits=waits, seq=seq), SYSTEM)


def test_of_ten_who_are_asked_at_once_five_are() -> None:
    rooms = [f"r{number}" for number in range(10)]
    assert asked(World(OutgoingKind()), *rooms) == rooms[:MOST]


def test_without_a_place_taken_before_all_ten_would_be() -> None:
    """The twin: each counts what has been noted by then, and asks."""
    world = World(OutgoingKind())
    seen = {f"r{number}": len(world.resident(ANN).entity.state.asked) for number in range(10)}
    for room, count in seen.items():
        assert count < MOST
        noted(world, room, waits=True, seq=1)
    assert sum(one.state == "waits" for one in world.resident(ANN).entity.state.asked.values()) == 10


def test_a_place_is_free_again_with_the_answer_and_not_before() -> None:
    world = World(OutgoingKind())
    rooms = [f"r{number}" for number in range(MOST)]
    asked(world, *rooms)
    for room in rooms:
        noted(world, room, waits=True, seq=1)
    world.now_ms += LAPSE_MS
    assert asked(world, "r9") == []
    assert asked(world, *rooms) == rooms, "asked again, they need no other place"
    noted(world, "r0", waits=False, seq=4)
    noted(world, "r0", waits=True, seq=1)  # told late
    world.passivate(ANN, snapshot=True)
    assert asked(world, "r9") == ["r9"]
    assert asked(world, "r8") == []


def test_a_place_of_which_no_room_says_anything_is_given_back() -> None:
    world = World(OutgoingKind())
    rooms = [f"r{number}" for number in range(MOST)]
    asked(world, *rooms)
    noted(world, "r1", waits=False, seq=0)
    assert asked(world, "r8", "r9") == ["r8"]
    world.now_ms += LAPSE_MS
    assert asked(world, "r9") == ["r9"]
    noted(world, "r2", waits=True, seq=1)
    noted(world, "r2", waits=False, seq=0)
    assert world.resident(ANN).entity.state.asked["r2"].state == "waits", "it was asked for in the end"


def test_only_oneself_asks_and_only_rooms_answer() -> None:
    world = World(OutgoingKind())
    for command, by in ((AskFor("r1", MOST), "bob"), (NoteAsked(room="r1", waits=False, seq=9), "ann")):
        with pytest.raises(PermissionDenied):
            world.do(ANN, command, by).data  # noqa: B018
    asked(world, *"abcde")
    with pytest.raises(RateLimited) as refused:
        world.do(ANN, AskFor("f", MOST), "ann").data  # noqa: B018
    assert refused.value.details == {"reason": "open_requests"}


def test_the_room_tells_whoever_asked() -> None:
    chat = Chat()
    chat.do(REQUEST, PERSON)
    chat.do(Respond(False), BOB)
    told = [msgspec.msgpack.decode(one.command, type=OutgoingCommand) for one in chat.world.letters if one.to == ANN]
    assert told == [NoteAsked(room="r1", waits=True, seq=1), NoteAsked(room="r1", waits=False, seq=2)]
