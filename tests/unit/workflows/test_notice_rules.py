"""What people are told while they do not look, and what follows from notifiers: to whom, and as which command."""

from typing import Any, Final, Literal

import msgspec
import pytest
from msgspec.structs import replace

from actors.calendars.booking.events import BookingChanged, Reminded
from actors.calendars.booking.state import BookingDetails
from actors.calendars.waitlist.events import OfferMade
from actors.calendars.waitlist.state import FreedSlot, Offer
from actors.inboxes.commands import Deliver, Whisper
from actors.inboxes.inbox import Seen
from actors.kernel.contract.entity import Event, Letter, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.notifications.activities import Mail
from actors.notifications.device.commands import Claim
from actors.notifications.device.events import DeviceClaimed
from actors.notifications.mailing.events import Traced
from actors.notifications.notifier.commands import Acknowledge, MailCameBack, Tell
from actors.notifications.notifier.device_commands import DropDevice
from actors.notifications.notifier.events import (
    AllRead,
    CountsTold,
    DeviceKept,
    DeviceRegistered,
    MailOwed,
    Marked,
    Notified,
    Released,
    SeenOnScreen,
)
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.planning.plan import ChannelPlan
from actors.notifications.notifier.subjects import Subject, Words
from actors.rooms.room.events import CaughtUp, Named, UnreadAnnounced, Unseen
from tests.unit.workflows.test_table import RULES

AT: Final = 1_763_631_000_000
RECORD: Final = BookingDetails(
    id="b1",
    therapist="doc",
    client="ann",
    service="talk",
    start=AT,
    end=AT + 3_600_000,
    tz="Europe/Berlin",
    status="confirmed",
    key="1.1",
    parties=("calendar:doc",),
    former="eve",
)
VALUES: Final[dict[str, str | int]] = {"starts_at_ms": AT, "ends_at_ms": AT + 3_600_000, "zone": "Europe/Berlin"}
ITEM: Final = Item(
    number=3,
    id="ntf_1",
    name="announcement",
    priority="normal",
    created_ms=AT,
    place=1,
    totals={"system": 1},
    plans={"in_app": ChannelPlan("sent"), "push": ChannelPlan("skipped"), "email": ChannelPlan("skipped")},
)
WORDS: Final = msgspec.msgpack.encode(Words(title="Hello", body="Ann"))
TOLD: Final = {
    "notify_unseen",
    "notify_named",
    "withdraw_read",
    "notify_booking",
    "notify_reminder",
    "notify_offer",
    "notify_security",
    "deliver_notification",
    "deliver_released",
    "show_marked",
    "show_seen",
    "show_all_read",
    "show_counts",
    "tell_seen",
    "claim_device",
    "drop_former",
    "tell_bounced",
}


def letters(rule: str, event: Event, key: str = "ann") -> list[Letter]:
    """What the rule writes because of the event numbered 7."""
    found = RULES[rule]
    owed = owed_by([found], f"{found.kind}:{key}", Recorded(7, AT, 3, event), "7").letters
    assert all(letter.to.partition(":")[0] in found.to for _, letter in owed)
    return [letter for _, letter in owed]


def told(rule: str, event: Event) -> list[tuple[str, Tell]]:
    return [(one.to, msgspec.msgpack.decode(one.command, type=Tell)) for one in letters(rule, event)]


@pytest.mark.parametrize(
    ("change", "status", "name", "users"),
    [
        ("created", "confirmed", "booking_confirmed", ["ann", "doc"]),
        ("confirmed", "confirmed", "booking_confirmed", ["ann", "doc"]),
        ("rescheduled", "confirmed", "booking_changed", ["ann", "doc"]),
        ("updated", "confirmed", "booking_changed", ["ann", "doc"]),
        ("transferred", "confirmed", "booking_changed", ["ann", "doc", "eve"]),
        ("cancelled", "cancelled", "booking_cancelled", ["ann", "doc"]),
        ("declined", "cancelled", "booking_cancelled", ["ann", "doc"]),
    ],
)
def test_both_are_told_of_each_change_at_its_version(change: str, status: Any, name: str, users: list[str]) -> None:
    event = BookingChanged(change=change, record=replace(RECORD, status=status))
    tell = Tell(name=name, subject=Subject("booking", "b1", 7), values=VALUES)
    assert told("notify_booking", event) == [(f"notifier:{user}", tell) for user in users]


@pytest.mark.parametrize(("awaiting", "user"), [("client", "ann"), ("therapist", "doc")])
def test_a_request_is_told_to_who_must_answer(awaiting: str, user: str) -> None:
    event = BookingChanged(change="requested", record=replace(RECORD, status="pending", awaiting=awaiting))
    ((to, tell),) = told("notify_booking", event)
    assert (to, tell.name) == (f"notifier:{user}", "booking_requested")


def test_members_are_told_how_much_they_have_not_read_and_never_what() -> None:
    unseen = (Unseen("bob", 4, "cyd"), Unseen("eve", 1))
    found = told("notify_unseen", UnreadAnnounced(at=AT, upto=9, unseen=unseen))
    assert [(to, tell.count, tell.sender, tell.subject) for to, tell in found] == [
        ("notifier:bob", 4, "cyd", Subject("room", "ann", 9)),
        ("notifier:eve", 1, "", Subject("room", "ann", 9)),
    ]
    ((to, tell),) = told("notify_named", Named(author="ann", at=AT, user="bob", upto=9))
    assert (to, tell.named, tell.sender) == ("notifier:bob", True, "ann")
    ((to, tell),) = told("withdraw_read", CaughtUp(author="bob", at=AT, upto=9))
    assert (to, tell.withdraw, tell.subject) == ("notifier:bob", True, Subject("room", "ann", 9))


def test_a_hold_is_nobodys_news_and_what_is_over_is_taken_back() -> None:
    assert told("notify_booking", BookingChanged(change="created", record=replace(RECORD, status="held"))) == []
    over = told("notify_booking", BookingChanged(change="completed", record=replace(RECORD, status="completed")))
    assert [(to, tell.withdraw, tell.subject) for to, tell in over] == [
        *((f"notifier:{user}", True, Subject("booking", "b1", 7)) for user in ("ann", "doc")),
        ("notifier:doc", True, Subject("outcome", "b1", 7)),
    ]
    lapsed = told("notify_booking", BookingChanged(change="expired", record=replace(RECORD, status="expired")))
    assert {tell.subject for _, tell in lapsed} == {Subject("booking", "b1", 7)}


def test_the_bookings_of_a_series_are_one_group() -> None:
    event = BookingChanged(change="created", record=replace(RECORD, series="s1"))
    assert {tell.group for _, tell in told("notify_booking", event)} == {"series:s1:booking_confirmed"}


def test_a_reminder_is_worth_nothing_once_it_has_begun() -> None:
    found = told("notify_reminder", Reminded(record=RECORD, starts_in_ms=60_000))
    assert [(to, tell.name, tell.expires_at_ms) for to, tell in found] == [
        ("notifier:ann", "appointment_reminder", AT),
        ("notifier:doc", "appointment_reminder", AT),
    ]


def test_an_offer_is_told_until_it_lapses() -> None:
    offer = Offer(
        id="o1", entry="w", client="ann", calendar="doc", service="t", opening=FreedSlot("doc", 1, 2), expires=AT
    )
    ((to, tell),) = told("notify_offer", OfferMade(offer=offer))
    assert (to, tell.name, tell.expires_at_ms) == ("notifier:ann", "waitlist_offer", AT)


def test_a_warning_by_mail_is_a_notice_and_a_code_is_not() -> None:
    def owed(template: str, **more: str) -> MailOwed:
        return MailOwed(author="ann", secret=msgspec.msgpack.encode(Mail(template, **more)), mail_id="m")  # type: ignore[arg-type] # texts

    ((to, tell),) = told("notify_security", owed("new_sign_in", user="ann"))
    assert (to, tell.name, tell.channels) == ("notifier:ann", "security_notice", ("in_app", "push"))
    assert told("notify_security", owed("password_reset", user="ann", code="123")) == []
    assert told("notify_security", owed("invitation", to="eve@example.org")) == []
    assert told("notify_security", MailOwed(author="ann", mail_id="m")) == []


@pytest.mark.parametrize(("rule", "event"), [("deliver_notification", Notified), ("deliver_released", Released)])
def test_a_notification_lies_in_the_inbox_sealed_and_watched(rule: str, event: Any) -> None:
    (letter,) = letters(rule, event(author="ann", secret=WORDS, item=ITEM))
    command = msgspec.msgpack.decode(letter.command, type=Deliver)
    assert (letter.to, letter.owner, command.name, command.watch) == ("user:ann", "ann", "notification", 3)
    assert b"Hello" not in letter.command
    assert letter.secret is not None
    shown = msgspec.json.decode(letter.secret)["notification"]
    assert (shown["title"], shown["body"], shown["seq"], shown["read_at"]) == ("Hello", "Ann", 3, None)


def test_what_is_not_for_the_inbox_does_not_lie_there() -> None:
    item = replace(ITEM, plans=ITEM.plans | {"in_app": ChannelPlan("held", until=AT)})
    assert letters("deliver_notification", Notified(author="ann", secret=WORDS, item=item)) == []


@pytest.mark.parametrize(
    ("rule", "event", "name", "payload"),
    [
        (
            "show_marked",
            Marked(number=3, id="ntf_1", category="system", place=1, how="read", at_ms=AT, seen_ms=AT, read_ms=AT),
            "notification_updated",
            {
                "id": "ntf_1",
                "seen_at": "2025-11-20T09:30:00.000Z",
                "read_at": "2025-11-20T09:30:00.000Z",
                "archived_at": None,
            },
        ),
        (
            "show_seen",
            SeenOnScreen(numbers=(3, 4), at_ms=AT, ids=("ntf_1",)),
            "notification_updated",
            {"id": "ntf_1", "seen_at": "2025-11-20T09:30:00.000Z", "read_at": None, "archived_at": None},
        ),
        (
            "show_all_read",
            AllRead(number=9, places={"system": 4}, at_ms=AT, category="system", unread=1),
            "notifications_read",
            {"up_to": 9, "category": "system", "unread": 1},
        ),
        (
            "show_counts",
            CountsTold(by_category={"system": 2, "calls": 1}, at_ms=AT),
            "unread",
            {"unread": 3, "by_category": {"system": 2, "calls": 1}},
        ),
    ],
)
def test_other_sockets_hear_what_changed(rule: str, event: Event, name: str, payload: Any) -> None:
    (letter,) = letters(rule, event)
    command = msgspec.msgpack.decode(letter.command, type=Whisper)
    assert (letter.to, command.name, msgspec.json.decode(command.payload)) == ("user:ann", name, payload)


def test_what_was_seen_before_is_nobodys_news() -> None:
    assert letters("show_seen", SeenOnScreen(numbers=(3, 4), at_ms=AT)) == []


def test_counts_that_come_later_are_not_told_now() -> None:
    assert letters("show_counts", CountsTold(by_category=None, at_ms=AT)) == []


def test_what_was_acknowledged_reaches_the_notifier_in_one_letter() -> None:
    (letter,) = letters("tell_seen", Seen(upto=9, watched=(3, 4)))
    assert (letter.to, msgspec.msgpack.decode(letter.command, type=Acknowledge)) == (
        "notifier:ann",
        Acknowledge((3, 4)),
    )
    assert letters("tell_seen", Seen(upto=9)) == []


def test_a_token_is_claimed_and_whose_it_was_loses_it() -> None:
    device = DeviceKept(id="d", mark="hash", service="webpush", platform="web", at_ms=AT)
    (claim,) = letters("claim_device", DeviceRegistered(author="ann", secret=b"s", device=device))
    assert (claim.to, msgspec.msgpack.decode(claim.command, type=Claim)) == ("device:hash", Claim("ann"))
    (drop,) = letters("drop_former", DeviceClaimed(user="bob", former="ann"), "hash")
    assert (drop.to, msgspec.msgpack.decode(drop.command, type=DropDevice)) == ("notifier:ann", DropDevice("hash"))
    assert letters("drop_former", DeviceClaimed(user="bob"), "hash") == []


def test_a_mail_that_came_back_or_was_not_wanted_is_told_to_whom_it_was_for() -> None:
    fates: tuple[Literal["bounced", "complained"], ...] = ("bounced", "complained")
    for told in fates:
        (letter,) = letters("tell_bounced", Traced(fate=told, user="ann", delivery="dlv_1"), key="atv_1")
        assert letter.to == "notifier:ann"
        assert msgspec.msgpack.decode(letter.command, type=MailCameBack) == MailCameBack("dlv_1", told)
    for fate in ("deferred", "delivered"):
        assert letters("tell_bounced", Traced(fate=fate, user="ann", delivery="dlv_1"), key="atv_1") == []
