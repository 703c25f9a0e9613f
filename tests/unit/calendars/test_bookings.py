"""The life of a booking over real shards: taken everywhere or nowhere, moved at once, given back exactly."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.calendars.agenda.entity import MOST_HOLDS
from actors.calendars.calendar.reservations import ASK_AFTER_MS
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.schedule import Limits
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.times.reserving import TimeRequest
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound, PermissionDenied
from tests.unit.calendars.rig import ADMIN, ANN, BOB, DOC, Rig, a_schedule, at


def codes(error: CarewireError) -> list[str]:
    assert error.details is not None
    reasons: Any = error.details["reasons"]
    return [one["code"] for one in reasons]


def test_a_booking_takes_its_time_of_the_calendar_the_room_and_the_client() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10), service="room-talk")
        await asyncio.sleep(1)
        assert made.status == "confirmed"
        for entity in ("calendar:doc", "calendar:room1", "client:ann"):
            (entry,) = await rig.entries(entity)
            assert (entry.booking, entry.start, entry.end, entry.state) == (made.id, at(10), at(11), "taken")
        assert "2023-11-20T10:00:00.000Z" not in await rig.slots(at(0), at(24))

    Rig().play(scenario)


def test_a_taken_time_is_refused_with_alternatives_that_can_be_booked_as_they_are() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10))
        with pytest.raises(Conflict) as refused:
            await rig.book(at(10), BOB)
        assert codes(refused.value) == ["taken"]
        assert refused.value.details is not None
        offered: Any = refused.value.details["alternatives"]
        assert offered[0] == {
            "therapist_id": "doc",
            "service_id": "talk",
            "start": "2023-11-20T09:00:00.000Z",
            "end": "2023-11-20T10:00:00.000Z",
        }
        assert {one["therapist_id"] for one in offered} == {"doc", "eve"}
        other = next(one for one in offered if one["therapist_id"] == "eve")
        assert other["start"] == "2023-11-20T10:00:00.000Z"
        assert await rig.entries("client:bob") == []
        assert (await rig.book(at(10), BOB, therapist="eve")).status == "confirmed"

    Rig().play(scenario)


def test_a_room_that_is_taken_leaves_nothing_behind_anywhere() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10), service="room-talk")
        with pytest.raises(Conflict) as refused:
            await rig.book(at(10), BOB, therapist="eve", service="room-talk")
        assert codes(refused.value) == ["resource_taken"]
        assert await rig.entries("calendar:eve") == []
        assert await rig.entries("client:bob") == []

    Rig().play(scenario)


def test_a_client_cannot_be_in_two_places() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10))
        with pytest.raises(Conflict) as refused:
            await rig.book(at(10.5), therapist="eve")
        assert codes(refused.value) == ["client_busy"]
        assert await rig.entries("calendar:eve") == []

    Rig().play(scenario)


def test_all_reasons_are_told_at_once() -> None:
    async def scenario(rig: Rig) -> None:
        rules = Limits(min_notice_minutes=60 * 24 * 30, max_per_day=1)
        await rig.book(at(16))
        await rig.calendars.configure("doc", a_schedule(rules=rules), by=DOC)
        answer = await rig.bookings.check(BookingRequest(therapist="doc", start=at(16.25), service="talk"), by=ANN)
        assert [one.code for one in answer.reasons] == [
            "too_soon",
            "off_grid",
            "closed",
            "day_full",
            "taken",
            "client_busy",
        ]
        assert answer.available is False

    Rig().play(scenario)


def test_a_refusal_tells_the_reasons_of_all_whose_time_it_needs_as_a_check_does() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10), service="room-talk")
        await rig.book(at(10), BOB, therapist="eve", service="talk")
        wanted = BookingRequest(therapist="eve", start=at(10), service="room-talk")
        checked = await rig.bookings.check(wanted, by=ANN)
        with pytest.raises(Conflict) as refused:
            await rig.bookings.book(wanted, by=ANN)
        assert codes(refused.value) == ["taken", "resource_taken", "client_busy"]
        assert [one.code for one in checked.reasons] == codes(refused.value)
        for entity in ("calendar:eve", "calendar:room1", "client:ann"):
            assert len(await rig.entries(entity)) == 1
        closed = a_schedule(weekly={"mon": (("09:00", "12:00"),)}, services=(), kind="room")
        await rig.calendars.configure("room1", closed, by=ADMIN)
        late = BookingRequest(therapist="doc", start=at(13), service="room-talk")
        checked = await rig.bookings.check(late, by=BOB)
        with pytest.raises(Conflict) as refused:
            await rig.bookings.book(late, by=BOB)
        assert codes(refused.value) == [one.code for one in checked.reasons] == ["resource_closed"]
        offered: Any = (refused.value.details or {})["alternatives"]
        assert offered
        assert all(one["start"][11:13] < "12" for one in offered), "alternatives need the room as well"

    Rig().play(scenario)


def test_a_calendar_for_people_in_care_refuses_strangers_in_a_check_and_in_a_booking() -> None:
    async def cares(client: str, therapist: str) -> bool:
        return (client, therapist) == ("bob", "doc")

    async def scenario(rig: Rig) -> None:
        await rig.calendars.configure("doc", a_schedule(rules=Limits(bookable_by="care_relationship")), by=DOC)
        bookings = Bookings(rig.region, rig.stores.views, rig.clock, related=cares)
        await bookings.book(BookingRequest(therapist="doc", start=at(10), service="talk"), by=BOB)
        for hour, expected in ((11, ["care_relationship"]), (10, ["taken", "care_relationship"])):
            wanted = BookingRequest(therapist="doc", start=at(hour), service="talk")
            checked = await bookings.check(wanted, by=ANN)
            with pytest.raises(Conflict) as refused:
                await bookings.book(wanted, by=ANN)
            assert codes(refused.value) == [one.code for one in checked.reasons] == expected
        assert await rig.entries("client:ann") == []

    Rig().play(scenario)


def test_a_group_takes_as_many_as_it_has_places() -> None:
    async def scenario(rig: Rig) -> None:
        for user in ("u1", "u2", "u3"):
            await rig.book(at(10), ADMIN, service="group", client=user)
        with pytest.raises(Conflict) as refused:
            await rig.book(at(10), ANN, service="group")
        assert codes(refused.value) == ["group_full"]
        assert "2023-11-20T10:30:00.000Z" not in await rig.slots(at(9), at(13), "group")

    Rig().play(scenario)


def test_moving_takes_the_new_time_and_gives_the_old_one_back() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        moved = await rig.bookings.move(made.id, BookingChangeRequest(start=at(10.5)), by=ANN)  # over its own time
        assert moved.start == "2023-11-20T10:30:00.000Z"
        (entry,) = await rig.entries("calendar:doc")
        assert (entry.start, entry.end) == (at(10.5), at(11.5))
        await rig.book(at(11.5), BOB)
        with pytest.raises(Conflict):
            await rig.bookings.move(made.id, BookingChangeRequest(start=at(11)), by=ANN)
        (mine,) = await rig.entries("client:ann")
        assert mine.start == at(10.5)
        longer = await rig.bookings.move(made.id, BookingChangeRequest(start=at(13), duration=90), by=ANN)
        assert longer.end == "2023-11-20T14:30:00.000Z"

    Rig().play(scenario)


def test_only_staff_transfers_and_the_time_goes_along() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        with pytest.raises(PermissionDenied):
            await rig.bookings.move(made.id, BookingChangeRequest(therapist="eve"), by=ANN)
        assert await rig.entries("calendar:eve") == []
        moved = await rig.bookings.move(made.id, BookingChangeRequest(therapist="eve"), by=DOC)
        assert moved.therapist_id == "eve"
        assert await rig.entries("calendar:doc") == []
        assert len(await rig.entries("calendar:eve")) == 1

    Rig().play(scenario)


def test_what_is_cancelled_is_free_at_once() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        gone = await rig.bookings.cancel(made.id, "illness", by=ANN)
        assert (gone.status, gone.cancel_reason) == ("cancelled", "illness")
        assert (await rig.book(at(10), BOB)).status == "confirmed"
        assert await rig.entries("client:ann") == []
        with pytest.raises(FailedPrecondition) as refused:
            await rig.bookings.confirm(made.id, by=ANN)
        assert refused.value.details == {"status": "cancelled", "legal": []}

    Rig().play(scenario)


def test_a_hold_lapses_by_itself_unless_it_is_confirmed() -> None:
    async def scenario(rig: Rig) -> None:
        held = await rig.book(at(10), hold=True)
        kept = await rig.book(at(12), hold=True)
        assert (held.status, kept.status) == ("held", "held")
        await rig.bookings.confirm(kept.id, by=ANN)
        await rig.until(rig.clock.now_ms() + 660_000)
        assert (await rig.bookings.get(held.id, by=ANN)).status == "expired"
        assert (await rig.bookings.get(kept.id, by=ANN)).status == "confirmed"
        assert len(await rig.entries("calendar:doc")) == 1

    Rig().play(scenario)


def test_one_client_holds_a_few_times_only_and_staff_and_what_is_confirmed_do_not_count() -> None:
    async def scenario(rig: Rig) -> None:
        held = [await rig.book(at(9 + number), hold=True) for number in range(MOST_HOLDS)]
        await rig.bookings.book(BookingRequest(therapist="doc", start=at(14), client="ann", hold=True), by=DOC)
        with pytest.raises(FailedPrecondition) as refused:
            await rig.book(at(16), hold=True)
        assert refused.value.details == {"held": sorted(one.id for one in held)}
        assert await rig.entries("client:bob") == []
        await asyncio.sleep(1)
        assert (await rig.book(at(16), BOB, hold=True)).status == "held", "nothing of it stayed with the calendar"
        await rig.bookings.confirm(held[0].id, by=ANN)
        await rig.bookings.cancel(held[1].id, by=ANN)
        await asyncio.sleep(1)
        for hour in (9, 10):
            assert (await rig.book(at(hour, 1), hold=True)).status == "held"
        with pytest.raises(FailedPrecondition):
            await rig.book(at(11, 1), hold=True)
        assert (await rig.book(at(11, 1))).status == "confirmed"
        moved = await rig.bookings.move(held[2].id, BookingChangeRequest(start=at(15, 1)), by=ANN)
        assert moved.status == "held"

    Rig().play(scenario)


def test_what_is_long_past_is_forgotten_and_no_override_books_there() -> None:
    async def scenario(rig: Rig) -> None:
        for day in range(5):
            await rig.book(at(10, day))
        await rig.until(at(0, 38))
        await rig.book(at(10, 42))
        kept = {one.start for one in await rig.entries("calendar:doc")}
        assert kept == {at(10, 3), at(10, 4), at(10, 42)}
        assert {one.start for one in await rig.entries("client:ann")} == kept
        late = BookingRequest(
            therapist="doc", start=at(11, 1), service="talk", client="bob", override_reason="forgotten"
        )
        with pytest.raises(Conflict) as refused:
            await rig.bookings.book(late, by=DOC)
        assert codes(refused.value) == ["long_past"]
        entered = await rig.bookings.book(msgspec.structs.replace(late, start=at(11, 7)), by=DOC)
        assert entered.status == "confirmed"

    Rig().play(scenario)


def test_a_request_is_accepted_countered_or_declined() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.calendars.configure("doc", a_schedule(rules=Limits(requires_confirmation=True)), by=DOC)
        asked = await rig.book(at(10))
        assert (asked.status, asked.awaiting) == ("pending", "therapist")
        with pytest.raises(PermissionDenied):
            await rig.bookings.confirm(asked.id, by=ANN)
        countered = await rig.bookings.move(asked.id, BookingChangeRequest(start=at(14)), by=DOC)
        assert (countered.status, countered.awaiting) == ("pending", "client")
        assert (await rig.bookings.confirm(asked.id, by=ANN)).status == "confirmed"
        other = await rig.book(at(11), BOB)
        declined = await rig.bookings.cancel(other.id, by=DOC)
        assert (declined.status, declined.cancel_reason) == ("cancelled", "declined")

    Rig().play(scenario)


def test_policies_are_those_of_the_time_of_booking() -> None:
    async def scenario(rig: Rig) -> None:
        rules = Limits(max_reschedules=1, cancel_notice_minutes=60 * 24 * 30)
        await rig.calendars.configure("doc", a_schedule(rules=rules), by=DOC)
        made = await rig.book(at(10))
        await rig.calendars.configure("doc", a_schedule(), by=DOC)
        await rig.bookings.move(made.id, BookingChangeRequest(start=at(11)), by=ANN)
        await rig.calendars.configure("doc", a_schedule(rules=rules), by=DOC)
        again = await rig.book(at(15))
        await rig.bookings.move(again.id, BookingChangeRequest(start=at(16)), by=ANN)
        with pytest.raises(FailedPrecondition):
            await rig.bookings.move(again.id, BookingChangeRequest(start=at(15)), by=ANN)
        assert len(await rig.entries("calendar:doc")) == 2
        assert (await rig.bookings.cancel(again.id, by=ANN)).late_cancellation is True

    Rig().play(scenario)


def test_it_can_only_be_finished_by_staff_and_once_it_has_begun() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        with pytest.raises(FailedPrecondition):
            await rig.bookings.finish(made.id, "completed", by=DOC)
        await rig.until(at(10))
        with pytest.raises(PermissionDenied):
            await rig.bookings.finish(made.id, "completed", by=ANN)
        assert (await rig.bookings.finish(made.id, "no_show", by=DOC)).status == "no_show"

    Rig().play(scenario)


def test_an_override_is_for_staff_and_never_for_time_that_is_taken() -> None:
    async def scenario(rig: Rig) -> None:
        with pytest.raises(PermissionDenied):
            await rig.book(at(20), override_reason="please")
        made = await rig.book(at(20), DOC, client="ann", override_reason="emergency")
        assert made.overridden is True
        seen = await rig.bookings.get(made.id, by=DOC)
        assert seen.override_reason == "emergency"
        with pytest.raises(Conflict):
            await rig.book(at(20), DOC, client="bob", override_reason="emergency")

    Rig().play(scenario)


def test_notes_are_for_those_concerned_and_never_in_the_clear() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10), notes="my knee")
        assert (await rig.bookings.get(made.id, by=DOC)).notes == "my knee"
        with pytest.raises(NotFound):
            await rig.bookings.get(made.id, by=BOB)
        for entity in ("booking:" + made.id, "user:ann", "calendar:doc"):
            for turn in await rig.stores.journal.turns(entity, after=0, limit=100):
                assert b"my knee" not in b"".join((*turn.events, *turn.effects, *[one.reply for one in turn.commands]))

    Rig().play(scenario)


def test_both_sides_hear_of_every_change_once() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        await rig.bookings.move(made.id, BookingChangeRequest(start=at(11)), by=ANN)
        await rig.bookings.cancel(made.id, by=ANN)
        await asyncio.sleep(1)
        for user in ("ann", "doc"):
            mail = await rig.mail(user)
            changes = [data["change"] for name, data in mail if name == "booking_updated"]
            assert changes == ["created", "rescheduled", "cancelled"]
            stands = [(data["success"], data["booking"]["version"]) for name, data in mail if "success" in data]
            assert stands == [(True, 1), (True, 2), (False, 3)]
            assert {name for name, _ in mail} == {"booking_updated", "booking_notification"}
            assert len({data["event_id"] for _, data in mail}) == len(mail)  # clients know repeats by it

    Rig().play(scenario)


def test_the_same_action_is_the_same_booking() -> None:
    async def scenario(rig: Rig) -> None:
        key = rig.bookings.key_of(ANN, "key-1")
        made = await asyncio.gather(*(rig.book(at(10), key=key) for _ in range(5)))
        assert len({one.id for one in made}) == 1
        await asyncio.sleep(120)
        assert len(await rig.entries("calendar:doc")) == 1
        assert len(await rig.entries("client:ann")) == 1

    Rig().play(scenario)


def test_tentative_time_that_nobody_decides_about_is_asked_about_and_freed() -> None:
    async def scenario(rig: Rig) -> None:
        wanted = TimeRequest(therapist="doc", start=at(10), client="ann", service="room-talk")
        await rig.bookings._taking.take("bkg_lost", "bkg_lost.1", wanted, ANN)
        assert len(await rig.entries("calendar:room1")) == 1
        await asyncio.sleep(ASK_AFTER_MS / 1000 + 1)
        for entity in ("calendar:doc", "calendar:room1", "client:ann"):
            assert await rig.entries(entity) == []

    Rig().play(scenario)
