"""What follows from messages that mean somebody, ask something, or are said later: to whom, and as which command."""

from typing import Any, Final

import msgspec
import pytest

from actors.calendars.booking.events import BookingChanged
from actors.calendars.booking.state import BookingDetails, Status
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.outgoing.commands import TellSaid
from actors.outgoing.events import Cancelled, Failed, SendDue, Sent
from actors.rooms.marks.commands import SettleBlock
from actors.rooms.marks.events import Acknowledged
from actors.rooms.room.commands import Say
from actors.rooms.room.events import AckAsked, Mentioned, Said
from tests.unit.workflows.test_table import RULES

AT: Final = 1_763_631_000_000
MEANT: Final[dict[str, Any]] = {"author": "ann", "at": AT, "users": ("bob", "cyd"), "message_id": "msg_1", "upto": 7}
LATER: Final[dict[str, Any]] = {"author": "ann", "at": AT, "id": "sch_1", "room": "r1"}
SHOWN: Final = {"scheduled_id": "sch_1", "room_id": "r1", "send_at": "2025-11-20T09:30:00.000Z"}
TOLD: Final = {
    "tell_mentioned",
    "tell_said",
    "notify_mentioned",
    "notify_ack_asked",
    "withdraw_acknowledged",
    "say_scheduled",
    "tell_scheduled_sent",
    "tell_scheduled_failed",
    "tell_scheduled_cancelled",
    "reopen_slots",
}


def letters_of(rule: str, event: Event, entity: str) -> list[tuple[str, bytes, bytes | None]]:
    """(to, command, secret) of what the rule owes."""
    owed = owed_by([RULES[rule]], entity, Recorded(0, AT, 3, event), "3.0").letters
    return [(letter.to, letter.command, letter.secret) for _, letter in owed]


def test_whoever_is_mentioned_finds_it_in_their_mailbox() -> None:
    letters = letters_of("tell_mentioned", Mentioned(**MEANT), "room:r1")
    assert [to for to, _, _ in letters] == ["user:bob", "user:cyd"]
    [first, second] = [msgspec.msgpack.decode(command, type=Deliver) for _, command, _ in letters]
    assert first == second
    assert (first.name, msgspec.json.decode(first.payload)) == (
        "mentioned",
        {"room_id": "r1", "message_id": "msg_1", "seq": 7, "by": "ann"},
    )


@pytest.mark.parametrize(
    ("rule", "event", "told"),
    [
        (
            "notify_mentioned",
            Mentioned(**MEANT),
            Tell(
                name="message_mention",
                subject=Subject("message_mention", "msg_1"),
                sender="ann",
                room="r1",
                named=True,
            ),
        ),
        (
            "notify_ack_asked",
            AckAsked(**MEANT, round=2, urgent=True),
            Tell(
                name="message_ack_requested",
                priority="high",
                subject=Subject("message_ack_requested", "msg_1", 2),
                sender="ann",
                room="r1",
                named=True,
                at_once=True,
            ),
        ),
    ],
)
def test_whoever_is_meant_or_asked_is_told_without_a_word_of_it(rule: str, event: Event, told: Tell) -> None:
    letters = letters_of(rule, event, "room:r1")
    assert [to for to, _, _ in letters] == ["notifier:bob", "notifier:cyd"]
    assert [msgspec.msgpack.decode(command, type=Tell) for _, command, _ in letters] == [told, told]


def test_whoever_acknowledges_is_no_longer_asked() -> None:
    noted = Acknowledged(author="bob", at=AT, target=7, message_id="msg_1")
    [(to, command, _)] = letters_of("withdraw_acknowledged", noted, "room:r1")
    told = msgspec.msgpack.decode(command, type=Tell)
    assert (to, told.withdraw, told.subject) == ("notifier:bob", True, Subject("message_ack_requested", "msg_1", 13))


def test_a_room_is_asked_with_the_words_sealed_and_tells_what_became_of_it() -> None:
    due = SendDue(**LATER, secret=b"words", role="client")
    assert letters_of("say_scheduled", due, "outgoing:ann") == [
        ("room:r1", msgspec.msgpack.encode(Say(user="ann", role="client", scheduled_id="sch_1")), b"words")
    ]
    assert letters_of("say_scheduled", SendDue(**LATER, role="client"), "outgoing:ann") == []  # the person was erased
    said = Said(author="ann", at=AT, scheduled_id="sch_1", message_id="msg_1")
    [(to, command, _)] = letters_of("tell_said", said, "room:r1")
    assert (to, msgspec.msgpack.decode(command, type=TellSaid)) == (
        "outgoing:ann",
        TellSaid(id="sch_1", message_id="msg_1"),
    )


@pytest.mark.parametrize(
    ("rule", "event", "became"),
    [
        (
            "tell_scheduled_sent",
            Sent(**LATER, send_at=AT, message_id="msg_1", words=(1,)),
            {"state": "sent", "message_id": "msg_1"},
        ),
        (
            "tell_scheduled_failed",
            Failed(**LATER, send_at=AT, reason="late", words=(1,)),
            {"state": "failed", "reason": "late"},
        ),
        ("tell_scheduled_cancelled", Cancelled(**LATER, send_at=AT, words=1), {"state": "cancelled"}),
    ],
)
def test_the_person_hears_what_became_of_it(rule: str, event: Event, became: dict[str, str]) -> None:
    [(to, command, _)] = letters_of(rule, event, "outgoing:ann")
    told = msgspec.msgpack.decode(command, type=Deliver)
    assert (to, told.name) == ("user:ann", "scheduled_updated")
    assert msgspec.json.decode(told.payload) == {"scheduled": SHOWN | became}


@pytest.mark.parametrize(
    ("status", "source", "told"),
    [
        ("cancelled", ("r1", "msg_1", "blk_1"), True),
        ("expired", ("r1", "msg_1", "blk_1"), True),
        ("confirmed", ("r1", "msg_1", "blk_1"), False),
        ("cancelled", ("r1", "msg_1", ""), False),  # of a message, not of times that it offers
        ("cancelled", (), False),
    ],
)
def test_times_that_were_offered_are_to_be_had_again_when_their_booking_is_given_up(
    status: Status, source: tuple[str, ...], told: bool
) -> None:
    record = BookingDetails(
        id="bkg_1",
        therapist="doc",
        client="ann",
        service="talk",
        start=AT,
        end=AT + 1,
        tz="UTC",
        status=status,
        key="1.1",
        parties=(),
        source=source,
    )
    letters = letters_of("reopen_slots", BookingChanged(change="any", record=record), "booking:bkg_1")
    again = SettleBlock(message_id="msg_1", block_id="blk_1", state="open", only_from=("booked",), of="bkg_1")
    assert letters == ([("room:r1", msgspec.msgpack.encode(again), None)] if told else [])
