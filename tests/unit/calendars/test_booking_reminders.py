"""Reminders of bookings over real shards: each once, and none of an earlier time."""

import asyncio

import msgspec
import pytest

from actors.calendars.contract.wanted import BookingChangeRequest
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from tests.unit.calendars.rig import ANN, BOB, DOC, Rig, a_schedule, at


def test_reminders_come_once_and_those_of_an_earlier_time_never() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        await rig.bookings.move(made.id, BookingChangeRequest(start=at(16, 1)), by=ANN)
        other = await rig.book(at(12, 2), BOB)
        await rig.bookings.cancel(other.id, by=BOB)
        for hour, day in ((9, 0), (16, 0), (15, 1), (15.5, 1), (12, 2)):
            await rig.until(at(hour, day))
        mail = [data for name, data in await rig.mail("ann") if name == "appointment_reminder"]
        assert [round(one["starts_in"] / 3600) for one in mail] == [24, 1]
        assert all(one["booking"]["start"] == "2023-11-21T16:00:00.000Z" for one in mail)
        assert [name for name, _ in await rig.mail("bob")].count("appointment_reminder") == 0

    Rig().play(scenario)


def test_a_calendar_says_when_its_bookings_are_reminded_of() -> None:
    async def scenario(rig: Rig) -> None:
        rules = msgspec.structs.replace(a_schedule().rules, reminders=(30, 120))
        await rig.calendars.configure("doc", msgspec.structs.replace(a_schedule(), rules=rules), by=DOC)
        made = await rig.book(at(16))
        planned = (await rig.bookings.reminders(made.id, by=ANN)).reminders
        assert [(one.at[11:16], one.state) for one in planned] == [("14:00", "planned"), ("15:30", "planned")]
        await rig.until(at(14.5))
        sent = (await rig.bookings.reminders(made.id, by=ANN)).reminders
        assert [one.state for one in sent] == ["sent", "planned"]
        await rig.bookings.cancel(made.id, by=ANN)
        over = (await rig.bookings.reminders(made.id, by=ANN)).reminders
        assert [(one.state, one.reason) for one in over] == [("sent", None), ("skipped", "cancelled")]

    Rig().play(scenario)


def test_a_calendar_may_want_no_reminders() -> None:
    async def scenario(rig: Rig) -> None:
        rules = msgspec.structs.replace(a_schedule().rules, reminders=())
        await rig.calendars.configure("doc", msgspec.structs.replace(a_schedule(), rules=rules), by=DOC)
        made = await rig.book(at(16))
        assert (await rig.bookings.reminders(made.id, by=ANN)).reminders == []
        await rig.until(at(15.9))
        assert "appointment_reminder" not in [name for name, _ in await rig.mail("ann")]

    Rig().play(scenario)


def test_a_reminder_whose_moment_had_passed_is_skipped_and_says_so() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.until(at(9))
        made = await rig.book(at(16))
        listed = (await rig.bookings.reminders(made.id, by=ANN)).reminders
        assert [(one.state, one.reason) for one in listed] == [("skipped", "expired"), ("planned", None)]

    Rig().play(scenario)


def test_a_therapist_reminds_by_hand_three_times_and_nobody_else_does() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(16))
        with pytest.raises(PermissionDenied):
            await rig.bookings.remind(made.id, by=ANN)
        with pytest.raises(NotFound):
            await rig.bookings.remind(made.id, by=BOB)
        for times in (1, 2, 3):
            listed = (await rig.bookings.remind(made.id, by=DOC)).reminders
            assert [one.state for one in listed].count("sent") == times
        with pytest.raises(FailedPrecondition):
            await rig.bookings.remind(made.id, by=DOC)
        await asyncio.sleep(60)
        assert [name for name, _ in await rig.mail("ann")].count("appointment_reminder") == 3
        await rig.bookings.cancel(made.id, by=ANN)
        with pytest.raises(FailedPrecondition):
            await rig.bookings.remind(made.id, by=DOC)

    Rig().play(scenario)


def test_after_downtime_only_the_reminder_that_still_makes_sense_is_sent() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10))
        for name in list(rig.cluster.shards):
            await rig.cluster.shards[name].stop()
        await rig.until(at(9.5))
        for name in list(rig.cluster.shards):
            await rig.cluster.start_shard(name, life="2")
        await asyncio.sleep(60)
        mail = [data for name, data in await rig.mail("ann") if name == "appointment_reminder"]
        assert [round(one["starts_in"] / 600) for one in mail] == [3]

    Rig().play(scenario)
