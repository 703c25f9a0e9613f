"""Those who read: pages of history, joining where one left off, watermarks, typing, the line in a list of rooms."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract import protocol
from actors.rooms.messages.history import PageBounds
from actors.rooms.messages.unread import FURTHEST
from actors.rooms.room import commands as c
from common.errors import FailedPrecondition, InvalidArgument, PermissionDenied
from tests.unit.rooms.chat import ROOM, Chat, a_group, an_open_room
from tests.unit.rooms.harness import START_MS


def a_talk(posts: int, *others: str, **settings: Any) -> Chat:
    """A group in which ann said "2", "3", ...: each message names its seq."""
    chat = a_group(*others, **settings)
    said = [(c.Post(body=str(seq)), "ann") for seq in range(2, posts + 2)]
    assert all(done.data for done in chat.world.turn(ROOM, said))
    return chat


def test_history_is_told_in_pages_oldest_first() -> None:
    chat = a_talk(10)
    page = chat.do(c.History(limit=3), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["9", "10", "11"], True)
    page = chat.do(c.History(before=9, limit=7), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["2", "3", "4", "5", "6", "7", "8"], False)
    page = chat.do(c.History(after=9, limit=2), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["10", "11"], False)
    page = chat.do(c.History(after=3, limit=2), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["4", "5"], True)
    page = chat.do(c.History(after=3, before=6, limit=2), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["4", "5"], False)
    for empty in (c.History(before=2), c.History(before=0), c.History(after=11), c.History(after=10**9)):
        assert chat.do(empty, "ann") == {"messages": [], "has_more": False}


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_one_to_two_hundred_messages(limit: int) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        a_group().do(c.History(limit=limit), "ann")
    assert refusal.value.details == {"field": "limit"}


@pytest.mark.parametrize("command", [c.History(before=-1), c.History(after=-1), c.Join(-1), c.MarkRead("ann", -1)])
def test_a_seq_is_never_negative(command: c.RoomCommand) -> None:
    with pytest.raises(InvalidArgument):
        a_group().do(command, "ann")


def test_history_passes_over_all_that_is_no_message() -> None:
    chat = a_group()
    first = chat.post("ann", "first")
    for _ in range(60):
        chat.do(c.React(first["id"], "👍"), "ann")
        chat.do(c.Unreact(first["id"], "👍"), "ann")
    chat.post("ann", "last")
    assert chat.bodies() == ["first", "last"]
    assert chat.bodies(after=2, limit=1) == ["last"]
    page = chat.do(c.History(after=0, limit=1), "ann")
    assert ([m["body"] for m in page["messages"]], page["has_more"]) == (["first"], True)
    assert chat.bodies(before=123, limit=1) == ["first"]


def test_history_stays_inside_the_room_as_it_was_when_it_was_asked() -> None:
    """Two commands of one turn: what comes behind the question is not in the answer."""
    chat = a_talk(2)
    asked = chat.world.turn(
        ROOM,
        [
            (c.Post(body="before"), "ann"),
            (c.History(), "ann"),
            (c.Join(since=3), "ann"),
            (c.Post(body="behind"), "ann"),
        ],
    )
    assert [m["body"] for m in asked[1].data["messages"]] == ["2", "3", "before"]
    assert [m["body"] for m in asked[2].data["messages"]] == ["before"]
    assert asked[2].data["last_seq"] == 4


def test_joining_tells_the_newest_fifty() -> None:
    joined = a_talk(60, "bob").do(c.Join(), "bob")
    assert [m["body"] for m in joined["messages"]] == [str(seq) for seq in range(12, 62)]
    assert joined["has_more"] is True
    joined = a_talk(50, "bob").do(c.Join(), "bob")
    assert (len(joined["messages"]), joined["has_more"]) == (50, False)
    assert set(joined) == {"room", "members", "last_seq", "messages", "read", "has_more"}


def test_joining_with_since_tells_what_was_posted_or_changed_after_it() -> None:
    chat = a_talk(5, "bob")
    ids = {m["seq"]: m["id"] for m in chat.messages()}
    chat.do(c.React(ids[2], "👍"), "bob")  # 7: before
    since = chat.version
    chat.do(c.Edit(ids[4], "four"), "ann")
    chat.post("bob", "new")
    chat.do(c.RetractMessage(ids[3]), "ann")
    chat.do(c.React(ids[5], "👍"), "bob")
    joined = chat.do(c.Join(since=since), "bob")
    assert [(m["seq"], m["body"]) for m in joined["messages"]] == [(3, ""), (4, "four"), (5, "5"), (9, "new")]
    assert joined["has_more"] is False
    assert chat.do(c.Join(since=chat.version), "bob")["messages"] == []
    assert chat.do(c.Join(since=10**6), "bob")["messages"] == []


def test_what_a_join_cannot_hold_follows_from_history() -> None:
    chat = a_talk(250, "bob")
    ids = {m["seq"]: m["id"] for m in chat.messages(after=0, limit=200)}
    since = chat.version
    for seq in range(2, 152):
        chat.do(c.React(ids[seq], "👍"), "bob")
    said = [(c.Post(body="new"), "ann") for _ in range(100)]
    chat.world.turn(ROOM, said)
    joined = chat.do(c.Join(since=since), "bob")
    seqs = [m["seq"] for m in joined["messages"]]
    assert seqs == [*range(2, 152), *range(since + 151, since + 201)]
    assert joined["has_more"] is True
    rest = chat.do(c.History(after=seqs[-1], limit=200), "bob")
    assert [m["seq"] for m in rest["messages"]] == list(range(since + 201, chat.version + 1))


def test_who_is_very_far_behind_is_offered_the_whole_history() -> None:
    chat = a_talk(40, "bob", bounds=PageBounds(scan=10, most_changed=20))
    ids = {m["seq"]: m["id"] for m in chat.messages()}
    since = chat.version
    for seq in range(41, 10, -1):
        chat.do(c.React(ids[seq], "👍"), "bob")
    assert len(chat.do(c.Join(since=since), "bob")["messages"]) == 40


def test_a_watermark_moves_forward_only_and_no_further_than_the_end() -> None:
    chat = a_talk(5, "bob")
    done = chat.done(c.MarkRead("bob", 4), "bob")
    assert done.data == {}
    assert done.packets == [
        ["read_receipt", {"room_id": "r1", "user_id": "bob", "seq": 4, "at": "2025-11-20T09:30:03.000Z"}]
    ]
    assert [one.version for one in done.deliveries] == [0]
    for seq in (4, 3, 0):
        assert chat.seen(c.MarkRead("bob", seq), "bob") == []
    [[_, receipt]] = chat.seen(c.MarkRead("bob", 10**15), "bob")
    assert receipt["seq"] == 6
    assert chat.version == 6
    assert chat.do(c.Join(), "ann")["read"] == {"bob": 6}


def test_nobody_says_what_another_has_read() -> None:
    with pytest.raises(PermissionDenied):
        a_talk(1, "bob").do(c.MarkRead("bob", 2), "ann")


def test_unread_counts_what_others_said_above_the_watermark() -> None:
    chat = a_talk(5, "bob")
    assert (chat.unread("ann"), chat.unread("bob")) == (0, 5)
    chat.post("bob")  # 7; has not read the others for all that
    assert (chat.unread("ann"), chat.unread("bob")) == (1, 5)
    chat.do(c.MarkRead("bob", 3), "bob")
    assert chat.unread("bob") == 3
    ids = {m["seq"]: m["id"] for m in chat.messages()}
    chat.do(c.RetractMessage(ids[2]), "ann")  # was read
    assert chat.unread("bob") == 3
    chat.do(c.RetractMessage(ids[5]), "ann")  # was not
    assert chat.unread("bob") == 2
    chat.do(c.RetractMessage(ids[7]), "bob")  # their own
    assert (chat.unread("ann"), chat.unread("bob")) == (0, 2)
    chat.do(c.MarkRead("bob", 5), "bob")
    assert chat.unread("bob") == 1
    chat.do(c.MarkRead("bob", 100), "bob")
    assert chat.unread("bob") == 0


def test_a_mark_made_before_one_left_says_nothing_after_one_came_back() -> None:
    """All in one turn, whose replay has the mark behind the coming back."""
    chat = a_talk(3, "bob")
    marked, *_ = chat.world.turn(
        ROOM,
        [
            (c.MarkRead("bob", 4), "bob"),
            (c.RemoveMember("bob"), "ann"),
            (c.AddMembers(("bob",)), "ann"),
            (c.Post(body="news"), "ann"),
        ],
    )
    assert marked.packets
    assert chat.unread("bob") == 1
    chat.world.passivate(ROOM)
    assert chat.unread("bob") == 1
    assert chat.do(c.Join(), "bob")["read"] == {}


def test_edits_and_reactions_are_not_unread() -> None:
    chat = a_talk(1, "bob")
    [message] = chat.messages()
    chat.do(c.Edit(message["id"], "x"), "ann")
    chat.do(c.React(message["id"], "👍"), "ann")
    assert chat.unread("bob") == 1


def test_marking_far_behind_the_end_counts_the_stretch_in_the_journal_once() -> None:
    chat = a_talk(50, "bob", window=4)
    ids = {m["seq"]: m["id"] for m in chat.messages()}
    for seq in (2, 10, 11, 30):
        chat.do(c.RetractMessage(ids[seq]), "ann")
    chat.world.passivate(ROOM, snapshot=True)
    chat.world.fetched.clear()
    assert chat.unread("bob") == 46
    assert chat.done(c.MarkRead("bob", 20), "bob").packets
    assert chat.unread("bob") == 30  # 21..51 without 30
    assert chat.world.fetched == ["51", "read/bob/1/20/4"]
    chat.do(c.MarkRead("bob", 49), "bob")  # among the recent ones
    assert chat.unread("bob") == 2
    assert len(chat.world.fetched) == 2


def test_a_mark_that_passes_too_much_at_once_is_told_what_to_do() -> None:
    chat = a_talk(20, "bob", window=2)
    room = chat.world.resident(ROOM).entity
    room.members["bob"].read = room.members["bob"].joined = -FURTHEST  # as if the room were that long
    chat.world.fetched.clear()
    with pytest.raises(FailedPrecondition):
        chat.do(c.MarkRead("bob", 5), "bob")
    assert not chat.world.fetched


def test_typing_is_told_to_the_others_and_ends_by_itself() -> None:
    chat = a_group("bob")
    [start] = chat.done(c.TypingStart(), "bob").deliveries
    typist = {"room_id": "r1", "user_id": "bob", "role": "client"}
    assert msgspec.json.decode(start.packet) == ["typing_start", typist]
    assert msgspec.json.decode(start.lapse) == ["typing_stop", typist]
    assert (start.version, start.skip, start.ttl_s) == (0, "bob", 6.0)
    [stop] = chat.done(c.TypingStop(), "bob").deliveries
    assert stop == protocol.TopicDelivery(
        topic=ROOM, version=0, packet=start.lapse, at_ms=stop.at_ms, skip="bob", key=start.key
    )
    assert chat.version == 1
    assert chat.world.resident(ROOM).turn == 1  # nothing of it was stored


def test_a_glance_shows_the_room_as_a_line_of_a_list() -> None:
    chat = an_open_room()
    line = chat.do(c.Glance(), "ann")
    assert line == {"room": line["room"], "last_seq": 1, "unread": 0, "last_message": None}
    assert line["room"]["title"] == "Lobby"
    assert chat.do(c.Peek(), "ann") == {"active_at": START_MS + 1000}
    sent = chat.post("ann", "hi")
    chat.do(c.React(sent["id"], "👍"), "ann")
    for _ in range(2):
        line = chat.do(c.Glance(), "ann")
        assert line["last_message"] == chat.messages()[0]
        assert line["last_seq"] == line["room"]["last_seq"] == 3
        chat.world.passivate(ROOM)


def test_a_gap_names_the_room_and_what_is_missing() -> None:
    chat = a_talk(10)
    assert chat.world.replay(ROOM, since=1, limit=4)[0] == ["gap", {"room_id": "r1", "from": 2, "to": 7}]


def test_a_replay_shows_every_number_with_the_message_as_it_is_by_now() -> None:
    chat = a_group("bob")
    sent = chat.post("ann", "one")
    chat.do(c.Edit(sent["id"], "two"), "ann")
    chat.do(c.React(sent["id"], "👍"), "bob")
    [[_, now]] = chat.seen(c.Edit(sent["id"], "three"), "ann")
    replayed = chat.world.replay(ROOM, since=1)
    assert [name for name, _ in replayed] == ["message", "message_updated", "reaction", "message_updated"]
    assert replayed[0][1] == now["message"]
    assert [payload["message"] for _, payload in replayed[1:]] == [now["message"]] * 3
