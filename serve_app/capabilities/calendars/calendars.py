"""Calendars: how they are set up, when they are free."""

from collections.abc import Iterator
from typing import Any

from actors.calendars.calendar.answers import CalendarReply
from actors.calendars.contract import replies
from actors.calendars.hours.schedule import CalendarBody
from actors.calendars.services.assembly import CalendarServices
from serve_app.capabilities.calendars import examples, requests
from serve_app.capabilities.calendars.shared import DETAILS, REFUSES
from serve_app.edge.operation import Caller, Operation, Rest, Result


def calendars(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Section "Calendars and bookings" of the contract, as far as it is about calendars."""

    async def read(request: requests.OfCalendar, caller: Caller) -> Result:
        reply = await services.calendars.get(request.therapist_id, by=caller.by, trace=caller.trace)
        return Result(reply.data, version=reply.version)

    async def configure(request: requests.UpdateCalendar, caller: Caller) -> Result:
        reply = await services.calendars.configure(
            request.therapist_id, request.schedule(), by=caller.by, trace=caller.trace, versions=caller.versions
        )
        return Result(reply.data, version=reply.version)

    yield Operation(
        name="get_calendar",
        action="calendar.availability",
        request=requests.OfCalendar,
        call=read,
        rest=Rest("GET", "/api/calendars/{therapist_id}", tag="calendars"),
        limit="read",
        response=CalendarReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_CALENDAR,
        versioned=True,
        description="Working hours, services and rules. Why a time is blocked is told to those who run the calendar"
        " only.",
    )
    yield Operation(
        name="update_calendar",
        action="calendar.manage",
        request=requests.UpdateCalendar,
        call=configure,
        rest=Rest("PUT", "/api/calendars/{therapist_id}", tag="calendars", body=CalendarBody),
        limit="write",
        response=CalendarReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.UPDATE_CALENDAR,
        versioned=True,
        description="Set the calendar up. Bookings that are there stay, also where the new rules would not allow them.",
    )
    yield from _looked_at(services)
    yield Operation(
        name="import_calendar",
        action="calendar.manage",
        request=requests.ImportCalendar,
        call=lambda request, caller: services.feeds.bring_in(request.therapist_id, request, by=caller.by),
        rest=Rest("POST", "/api/calendars/{therapist_id}/import", tag="calendars"),
        limit="write",
        response=replies.ImportedReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.IMPORT_CALENDAR,
        description="Busy time of an external iCalendar, recurrences expanded; replaces what that source brought"
        " before. What cannot be read is left out and named; when nothing can be, nothing is changed.",
    )


def _looked_at(services: CalendarServices) -> Iterator[Operation[Any]]:
    yield Operation(
        name="get_availability",
        action="calendar.availability",
        request=requests.GetAvailability,
        call=lambda request, caller: services.calendars.free_times(
            request.therapist_id, request, by=caller.by, trace=caller.trace
        ),
        rest=Rest(
            "GET",
            "/api/calendars/{therapist_id}/availability",
            tag="calendars",
            request=requests.AvailabilityAddress,
        ),
        limit="read",
        response=replies.FreeTimesReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_AVAILABILITY,
        description="Free times, at most 100 days. With `explain`, also why others are not (at most 3,000 times).",
    )
    yield Operation(
        name="get_calendar_analytics",
        action="calendar.manage",
        request=requests.GetCalendarAnalytics,
        call=lambda request, caller: services.queries.analytics(request.therapist_id, *request.span(), by=caller.by),
        rest=Rest("GET", "/api/calendars/{therapist_id}/analytics", tag="calendars", request=requests.AnalyticsAddress),
        limit="write",
        response=replies.CalendarFigures,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_CALENDAR_ANALYTICS,
        description="Utilisation of the offered hours, lead time, cancellations and no-shows by reason.",
    )
