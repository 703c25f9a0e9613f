"""Members see for how long what they say is kept, and hear when that changes."""

from typing import Final

import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.rooms.conversation.commands import Converse, Respond
from actors.rooms.conversation.policy import STRANGERS
from actors.rooms.keeping.commands import Abide, Age, RoomRetention
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from config.settings import RoomSettings
from tests.unit.rooms.chat import ROOM, Chat, a_group
from tests.unit.rooms.harness import World

ANN: Final = Principal("ann", "client")
BOB: Final = Principal("bob", "client")
TERMS: Final = RoomRetention(usual=Age(365), relations={"client_client": Age(30)})
REQUEST: Final = Converse(
    relation="client_client", other="bob", policy=STRANGERS, policy_version=1, asks=True, accepted=1
)


def a_request() -> Chat:
    chat = Chat()
    chat.do(REQUEST, ANN)
    return chat


def days(chat: Chat) -> int | None:
    found: int | None = chat.do(c.Join(), ANN)["room"]["policy"].get("retention_days")
    return found


def heard(chat: Chat, terms: RoomRetention) -> list[tuple[str, int, int | None]]:
    told = chat.seen(Abide(terms=terms), SYSTEM)
    return [(name, body["seq"], body["room"]["policy"].get("retention_days")) for name, body in told]


def test_members_hear_of_a_change_once_and_read_it_in_the_policy() -> None:
    chat = a_group("bob")
    assert days(chat) is None
    assert heard(chat, TERMS) == [("room_updated", 2, 365)]
    assert heard(chat, TERMS) == []
    chat.world.passivate(ROOM, snapshot=True)
    assert days(chat) == 365
    assert heard(chat, RoomRetention(usual=Age(365), room=Age(7))) == [("room_updated", 3, 7)]
    assert heard(chat, RoomRetention()) == [("room_updated", 4, None)]
    chat.world.passivate(ROOM, snapshot=False)
    assert days(chat) is None


def test_a_conversation_is_told_as_such_and_nobody_is_asked_for_it_again() -> None:
    """Its state is what it was: a request that waits is not made once more (`tell_asked_again` follows `Rebound`)."""
    chat = a_request()
    letters = len(chat.world.letters)
    assert heard(chat, TERMS) == [("conversation_updated", 2, 30)]
    assert len(chat.world.letters) == letters
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(Respond(True), BOB)
    assert refused.value.details is not None
    policy = refused.value.details["policy"]
    assert isinstance(policy, dict)
    assert policy["retention_days"] == 30
    room = chat.do(Respond(True, 1), BOB)["room"]
    assert (room["state"], room["policy"]["retention_days"], room["policy_version"]) == ("open", 30, 1)


def test_what_else_changes_leaves_it_as_it_is() -> None:
    chat = a_group("bob")
    chat.do(Abide(terms=TERMS), SYSTEM)
    assert chat.do(c.Update(title="Circle"), ANN)["room"]["policy"]["retention_days"] == 365


def test_a_room_begins_with_what_the_house_says_then() -> None:
    house = {"": 365, "client_client": 30}
    for command, wanted in ((c.Create(members=("bob",)), 365), (REQUEST, 30)):
        chat = Chat()
        chat.world = World(RoomKind(RoomSettings(), kept_days=lambda relation: house.get(relation)))
        assert chat.do(command, ANN)["room"]["policy"]["retention_days"] == wanted
        assert heard(chat, TERMS) == []


def test_who_asks_whether_it_would_be_news_changes_nothing() -> None:
    chat = a_group("bob")
    assert chat.do(Abide(terms=TERMS, dry_run=True), SYSTEM) == {"changed": True}
    assert days(chat) is None


@pytest.mark.parametrize("by", [ANN, Principal("root", "admin")])
def test_only_carewire_itself_tells_a_room(by: Principal) -> None:
    chat = a_group("bob")
    with pytest.raises(PermissionDenied):
        chat.do(Abide(terms=TERMS), by)
    with pytest.raises(NotFound):
        Chat().do(Abide(terms=TERMS), SYSTEM)
    assert days(chat) is None
