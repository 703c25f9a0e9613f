"""What is held back is judged when its moment comes: quiet hours, digests, too many pushes, devices, erasure."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Context
from actors.notifications.activities import Mail, Pushed
from actors.notifications.notifier.commands import (
    CountCreation,
    CountUnread,
    Erase,
    Explain,
    ListDeliveries,
    ListNotifications,
    MailCameBack,
    Mark,
    NotifierCommand,
    Prune,
    ReadAll,
    Render,
    SetPreferences,
)
from actors.notifications.notifier.device_commands import ListDevices, TryDevice
from actors.notifications.notifier.kind import NotifierKind
from actors.notifications.notifier.planning.preferences import DigestChanges, QuietChanges
from actors.notifications.notifier.subjects import Subject, Words
from common.errors import FailedPrecondition, InvalidArgument, RateLimited
from common.timeline import DAY_MS, HOUR_MS, WEEKDAYS
from loadtests.parts.notifications.bench_notifier import COUNTS, SPREAD_BYTES, a_notifier, turn_of
from tests.unit.notifications.notifier_world import ANN, HOUSE, SECOND_MS, Told

KIND = NotifierKind(HOUSE)
NIGHT = QuietChanges(enabled=True, hours={day: [("22:00", "07:00")] for day in WEEKDAYS})


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def mails_of(told: Told, notification: Any) -> list[Any]:
    deliveries = told.ask(ListDeliveries(notification["id"]))["deliveries"]
    return [one for one in deliveries if one["channel"] == "email"]


def at_night(**preferences: Any) -> Told:
    """It is 23:00 in Berlin, and Ann sleeps."""
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register()
    told.ask(SetPreferences(tz="Europe/Berlin", quiet_hours=NIGHT, **preferences))
    told.owed()
    return told


def why(told: Told, notification: Any, channel: str) -> tuple[str, str]:
    plan = told.ask(ListDeliveries(notification["id"]))["why"][channel]
    return plan["verdict"], plan["steps"][-1]["rule"]


def test_quiet_hours_hold_back_and_drop_nothing() -> None:
    told = at_night()
    notification = told.tell()
    told.pass_time(told.now_ms + HOUR_MS)
    assert told.owed() == []
    assert why(told, notification, "push") == ("held", "quiet_hours")
    told.pass_time(ms("2026-06-02T05:00:02Z"))
    assert sorted(one.what for _, one in told.owed()) == ["email", "push"]


def test_what_is_critical_passes_and_says_so() -> None:
    told = at_night()
    notification = told.tell("emergency_alert", at_once=True)
    assert "push" in [one.what for _, one in told.owed()]
    assert why(told, notification, "push")[0] == "sent"
    critical = told.tell("announcement", priority="critical")
    steps = told.ask(ListDeliveries(critical["id"]))["why"]["push"]["steps"]
    assert {"rule": "quiet_hours", "outcome": "pass", "detail": "What is critical passes."} in steps


def test_a_change_of_zone_judges_again_what_is_held() -> None:
    told = at_night()
    told.tell()
    told.pass_time(told.now_ms + HOUR_MS)
    told.ask(SetPreferences(tz="Asia/Tokyo"))  # it is morning there
    told.pass_time(told.now_ms + 2 * SECOND_MS)
    assert "push" in [one.what for _, one in told.owed()]


def test_mails_of_a_period_are_one_and_what_was_read_is_in_none() -> None:
    told = Told(now_ms=ms("2026-06-01T09:00:00Z"))
    told.ask(SetPreferences(tz="UTC", digest=DigestChanges(email="daily", at="18:00")))
    first, second, third = told.tell(), told.tell(), told.tell()
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    assert why(told, first, "email") == ("held", "digest")
    told.ask(Mark(second["id"], "read"))
    told.owed()
    told.pass_time(ms("2026-06-01T18:00:01Z"))
    ((connector, sending),) = told.owed()
    assert (connector, sending.what, sending.numbers) == ("email", "digest", (1, 3))
    mail = msgspec.convert(told.ask(Render(sending), SYSTEM)["mail"], Mail)
    assert (mail.template, len(mail.items), mail.values) == ("digest", 2, {"count": 2})
    assert why(told, third, "email")[0] == "sent"
    told.pass_time(ms("2026-06-02T18:00:01Z"))
    assert told.owed() == []  # an empty one is never sent


def test_too_many_pushes_become_one_later() -> None:
    told = Told()
    told.register()
    told.owed()
    for _ in range(23):
        told.tell(channels=("in_app", "push"))
    told.pass_time(told.now_ms + 60 * SECOND_MS)
    assert len(told.owed()) == 20
    told.pass_time(told.now_ms + HOUR_MS)
    assert len(told.owed()) == 1
    page = told.ask(ListNotifications(limit=3))["notifications"]
    assert {why(told, one, "push")[0] for one in page} == {"sent"}


def test_one_subject_is_pushed_so_often_and_then_held() -> None:
    told = Told()
    told.register()
    told.owed()
    for version in range(1, 8):
        told.tell("chat_message", subject=Subject("room", "r", version))
        told.pass_time(told.now_ms + 6 * SECOND_MS)
    assert len(told.owed()) == 5


def test_what_is_too_old_is_forgotten_and_counts_for_nothing() -> None:
    told = Told()
    for _ in range(5):
        told.tell()
    told.ask(Prune(3), SYSTEM)
    assert [one["seq"] for one in told.ask(ListNotifications())["notifications"]] == [5, 4]
    assert told.ask(CountUnread())["unread"] == 2


def test_an_erased_person_is_told_nothing_any_more() -> None:
    told = at_night()
    held = told.tell()
    told.ask(Erase(), SYSTEM)
    told.owed()
    why = told.ask(ListDeliveries(held["id"]))["why"]
    assert [(why[one]["verdict"], why[one]["steps"][-1]["rule"]) for one in ("push", "email")] == [
        ("skipped", "erased"),
        ("skipped", "erased"),
    ]
    assert told.tell() is None
    told.pass_time(told.now_ms + DAY_MS)
    assert told.owed() == []
    assert told.ask(ListDevices()) == {"devices": []}


def test_a_device_that_a_service_calls_gone_stays_when_it_came_back_since() -> None:
    told = Told()
    told.register()
    told.tell()
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    push = told.activities()[-1]
    told.register()
    gone = msgspec.msgpack.encode(Pushed(gone=True, gone_at_ms=told.now_ms - 60 * SECOND_MS))
    told.answer(push, result=gone)
    (device,) = told.ask(ListDevices())["devices"]
    assert device["state"] == "active"


def test_a_mail_that_was_called_unwanted_arrived_all_the_same() -> None:
    told = Told()
    notification = told.tell("booking_confirmed")
    told.answer(told.activities()[-1])
    (delivery,) = mails_of(told, notification)
    assert delivery["state"] == "accepted"
    before = told.world.state("notifier:ann")
    for _ in range(2):
        told.ask(MailCameBack(delivery["id"], "complained"), SYSTEM)
    assert mails_of(told, notification) == [delivery]
    assert told.ask(ListDeliveries(notification["id"]))["why"]["email"]["verdict"] == "sent"
    assert told.world.state("notifier:ann") == before


def test_the_oldest_of_too_many_devices_goes() -> None:
    told = Told()
    for number in range(21):
        told.register(f"d{number}")
    states = {one["device_id"]: one["state"] for one in told.ask(ListDevices())["devices"]}
    assert states.get("d0", "gone") == "gone"
    assert list(states.values()).count("active") == 20


def test_a_push_can_be_tried_where_it_can_arrive() -> None:
    told = Told()
    told.register()
    told.owed()
    told.ask(TryDevice("phone"))
    assert [one.what for _, one in told.owed()] == ["test"]
    with pytest.raises(Exception, match="no such device"):
        told.ask(TryDevice("tablet"))


def test_a_push_shows_what_the_person_lets_it_show() -> None:
    told = Told()
    told.register()
    secret = msgspec.msgpack.encode(Words(title="Title", body="Body"))
    for preview, expected in (("none", ("", "")), ("sender", ("Title", "")), ("full", ("Title", "Body"))):
        told.ask(SetPreferences(preview=preview))  # type: ignore[arg-type] # one of the three
        told.tell(secret=secret)
        told.pass_time(told.now_ms + 6 * SECOND_MS)
        (sending,) = [one for _, one in told.owed() if one.what == "push"]
        push = told.ask(Render(sending), SYSTEM)["push"]
        assert (push.get("title", ""), push.get("body", "")) == expected


def test_a_therapist_makes_so_many_an_hour() -> None:
    told = Told()
    for _ in range(60):
        told.ask(CountCreation(), SYSTEM)
    with pytest.raises(RateLimited):
        told.ask(CountCreation(), SYSTEM)
    told.world.now_ms += HOUR_MS
    told.ask(CountCreation(), SYSTEM)


@pytest.mark.parametrize("channel", ["in_app", "push", "email"])
def test_what_is_explained_before_is_what_is_so_after(channel: Any) -> None:
    told = Told()
    told.register()
    told.ask(SetPreferences(muted={"bob": None}))
    expected = told.ask(Explain(name="announcement", channel=channel))
    notification = told.tell()
    told.pass_time(told.now_ms + 61 * SECOND_MS)
    assert told.ask(ListDeliveries(notification["id"]))["why"][channel] == expected


@pytest.mark.parametrize(
    "wrong",
    [
        SetPreferences(tz="Mars/Olympus"),
        SetPreferences(locale="not a language"),
        SetPreferences(types={"nonsense": {}}),  # type: ignore[dict-item] # as JSON has it
        SetPreferences(quiet_hours=QuietChanges(enabled=True, hours={"someday": []})),
        SetPreferences(quiet_hours=QuietChanges(enabled=True, hours={"mon": [("25:00", "07:00")]})),
    ],
)
def test_preferences_that_cannot_be_obeyed_are_refused_and_change_nothing(wrong: SetPreferences) -> None:
    told = Told()
    before = told.world.state("notifier:ann")
    with pytest.raises(InvalidArgument):
        told.ask(wrong)
    assert told.world.state("notifier:ann") == before


def test_preferences_of_another_version_are_not_changed() -> None:
    told = Told()
    told.ask(SetPreferences(preview="full"))
    with pytest.raises(FailedPrecondition):
        told.ask(SetPreferences(preview="none", versions=(7,)))
    assert told.ask(SetPreferences(preview="none", versions=(1,)))["version"] == 2


def test_a_notifier_to_whom_nothing_happens_is_small() -> None:
    told = Told()
    for _ in range(60):
        told.tell(channels=("in_app",))
    told.ask(ReadAll())
    assert len(told.world.state("notifier:ann")) <= 2048
    for count in COUNTS:
        assert len(KIND.snapshot(a_notifier(count))) <= 2048


@pytest.mark.parametrize("exceptions", [0, 4])
def test_a_turn_is_as_large_however_many_there_are(exceptions: int) -> None:
    sizes: dict[str, list[int]] = {"all": [], "category": [], "count": []}
    commands: dict[str, NotifierCommand] = {
        "all": ReadAll(),
        "category": ReadAll(category="system"),
        "count": CountUnread(),
    }
    for count in COUNTS:
        notifier = a_notifier(count, exceptions=exceptions)
        for name, command in commands.items():
            sizes[name].append(turn_of(notifier.decide(command, Context(ANN, 1), 1)))
    assert sizes["count"] == [1, 1, 1]  # it stores nothing
    for some in sizes.values():
        assert max(some) - min(some) <= SPREAD_BYTES
