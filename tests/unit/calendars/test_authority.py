"""Nobody's time is taken on somebody else's authority: every calendar that is named is asked, for the one who asks."""

from typing import Any

import msgspec
import pytest

from actors.calendars.calendar.commands import ConfigureCalendar
from actors.calendars.contract.requests import BulkBody, WaitlistBody
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.schedule import Limits, Schedule, Service
from actors.calendars.services.booking_queries import BookingQueries
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.bulk import BulkBookings
from actors.calendars.services.series import SeriesService
from actors.calendars.services.waitlist import WaitlistService
from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.errors import Conflict, InvalidArgument, PermissionDenied
from tests.unit.calendars.rig import ADMIN, ANN, BOB, DOC, Rig, a_schedule, at
from tests.unit.calendars.test_bookings import codes

EVE = Principal("eve", "therapist")
ROOM: dict[str, Any] = {"services": (), "kind": "room"}


def needing(*resources: str) -> Schedule:
    return a_schedule(
        services=(
            Service(service_id="x", duration_minutes=60, resources=resources),
            Service(service_id="talk", duration_minutes=60),
        )
    )


def a_room_for(*calendars: str) -> Schedule:
    return a_schedule(
        kind="room", services=(Service(service_id="talk", duration_minutes=60),), rules=Limits(shared_with=calendars)
    )


async def stored(rig: Rig, calendar: str, schedule: Schedule) -> None:
    """As a release before this one stored it, which asked nobody."""
    await rig.region.submit(f"calendar:{calendar}", ConfigureCalendar(schedule), by=ADMIN)


async def nobody(client: str, therapist: str) -> bool:
    return False


@pytest.mark.parametrize("named", ["eve", "nowhere"])
@pytest.mark.parametrize("by", [DOC, ADMIN])
def test_a_service_names_rooms_and_devices_only(named: str, by: Principal) -> None:
    async def scenario(rig: Rig) -> None:
        with pytest.raises(PermissionDenied) as refused:
            await rig.calendars.configure("doc", needing("room1", named), by=by)
        assert refused.value.details == {"field": "services.resources", "resources": [named]}
        assert await rig.calendars.schedule("doc", by=DOC) == a_schedule()
        await rig.calendars.configure("doc", needing("room1"), by=by)

    Rig().play(scenario)


def test_a_stored_service_that_names_a_therapist_takes_nothing_of_them_and_tells_nothing() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10), BOB, therapist="eve")
        await stored(rig, "doc", needing("eve"))
        series = SeriesService(rig.bookings, rig.region, rig.clock)
        for hour, by in ((10, ANN), (11, ANN), (11, DOC)):
            override = "urgent" if by is DOC else ""
            wanted = BookingRequest(
                therapist="doc", start=at(hour), service="x", client="ann", override_reason=override
            )
            with pytest.raises(Conflict) as refused:
                await rig.bookings.book(wanted, by=by)
            assert codes(refused.value) == ["resource_denied"], "and never when she is taken"
            checked = await rig.bookings.check(wanted, by=by)
            assert [one.code for one in checked.reasons] == ["resource_denied"]
        dry = await series.create(
            BookingRequest(therapist="doc", start=at(11), service="x"),
            "FREQ=DAILY;COUNT=2",
            (),
            "all",
            dry_run=True,
            by=ANN,
        )
        assert [one.status for one in dry.occurrences] == ["conflict"] * 2
        made = await rig.book(at(12))
        with pytest.raises(Conflict) as refused:
            await rig.bookings.move(made.id, BookingChangeRequest(service="x"), by=ANN)
        assert codes(refused.value) == ["resource_denied"]
        assert await rig.slots(at(0), at(24), "x") == []
        assert len(await rig.entries("calendar:eve")) == 1

    Rig().play(scenario)


def test_a_room_that_is_shared_with_some_is_there_for_them_until_that_is_taken_back() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.calendars.configure("room1", a_schedule(**ROOM, rules=Limits(shared_with=("eve",))), by=ADMIN)
        with pytest.raises(PermissionDenied):
            await rig.calendars.configure("doc", needing("room1"), by=DOC)
        with pytest.raises(Conflict) as refused:
            await rig.book(at(10), service="room-talk")
        assert codes(refused.value) == ["resource_denied"]
        offered: Any = (refused.value.details or {})["alternatives"]
        assert {one["therapist_id"] for one in offered} == {"eve"}
        await rig.calendars.configure("eve", needing("room1"), by=EVE)
        made = await rig.book(at(10), therapist="eve", service="x")
        await rig.calendars.configure("room1", a_schedule(**ROOM, rules=Limits(shared_with=())), by=ADMIN)
        with pytest.raises(Conflict) as refused:
            await rig.bookings.move(made.id, BookingChangeRequest(start=at(11)), by=ANN)
        assert codes(refused.value) == ["resource_denied"]
        assert (await rig.bookings.get(made.id, by=ANN)).status == "confirmed", "what was booked stays"

    Rig().play(scenario)


def test_a_room_that_is_shared_with_some_is_booked_by_itself_by_them_and_those_who_run_it_alone() -> None:
    async def scenario(rig: Rig) -> None:
        wanted = BookingRequest(therapist="room1", start=at(10), duration=60)
        assert (await rig.bookings.check(wanted, by=ANN)).available
        await rig.calendars.configure("room1", a_schedule(**ROOM, rules=Limits(shared_with=("eve",))), by=ADMIN)
        for by in (ANN, DOC):
            with pytest.raises(Conflict) as refused:
                await rig.bookings.book(wanted, by=by)
            assert codes(refused.value) == ["not_shared"]
        for hour, by in ((10, EVE), (11, ADMIN)):
            made = await rig.bookings.book(BookingRequest(therapist="room1", start=at(hour), duration=60), by=by)
            assert made.status == "confirmed"

    Rig().play(scenario)


def test_a_therapist_is_not_shared_and_says_so() -> None:
    async def scenario(rig: Rig) -> None:
        with pytest.raises(InvalidArgument) as refused:
            await rig.calendars.configure("doc", a_schedule(rules=Limits(shared_with=("eve",))), by=DOC)
        assert refused.value.details == {"field": "rules.shared_with"}

    Rig().play(scenario)


def test_the_hours_of_a_room_are_overruled_by_those_who_run_it_alone() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.calendars.configure("room1", a_schedule(**ROOM, weekly={}), by=ADMIN)
        wanted = BookingRequest(
            therapist="doc", start=at(10), service="room-talk", client="ann", override_reason="urgent"
        )
        with pytest.raises(Conflict) as refused:
            await rig.bookings.book(wanted, by=DOC)
        assert codes(refused.value) == ["resource_closed"]
        assert not (await rig.bookings.check(wanted, by=DOC)).available
        assert (await rig.bookings.book(wanted, by=ADMIN)).status == "confirmed"

    Rig().play(scenario)


@pytest.mark.parametrize("status", ["confirmed", "pending"])
def test_who_is_handed_a_booking_is_asked_where_they_ask_to_be(status: str) -> None:
    async def scenario(rig: Rig) -> None:
        if status == "pending":
            await rig.calendars.configure("doc", a_schedule(rules=Limits(requires_confirmation=True)), by=DOC)
        made = await rig.book(at(10))
        assert made.status == status
        await rig.calendars.configure("eve", a_schedule(rules=Limits(requires_confirmation=True)), by=EVE)
        handed = await rig.bookings.move(made.id, BookingChangeRequest(therapist="eve"), by=DOC)
        assert (handed.status, handed.awaiting) == ("pending", "therapist")
        with pytest.raises(PermissionDenied):
            await rig.bookings.confirm(made.id, by=ANN)
        assert (await rig.bookings.confirm(made.id, by=EVE)).status == "confirmed"

    Rig().play(scenario)


def test_who_runs_both_calendars_hands_a_booking_over_at_once() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        await rig.calendars.configure("eve", a_schedule(rules=Limits(requires_confirmation=True)), by=EVE)
        handed = await rig.bookings.move(made.id, BookingChangeRequest(therapist="eve"), by=ADMIN)
        assert handed.status == "confirmed"

    Rig().play(scenario)


@pytest.mark.parametrize("rules", [Limits(bookable_by="care_relationship"), Limits(min_notice_minutes=60 * 24 * 30)])
def test_a_dry_run_in_bulk_says_what_the_run_does(rules: Limits) -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        await rig.calendars.configure("eve", a_schedule(rules=rules), by=EVE)
        bookings = Bookings(rig.region, rig.stores.views, rig.clock, related=nobody)
        bulk = BulkBookings(bookings, BookingQueries(rig.stores.views, rig.calendars), rig.clock)
        found = []
        for dry_run in (True, False):
            body = BulkBody(action="transfer", therapist_id="doc", since=to_rfc3339(at(0)), until=to_rfc3339(at(24)))
            asked = {"to_therapist_id": "eve", "dry_run": dry_run}
            answer = await bulk.run(_with(body, asked), by=DOC)
            found.append([(one.booking_id, one.status, _reasons(one.error)) for one in answer.results])
        assert found[0] == found[1]
        assert [one[:2] for one in found[0]] == [(made.id, "failed")]

    Rig().play(scenario)


def test_nobody_is_offered_time_of_a_calendar_that_does_not_take_them() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.calendars.configure("doc", a_schedule(rules=Limits(bookable_by="care_relationship")), by=DOC)
        bookings = Bookings(rig.region, rig.stores.views, rig.clock, related=nobody)
        waiting = WaitlistService(bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
        with pytest.raises(Conflict) as refused:
            await waiting.join(_wish(therapist_ids=("doc", "eve")), by=ANN)
        assert codes(refused.value) == ["care_relationship"]
        await waiting.join(_wish(), by=ANN)
        (line,) = (await waiting.listing("", by=ANN)).entries
        assert line.therapist_ids == ["eve"]
        await rig.calendars.configure("room1", a_room_for("eve"), by=ADMIN)
        with pytest.raises(Conflict) as refused:
            await waiting.join(_wish(therapist_ids=("room1",)), by=ANN)
        assert codes(refused.value) == ["not_shared"]

    Rig().play(scenario)


def test_a_wish_for_too_many_calendars_is_refused_and_not_cut_short() -> None:
    async def scenario(rig: Rig) -> None:
        waiting = WaitlistService(rig.bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
        with pytest.raises(InvalidArgument) as refused:
            await waiting.join(_wish(therapist_ids=tuple(f"doc{number}" for number in range(51))), by=ANN)
        assert refused.value.details == {"field": "therapist_ids"}

    Rig().play(scenario)


def test_a_wish_for_several_calendars_is_taken_back_by_those_alone_who_run_them_all() -> None:
    async def scenario(rig: Rig) -> None:
        waiting = WaitlistService(rig.bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
        entry = (await waiting.join(_wish(therapist_ids=("doc", "eve")), by=ANN)).entry_id
        with pytest.raises(PermissionDenied):
            await waiting.leave(entry, by=DOC)
        assert len((await waiting.listing("eve", by=EVE)).entries) == 1
        await waiting.leave(entry, by=ADMIN)
        assert (await waiting.listing("", by=ANN)).entries == []

    Rig().play(scenario)


def _wish(**more: Any) -> WaitlistBody:
    return WaitlistBody(since=to_rfc3339(at(9)), until=to_rfc3339(at(12)), service_id="talk", **more)


def _with(body: BulkBody, changes: dict[str, Any]) -> BulkBody:
    members = {name: getattr(body, name) for name in body.__struct_fields__}
    return BulkBody(**members | changes)


def _reasons(error: msgspec.Raw | msgspec.UnsetType) -> Any:
    assert isinstance(error, msgspec.Raw)
    return msgspec.json.decode(error)["details"]["reasons"]
