"""What somebody would try who wants to find a notification twice, at the wrong hour, or after its end: each guard, and
beside it what happens without it."""

from datetime import datetime
from typing import Any

import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.notifier.commands import (
    CountUnread,
    Erase,
    Explain,
    ListDeliveries,
    ListNotifications,
    LookAtItem,
    Mark,
    ReadAll,
    ReadSeveral,
    Render,
    SetPreferences,
)
from actors.notifications.notifier.device_commands import Receipt, RecordReceipts
from actors.notifications.notifier.planning.preferences import ChannelChanges, DigestChanges, QuietChanges, TypeChoice
from actors.notifications.notifier.rules.facts import Installation
from actors.notifications.notifier.subjects import Subject
from actors.notifications.types import TYPES
from common.errors import FailedPrecondition
from common.timeline import DAY_MS, HOUR_MS, WEEKDAYS
from config.capabilities.notifications import NotificationSettings
from tests.unit.notifications.notifier_world import SECOND_MS, Told

NIGHT = QuietChanges(enabled=True, hours={day: [("22:00", "07:00")] for day in WEEKDAYS})
ALWAYS = QuietChanges(enabled=True, hours={day: [("00:00", "00:00")] for day in WEEKDAYS})
OFF = Installation(NotificationSettings(), channels=frozenset(("in_app", "email")), off=True)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def notifier(told: Told) -> Any:
    """In memory."""
    return told.world.resident("notifier:ann").entity


def why(told: Told, notification: Any, channel: str) -> Any:
    return told.ask(ListDeliveries(notification["id"]))["why"][channel]


def sent(told: Told) -> list[str]:
    return sorted(one.what for _, one in told.owed())


def unread(told: Told) -> int:
    count: int = told.ask(CountUnread())["unread"]
    assert count == len(told.ask(ListNotifications(unread=True))["notifications"])
    return count


# -- what is put off ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["read", "archived"])
def test_what_was_put_off_and_then_read_stays_read(how: Any) -> None:
    told = Told()
    put_off, other = told.tell(), told.tell()
    until = told.now_ms + HOUR_MS
    for one in (put_off, other):
        told.ask(Mark(one["id"], "snoozed", until))
    told.ask(Mark(put_off["id"], how))
    told.pass_time(until + SECOND_MS)
    assert unread(told) == 1  # the other one has come back
    told.pass_time(until + DAY_MS)
    assert 1 not in notifier(told).kept.open


def test_what_was_put_off_is_unread_again_at_a_word_and_does_not_come_back_twice() -> None:
    told = Told()
    one = told.tell()
    until = told.now_ms + HOUR_MS
    told.ask(Mark(one["id"], "snoozed", until))
    for _ in range(2):
        assert told.ask(Mark(one["id"], "unread"))["notification"]["read_at"] is None
    assert unread(told) == 1
    letters = len(told.world.letters)
    told.pass_time(until + SECOND_MS)
    assert len(told.world.letters) == letters


def test_what_is_archived_comes_out_when_it_is_unread_or_put_off() -> None:
    told = Told()
    first, second = told.tell(), told.tell()
    for one in (first, second):
        told.ask(Mark(one["id"], "archived"))
    assert unread(told) == 0
    assert told.ask(Mark(first["id"], "unread"))["notification"]["archived_at"] is None
    assert unread(told) == 1
    told.ask(Mark(second["id"], "snoozed", told.now_ms + HOUR_MS))
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    assert unread(told) == 2


def test_what_is_for_later_cannot_be_read_away_before() -> None:
    told = Told()
    later = told.tell(send_at_ms=told.now_ms + HOUR_MS)
    for how in ("read", "archived", "unread"):
        with pytest.raises(FailedPrecondition):
            told.ask(Mark(later["id"], how))
    assert told.ask(ReadSeveral((later["id"],)))["changed"] == 0
    told.ask(ReadAll())
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    assert unread(told) == 1


def test_how_often_it_was_put_off_is_known() -> None:
    told = Told()
    one = told.tell()
    assert told.ask(LookAtItem(one["id"])) == {"read": False, "snoozes": 0}
    for _ in range(2):
        told.ask(Mark(one["id"], "snoozed", told.now_ms + HOUR_MS))
        told.pass_time(told.now_ms + 2 * HOUR_MS)
    assert told.ask(LookAtItem(one["id"])) == {"read": False, "snoozes": 2}


# -- clocks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "ends"),
    [
        ("Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T05:00:00Z"),  # the night that has no 02:30
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T06:00:00Z"),  # the one that has two
        ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-04T20:30:00Z"),  # half an hour longer
        ("Pacific/Apia", "2011-12-30T09:30:00Z", "2011-12-30T17:00:00Z"),  # the 30th of December was none there
    ],
)
def test_a_night_ends_when_clocks_there_say_so(zone: str, at: str, ends: str) -> None:
    told = Told(now_ms=ms(at))
    told.register()
    told.ask(SetPreferences(tz=zone, quiet_hours=NIGHT))
    told.owed()
    told.tell(channels=("in_app", "push"))
    told.pass_time(ms(ends) - 2 * SECOND_MS)
    assert sent(told) == []
    told.pass_time(ms(ends) + 2 * SECOND_MS)
    assert sent(told) == ["push"]


def test_a_traveller_who_chose_no_zone_is_judged_by_the_one_they_are_in() -> None:
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register(tz="Europe/Berlin")
    told.ask(SetPreferences(quiet_hours=NIGHT))
    told.tell(channels=("in_app", "push"))
    told.pass_time(told.now_ms + HOUR_MS)
    assert sent(told) == []
    told.register(tz="Asia/Tokyo")  # where it is morning
    told.pass_time(told.now_ms + 2 * SECOND_MS)
    assert sent(told) == ["push"]


def test_a_zone_that_was_chosen_stays_wherever_a_device_is() -> None:
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register(tz="Europe/Berlin")
    told.ask(SetPreferences(tz="Europe/Berlin", quiet_hours=NIGHT))
    told.tell(channels=("in_app", "push"))
    told.register(tz="Asia/Tokyo")
    told.pass_time(told.now_ms + HOUR_MS)
    assert sent(told) == []


def test_a_device_that_registers_without_its_zone_keeps_the_one_that_it_had() -> None:
    told = Told()
    told.register(tz="Europe/Berlin", locale="de")
    told.register()
    state = notifier(told)
    assert (state.tz, state.locale) == ("Europe/Berlin", "de")


def test_a_change_of_zone_sends_no_period_twice() -> None:
    told = Told(now_ms=ms("2026-06-01T04:00:00Z"))
    told.ask(SetPreferences(tz="Europe/Berlin", digest=DigestChanges(email="daily", at="08:00")))
    told.tell()
    told.pass_time(ms("2026-06-01T06:00:02Z"))
    assert sent(told) == ["digest"]
    told.ask(SetPreferences(tz="America/New_York"))
    told.pass_time(ms("2026-06-02T12:00:02Z"))
    assert sent(told) == []


# -- what nothing holds back, and what does --------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["push", "email"])
@pytest.mark.parametrize("name", sorted(TYPES))
def test_whatever_the_type_what_is_explained_before_is_what_is_so_after(name: str, channel: Any) -> None:
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register()
    told.ask(SetPreferences(tz="Europe/Berlin", quiet_hours=NIGHT, digest=DigestChanges(email="daily")))
    before = told.ask(Explain(name=name, channel=channel))
    one = told.tell(name)
    told.pass_time(told.now_ms + 62 * SECOND_MS)
    after = why(told, one, channel)
    assert (after["verdict"], after["steps"]) == (before["verdict"], before["steps"])


def test_emergencies_come_past_everything_and_say_past_what() -> None:
    told = Told()
    told.register()
    told.ask(
        SetPreferences(
            quiet_hours=ALWAYS,
            channels=ChannelChanges(push=False, email=False),
            types={"emergency_alert": TypeChoice(push=False, email=False)},
            muted={"bob": None},
            digest=DigestChanges(email="hourly"),
        )
    )
    for _ in range(25):
        told.tell("announcement", priority="critical", channels=("in_app", "push"))
    told.owed()
    one = told.tell("emergency_alert", sender="bob")
    assert sent(told) == ["email", "push"]
    for channel in ("push", "email"):
        steps = {step["rule"]: step for step in why(told, one, channel)["steps"]}
        assert all(step["outcome"] == "pass" for step in steps.values())
        assert steps["quiet_hours"]["detail"] == "What is critical passes."
    assert "digest" in {step["rule"] for step in why(told, one, "email")["steps"]}


def test_a_week_that_is_quiet_holds_back_for_ever_and_drops_nothing() -> None:
    told = Told()
    told.register()
    told.ask(SetPreferences(quiet_hours=ALWAYS))
    one = told.tell(channels=("in_app", "push"))
    told.pass_time(told.now_ms + 20 * DAY_MS)
    assert why(told, one, "push")["verdict"] == "held"
    assert sent(told) == []
    told.ask(SetPreferences(quiet_hours=QuietChanges(enabled=False)))
    told.pass_time(told.now_ms + 2 * SECOND_MS)
    assert sent(told) == ["push"]


def test_who_is_muted_while_it_is_held_is_not_heard_afterwards() -> None:
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register()
    told.ask(SetPreferences(tz="Europe/Berlin", quiet_hours=NIGHT))
    one = told.tell(sender="bob", channels=("in_app", "push"))
    told.ask(SetPreferences(muted={"bob": told.now_ms + DAY_MS}))
    told.pass_time(ms("2026-06-02T05:00:02Z"))
    assert (why(told, one, "push")["verdict"], sent(told)) == ("skipped", [])


def test_a_mute_that_is_over_mutes_nobody() -> None:
    told = Told()
    told.register()
    told.ask(SetPreferences(muted={"bob": told.now_ms + HOUR_MS}))
    told.pass_time(told.now_ms + 2 * HOUR_MS)
    told.tell(sender="bob", channels=("in_app", "push"))
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    assert sent(told) == ["push"]


def test_what_expires_at_night_is_not_told_in_the_morning() -> None:
    told = Told(now_ms=ms("2026-06-01T21:00:00Z"))
    told.register()
    told.ask(SetPreferences(tz="Europe/Berlin", quiet_hours=NIGHT))
    one = told.tell(expires_at_ms=told.now_ms + 2 * HOUR_MS, channels=("in_app", "push"))
    told.pass_time(ms("2026-06-02T05:00:02Z"))
    plan = why(told, one, "push")
    assert (plan["verdict"], plan["steps"][-1]["rule"], sent(told)) == ("skipped", "expired", [])


def test_nothing_of_somebody_who_was_erased_is_sent_though_it_was_owed() -> None:
    told = Told()
    told.register()
    told.tell(channels=("in_app", "push"))
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    (owed,) = told.activities()
    assert told.still(owed)
    told.ask(Erase(), SYSTEM)
    assert not told.still(owed)
    assert told.tell() is None


# -- late words of devices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claimed_s", "counts_s"), [(10, 10), (-DAY_MS // SECOND_MS, 0), (DAY_MS // SECOND_MS, 3602)])
def test_a_receipt_counts_from_when_the_device_says_within_what_can_be(claimed_s: int, counts_s: int) -> None:
    told = Told()
    told.register()
    one = told.tell(channels=("in_app", "push"))
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    (activity,) = told.activities()
    told.answer(activity)
    accepted_ms = told.now_ms
    told.pass_time(accepted_ms + HOUR_MS)
    (sending,) = [d["id"] for d in told.ask(ListDeliveries(one["id"]))["deliveries"] if d["channel"] == "webpush"]
    receipt = Receipt(delivery_id=sending, event="displayed", at_ms=accepted_ms + claimed_s * SECOND_MS)
    told.ask(RecordReceipts((receipt,)))
    (seen,) = [d for d in told.ask(ListDeliveries(one["id"]))["deliveries"] if d["channel"] == "webpush"]
    assert ms(seen["displayed_at"]) == accepted_ms + counts_s * SECOND_MS


# -- later versions ----------------------------------------------------------------------------------------------------


def test_a_digest_has_no_version_that_was_superseded() -> None:
    told = Told(now_ms=ms("2026-06-01T09:00:00Z"))
    told.ask(SetPreferences(tz="UTC", digest=DigestChanges(email="daily", at="18:00")))
    told.tell(subject=Subject("paper", "p", 1))
    told.tell(subject=Subject("paper", "p", 2))
    told.pass_time(ms("2026-06-01T18:00:01Z"))
    ((_, sending),) = told.owed()
    told.tell(subject=Subject("paper", "p", 3))  # between being owed and being written
    assert sending.numbers == (2,)
    assert told.ask(Render(sending), SYSTEM)["mail"] is None
