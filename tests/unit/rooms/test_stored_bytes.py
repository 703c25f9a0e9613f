"""What rooms, pairs and inboxes store, byte for byte: tags, members and their order. A database holds them for ever."""

from typing import Any, get_args

import msgspec
import pytest

from actors.inboxes.commands import Deliver
from actors.inboxes.inbox import Inbox, InboxDelivered, Seen
from actors.inboxes.kind import InboxKind
from actors.kernel.contract.entity import Recorded
from actors.kernel.history.codec import StoredActivity, StoredEffects, StoredLetter, StoredTimer, StoredView
from actors.rooms.conversation.binding import Binding, Bond, Consent
from actors.rooms.conversation.policy import PLAIN
from actors.rooms.keeping import events as k
from actors.rooms.marks import events as marked
from actors.rooms.messages.chat_message import Content, Message
from actors.rooms.messages.more import Margin, More, Rich
from actors.rooms.messages.views import membership_view, message_view
from actors.rooms.pairs import Claimed, Pair, PairKind, PairReleased
from actors.rooms.room import events as e
from actors.rooms.room.state import Frozen, Member
from actors.rooms.safety import events as s
from actors.workflows.chat import tell_removed_member
from store.ports.views import View

PROFILE = e.Profile(kind="group", title="Title", open=True, owner="ann", created_at=1)
PACKED_PROFILE = b"\x98\xa5group\xa5Title\xc3\xa3ann\x01\xc0\xc3\xc0"
UNTIMED_PROFILE = b"\x97\xa5group\xa5Title\xc3\xa3ann\x01\xc0\xc3"  # before rooms said how long messages are kept
UNSEARCHED_PROFILE = b"\x96\xa5group\xa5Title\xc3\xa3ann\x01\xc0"  # before rooms could be kept out of search
FORMER_PROFILE = b"\x95\xa5group\xa5Title\xc3\xa3ann\x01"
BOUND = e.Profile(
    kind="direct",
    title="",
    open=False,
    owner="ann",
    created_at=1,
    binding=Binding(
        relation="client_client",
        state="requested",
        at=2,
        until=3,
        maker="ann",
        asked="bob",
        therapist="t",
        care="c",
        policy=PLAIN,
        policy_version=4,
        consents=(Consent("ann", 5, 6),),
        refused_by="b",
        refused_at=7,
        about=True,
        veil="v",
        e2ee=True,
    ),
)
PACKED_BOUND = (
    b"\x98\xa6direct\xa0\xc2\xa3ann\x01\xdc\x00\x11\xadclient_client\xa9requested\x02\x03\xa3ann\xa3bob\xa1t\xa1c"
    + msgspec.msgpack.encode(PLAIN)
    + b"\x04\x91\x93\xa3ann\x05\x06\xa1b\x07\xc3\xa1v\xc3\x00\xc3\xc0"
)
UNASKED_BOUND = (  # before it was known which event holds what was said when it was asked for
    b"\x98\xa6direct\xa0\xc2\xa3ann\x01\xdc\x00\x10\xadclient_client\xa9requested\x02\x03\xa3ann\xa3bob\xa1t\xa1c"
    + msgspec.msgpack.encode(PLAIN)
    + b"\x04\x91\x93\xa3ann\x05\x06\xa1b\x07\xc3\xa1v\xc3\xc3\xc0"
)
PACKED_MESSAGE = b"\xa1m\x01\x02\xa3ann\xa4text\x03\xa1c\xa1r\x04\x05\x81\xa1x\x91\xa3ann\x91\x06"
BASE: dict[str, Any] = {"author": "ann", "secret": b"s"}
MESSAGE = Message(
    id="m",
    seq=1,
    version=2,
    sender="ann",
    kind="text",
    sent_at=3,
    client_id="c",
    reply_to="r",
    edited_at=4,
    deleted_at=5,
    reactions={"x": ("ann",)},
    edits=(6,),
    content=b"z",
)
EVENTS: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (
        e.Created(**BASE, at=2, profile=PROFILE, members=("ann", "bob")),
        b"\x97\xa7created\xa3ann\xc4\x01s\x02" + PACKED_PROFILE + b"\x92\xa3ann\xa3bob\x80",
    ),
    (
        e.Joined(**BASE, at=2, user="bob", profile=PROFILE),
        b"\x99\xa6joined\xa3ann\xc4\x01s\x02\xa3bob" + PACKED_PROFILE + b"\xa0\xc2\x00",
    ),
    (e.Left(**BASE, at=2, user="bob"), b"\x96\xa4left\xa3ann\xc4\x01s\x02\xa3bob\xa0"),
    (e.Updated(**BASE, at=2, profile=PROFILE), b"\x96\xa7updated\xa3ann\xc4\x01s\x02" + PACKED_PROFILE + b"\xc2"),
    (
        e.Posted(**BASE, at=2, id="m", kind="text", client_id="c", reply_to="r"),
        b"\x9a\xa6posted\xa3ann\xc4\x01s\x02\xa1m\xa4text\xa1c\xa1r\xa0\xc0",
    ),
    (e.Edited(**BASE, at=2, target=3), b"\x97\xa6edited\xa3ann\xc4\x01s\x02\x03\x90\xc2"),
    (e.Deleted(**BASE, at=2, target=3, sender="bob"), b"\x97\xa7deleted\xa3ann\xc4\x01s\x02\x03\xa3bob\x90"),
    (
        e.Reacted(**BASE, at=2, target=3, emoji="x", added=True),
        b"\x98\xa7reacted\xa3ann\xc4\x01s\x02\x03\xa1x\xc3\x90",
    ),
    (
        e.ReadMarkMoved(**BASE, at=2, mark=3, seen=4, upto=5),
        b"\x9a\xa4read\xa3ann\xc4\x01s\x02\x03\x04\x05\xa0\x90\xc2",
    ),
    (
        e.UnreadAnnounced(**BASE, at=2, upto=3, unseen=(e.Unseen("bob", 4, "cyd"),)),
        b"\x96\xa9announced\xa3ann\xc4\x01s\x02\x03\x91\x93\xa3bob\x04\xa3cyd",
    ),
    (e.Named(**BASE, at=2, user="bob", upto=3), b"\x97\xa5named\xa3ann\xc4\x01s\x02\xa3bob\x03\xc2"),
    (e.CaughtUp(**BASE, at=2, upto=3), b"\x95\xa9caught_up\xa3ann\xc4\x01s\x02\x03"),
    (e.Agreed(**BASE, at=2), b"\x94\xa6agreed\xa3ann\xc4\x01s\x02"),
    (
        e.Filed(**BASE, at=2, target=3, id="m", files=("f",)),
        b"\x97\xa5filed\xa3ann\xc4\x01s\x02\x03\xa1m\x91\xa1f",
    ),
    (
        e.Referred(**BASE, at=2, target=3, id="m", refs=(("assignment:a", "b"),)),
        b"\x97\xa8referred\xa3ann\xc4\x01s\x02\x03\xa1m\x91\x92\xacassignment:a\xa1b",
    ),
    (e.Rebound(**BASE, at=2, profile=BOUND), b"\x95\xa7rebound\xa3ann\xc4\x01s\x02" + PACKED_BOUND),
    (
        e.Bonded(**BASE, at=2, bond=Bond("care_1", 3, 4, "active")),
        b"\x95\xa6bonded\xa3ann\xc4\x01s\x02\x94\xa6care_1\x03\x04\xa6active",
    ),
    (
        e.Barred(**BASE, at=2, user="bob", other="cyd", barred=True),
        b"\x97\xa6barred\xa3ann\xc4\x01s\x02\xa3bob\xa3cyd\xc3",
    ),
    (
        s.Testified(**BASE, at=2, case="c", report="r", by="bob", reason="spam", subject="cyd", target=3),
        b"\x9a\xa9testified\xa3ann\xc4\x01s\x02\xa1c\xa1r\xa3bob\xa4spam\xa3cyd\x03",
    ),
    (
        s.Held(**BASE, at=2, held="h", kind="text", matched=("link",), client_id="c1", target="m"),
        b"\x9b\xa4held\xa3ann\xc4\x01s\x02\xa1h\xa4text\x91\xa4link\xa2c1\xa1m\xc0\xc0",
    ),
    (
        s.HeldOver(**BASE, at=2, held="h", state="released", message_id="m", seq=3, refusal="left"),
        b"\x99\xa9held_over\xa3ann\xc4\x01s\x02\xa1h\xa8released\xa1m\x03\xa4left",
    ),
    (
        s.MonitoringBegan(**BASE, at=2, user="bob", case="c", until=3, notice=True),
        b"\x98\xb0monitoring_began\xa3ann\xc4\x01s\x02\xa3bob\xa1c\x03\xc3",
    ),
    (
        s.MonitoringEnded(**BASE, at=2, user="bob", told=False),
        b"\x96\xb0monitoring_ended\xa3ann\xc4\x01s\x02\xa3bob\xc2",
    ),
    (k.ContentKept(**BASE, at=2, hold="h", target=3, version=4), b"\x97\xa4kept\xa3ann\xc4\x01s\x02\xa1h\x03\x04"),
    (k.Aged(**BASE, at=2, upto=3), b"\x95\xa4aged\xa3ann\xc4\x01s\x02\x03"),
    (e.Delivered(**BASE, at=2, mark=3), b"\x95\xa9delivered\xa3ann\xc4\x01s\x02\x03"),
    (e.Quieted(**BASE, at=2, quiet=3), b"\x95\xa7quieted\xa3ann\xc4\x01s\x02\x03"),
    (
        e.Pinned(**BASE, at=2, target=3, added=True, pins=("m",)),
        b"\x97\xa6pinned\xa3ann\xc4\x01s\x02\x03\xc3\x91\xa1m",
    ),
    (
        e.Mentioned(**BASE, at=2, users=("bob",), message_id="m", upto=3),
        b"\x98\xa9mentioned\xa3ann\xc4\x01s\x02\x91\xa3bob\xa1m\x03\xa0",
    ),
    (
        e.AckAsked(**BASE, at=2, users=("bob",), message_id="m", upto=3, round=4, urgent=True),
        b"\x99\xa9ack_asked\xa3ann\xc4\x01s\x02\x91\xa3bob\xa1m\x03\x04\xc3",
    ),
    (
        e.Said(**BASE, at=2, scheduled_id="s", message_id="m", reason="r"),
        b"\x97\xa4said\xa3ann\xc4\x01s\x02\xa1s\xa1m\xa1r",
    ),
    (
        marked.Acknowledged(**BASE, at=2, target=3, message_id="m"),
        b"\x98\xacacknowledged\xa3ann\xc4\x01s\x02\x03\xa1m\xa0\x90",
    ),
    (
        marked.Chosen(**BASE, at=2, target=3, message_id="m", block="b", options=(4,)),
        b"\x98\xa6chosen\xa3ann\xc4\x01s\x02\x03\xa1m\xa1b\x91\x04",
    ),
    (
        marked.BlockReserved(**BASE, at=2, target=3, message_id="m", block="b", until=4),
        b"\x98\xaeblock_reserved\xa3ann\xc4\x01s\x02\x03\xa1m\xa1b\x04",
    ),
    (
        marked.BlockSet(**BASE, at=2, target=3, message_id="m", block="b", state="x"),
        b"\x9a\xa9block_set\xa3ann\xc4\x01s\x02\x03\xa1m\xa1b\xa1x\xa0\x90",
    ),
    (Claimed(**BASE, room_id="r1"), b"\x94\xa7claimed\xa3ann\xc4\x01s\xa2r1"),
    (PairReleased(**BASE), b"\x93\xa8released\xa3ann\xc4\x01s"),
    (InboxDelivered(**BASE, event_id="evt", name="n"), b"\x96\xa9delivered\xa3ann\xc4\x01s\xa3evt\xa1n\x00"),
    (Seen(**BASE, upto=3), b"\x95\xa4seen\xa3ann\xc4\x01s\x03\x90"),
)
PACKED_MEMBERS = b"\x81\xa3ann\x97\x01\x02\x03\x00\x00\x00\x00"
PACKED_STATE = b"\x81\xa3ann\x93\x01\x02\x03\x04\x05\x06\x07\x08\x09\x91\x0a\x91\xa3ann"
STATES: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (
        Frozen(
            profile=PROFILE,
            members={"ann": Member(1, 2, 3)},
            last_seq=4,
            posts=5,
            deletions=6,
            last_post=7,
            last_post_at=8,
            floor=9,
            recent_seqs=[10],
            recent_authors=["ann"],
            announcing=11,
            announced=12,
            told={"bob": 13},
            replies=14,
            pins=["p"],
            aged=15,
        ),
        b"\xdc\x00\x16"
        + PACKED_PROFILE
        + PACKED_MEMBERS
        + b"\x04\x05\x06\x07\x08\x09\x91\x0a\x91\xa3ann\x0b\x0c\x81\xa3bob\x0d\x80\xc0\x80\x80\x0e\x91\xa1p"
        + b"\x93\x80\x80\x00\x90\x0f",
    ),
    (MESSAGE, b"\xdc\x00\x12" + PACKED_MESSAGE + b"\xc4\x01z\xa0\xc0\xc2\xc2\xc0"),
    (Content("body", b"[]"), b"\x93\xa4body\xc4\x02[]\xc0"),
    (
        More(format="markdown", mentions=("bob",), priority="urgent", ack_requested=True, source="schedule"),
        b"\x85\xa6format\xa8markdown\xa8mentions\x91\xa3bob\xa8priority\xa6urgent\xadack_requested\xc3"
        b"\xa6source\xa8schedule",
    ),
    (Rich(html="<p>", links=b"[]"), b"\x82\xa4html\xa3<p>\xa5links\xc4\x02[]"),
    (
        Margin(version=1, acks={"bob": 2}, states={"b": "open"}, chosen={"b": {"bob": (0,)}}, reserved={"b": ("x", 3)}),
        b"\x85\xa7version\x01\xa4acks\x81\xa3bob\x02\xa6states\x81\xa1b\xa4open"
        b"\xa6chosen\x81\xa1b\x81\xa3bob\x91\x00\xa8reserved\x81\xa1b\x92\xa1x\x03",
    ),
    (
        StoredEffects(
            views=[StoredView(collection="c", id="i", version=1, fields={"f": None}, data=b"d", secret=b"s")],
            redact=[2],
            letters=[StoredLetter("to", b"id", b"cmd", b"s")],
            timers=[StoredTimer("t", 3, b"cmd")],
            activities=[
                StoredActivity(
                    connector="email",
                    key="k",
                    payload=b"p",
                    owner="ann",
                    lane="l",
                    urgency="now",
                    deadline_ms=4,
                    ask=True,
                )
            ],
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


FORMER: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (
        e.Joined(**BASE, at=2, user="bob", profile=PROFILE),
        b"\x96\xa6joined\xa3ann\xc4\x01s\x02\xa3bob" + FORMER_PROFILE,
    ),
    (e.Updated(**BASE, at=2, profile=PROFILE), b"\x95\xa7updated\xa3ann\xc4\x01s\x02" + UNSEARCHED_PROFILE),
    (e.Updated(**BASE, at=2, profile=PROFILE), b"\x95\xa7updated\xa3ann\xc4\x01s\x02" + UNTIMED_PROFILE),
    (e.Rebound(**BASE, at=2, profile=BOUND), b"\x95\xa7rebound\xa3ann\xc4\x01s\x02" + UNASKED_BOUND),
    (e.Left(**BASE, at=2, user="bob"), b"\x95\xa4left\xa3ann\xc4\x01s\x02\xa3bob"),
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
    (e.ReadMarkMoved(**BASE, at=2, mark=3, seen=4, upto=5), b"\x97\xa4read\xa3ann\xc4\x01s\x02\x03\x04\x05"),
    (e.Named(**BASE, at=2, user="bob", upto=3), b"\x96\xa5named\xa3ann\xc4\x01s\x02\xa3bob\x03"),
    (
        marked.Acknowledged(**BASE, at=2, target=3, message_id="m"),
        b"\x97\xacacknowledged\xa3ann\xc4\x01s\x02\x03\xa1m\xa0",
    ),
    (
        marked.BlockSet(**BASE, at=2, target=3, message_id="m", block="b", state="x"),
        b"\x99\xa9block_set\xa3ann\xc4\x01s\x02\x03\xa1m\xa1b\xa1x\xa0",
    ),
    (
        s.HeldOver(**BASE, at=2, held="h", state="released", message_id="m", seq=3),
        b"\x98\xa9held_over\xa3ann\xc4\x01s\x02\xa1h\xa8released\xa1m\x03",
    ),
    (MESSAGE, b"\x9d" + PACKED_MESSAGE + b"\xc4\x01z"),
)


@pytest.mark.parametrize(("value", "packed"), FORMER, ids=lambda value: type(value).__name__)
def test_what_was_stored_before_there_were_conversations_is_read(value: msgspec.Struct, packed: bytes) -> None:
    assert msgspec.msgpack.decode(packed, type=type(value)) == value


def test_effects_of_releases_that_knew_no_activities_are_read() -> None:
    packed = b"\x94\x90\x90\x91\x93\xa2to\xc4\x02id\xc4\x03cmd\x91\x93\xa1t\x03\xc4\x03cmd"
    assert msgspec.msgpack.decode(packed, type=StoredEffects) == StoredEffects(
        views=[], redact=[], letters=[StoredLetter("to", b"id", b"cmd")], timers=[StoredTimer("t", 3, b"cmd")]
    )


def test_a_snapshot_from_before_anybody_was_told_of_a_room_is_read() -> None:
    packed = b"\x9a" + FORMER_PROFILE + PACKED_STATE
    found = msgspec.msgpack.decode(packed, type=Frozen)
    assert (found.recent_authors, found.announcing, found.announced, found.told) == (["ann"], 0, 0, {})


def test_what_rooms_stored_before_messages_had_more_is_read() -> None:
    posted = b"\x98\xa6posted\xa3ann\xc4\x01s\x02\xa1m\xa4text\xa1c\xa1r"
    found = msgspec.msgpack.decode(posted, type=e.Posted)
    assert found == e.Posted(**BASE, at=2, id="m", kind="text", client_id="c", reply_to="r")
    message = b"\x9d\xa1m\x01\x02\xa3ann\xa4text\x03\xa1c\xa1r\x04\x05\x81\xa1x\x91\xa3ann\x91\x06\xc4\x01z"
    assert msgspec.msgpack.decode(message, type=Message) == MESSAGE
    assert msgspec.msgpack.decode(b"\x92\xa4body\xc4\x02[]", type=Content) == Content("body", b"[]")
    read = msgspec.msgpack.decode(b"\x97\xa4read\xa3ann\xc4\x01s\x02\x03\x04\x05", type=e.ReadMarkMoved)
    assert (read.private, read.unseen_by) == (False, ())


def test_what_inboxes_stored_before_they_were_watched_is_read() -> None:
    delivered = b"\x95\xa9delivered\xa3ann\xc4\x01s\xa3evt\xa1n"
    assert msgspec.msgpack.decode(delivered, type=InboxDelivered) == InboxDelivered(**BASE, event_id="evt", name="n")
    assert msgspec.msgpack.decode(b"\x94\xa4seen\xa3ann\xc4\x01s\x03", type=Seen) == Seen(**BASE, upto=3)
    assert InboxKind().restore("ann", b"7") == Inbox("ann", 7)


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
        b"\xdc\x00\x12" + PACKED_MESSAGE + b"\xc0\xa0\xc0\xc2\xc2\xc0",
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
