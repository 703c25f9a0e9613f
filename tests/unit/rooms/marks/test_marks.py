"""What is done with messages beyond saying them: who is meant, asked, told; pins, threads, versions, blocks, marks."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.rooms.marks import commands as m
from actors.rooms.marks.acks import MOST_ROUNDS
from actors.rooms.messages.more import More, Rich
from actors.rooms.room import commands as c
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.rooms.chat import ROOM, Chat, a_group, a_pair, everything_stored
from tests.unit.rooms.harness import START_MS

TESS = Principal("tess", "therapist")
CHOICE = b'[{"type":"choice","block_id":"blk_1","prompt":"?","options":["a","b","c"],"multiple":true,"state":"open"}]'
SLOTS = b'[{"type":"slots","block_id":"blk_1","therapist_id":"tess","starts":["x"],"state":"open"}]'


def a_talk(*others: str) -> Chat:
    return a_group("bob", "tess", *others)


def names(packets: list[Any]) -> list[str]:
    return [name for name, _ in packets]


def test_a_plain_message_stores_two_bytes_more_and_shows_nothing_more() -> None:
    chat = a_talk()
    [[_, shown]] = chat.seen(c.Post(body="hi"), "bob")
    assert len(shown) == 13
    assert not chat.world.views("message_margins")
    assert not chat.world.views("replies")


def test_members_alone_are_mentioned_each_once_and_nobody_by_themselves() -> None:
    chat = a_talk()
    done = chat.done(c.Post(body="x", more=More(mentions=("ann", "bob", "ann"))), "bob")
    assert done.packets[0][1]["mentions"] == ["ann", "bob"]
    assert sum(letter.to == "user:ann" for letter in chat.world.letters) == 1
    with pytest.raises(InvalidArgument):
        chat.post("bob", more=More(mentions=("eve",)))
    with pytest.raises(InvalidArgument):
        chat.post("bob", more=More(mentions=tuple(f"u{n}" for n in range(51))))


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("ann", True),
        (TESS, True),
        (Principal("bob", "moderator"), True),
        (Principal("bob", "admin"), False),
        ("bob", False),
    ],
)
def test_everybody_is_mentioned_by_owner_and_staff_only(who: str | Principal, allowed: bool) -> None:
    chat = a_talk()
    if allowed:
        assert chat.seen(c.Post(body="x", more=More(mention_all=True)), who)[0][1]["mention_all"] is True
        return
    with pytest.raises(PermissionDenied):
        chat.do(c.Post(body="x", more=More(mention_all=True)), who)
    if who == "bob":
        with pytest.raises(PermissionDenied):
            chat.do(c.Post(body="x", more=More(priority="important")), who)


def test_an_urgent_message_is_told_again_until_everybody_who_is_there_has_acknowledged_it() -> None:
    chat = a_talk()
    message = chat.do(c.Post(body="x", more=More(ack_requested=True, priority="urgent")), TESS)["id"]
    asked = len([letter for letter in chat.world.letters if letter.to.startswith("notifier:")])
    assert asked == 2
    done = chat.done(m.AcknowledgeMessage(message), "bob")
    assert done.data == {"ack": {"requested": True, "by": ["bob"]}}
    assert names(done.packets) == ["message_acknowledged"]
    assert chat.seen(m.AcknowledgeMessage(message), "bob") == []  # the first time counts
    chat.world.letters.clear()
    chat.do(m.RemindOf(message, 1), SYSTEM)
    assert [letter.to for letter in chat.world.letters] == ["notifier:ann"]
    chat.world.passivate(ROOM, snapshot=True)
    assert chat.messages()[-1]["ack"] == {"requested": True, "by": ["bob"]}
    chat.do(m.AcknowledgeMessage(message), "ann")
    chat.world.letters.clear()
    chat.do(m.RemindOf(message, 2), SYSTEM)
    assert not chat.world.letters
    with pytest.raises(FailedPrecondition):
        chat.do(m.AcknowledgeMessage(message), TESS)


def test_nobody_is_reminded_of_what_was_taken_back_or_more_than_twelve_times() -> None:
    chat = a_talk()
    message = chat.do(c.Post(body="x", more=More(ack_requested=True, priority="urgent")), TESS)["id"]
    room = chat.world.resident(ROOM)
    chat.do(m.RemindOf(message, MOST_ROUNDS), SYSTEM)
    assert room.mailbox == type(room.mailbox)()
    chat.do(c.RetractMessage(message), TESS)
    chat.world.letters.clear()
    chat.do(m.RemindOf(message, 2), SYSTEM)
    assert not chat.world.letters
    with pytest.raises(PermissionDenied):
        chat.do(m.RemindOf(message, 2), "bob")


def test_pins_are_shown_to_all_and_go_with_their_message() -> None:
    chat = a_talk()
    first, second = chat.post("bob", "one")["id"], chat.post("ann", "two")["id"]
    chat.do(m.Pin(first), "ann")
    assert chat.seen(m.Pin(second), "bob") == [
        ["pins_changed", {"room_id": "r1", "seq": chat.version, "pins": [first, second]}]
    ]
    assert chat.seen(m.Pin(second), "ann") == []
    assert [one["id"] for one in chat.do(m.ListPins(), "tess")["messages"]] == [first, second]
    assert names(chat.seen(c.RetractMessage(first), "bob")) == ["pins_changed", "message_deleted"]
    chat.world.passivate(ROOM, snapshot=True)
    assert [one["id"] for one in chat.do(m.ListPins(), "tess")["messages"]] == [second]
    with pytest.raises(FailedPrecondition):
        chat.do(m.Pin(first), "ann")
    chat.do(m.Pin(second, pinned=False), "ann")
    assert "pinned" not in chat.messages()[-1]


def test_a_room_has_at_most_fifty_pins() -> None:
    chat = a_talk()
    ids = [chat.post("bob", str(n))["id"] for n in range(51)]
    for message in ids[:50]:
        chat.do(m.Pin(message), "ann")
    with pytest.raises(FailedPrecondition):
        chat.do(m.Pin(ids[50]), "ann")


def test_a_thread_is_found_by_any_of_its_messages_and_counted_where_it_is_read() -> None:
    chat = a_talk()
    root = chat.post("ann", "root")["id"]
    other = chat.post("bob", "other")["id"]
    answer = chat.post("bob", "answer", reply_to=root)["id"]
    deeper = chat.post("ann", "deeper", reply_to=answer)["id"]
    for message in (root, answer, deeper):
        thread = chat.do(m.GetThread(message), "tess")
        assert [one["id"] for one in (thread["root"], *thread["replies"])] == [root, answer, deeper]
    page = chat.do(m.GetThread(root, limit=1), "tess")
    assert (len(page["replies"]), page["has_more"]) == (1, True)
    rest = chat.do(m.GetThread(root, after=page["replies"][0]["seq"]), "tess")
    assert [one["id"] for one in rest["replies"]] == [deeper]
    shown = {one["id"]: one.get("thread") for one in chat.messages()}
    assert shown[other] is None
    assert {shown[one]["root_id"] for one in (root, answer, deeper)} == {root}
    assert {shown[one]["replies"] for one in (root, answer, deeper)} == {2}


def test_what_a_message_said_is_told_until_it_is_taken_back() -> None:
    chat = a_talk()
    message = chat.post("bob", "one")["id"]
    chat.do(c.Edit(message, "two"), "bob")
    assert [one["body"] for one in chat.do(m.GetVersions(message), "ann")["versions"]] == ["one", "two"]
    assert "edited_after_read" not in chat.messages()[-1]
    chat.do(c.MarkRead("ann", chat.version), "ann")
    chat.do(c.Edit(message, "three"), "bob")
    assert chat.messages()[-1]["edited_after_read"] is True
    chat.do(c.RetractMessage(message), "bob")
    assert chat.do(m.GetVersions(message), "ann") == {"versions": []}


@given(st.integers(0, 40), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_pages_that_begin_at_a_time_begin_with_the_first_message_then_or_later(after_s: int, limit: int) -> None:
    chat = a_talk()
    for number in range(20):
        chat.post("bob", str(number))
    moment = START_MS + after_s * 1000 + 1
    everything = chat.messages(limit=200)
    wanted = [one for one in everything if parsed(one["sent_at"]) >= moment][:limit]
    assert chat.messages(at_ms=moment, limit=limit) == wanted


def parsed(at: str) -> int:
    from common.timeline import parse_instant

    return parse_instant(at)


def test_a_page_around_a_message_has_it_in_the_middle() -> None:
    chat = a_talk()
    ids = [chat.post("bob", str(number))["id"] for number in range(9)]
    assert [one["id"] for one in chat.messages(around=ids[4], limit=5)] == ids[2:7]
    assert [one["id"] for one in chat.messages(around=ids[0], limit=5)] == ids[:5]
    for wrong in ({"around": ids[0], "at_ms": 1}, {"around": ids[0], "before": 3}, {"at_ms": 1, "after": 3}):
        with pytest.raises(InvalidArgument):
            chat.messages(**wrong)
    with pytest.raises(NotFound):
        chat.messages(around="msg_1")


def test_who_keeps_marks_to_themselves_is_seen_by_nobody_and_sees_nobody() -> None:
    chat = a_talk()
    message = chat.post("ann")
    chat.do(m.SetQuiet(receipts=False, typing=False), "bob")
    assert chat.seen(c.MarkRead("bob", message["seq"]), "bob") == []
    assert chat.seen(m.MarkDelivered(message["seq"]), "bob") == []
    assert chat.unread("bob") == 0
    done = chat.done(c.MarkRead("tess", message["seq"]), "tess")
    [receipt] = done.deliveries
    assert receipt.packet_for("bob") is None
    assert receipt.packet_for("ann") is not None
    status = chat.do(m.GetState(message["id"]), "ann")
    assert ([one["user_id"] for one in status["read"]], status["hidden"]) == (["tess"], 1)
    assert chat.do(c.Join(), "ann")["read"] == {"tess": message["seq"]}
    assert chat.do(c.Join(), "bob")["read"] == {"bob": message["seq"]}
    assert chat.seen(c.TypingStart(), "bob") == []
    [typing] = chat.done(c.TypingStart(), "ann").deliveries
    assert typing.packet_for("bob") is None


MARKS = st.lists(
    st.tuples(st.sampled_from(["read", "delivered", "quiet", "open", "post"]), st.sampled_from(["ann", "bob", "tess"])),
    max_size=25,
)


@given(MARKS)
@settings(max_examples=60, deadline=None)
def test_join_status_and_receipts_agree_about_who_may_know_what(deeds: list[tuple[str, str]]) -> None:
    chat = a_talk()
    sent = chat.post("ann")
    quiet: set[str] = set()
    for deed, who in deeds:
        if deed == "post":
            chat.post(who)
        elif deed in ("quiet", "open"):
            chat.do(m.SetQuiet(receipts=deed == "open", typing=True), who)
            (quiet.add if deed == "quiet" else quiet.discard)(who)
        else:
            command = c.MarkRead(who, chat.version) if deed == "read" else m.MarkDelivered(chat.version)
            for delivery in chat.done(command, who).deliveries:
                for other in {"ann", "bob", "tess"} - {who}:
                    hears = delivery.packet_for(other) is not None
                    assert not (hears and (other in quiet or who in quiet))
    status = chat.do(m.GetState(sent["id"]), "ann")
    read = {one["user_id"] for one in status["read"]}
    marks = {user: mark for user, mark in chat.do(c.Join(), "ann")["read"].items() if user != "ann"}
    assert read == {user for user, mark in marks.items() if mark >= sent["seq"]}
    assert read <= {one["user_id"] for one in status["delivered"]}, "what was read is delivered"
    assert status["hidden"] == (2 if "ann" in quiet else len(quiet & {"bob", "tess"}))


def test_choices_are_counted_changed_and_ended_by_who_asked() -> None:
    chat = a_talk()
    message = chat.post("bob", rich=Rich(blocks=CHOICE))["id"]
    assert chat.do(m.Choose(message, "blk_1", (0, 2)), "ann") == {"counts": [1, 0, 1]}
    assert chat.do(m.Choose(message, "blk_1", (2,)), "ann") == {"counts": [0, 0, 1]}
    with pytest.raises(InvalidArgument):
        chat.do(m.Choose(message, "blk_1", (3,)), "ann")
    with pytest.raises(PermissionDenied):
        chat.do(m.Choose(message, "blk_1", close=True), "ann")
    assert names(chat.seen(m.Choose(message, "blk_1", close=True), "bob")) == ["block_updated"]
    with pytest.raises(FailedPrecondition):
        chat.do(m.Choose(message, "blk_1", (0,)), "ann")
    chat.world.passivate(ROOM, snapshot=True)
    [block] = chat.messages()[-1]["blocks"]
    assert (block["state"], block["counts"]) == ("closed", [0, 0, 1])


def test_what_one_can_have_is_in_one_hand_at_a_time() -> None:
    chat = a_talk()
    message = chat.do(c.Post(body="", rich=Rich(blocks=SLOTS)), TESS)["id"]
    chat.do(m.ReserveBlock(message, "blk_1"), "ann")
    with pytest.raises(Conflict):
        chat.do(m.ReserveBlock(message, "blk_1"), "bob")
    chat.do(m.SettleBlock(message_id=message, block_id="blk_1", state="open"), SYSTEM)
    chat.do(m.ReserveBlock(message, "blk_1"), "bob")
    chat.do(m.SettleBlock(message_id=message, block_id="blk_1", state="booked", ref="bkg_1"), SYSTEM)
    with pytest.raises(Conflict):
        chat.do(m.ReserveBlock(message, "blk_1"), "bob")
    assert (
        chat.seen(
            m.SettleBlock(message_id=message, block_id="blk_1", state="open", only_from=("booked",), of="bkg_2"), SYSTEM
        )
        == []
    )
    assert names(
        chat.seen(
            m.SettleBlock(message_id=message, block_id="blk_1", state="open", only_from=("booked",), of="bkg_1"), SYSTEM
        )
    ) == ["block_updated"]
    assert (
        chat.seen(m.SettleBlock(message_id=message, block_id="blk_1", state="expired", only_from=("booked",)), SYSTEM)
        == []
    )


def test_blocks_of_a_file_show_what_became_of_it() -> None:
    chat = a_talk()
    shown = [
        {"type": "image", "file_id": one, "block_id": f"blk_{number}", "fallback": "A picture", "state": "ready"}
        for number, one in enumerate(("file_1", "file_2", "file_1"), 1)
    ]
    message = chat.post("bob", rich=Rich(blocks=json.dumps(shown).encode()))["id"]
    plain = chat.post("bob", "no blocks")["id"]
    told = chat.seen(m.SettleFile(message, "file_1", "erased"), SYSTEM)
    assert [(name, body["block_id"], body["state"]) for name, body in told] == [
        ("block_updated", "blk_1", "erased"),
        ("block_updated", "blk_3", "erased"),
    ]
    assert chat.seen(m.SettleFile(message, "file_1", "erased"), SYSTEM) == []
    assert chat.seen(m.SettleFile(plain, "file_1", "erased"), SYSTEM) == []
    assert [one["state"] for one in chat.messages()[-2]["blocks"]] == ["erased", "ready", "erased"]


def test_read_models_of_marks_are_made_again_from_the_journal() -> None:
    chat = a_pair()
    root = chat.post("ann", more=More(ack_requested=True))["id"]
    chat.post("bob", reply_to=root)
    chat.do(m.AcknowledgeMessage(root), "bob")
    before = {name: chat.world.views(name) for name in ("message_margins", "replies")}
    assert all(before.values())
    from actors.kernel.history.rebuild import rebuild
    from tests.unit.rooms.harness import run

    run(rebuild(chat.world.stores, [chat.world.host.kind]))
    assert {name: chat.world.views(name) for name in before} == before


def test_the_words_of_blocks_and_links_are_sealed_and_go_with_their_message() -> None:
    chat = a_talk()
    rich = Rich(html="<p>canary-1</p>", links=b"[]", blocks=CHOICE.replace(b'"?"', b'"canary-2"'))
    message = chat.post("bob", "canary-3", rich=rich)["id"]
    stored = everything_stored(chat)
    assert all(word in stored for word in (b"canary-1", b"canary-2", b"canary-3"))
    chat.do(c.RetractMessage(message), "bob")
    stored = everything_stored(chat)
    assert not any(word in stored for word in (b"canary-1", b"canary-2", b"canary-3"))
    assert msgspec.json.encode(chat.messages()).count(b"canary") == 0
