"""One intent, many deliveries: told once, when it may be, and never after it is known."""

from typing import Any

import msgspec
import pytest

from actors.inboxes.commands import Whisper
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.notifications.notifier.commands import (
    Acknowledge,
    CountUnread,
    GetNotification,
    ListDeliveries,
    ListNotifications,
    Mark,
    ReadAll,
)
from actors.notifications.notifier.device_commands import RegisterDevice
from actors.notifications.notifier.rules.marking import TOLD_ONE_BY_ONE
from actors.notifications.notifier.subjects import Subject
from common.errors import PermissionDenied
from tests.unit.notifications.notifier_world import SECOND_MS, Told


def why(told: Told, notification: dict[str, str], channel: str) -> tuple[str, str]:
    """The verdict, and the rule that was asked last."""
    plan = told.ask(ListDeliveries(notification["id"]))["why"][channel]
    return plan["verdict"], plan["steps"][-1]["rule"]


def test_a_push_waits_for_somebody_to_see_it_and_is_owed_when_nobody_does() -> None:
    told = Told()
    told.register()
    told.owed()
    notification = told.tell()
    assert told.owed() == []
    assert why(told, notification, "push") == ("held", "acknowledged")
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    ((connector, sending),) = told.owed()
    assert (connector, sending.what, sending.device, sending.number) == ("webpush", "push", "phone", 1)
    assert why(told, notification, "push") == ("sent", "rate_capped")


def test_what_was_acknowledged_is_not_pushed() -> None:
    told = Told()
    told.register()
    notification = told.tell()
    told.ask(Acknowledge((1,)), SYSTEM)
    told.owed()
    told.pass_time(told.now_ms + 100 * SECOND_MS)
    assert told.owed() == []
    assert why(told, notification, "push") == ("skipped", "acknowledged")
    assert why(told, notification, "email") == ("skipped", "acknowledged")
    assert told.ask(GetNotification(notification["id"]))["notification"]["seen_at"] is not None


@pytest.mark.parametrize("outcome", ["dropped", "refused"])  # by who asked before it, and by who fetched its words
def test_a_queued_push_is_not_sent_when_it_was_read_a_moment_ago(outcome: str) -> None:
    told = Told()
    told.register()
    notification = told.tell()
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    activity = told.activities()[-1]
    assert told.still(activity)
    told.ask(Mark(notification["id"], "read"))
    assert not told.still(activity)
    told.answer(activity, outcome, code="stale")
    assert why(told, notification, "push") == ("skipped", "already_read")


def test_a_later_version_replaces_an_earlier_one_everywhere() -> None:
    told = Told()
    told.register()
    first = told.tell("booking_confirmed", subject=Subject("booking", "b", 3))
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    push = told.activities()[-1]
    second = told.tell("booking_cancelled", subject=Subject("booking", "b", 4))
    assert not told.still(push)
    page = told.ask(ListNotifications())
    assert [one["id"] for one in page["notifications"]] == [second["id"]]
    assert page["unread"] == 1
    with pytest.raises(Exception, match="no such notification"):
        told.ask(GetNotification(first["id"]))


def test_an_earlier_version_that_comes_late_is_not_told() -> None:
    told = Told()
    second = told.tell("booking_cancelled", subject=Subject("booking", "b", 4))
    assert told.tell("booking_confirmed", subject=Subject("booking", "b", 3))["id"] == second["id"]
    assert told.ask(CountUnread())["unread"] == 1


def test_without_versions_the_late_one_would_be_told() -> None:
    """The twin: versions are what keeps it away."""
    told = Told()
    told.tell("booking_cancelled")
    told.tell("booking_confirmed")
    assert told.ask(CountUnread())["unread"] == 2


def test_a_group_is_one_notification_that_counts_all() -> None:
    told = Told()
    for number in range(12):
        told.tell("booking_confirmed", subject=Subject("booking", f"b{number}", 1), group="series:s")
    (one,) = told.ask(ListNotifications())["notifications"]
    assert (one["count"], one["seq"], one["group"]) == (12, 12, "series:s")
    assert told.ask(CountUnread()) == {"unread": 1, "by_category": {"appointments": 1}}


def test_reading_takes_a_push_back_from_the_other_devices() -> None:
    told = Told()
    told.register("phone")
    told.register("tablet")
    notification = told.tell()
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    for activity in told.activities():
        told.answer(activity)
    told.owed()
    told.ask(Mark(notification["id"], "read"))
    assert sorted((one.what, one.device) for _, one in told.owed()) == [("take_back", "phone"), ("take_back", "tablet")]


def test_read_all_leaves_unread_what_came_behind_it() -> None:
    told = Told()
    for _ in range(3):
        told.tell()
    told.tell("chat_message")
    assert told.ask(ReadAll(up_to=2)) == {"up_to": 2, "unread": 2}
    assert told.ask(CountUnread())["by_category"] == {"system": 1, "messages": 1}
    assert told.ask(ReadAll(category="system")) == {"up_to": 4, "unread": 0}
    assert told.ask(CountUnread())["by_category"] == {"messages": 1}


def test_read_all_of_a_category_takes_back_what_devices_show_of_it_and_nothing_else() -> None:
    told = Told()
    told.register("phone")
    news = told.tell("announcement")
    told.tell("chat_message")
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    for activity in told.activities():
        told.answer(activity)
    told.owed()
    told.ask(ReadAll(category="system"))
    assert [(one.what, one.number) for _, one in told.owed()] == [("take_back", news["seq"])]
    told.ask(ReadAll())
    assert [(one.what, one.number) for _, one in told.owed()] == [("take_back", news["seq"] + 1)]


def test_what_is_not_pushed_yet_names_the_service_that_would_push_it() -> None:
    told = Told()
    held = told.tell()
    deliveries = told.ask(ListDeliveries(held["id"]))["deliveries"]
    assert {one["channel"]: one["state"] for one in deliveries}["webpush"] == "skipped"
    told.ask(RegisterDevice(mark="m", device_id="d", service="fcm", platform="android", secret=b"a"))
    held = told.tell()
    channels = [one["channel"] for one in told.ask(ListDeliveries(held["id"]))["deliveries"]]
    assert channels == ["in_app", "fcm", "email"]


def test_what_is_for_later_is_told_then() -> None:
    told = Told()
    later = told.tell(send_at_ms=told.now_ms + 100 * SECOND_MS)
    assert told.ask(ListNotifications())["notifications"] == []
    assert not [letter for letter in told.world.letters if b"deliver" in letter.command]
    told.pass_time(told.now_ms + 101 * SECOND_MS)
    (one,) = told.ask(ListNotifications())["notifications"]
    assert (one["id"], one["read_at"]) == (later["id"], None)
    assert [letter for letter in told.world.letters if b"deliver" in letter.command]


def test_snoozed_is_hidden_and_comes_back_unread() -> None:
    told = Told()
    notification = told.tell()
    until = told.now_ms + 100 * SECOND_MS
    told.ask(Mark(notification["id"], "snoozed", until))
    assert told.ask(CountUnread())["unread"] == 0
    told.pass_time(until)
    assert told.ask(CountUnread())["unread"] == 1


def test_the_same_dedupe_key_is_one_notification() -> None:
    told = Told()
    first = told.tell(dedupe_key="k")
    assert told.tell(dedupe_key="k")["id"] == first["id"]
    told.world.now_ms += 8 * 86_400_000
    assert told.tell(dedupe_key="k")["id"] != first["id"]


def test_the_whole_state_survives_a_snapshot_and_a_replay() -> None:
    told = Told()
    told.register()
    told.tell(subject=Subject("a", "b", 1))
    told.tell("chat_message")
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    before = told.world.state("notifier:ann")
    told.world.passivate("notifier:ann")
    assert told.world.state("notifier:ann") == before
    told.world.passivate("notifier:ann", snapshot=True)
    assert told.world.state("notifier:ann") == before


@pytest.mark.parametrize("by", [Principal("bob"), Principal("bob", "admin")])
def test_others_are_refused(by: Principal) -> None:
    told = Told()
    notification = told.tell()
    for command in (ListNotifications(), CountUnread(), Mark(notification["id"], "read")):
        with pytest.raises(PermissionDenied):
            told.ask(command, by)


def updates(told: Told) -> list[Any]:
    """What other sockets heard of single notifications since the last look."""
    letters, told.world.letters = told.world.letters, []
    whispers = [msgspec.msgpack.decode(one.command, type=Whisper) for one in letters if b"whisper" in one.command]
    return [msgspec.json.decode(one.payload) for one in whispers if one.name == "notification_updated"]


def test_what_is_seen_at_one_socket_is_seen_at_the_others() -> None:
    told = Told()
    first, second = told.tell(), told.tell()
    told.ask(Mark(second["id"], "read"))
    updates(told)
    told.ask(Acknowledge((1, 2)), SYSTEM)
    seen_at = told.ask(GetNotification(first["id"]))["notification"]["seen_at"]
    assert updates(told) == [{"id": first["id"], "seen_at": seen_at, "read_at": None, "archived_at": None}]
    told.ask(Acknowledge((1, 2)), SYSTEM)
    assert updates(told) == []


def test_of_very_many_only_the_newest_are_told_one_by_one() -> None:
    told = Told()
    for _ in range(30):
        told.tell(channels=("in_app",))
    updates(told)
    told.ask(Acknowledge(tuple(range(1, 31))), SYSTEM)
    assert len(updates(told)) == TOLD_ONE_BY_ONE
