"""What can be done about a notification by its buttons, and where it leads."""

from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.actions import NotificationLinks
from actors.notifications.notifier.commands import GetNotification, ListNotifications, Mark, PullNotifications, Render
from actors.notifications.notifier.rules.facts import Installation
from actors.notifications.notifier.subjects import Subject, Words
from common.auth.keys import link_keys
from common.auth.links import Link, LinkTokens
from common.timeline import DAY_MS, HOUR_MS
from config.settings import Settings
from tests.unit.notifications.notifier_world import HOUSE, ID, Told
from tests.unit.rooms.harness import run

TOKENS: Final = LinkTokens([b"k" * 32])
PUBLIC: Final = "https://care.example"
LINKED: Final = replace(HOUSE, links=NotificationLinks(PUBLIC, TOKENS))
BOOKING: Final = Subject("booking", "bkg_1", 4)


def pressable(notification: Any) -> list[Link]:
    """What the buttons do, as whoever presses them is read."""
    shown = notification.get("actions", [])
    found = [TOKENS.read(one["link"].removeprefix(f"{PUBLIC}/l/")) for one in shown]
    assert [one["id"] for one in shown] == [one.action for one in found]
    return found


@pytest.mark.parametrize(
    ("name", "subject", "actions"),
    [
        ("booking_requested", BOOKING, ["confirm_booking", "cancel_booking"]),
        ("booking_confirmed", BOOKING, ["cancel_booking"]),
        ("booking_changed", BOOKING, ["cancel_booking"]),
        ("appointment_reminder", BOOKING, ["cancel_booking", "snooze"]),
        ("waitlist_offer", Subject("offer", "off_1", 2), ["accept_offer", "decline_offer"]),
        ("session_outcome", Subject("outcome", "bkg_1", 4), ["complete_booking", "mark_no_show"]),
        ("announcement", None, ["mark_read"]),
        ("maintenance", None, ["mark_read"]),
        ("worksheet_due", Subject("assignment", "asg_1", 1), ["snooze"]),
        ("booking_cancelled", BOOKING, []),
        ("chat_message", Subject("room", "r1", 1), []),
        ("security_notice", None, []),
    ],
)
def test_each_type_has_its_buttons(name: str, subject: Subject | None, actions: list[str]) -> None:
    told = Told(LINKED)
    shown = told.tell(name, subject=subject, values={"starts_at_ms": told.now_ms + DAY_MS})
    assert [one.action for one in pressable(shown)] == actions
    assert all(one.user == "ann" for one in pressable(shown))


def test_they_are_the_same_in_the_list_and_for_a_worker_and_are_sealed() -> None:
    told = Told(LINKED)
    shown = told.tell("booking_confirmed", subject=BOOKING)
    assert shown["actions"][0]["title"] == "Cancel this session"
    assert shown["title"] == "Your appointment is confirmed"
    (listed,) = told.ask(ListNotifications())["notifications"]
    (pulled,) = told.ask(PullNotifications(0))["notifications"]
    got = told.ask(GetNotification(shown["id"]))["notification"]
    assert shown["actions"] == listed["actions"] == pulled["actions"] == got["actions"]
    stored = b"".join(map(msgspec.msgpack.encode, run(told.world.turns(ID))))
    assert shown["id"].encode() in stored
    assert shown["actions"][0]["link"].encode() not in stored


def test_a_button_about_a_booking_is_good_for_its_version_until_it_begins() -> None:
    told = Told(LINKED)
    begins_ms = told.now_ms + DAY_MS
    (cancel,) = pressable(told.tell("booking_changed", subject=BOOKING, values={"starts_at_ms": begins_ms}))
    assert (cancel.subject, cancel.version, cancel.expires_s) == ("bkg_1", 4, begins_ms // 1000)


def test_how_a_session_went_is_asked_after_the_booking_was_told_of_and_answered_whatever_its_version() -> None:
    told = Told(LINKED)
    told.tell("booking_confirmed", subject=BOOKING)
    told.tell("appointment_reminder", subject=Subject("booking", "bkg_1", 5))
    asked = told.tell("session_outcome", subject=Subject("outcome", "bkg_1", 4), values={"starts_at_ms": 1})
    assert {(one.subject, one.version) for one in pressable(asked)} == {("bkg_1", 0)}
    assert min(one.expires_s for one in pressable(asked)) > told.now_ms // 1000 + 29 * DAY_MS // 1000


def test_nothing_is_done_about_several_at_once() -> None:
    told = Told(LINKED)
    told.tell("booking_confirmed", subject=Subject("booking", "bkg_1", 1), group="series")
    both = told.tell("booking_confirmed", subject=Subject("booking", "bkg_2", 1), group="series")
    assert both["count"] == 2
    assert pressable(both) == []


def test_what_was_put_off_can_be_put_off_again() -> None:
    told = Told(LINKED)
    shown = told.tell("worksheet_due", subject=Subject("assignment", "asg_1", 1))
    assert [one.version for one in pressable(shown)] == [0]
    told.ask(Mark(shown["id"], "snoozed", told.now_ms + HOUR_MS))
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    again = told.ask(GetNotification(shown["id"]))["notification"]
    assert [(one.action, one.version) for one in pressable(again)] == [("snooze", 1)]


def test_words_of_somebodys_own_stay_and_a_mail_gets_its_buttons_where_it_is_made() -> None:
    told = Told(LINKED)
    words = msgspec.msgpack.encode(Words(title="Closed", body="On Friday.", data=b'{"a":1}', link="https://x.example"))
    shown = told.tell("announcement", secret=words, channels=("in_app", "email"))
    assert (shown["title"], shown["body"], shown["data"]) == ("Closed", "On Friday.", {"a": 1})
    assert shown["link"] == "https://x.example"
    told.pass_time(told.now_ms + HOUR_MS)
    ((_, sending),) = told.owed()
    mail = told.ask(Render(sending), SYSTEM)["mail"]
    assert (mail["title"], mail["actions"]) == ("Closed", [])


def test_a_mail_of_a_type_with_buttons_keeps_the_words_of_its_template() -> None:
    told = Told(LINKED)
    told.tell("booking_confirmed", subject=BOOKING)
    ((_, sending),) = told.owed()
    mail = told.ask(Render(sending), SYSTEM)["mail"]
    assert (mail["title"], mail["body"]) == ("", "")


@pytest.mark.parametrize(
    ("members", "link"),
    [
        ({"subject": BOOKING}, f"{PUBLIC}/open/booking/bkg_1"),
        ({"subject": BOOKING, "link": "/open/meeting/m1"}, f"{PUBLIC}/open/meeting/m1"),
        ({"subject": Subject("No Kind", "1", 1)}, None),
        ({}, None),
    ],
    ids=["its subject", "its own", "nothing that a path can name", "about nothing"],
)
def test_it_leads_to_what_it_is_about(members: Any, link: str | None) -> None:
    assert Told(LINKED).tell("booking_changed", **members).get("link") == link


def test_without_a_public_address_links_are_paths_and_without_a_key_there_are_no_buttons() -> None:
    shown = Told(replace(HOUSE, links=NotificationLinks("", TOKENS))).tell("booking_changed", subject=BOOKING)
    assert shown["link"] == "/open/booking/bkg_1"
    assert shown["actions"][0]["link"].startswith("/l/")
    assert "actions" not in Told().tell("booking_changed", subject=BOOKING)


def test_an_installation_signs_with_the_key_that_its_doors_read_with() -> None:
    settings = Settings.model_validate({"auth": {"secret": "s" * 40}, "http": {"public_url": f"{PUBLIC}/"}})
    links = Installation.of(settings).links
    assert (links.public_url, Installation.of(Settings()).links.tokens) == (PUBLIC, None)
    assert links.tokens is not None
    link = Link(action="mark_read", user="ann", subject="ntf_1", version=0, expires_s=1)
    assert LinkTokens(link_keys("s" * 40, settings.notifications.link_generation)).read(links.tokens.make(link)) == link
