"""Anonymous groups: every member is an alias to the others, the same one in every object and packet."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.rooms.conversation.commands import Unveil
from actors.rooms.room import commands as c
from actors.rooms.room.sight import alias_of
from common.errors import InvalidArgument, PermissionDenied
from tests.unit.rooms.chat import ROOM, Chat
from tests.unit.rooms.harness import Done

VEIL = "f" * 32
PEOPLE = ("ann", "bob", "cyd")


def a_circle() -> Chat:
    chat = Chat()
    chat.do(c.Create(members=("bob", "cyd"), veil=VEIL, open=True), "ann")
    return chat


def named(document: Any) -> set[str]:
    """Which of the people a document names by their ids."""
    text = msgspec.json.encode(document).decode()
    return {user for user in (*PEOPLE, "dan") if f'"{user}"' in text}


def packets_of(done: Done, user: str) -> list[Any]:
    found = [one.packet_for(user) for one in done.deliveries]
    return [msgspec.json.decode(packet) for packet in found if packet]


def test_everybody_is_an_alias_to_the_others_in_whatever_is_answered() -> None:
    chat = a_circle()
    message = chat.do(c.Post(body="hello", client_id="ann"), "ann")["id"]
    chat.do(c.React(message, "👍"), "bob")
    chat.do(c.MarkRead("bob", 2), "bob")
    for user in PEOPLE:
        for command in (c.Join(), c.Join(0), c.History(), c.Glance(), c.React(message, "🎉"), c.Create()):
            assert named(chat.do(command, user)) <= {user}, command
    joined = chat.do(c.Join(), "bob")
    assert [one["user_id"] for one in joined["members"]] == [alias_of(VEIL, "ann"), "bob", alias_of(VEIL, "cyd")]
    assert joined["messages"][0]["sender_id"] == joined["room"]["owner_id"] == alias_of(VEIL, "ann")
    assert joined["room"]["anonymous"] is True


def test_everybody_is_an_alias_to_the_others_in_whatever_is_sent() -> None:
    chat = a_circle()
    message = chat.do(c.Post(body="hello"), "ann")["id"]
    asked: tuple[tuple[c.RoomCommand, str], ...] = (
        (c.Post(body="again", client_id="bob"), "bob"),
        (c.React(message, "👍"), "bob"),
        (c.Edit(message, "other"), "ann"),
        (c.MarkRead("cyd", 2), "cyd"),
        (c.Update(title="Circle"), "ann"),
        (c.Join(), "dan"),
        (c.RemoveMember(alias_of(VEIL, "dan")), "ann"),
        (c.RetractMessage(message), "ann"),
        (c.Leave(), "cyd"),
    )
    for command, by in asked:
        done = chat.done(command, by)
        assert done.packets, command
        for user in (*PEOPLE, "dan", "eve"):
            for packet in packets_of(done, user):
                assert named(packet) <= {user}, (command, user)
    assert named(chat.world.replay(ROOM, user="bob")) == {"bob"}
    assert named(chat.world.replay(ROOM, user="eve")) == set()


def test_nobody_is_known_by_how_they_type() -> None:
    chat = a_circle()
    assert chat.done(c.TypingStart(), "ann").packets == []


def test_letters_and_notices_name_nobody() -> None:
    chat = a_circle()
    message = chat.do(c.Post(body="hello"), "ann")["id"]
    chat.do(c.Post(body="yes", reply_to=message), "bob")
    chat.world.now_ms += 60_000
    chat.do(c.AnnounceUnread(), SYSTEM)
    assert chat.world.letters
    for letter in chat.world.letters:
        others = [user for user in PEOPLE if not letter.to.endswith(f":{user}")]
        assert not any(user.encode() in letter.command for user in others), letter


def test_who_is_who_is_for_carewire_to_ask() -> None:
    chat = a_circle()
    with pytest.raises(PermissionDenied):
        chat.do(Unveil(), "ann")
    assert chat.do(Unveil(), SYSTEM)["aliases"] == {alias_of(VEIL, user): user for user in PEOPLE}


def test_two_are_never_anonymous() -> None:
    with pytest.raises(InvalidArgument):
        Chat().do(c.Create(kind="direct", members=("bob",), veil=VEIL), "ann")


def test_the_alias_of_another_room_is_another() -> None:
    assert alias_of(VEIL, "ann") != alias_of("e" * 32, "ann")
    assert alias_of(VEIL, "ann") == alias_of(VEIL, "ann")
