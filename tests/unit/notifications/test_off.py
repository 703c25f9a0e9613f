"""While notifications are switched off, what has been owed since before waits; emergencies go on."""

from typing import Any

import pytest

from actors.notifications.notifier.commands import CountUnread, ListDeliveries, Mark
from actors.notifications.notifier.rules.facts import Installation
from common.timeline import HOUR_MS
from config.capabilities.notifications import NotificationSettings
from config.settings import Settings
from tests.unit.notifications.notifier_world import HOUSE, Told

OFF = Installation(NotificationSettings(), channels=frozenset(("in_app", "email")), off=True)


def set_house(told: Told, house: Installation) -> None:
    """As a process that is started with other settings has it."""
    told.world.resident("notifier:ann").entity.house = house


def why(told: Told, notification: Any, channel: str) -> Any:
    return told.ask(ListDeliveries(notification["id"]))["why"][channel]


def sent(told: Told) -> list[str]:
    return sorted(one.what for _, one in told.owed())


@pytest.mark.parametrize("how", ["made for later", "put off"])
def test_what_comes_due_while_they_are_off_is_told_whole_when_they_are_on_again(how: str) -> None:
    told = Told()
    told.register()
    due_ms = told.now_ms + HOUR_MS
    if how == "put off":
        one = told.tell()
        told.ask(Mark(one["id"], "snoozed", due_ms))
    else:
        told.tell(send_at_ms=due_ms)
    sent(told)
    set_house(told, OFF)
    told.pass_time(due_ms + HOUR_MS)
    assert sent(told) == []
    assert told.ask(CountUnread())["unread"] == 0
    set_house(told, HOUSE)
    told.pass_time(told.now_ms + HOUR_MS)
    assert told.ask(CountUnread())["unread"] == 1
    assert sent(told) == ["email", "push"]


def test_what_was_owed_when_notifications_were_switched_off_waits_and_is_sent_when_they_are_on_again() -> None:
    told = Told()
    told.register()
    one = told.tell()
    set_house(told, OFF)
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    assert sent(told) == []
    assert [why(told, one, channel)["verdict"] for channel in ("push", "email")] == ["held", "held"]
    set_house(told, HOUSE)
    told.pass_time(told.now_ms + HOUR_MS)
    assert sent(told) == ["email", "push"]


def test_what_was_read_while_they_were_off_is_not_sent_afterwards() -> None:
    told = Told()
    told.register()
    one = told.tell()
    set_house(told, OFF)
    told.pass_time(told.now_ms + HOUR_MS)
    told.ask(Mark(one["id"], "read"))
    set_house(told, HOUSE)
    told.pass_time(told.now_ms + HOUR_MS)
    assert sent(told) == []


def test_emergencies_reach_inboxes_and_mail_all_the_same() -> None:
    told = Told(OFF)
    told.register()
    told.tell("emergency_alert", priority="critical", at_once=True)
    assert sent(told) == ["email"]


def test_a_house_that_is_switched_off_knows() -> None:
    assert not Installation.of(Settings()).off
    assert Installation.of(Settings.model_validate({"features": {"notifications": False}})).off
