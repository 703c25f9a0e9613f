"""What rooms, pairs and inboxes store, byte for byte: tags, members and their order. A database holds them for ever."""

from typing import Any, get_args

import msgspec
import pytest

from actors.inboxes.commands import Deliver
from actors.inboxes.inbox import Delivered, Inbox, Seen
from actors.inboxes.kind import InboxKind
from actors.kernel.contract.entity import Recorded
from actors.kernel.history.codec import StoredActivity, StoredEffects, StoredLetter, StoredTimer, StoredView
from actors.rooms.messages.chat_message import Content, Message
from actors.rooms.messages.views import membership_view, message_view
from actors.rooms.pairs import Claimed, Pair, PairKind, PairReleased
from actors.rooms.room import events as e
from actors.rooms.room.state import Frozen, Member
from actors.workflows.chat import tell_removed_member
from store.ports.views import View

PROFILE = e.Profile("group", "Title", True, "ann", 1)
PACKED_PROFILE = b"\x95\xa5group\xa5Title\xc3\xa3ann\x01"
BASE: dict[str, Any] = {"author": "ann", "secret": b"s"}
MESSAGE = Message("m", 1, 2, "ann", "text", 3, "c", "r", 4, 5, {"x": ("ann",)}, (6,), b"z")
EVENTS: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (
        e.Created(**BASE, at=2, profile=PROFILE, members=("ann", "bob")),
        b"\x96\xa7created\xa3ann\xc4\x01s\x02" + PACKED_PROFILE + b"\x92\xa3ann\xa3bob",
    ),
    (
        e.Joined(**BASE, at=2, user="bob", profile=PROFILE),
        b"\x96\xa6joined\xa3ann\xc4\x01s\x02\xa3bob" + PACKED_PROFILE,
    ),
    (e.Left(**BASE, at=2, user="bob"), b"\x95\xa4left\xa3ann\xc4\x01s\x02\xa3bob"),
    (e.Updated(**BASE, at=2, profile=PROFILE), b"\x95\xa7updated\xa3ann\xc4\x01s\x02" + PACKED_PROFILE),
    (
        e.Posted(**BASE, at=2, id="m", kind="text", client_id="c", reply_to="r"),
        b"\x98\xa6posted\xa3ann\xc4\x01s\x02\xa1m\xa4text\xa1c\xa1r",
    ),
    (e.Edited(**BASE, at=2, target=3), b"\x95\xa6edited\xa3ann\xc4\x01s\x02\x03"),
    (e.Deleted(**BASE, at=2, target=3, sender="bob"), b"\x96\xa7deleted\xa3ann\xc4\x01s\x02\x03\xa3bob"),
    (
        e.Reacted(**BASE, at=2, target=3, emoji="x", added=True),
        b"\x97\xa7reacted\xa3ann\xc4\x01s\x02\x03\xa1x\xc3",
    ),
    (e.Read(**BASE, at=2, mark=3, seen=4, upto=5), b"\x97\xa4read\xa3ann\xc4\x01s\x02\x03\x04\x05"),
    (Claimed(**BASE, room_id="r1"), b"\x94\xa7claimed\xa3ann\xc4\x01s\xa2r1"),
    (PairReleased(**BASE), b"\x93\xa8released\xa3ann\xc4\x01s"),
    (Delivered(**BASE, event_id="evt", name="n"), b"\x95\xa9delivered\xa3ann\xc4\x01s\xa3evt\xa1n"),
    (Seen(**BASE, upto=3), b"\x94\xa4seen\xa3ann\xc4\x01s\x03"),
)
STATES: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (
        Frozen(PROFILE, {"ann": Member(1, 2, 3)}, 4, 5, 6, 7, 8, 9, [10], ["ann"]),
        b"\x9a" + PACKED_PROFILE + b"\x81\xa3ann\x93\x01\x02\x03\x04\x05\x06\x07\x08\x09\x91\x0a\x91\xa3ann",
    ),
    (MESSAGE, b"\x9d\xa1m\x01\x02\xa3ann\xa4text\x03\xa1c\xa1r\x04\x05\x81\xa1x\x91\xa3ann\x91\x06\xc4\x01z"),
    (Content("body", b"[]"), b"\x92\xa4body\xc4\x02[]"),
    (
        StoredEffects(
            [StoredView("c", "i", 1, {"f": None}, b"d", b"s")],
            [2],
            [StoredLetter("to", b"id", b"cmd", b"s")],
            [StoredTimer("t", 3, b"cmd")],
            [StoredActivity("email", "k", b"p", "ann", "l", "now", 4, True)],
        ),
        b"\x95\x91\x96\xa1c\xa1i\x01\x81\xa1f\xc0\xc4\x01d\xc4\x01s\x91\x02"
        b"\x91\x94\xa2to\xc4\x02id\xc4\x03cmd\xc4\x01s\x91\x93\xa1t\x03\xc4\x03cmd"
        b"\x91\x98\xa5email\xa1k\xc4\x01p\xa3ann\xa1l\xa3now\x04\xc3",
    ),
)


@pytest.mark.parametrize(("value", "packed"), [*EVENTS, *STATES], ids=lambda value: type(value).__name__)
def test_what_is_stored_are_these_bytes_and_they_are_read_back(value: msgspec.Struct, packed: bytes) -> None:
    assert msgspec.msgpack.encode(value) == packed
    assert msgspec.msgpack.decode(packed, type=type(value)) == value


def test_effects_of_releases_that_knew_no_activities_are_read() -> None:
    packed = b"\x94\x90\x90\x91\x93\xa2to\xc4\x02id\xc4\x03cmd\x91\x93\xa1t\x03\xc4\x03cmd"
    assert msgspec.msgpack.decode(packed, type=StoredEffects) == StoredEffects(
        [], [], [StoredLetter("to", b"id", b"cmd")], [StoredTimer("t", 3, b"cmd")]
    )


def test_every_event_is_among_them() -> None:
    stored = {*get_args(e.AnyEvent), *get_args(PairKind.events), *get_args(InboxKind.events)}
    assert stored == {type(event) for event, _ in EVENTS}


def test_small_states_are_plain_text() -> None:
    assert (PairKind().snapshot(Pair("r1")), InboxKind().snapshot(Inbox("ann", 7))) == (b"r1", b"7")


def test_a_letter_from_before_there_was_a_sealed_part_is_read() -> None:
    letter = StoredLetter("to", b"id", b"cmd")
    assert msgspec.msgpack.decode(b"\x93\xa2to\xc4\x02id\xc4\x03cmd", type=StoredLetter) == letter


def test_views_have_these_fields() -> None:
    assert message_view("room:r", MESSAGE) == View(
        "messages",
        "room:r#1",
        2,
        {"entity": "room:r", "seq": 1, "deleted": True},
        b"\x9d\xa1m\x01\x02\xa3ann\xa4text\x03\xa1c\xa1r\x04\x05\x81\xa1x\x91\xa3ann\x91\x06\xc0",
        b"z",
    )
    assert membership_view("r", "ann", version=1, at_ms=2, left=False) == View(
        "memberships", "ann|r", 1, {"user": "ann", "room": "r", "left": False, "at": 2}
    )


def test_a_letter_is_the_command_of_an_inbox() -> None:
    left = e.Left(author="ann", at=1, user="bob")
    [sent] = tell_removed_member("room:r", Recorded(2, 1, 1, left)).letters
    decoded = msgspec.msgpack.decode(sent.command, type=Deliver)
    packed_id = bytes([0xA0 | len(decoded.event_id)]) + decoded.event_id.encode()
    assert len(decoded.event_id) < 32
    assert sent.command == (
        b"\x84\xa4type\xa7deliver\xa8event_id"
        + packed_id
        + b"\xa4name\xacroom_removed\xa7payload\xc4\x0f"
        + decoded.payload
    )
    assert decoded.payload == b'{"room_id":"r"}'
