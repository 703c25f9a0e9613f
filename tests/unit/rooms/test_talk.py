"""What is said, changed, taken back and answered with an emoji."""

from typing import Any

import pytest

from actors.rooms.room import commands as c
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.ids import is_id
from common.numbered_ids import mark_of, seq_in, timed_id
from tests.unit.rooms.chat import ROOM, Chat, a_group, a_pair, everything_stored
from tests.unit.rooms.harness import START_MS

FIELDS = [
    "id",
    "room_id",
    "seq",
    "sender_id",
    "kind",
    "body",
    "client_id",
    "reply_to",
    "attachments",
    "reactions",
    "sent_at",
    "edited_at",
    "deleted_at",
]


def test_a_message_gets_an_id_a_seq_and_a_time_and_is_shown_whole() -> None:
    chat = a_group("bob")
    done = chat.done(
        c.Post(body="hello", client_id="c-1", kind="note", reply_to=None, attachments=b'[{"url": "a"}]'), "bob"
    )
    ack = done.data
    assert ack == {"id": ack["id"], "seq": 2, "sent_at": "2025-11-20T09:30:02.000Z"}
    [[name, message]] = done.packets
    assert name == "message"
    assert list(message) == FIELDS
    assert message == {
        "id": ack["id"],
        "room_id": "r1",
        "seq": 2,
        "sender_id": "bob",
        "kind": "note",
        "body": "hello",
        "client_id": "c-1",
        "reply_to": None,
        "attachments": [{"url": "a"}],
        "reactions": {},
        "sent_at": ack["sent_at"],
        "edited_at": None,
        "deleted_at": None,
    }
    assert chat.messages() == [message]
    assert not chat.world.views("messages")  # the journal holds what did not change
    assert not done.deliveries[0].skip  # the sending socket receives its own like the others


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Post(body=""), "body"),
        (c.Post(body="", attachments=b"[]"), "body"),
        (c.Post(body="a", kind=""), "kind"),
        (c.Post(body="a", kind="two words"), "kind"),
        (c.Post(body="a", kind="k" * 33), "kind"),
        (c.Post(body="a", client_id=""), "client_id"),
        (c.Post(body="a", client_id="c" * 129), "client_id"),
        (c.Post(body="a", client_id="a\nb"), "client_id"),
        (c.Post(body="a", attachments=b'{"a":1}'), "attachments"),
        (c.Post(body="a", attachments=b"[1]"), "attachments"),
        (c.Post(body="a", attachments=b"nonsense"), "attachments"),
        (c.Post(body="a", attachments=b"[" + b",".join([b"{}"] * 11) + b"]"), "attachments"),
        (c.Post(body="a", attachments=b"[" * 100_000), "attachments"),
    ],
)
def test_a_malformed_message_is_refused_and_takes_no_seq(command: c.Post, field: str) -> None:
    chat = a_group()
    with pytest.raises(InvalidArgument) as refusal:
        chat.do(command, "ann")
    assert refusal.value.details == {"field": field}
    assert chat.post("ann")["seq"] == 2


def test_a_message_may_be_an_attachment_alone() -> None:
    chat = a_group()
    chat.post("ann", "", attachments=b'[{"n":1e3,"deep":{"a":[null]}}]')
    [message] = chat.messages()
    assert (message["body"], message["attachments"]) == ("", [{"n": 1000.0, "deep": {"a": [None]}}])


def test_the_same_command_again_is_one_message_and_says_so() -> None:
    chat = a_group()
    first = chat.world.do(ROOM, c.Post(body="hello", client_id="c-1"), "ann", command_id=b"0123456789abcdef")
    again = chat.world.do(ROOM, c.Post(body="hello", client_id="c-1"), "ann", command_id=b"0123456789abcdef")
    assert again.data == first.data | {"duplicate": True}
    assert "duplicate" not in first.data
    assert not again.packets
    assert chat.version == 2


def test_a_repeat_of_another_command_gets_the_same_answer_unchanged() -> None:
    chat = a_group()
    sent = chat.post("ann")
    first = chat.world.do(ROOM, c.React(sent["id"], "👍"), "ann", command_id=b"0123456789abcdef")
    again = chat.world.do(ROOM, c.React(sent["id"], "👍"), "ann", command_id=b"0123456789abcdef")
    assert again.data == first.data


def test_a_reply_names_a_message_of_the_same_room() -> None:
    chat = a_group("bob")
    first = chat.post("ann")
    chat.post("bob", "yes", reply_to=first["id"])
    assert chat.messages()[1]["reply_to"] == first["id"]
    chat.do(c.RetractMessage(first["id"]), "ann")
    chat.post("bob", "still", reply_to=first["id"])  # a deleted message keeps its place
    for strange in not_messages_of(chat, first):
        with pytest.raises(NotFound):
            chat.post("bob", "no", reply_to=strange)


def not_messages_of(chat: Chat, sent: Any) -> list[str]:
    """Ids that look like this room's, and are not."""
    mark = mark_of("r1")
    return [
        timed_id("msg", START_MS, sent["seq"], mark),  # right place, wrong time
        timed_id("msg", START_MS, 1, mark),  # the creation is no message
        timed_id("msg", START_MS, chat.version + 5, mark),
        timed_id("msg", START_MS, 0, mark),
        timed_id("msg", START_MS, sent["seq"], mark_of("r2")),
        sent["id"].replace("msg_", "evt_"),
        sent["id"].lower().replace("msg_", "msg_"),
        sent["id"] + "0",
        "msg_",
        "",
        "7",
        "msg_" + "U" * 18 + mark,
    ]


@pytest.mark.parametrize(
    "command",
    [lambda i: c.Edit(i, "x"), lambda i: c.RetractMessage(i), lambda i: c.React(i, "👍"), lambda i: c.Unreact(i, "👍")],
)
def test_what_is_no_message_of_the_room_is_not_found(command: Any) -> None:
    chat = a_group()
    sent = chat.post("ann")
    for strange in not_messages_of(chat, sent):
        with pytest.raises(NotFound):
            chat.do(command(strange), "ann")
    assert chat.version == 2


def test_ids_sort_by_time_and_give_back_the_seq() -> None:
    mark = mark_of("r1")
    ids = [timed_id("msg", at, seq, mark) for at, seq in ((1, 9), (2, 1), (2**40, 5), (2**40, 6), (2**47, 2**39))]
    assert ids == sorted(ids)
    assert all(map(is_id, ids))
    assert [seq_in(one, mark) for one in ids] == [9, 1, 5, 6, 2**39]


def test_an_edit_replaces_the_body_keeps_the_place_and_takes_a_seq() -> None:
    chat = a_group("bob")
    sent = chat.post("ann", "hello", attachments=b'[{"a":1}]')
    chat.post("bob")
    done = chat.done(c.Edit(sent["id"], "hullo"), "ann")
    assert done.data == {"seq": 4, "edited_at": "2025-11-20T09:30:04.000Z"}
    [[name, payload]] = done.packets
    assert (name, payload["room_id"], payload["seq"]) == ("message_updated", "r1", 4)
    assert payload["message"]["seq"] == 2
    assert payload["message"]["body"] == "hullo"
    assert payload["message"]["attachments"] == [{"a": 1}]
    assert payload["message"]["edited_at"] == done.data["edited_at"]
    assert [message["body"] for message in chat.messages()] == ["hullo", "hello"]
    assert chat.messages()[0] == payload["message"]
    assert chat.do(c.Edit(sent["id"], ""), "ann")  # the attachment remains


def test_only_its_sender_edits_a_message() -> None:
    chat = a_group("bob")
    sent = chat.post("bob")
    with pytest.raises(PermissionDenied):
        chat.do(c.Edit(sent["id"], "x"), "ann")
    with pytest.raises(InvalidArgument):
        chat.do(c.Edit(sent["id"], ""), "bob")
    assert chat.version == 2


def test_a_message_is_not_edited_more_often_than_the_settings_allow() -> None:
    chat = a_group(max_edits=2)
    sent = chat.post("ann")
    chat.do(c.Edit(sent["id"], "1"), "ann")
    chat.world.passivate(ROOM)
    chat.do(c.Edit(sent["id"], "2"), "ann")
    with pytest.raises(FailedPrecondition):
        chat.do(c.Edit(sent["id"], "3"), "ann")
    assert chat.bodies() == ["2"]


def test_deleting_leaves_the_place_and_nothing_that_was_said() -> None:
    chat = a_group("bob")
    sent = chat.post("ann", "a symptom", attachments=b'[{"file":"an x-ray"}]')
    chat.do(c.Edit(sent["id"], "a worse symptom"), "ann")
    chat.do(c.React(sent["id"], "👍"), "bob")
    assert b"a worse symptom" in everything_stored(chat)
    assert b"x-ray" in everything_stored(chat)
    done = chat.done(c.RetractMessage(sent["id"]), "ann")
    assert done.data == {"seq": 5, "deleted_at": "2025-11-20T09:30:05.000Z"}
    [[name, payload]] = done.packets
    assert (name, payload["room_id"], payload["seq"]) == ("message_deleted", "r1", 5)
    message = payload["message"]
    assert (message["body"], message["attachments"], message["reactions"]) == ("", [], {})
    assert message["deleted_at"] == done.data["deleted_at"]
    assert message["seq"] == 2
    for memory in ("kept", "lost"):
        if memory == "lost":
            chat.world.passivate(ROOM)
        assert chat.messages() == [message]
        assert chat.do(c.Join(), "bob")["messages"] == [message]
        assert chat.do(c.Join(since=2), "bob")["messages"] == [message]
        assert chat.do(c.Glance(), "bob")["last_message"] == message
        assert "symptom" not in str(chat.world.replay(ROOM))
        assert "x-ray" not in str(chat.world.replay(ROOM))
        stored = everything_stored(chat)
        assert b"symptom" not in stored
        assert b"x-ray" not in stored


def test_deleting_again_gets_the_first_answer_and_makes_no_event() -> None:
    chat = a_group("bob")
    sent = chat.post("bob")
    first = chat.do(c.RetractMessage(sent["id"]), "bob")
    chat.post("bob")
    chat.world.passivate(ROOM)
    again = chat.done(c.RetractMessage(sent["id"]), "ann")
    assert again.data == first
    assert not again.packets


def test_the_sender_or_the_owner_of_a_group_deletes() -> None:
    chat = a_group("bob", "cyd")
    sent = chat.post("bob")
    with pytest.raises(PermissionDenied):
        chat.do(c.RetractMessage(sent["id"]), "cyd")
    assert chat.do(c.RetractMessage(sent["id"]), "ann")["seq"] == 3
    with pytest.raises(PermissionDenied):  # what is gone is not theirs to ask for either
        chat.do(c.RetractMessage(sent["id"]), "cyd")


def test_in_a_direct_room_nobody_deletes_what_the_other_said() -> None:
    chat = a_pair()
    sent = chat.post("bob")
    with pytest.raises(PermissionDenied):
        chat.do(c.RetractMessage(sent["id"]), "ann")
    assert chat.do(c.RetractMessage(sent["id"]), "bob")


def test_a_deleted_message_takes_no_edit_and_no_reaction() -> None:
    chat = a_group()
    sent = chat.post("ann")
    chat.do(c.RetractMessage(sent["id"]), "ann")
    for command in (c.Edit(sent["id"], "x"), c.React(sent["id"], "👍"), c.Unreact(sent["id"], "👍")):
        with pytest.raises(FailedPrecondition):
            chat.do(command, "ann")
    assert chat.version == 3


@pytest.mark.parametrize("kind", ["system", "System", "SYSTEM"])
def test_a_message_of_our_own_kind_is_refused_from_clients(kind: str) -> None:
    chat = a_group()
    with pytest.raises(InvalidArgument) as refusal:
        chat.do(c.Post(body="Your session has expired. Sign in at ...", kind=kind), "ann")
    assert refusal.value.details == {"field": "kind"}
    assert chat.do(c.Post(body="hello", kind="systems"), "ann")["seq"]


def test_seqs_have_no_gap_across_every_kind_of_event() -> None:
    chat = a_group("bob")
    sent = chat.post("ann")
    for command, by in (
        (c.Edit(sent["id"], "x"), "ann"),
        (c.React(sent["id"], "👍"), "bob"),
        (c.MarkRead("bob", 2), "bob"),  # takes none
        (c.TypingStart(), "bob"),  # neither
        (c.Unreact(sent["id"], "👍"), "bob"),
        (c.Update(title="T"), "ann"),
        (c.AddMembers(("cyd", "dan")), "ann"),
        (c.RemoveMember("cyd"), "ann"),
        (c.RetractMessage(sent["id"]), "ann"),
        (c.Leave(), "ann"),
        (c.Post(body="bye"), "bob"),
    ):
        chat.do(command, by)
    seqs = [payload["seq"] for _, payload in chat.world.replay(ROOM)]
    assert seqs == list(range(1, chat.version + 1)) == list(range(1, 14))
