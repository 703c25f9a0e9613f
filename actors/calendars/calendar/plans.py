"""The plan of a booking, the entry that it makes in a calendar, and its conflicts."""

import msgspec

from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.calendar.commands import Reserve, TryBook, TryTake
from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.hours.schedule import Schedule, Service
from common.errors import InvalidArgument, NotFound


def service_of(schedule: Schedule, service_id: str | None, duration_minutes: int | None) -> Service:
    """The service that is meant; without a name, just time of that length.

    Raises:
        NotFound: the calendar has no such service.
        InvalidArgument: a group session of another length than the others'.
    """
    if service_id is None:
        return Service(service_id="", duration_minutes=duration_minutes or schedule.slot_minutes)
    service = next((one for one in schedule.services if one.service_id == service_id), None)
    if service is None:
        raise NotFound("This calendar has no such service.")
    if duration_minutes is None or duration_minutes == service.duration_minutes:
        return service
    if service.capacity > 1:
        raise InvalidArgument("A group session has a fixed length.", details={"field": "duration_minutes"})
    return msgspec.structs.replace(service, duration_minutes=duration_minutes)


def plan_of(command: TryTake) -> BookingPlan:
    """The plan that another calendar made."""
    return BookingPlan(
        start=command.start,
        end=command.end,
        before=command.before,
        after=command.after,
        session=command.session,
        capacity=command.capacity,
        service=command.service,
        resources=(),
        tz="",
        calendar=command.calendar,
    )


def entry_of(command: TryBook | TryTake | Reserve, plan: BookingPlan) -> TimeEntry:
    """The entry of time that is taken by this plan."""
    return TimeEntry(
        key=command.key,
        booking=command.booking,
        owner=command.owner,
        start=plan.start,
        end=plan.end,
        before=plan.before,
        after=plan.after,
        session=plan.session,
        service=plan.service,
        client=command.client,
        overridden=isinstance(command, TryBook | TryTake) and command.overriding,
        hold=isinstance(command, TryTake) and command.hold,
    )


def collisions(occupancy: Occupancy, plan: BookingPlan, booking: str) -> list[str]:
    """The conflicts of this plan: `taken`, `group_full`, `buffer`. Time of the booking that moves does not."""
    mates, codes = 0, set()
    for one in occupancy.each_near(plan.start - plan.before, plan.end + plan.after):
        if booking and one.booking == booking:
            continue
        if plan.session and one.session == plan.session:
            mates += 1
        elif one.start < plan.end and plan.start < one.end:
            codes.add("taken")
        elif one.start - max(one.before, plan.after) < plan.end and plan.start < one.end + max(one.after, plan.before):
            codes.add("buffer")
    if mates >= plan.capacity:
        codes.add("group_full")
    return sorted(codes, reverse=True)
