"""Members who do not look are told that something was said: once in a while, and only those who have not read along."""

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import decode_effects
from actors.notifications.notifier.commands import Tell
from actors.rooms.room import commands as c
from actors.rooms.room.announcing import LARGEST
from actors.rooms.room.state import ANNOUNCE_MS
from common.errors import PermissionDenied
from tests.unit.rooms.chat import ROOM, Chat, a_group
from tests.unit.rooms.harness import run


def timers(chat: Chat) -> int:
    """How many were set so far."""
    return sum(len(decode_effects(turn).timers) for turn in run(chat.world.turns(ROOM)))


def told(chat: Chat) -> list[tuple[str, Tell]]:
    """The notifications that were written since the last look."""
    letters, chat.world.letters = chat.world.letters, []
    return [
        (one.to, msgspec.msgpack.decode(one.command, type=Tell)) for one in letters if one.to.startswith("notifier:")
    ]


def later(chat: Chat) -> list[tuple[str, Tell]]:
    """The timer fires."""
    chat.world.now_ms += ANNOUNCE_MS
    chat.do(c.AnnounceUnread(), SYSTEM)
    return told(chat)


def test_however_much_is_said_a_room_has_one_timer_in_that_time() -> None:
    chat = a_group("bob")
    for _ in range(20):  # a second each
        chat.post("ann")
    assert timers(chat) == 1
    chat.world.now_ms += ANNOUNCE_MS
    chat.post("ann")
    assert timers(chat) == 2


def test_who_has_not_read_along_is_told_once_how_much_there_is() -> None:
    chat = a_group("bob", "cyd")
    chat.post("ann")
    chat.post("ann")
    chat.do(c.MarkRead("cyd", chat.version), "cyd")
    ((to, tell),) = later(chat)
    assert (to, tell.count, tell.sender, tell.room) == ("notifier:bob", 2, "ann", "r1")
    assert tell.subject is not None
    assert tell.subject.version == chat.version
    assert later(chat) == []  # what was announced is not announced again
    chat.post("cyd")
    assert {(to, tell.count, tell.sender) for to, tell in later(chat)} == {
        ("notifier:bob", 3, "cyd"),
        ("notifier:ann", 1, "cyd"),
    }


def test_where_everybody_reads_along_nothing_is_written() -> None:
    chat = a_group("bob")
    chat.post("ann")
    chat.do(c.MarkRead("bob", chat.version), "bob")
    before = len(run(chat.world.turns(ROOM)))
    assert later(chat) == []
    assert len(run(chat.world.turns(ROOM))) == before


def test_who_reads_on_is_told_no_more() -> None:
    chat = a_group("bob")
    chat.post("ann")
    later(chat)
    chat.do(c.MarkRead("bob", chat.version), "bob")
    ((to, tell),) = told(chat)
    assert (to, tell.withdraw) == ("notifier:bob", True)
    chat.post("ann")
    chat.do(c.MarkRead("bob", chat.version), "bob")  # nothing was told of that one
    assert told(chat) == []


def test_who_is_answered_is_told_at_once() -> None:
    chat = a_group("bob")
    question = chat.post("bob")
    told(chat)
    chat.post("ann", reply_to=question["id"])
    ((to, tell),) = told(chat)
    assert (to, tell.named, tell.sender) == ("notifier:bob", True, "ann")
    chat.post("bob", reply_to=question["id"])  # oneself
    assert told(chat) == []


def test_in_a_large_room_only_who_is_answered_is_told() -> None:
    chat = a_group(*(f"u{number}" for number in range(LARGEST)))
    question = chat.post("u1")
    assert timers(chat) == 0
    assert later(chat) == []
    chat.post("ann", reply_to=question["id"])
    assert [to for to, _ in told(chat)] == ["notifier:u1"]


def test_it_survives_a_restart() -> None:
    chat = a_group("bob")
    chat.post("ann")
    later(chat)
    before = chat.world.state(ROOM)
    for snapshot in (False, True):
        chat.world.passivate(ROOM, snapshot=snapshot)
        assert chat.world.state(ROOM) == before
    chat.do(c.MarkRead("bob", chat.version), "bob")
    assert [tell.withdraw for _, tell in told(chat)] == [True]


@pytest.mark.parametrize("by", [Principal("eve", "admin"), Principal("ann")])
def test_nobody_else_may_announce(by: Principal) -> None:
    chat = a_group("bob")
    chat.post("ann")
    with pytest.raises(PermissionDenied):
        chat.do(c.AnnounceUnread(), by)
    assert told(chat) == []
