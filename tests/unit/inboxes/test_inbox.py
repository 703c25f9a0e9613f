"""A user's mailbox: numbered, kept, theirs alone."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.inboxes.commands import AckInbox, Deliver, LetterItem, ReadInbox
from actors.inboxes.kind import InboxKind
from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from common.errors import InvalidArgument, PermissionDenied
from tests.unit.rooms.harness import World, run

ANN = "user:ann"


def a_letter(number: int = 1, name: str = "room_added", payload: bytes = b'{"room":{"a":[1]}}') -> Deliver:
    return Deliver(f"evt_{number}", name, payload)


def with_letters(count: int) -> World:
    world = World(InboxKind())
    for number in range(1, count + 1):
        assert world.ask(ANN, a_letter(number), SYSTEM) == {}
    return world


def test_what_is_delivered_is_shown_under_its_own_name_with_two_members_more() -> None:
    done = with_letters(1).do(ANN, a_letter(2, "booking_updated", b' { "booking" : {} } '), SYSTEM)
    assert done.packets == [["booking_updated", {"booking": {}, "event_id": "evt_2", "inbox_seq": 2}]]
    assert [one.version for one in done.deliveries] == [2]
    empty = World(InboxKind()).do(ANN, a_letter(payload=b"{}"), SYSTEM)
    assert empty.packets == [["room_added", {"event_id": "evt_1", "inbox_seq": 1}]]


def test_a_letter_cannot_pretend_to_be_another() -> None:
    done = World(InboxKind()).do(ANN, a_letter(payload=b'{"inbox_seq":9,"event_id":"evt_9"}'), SYSTEM)
    assert done.packets == [["room_added", {"event_id": "evt_1", "inbox_seq": 1}]]


def test_a_letter_may_tell_two_things_which_are_numbered_one_by_one() -> None:
    letter = Deliver(
        "evt_1", "booking_updated", b'{"a":1}', also=(LetterItem("evt_2", "booking_notification", b'{"b":2}'),)
    )
    world = World(InboxKind())
    done = world.do(ANN, letter, SYSTEM)
    assert done.packets == [
        ["booking_updated", {"a": 1, "event_id": "evt_1", "inbox_seq": 1}],
        ["booking_notification", {"b": 2, "event_id": "evt_2", "inbox_seq": 2}],
    ]
    world.passivate(ANN)
    assert [payload["inbox_seq"] for _, payload in world.replay(ANN, since=1)] == [2]


def test_a_letter_of_which_one_part_is_malformed_tells_nothing() -> None:
    world = World(InboxKind())
    with pytest.raises(InvalidArgument):
        world.ask(ANN, Deliver("evt_1", "booking_updated", b"{}", also=(LetterItem("evt_2", "x", b"[]"),)), SYSTEM)
    assert world.replay(ANN) == []


def test_who_comes_back_gets_what_lies_above_their_last_number() -> None:
    world = with_letters(5)
    assert [payload["inbox_seq"] for _, payload in world.replay(ANN, since=3)] == [4, 5]
    world.passivate(ANN)
    assert [payload["inbox_seq"] for _, payload in world.replay(ANN)] == [1, 2, 3, 4, 5]
    name, payload = world.replay(ANN, since=0, limit=2)[0]
    assert (name, payload["from"], payload["to"]) == ("gap", 1, 3)


@pytest.mark.parametrize("stranger", [Principal("bob", "admin"), SYSTEM])
@pytest.mark.parametrize("command", [AckInbox(1), ReadInbox(), Attach()])
def test_only_its_user_reads_a_mailbox(stranger: Principal, command: msgspec.Struct) -> None:
    world = with_letters(1)
    with pytest.raises(PermissionDenied):
        world.ask(ANN, command, stranger)


def test_only_the_system_writes_to_it() -> None:
    for user in ("ann", "bob"):
        with pytest.raises(PermissionDenied):
            World(InboxKind()).ask(ANN, a_letter(), user)


@pytest.mark.parametrize(
    "malformed",
    [
        a_letter(payload=b"[]"),
        a_letter(payload=b"nonsense"),
        a_letter(payload=b""),
        a_letter(name=""),
        a_letter(name='x","'),
        a_letter(name="n" * 65),
        Deliver("not an id", "room_added", b"{}"),
    ],
)
def test_a_malformed_letter_is_refused(malformed: Deliver) -> None:
    world = World(InboxKind())
    with pytest.raises(InvalidArgument):
        world.ask(ANN, malformed, SYSTEM)
    assert world.resident(ANN).version == 0


def test_what_was_seen_is_remembered_and_never_unseen() -> None:
    world = with_letters(3)
    done = world.do(ANN, AckInbox(2), "ann")
    assert done.data == {}
    assert not done.deliveries
    turn = world.resident(ANN).turn
    for seen in (2, 1, 0):
        world.do(ANN, AckInbox(seen), "ann")
    assert world.resident(ANN).turn == turn  # nothing of it was stored
    for snapshot in (False, True):
        world.passivate(ANN, snapshot=snapshot)
        assert world.ask(ANN, ReadInbox(), "ann")["seen"] == 2


@pytest.mark.parametrize("beyond", [4, -1, 10**12])
def test_what_was_never_sent_cannot_have_been_seen(beyond: int) -> None:
    with pytest.raises(InvalidArgument):
        with_letters(3).ask(ANN, AckInbox(beyond), "ann")


def test_a_mailbox_is_read_in_pages() -> None:
    world = with_letters(5)
    page = world.ask(ANN, ReadInbox(after=1, limit=2), "ann")
    assert [one["data"]["inbox_seq"] for one in page["events"]] == [2, 3]
    assert page["events"][0] == {
        "event": "room_added",
        "data": {"room": {"a": [1]}, "event_id": "evt_2", "inbox_seq": 2},
    }
    assert (page["has_more"], page["inbox_seq"], page["seen"]) == (True, 5, 0)
    page = world.ask(ANN, ReadInbox(after=3), "ann")
    assert (len(page["events"]), page["has_more"]) == (2, False)
    for impossible in (ReadInbox(limit=0), ReadInbox(limit=201), ReadInbox(after=-1)):
        with pytest.raises(InvalidArgument):
            world.ask(ANN, impossible, "ann")


def test_an_empty_mailbox_is_everybodys_from_the_start() -> None:
    world = World(InboxKind())
    assert world.ask(ANN, AckInbox(0), "ann") == {}
    assert world.ask(ANN, ReadInbox(), "ann") == {"events": [], "inbox_seq": 0, "seen": 0, "has_more": False}


def test_a_letter_is_sealed_under_its_users_key() -> None:
    world = with_letters(1)
    [turn] = run(world.turns(ANN))
    assert b"room_added" in turn.events[0]
    assert b'"a"' not in turn.events[0]
    run(world.stores.vault.erase("ann"))
    assert world.replay(ANN) == [["room_added", {"event_id": "evt_1", "inbox_seq": 1}]]


def test_what_came_sealed_is_the_payload() -> None:
    done = World(InboxKind()).do(ANN, Deliver("evt_1", "quoted", b"{}", b'{"text":"secret"}'), SYSTEM)
    assert done.packets == [["quoted", {"text": "secret", "event_id": "evt_1", "inbox_seq": 1}]]
    with pytest.raises(InvalidArgument):
        World(InboxKind()).ask(ANN, Deliver("evt_1", "quoted", b"{}", b"no object"), SYSTEM)


def test_a_letter_in_the_clear_is_stored_as_ever() -> None:
    """Those that were written before there was a sealed part still wait in their turns."""
    stored = bytes.fromhex(
        "84a474797065a764656c69766572a86576656e745f6964a86576656e745f6964a46e616d65a46e616d65a77061796c6f6164"
        "c4077061796c6f6164"
    )
    letter = Deliver("event_id", "name", b"payload")
    assert msgspec.msgpack.encode(letter) == stored
    assert msgspec.msgpack.decode(stored, type=Deliver) == letter


@given(st.lists(st.one_of(st.integers(0, 12).map(AckInbox), st.just(a_letter())), max_size=30), st.integers(1, 5))
def test_numbers_have_no_gap_and_the_watermark_never_falls(asked: list[Any], together: int) -> None:
    world, sent, seen = World(InboxKind()), 0, 0
    for start in range(0, len(asked), together):
        batch = asked[start : start + together]
        done = world.turn(ANN, [(one, "ann" if isinstance(one, AckInbox) else SYSTEM) for one in batch])
        for command, outcome in zip(batch, done, strict=True):
            if isinstance(command, Deliver):
                sent += 1
                assert outcome.packets[0][1]["inbox_seq"] == sent
            elif command.inbox_seq <= sent:
                seen = max(seen, command.inbox_seq)
            else:
                assert outcome.answer.code == "invalid_argument"
        world.passivate(ANN)
        assert world.ask(ANN, ReadInbox(limit=1), "ann")["seen"] == seen
    assert [payload["inbox_seq"] for _, payload in world.replay(ANN)] == list(range(1, sent + 1))
