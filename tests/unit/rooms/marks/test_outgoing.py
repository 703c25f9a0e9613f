"""What is said later: once, at its time, if it may then still be said; and what people keep to themselves."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.outgoing import commands as o
from actors.outgoing import views
from actors.outgoing.entity import FURTHEST_MS, LATEST_MS, MOST_WAITING
from actors.outgoing.kind import OutgoingKind
from actors.outgoing.views import CHAT_PRIVACIES
from actors.rooms.marks import privacy
from actors.rooms.room import commands as c
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.rooms.chat import Chat, a_group
from tests.unit.rooms.harness import START_MS, World

ANN = "outgoing:ann"


def a_world(waiting: int = 1, **rest: Any) -> World:
    world = World(OutgoingKind())
    for number in range(waiting):
        world.ask(ANN, schedule(f"sch_{number}", **rest), "ann")
    return world


def schedule(id_: str = "sch_0", send_at_ms: int = START_MS + 60_000, body: str = "hello") -> o.ScheduleSend:
    return o.ScheduleSend(id=id_, room="r1", send_at_ms=send_at_ms, body=body, post=b"p:" + body.encode())


def listed(world: World) -> list[Any]:
    found: list[Any] = world.ask(ANN, o.ListScheduled(), "ann")["scheduled"]
    return found


def send(world: World, id_: str = "sch_0", due_ms: int = START_MS + 60_000) -> list[Any]:
    """The letters of the timer."""
    world.letters.clear()
    world.do(ANN, o.SendScheduled(id_, due_ms), SYSTEM)
    return list(world.letters)


def test_it_is_asked_for_once_at_its_time_and_its_words_are_gone_afterwards() -> None:
    world = a_world()
    world.passivate(ANN)
    [letter] = send(world)
    assert letter.to == "room:r1"
    assert send(world) == [], "a timer that fires again asks nobody"
    world.do(ANN, o.TellSaid(id="sch_0", message_id="msg_1"), SYSTEM)
    [shown] = listed(world)
    assert (shown["state"], shown["message_id"]) == ("sent", "msg_1")
    assert "body" not in shown
    with pytest.raises(FailedPrecondition):
        world.ask(ANN, o.CancelScheduled("sch_0"), "ann")


def test_a_timer_of_another_time_or_of_what_was_cancelled_does_nothing() -> None:
    world = a_world()
    world.ask(ANN, o.Reschedule(id="sch_0", send_at_ms=START_MS + 90_000), "ann")
    assert send(world) == []
    world.ask(ANN, o.CancelScheduled("sch_0"), "ann")
    assert world.ask(ANN, o.CancelScheduled("sch_0"), "ann")["scheduled"]["state"] == "cancelled"
    assert send(world, due_ms=START_MS + 90_000) == []


def test_a_day_late_is_too_late() -> None:
    world = a_world()
    world.now_ms = START_MS + 60_000 + LATEST_MS + 1
    assert [letter.to for letter in send(world)] == ["user:ann"]
    assert (listed(world)[0]["state"], listed(world)[0]["reason"]) == ("failed", "late")


@pytest.mark.parametrize("at_ms", [0, START_MS, START_MS + FURTHEST_MS + 10_000])
def test_a_time_that_lies_behind_or_too_far_ahead_is_refused(at_ms: int) -> None:
    with pytest.raises(InvalidArgument):
        a_world(send_at_ms=at_ms)


def test_a_hundred_wait_at_most_and_a_repeat_is_the_same_one() -> None:
    later = START_MS + 3_600_000
    world = a_world(MOST_WAITING, send_at_ms=later)
    assert world.ask(ANN, schedule("sch_3", later, "another"), "ann")["scheduled"]["scheduled_id"] == "sch_3"
    with pytest.raises(FailedPrecondition):
        world.ask(ANN, schedule("sch_one_more", later), "ann")
    world.ask(ANN, o.CancelScheduled("sch_7"), "ann")
    assert world.ask(ANN, schedule("sch_one_more", later), "ann")["scheduled"]["state"] == "waiting"


def test_other_words_take_the_place_of_those_that_were_read() -> None:
    world = a_world()
    words = world.ask(ANN, o.GetScheduledWords("sch_0"), "ann")
    changed = o.Reschedule(id="sch_0", body="other", post=b"p:other", was=words["number"])
    world.ask(ANN, changed, "ann")
    with pytest.raises(Conflict):
        world.ask(ANN, changed, "ann")
    assert listed(world)[0]["body"] == "other"
    with pytest.raises(InvalidArgument):
        world.ask(ANN, o.Reschedule(id="sch_0"), "ann")
    with pytest.raises(NotFound):
        world.ask(ANN, o.GetScheduledWords("sch_9"), "ann")


def test_nobody_else_asks_and_only_carewire_sends() -> None:
    world = a_world()
    theirs: list[Any] = [schedule("x"), o.ListScheduled(), o.CancelScheduled("sch_0"), o.GetPrivacy()]
    for command in (*theirs, o.ChoosePrivacy()):
        for stranger in (Principal("eve", "admin"), SYSTEM):
            with pytest.raises(PermissionDenied):
                world.ask(ANN, command, stranger)
    ours: list[Any] = [o.SendScheduled("sch_0", START_MS), o.TellSaid(id="sch_0"), o.ForgetOutgoing()]
    for command in ours:
        with pytest.raises(PermissionDenied):
            world.ask(ANN, command, "ann")


def test_of_whoever_is_erased_nothing_is_said_any_more() -> None:
    world = a_world(3)
    world.ask(ANN, o.ForgetOutgoing(), SYSTEM)
    assert {one["state"] for one in listed(world)} == {"cancelled"}
    assert send(world, "sch_1") == []


def test_what_is_kept_to_oneself_is_found_where_rooms_look_it_up() -> None:
    world = a_world(0)
    assert world.ask(ANN, o.GetPrivacy(), "ann") == {"receipts": True, "typing": True}
    assert world.ask(ANN, o.ChoosePrivacy(typing=False), "ann") == {"receipts": True, "typing": False}
    world.passivate(ANN, snapshot=True)
    assert world.ask(ANN, o.GetPrivacy(), "ann") == {"receipts": True, "typing": False}
    [view] = world.views(CHAT_PRIVACIES)
    assert (view.id, dict(view.fields)) == ("ann", {"receipts": True, "typing": False})
    assert privacy.CHAT_PRIVACIES == views.CHAT_PRIVACIES


def said(chat: Chat, user: str, **members: Any) -> Any:
    post = msgspec.msgpack.encode(c.Post(body="later", **members))
    return chat.done(c.Say(user=user, role="client", scheduled_id="sch_0", secret=post), SYSTEM)


def test_a_room_judges_what_was_to_be_said_as_if_it_were_said_now_and_tells_what_became_of_it() -> None:
    chat = a_group("bob")
    [[name, message]] = said(chat, "bob").packets
    assert (name, message["body"], message["source"], message["sender_id"]) == ("message", "later", "schedule", "bob")
    assert [letter.to for letter in chat.world.letters][-1] == "outgoing:bob"
    assert said(chat, "eve").packets == []
    [told] = [letter for letter in chat.world.letters if letter.to == "outgoing:eve"]
    assert msgspec.msgpack.decode(told.command, type=o.TellSaid).reason == "permission_denied"
    chat.done(c.Say(user="bob", role="client", scheduled_id="sch_1"), SYSTEM)
    assert msgspec.msgpack.decode(chat.world.letters[-1].command, type=o.TellSaid).reason == "erased"
