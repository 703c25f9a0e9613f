"""The waitlist: wishes, and offers of time that has become free."""

from collections.abc import Iterator
from typing import Any

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract.requests import EmptyBody, WaitlistBody
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.waitlist import WaitlistService
from actors.calendars.waitlist.answers import Standing, WaitlistFigures, WaitlistReply
from common.persons import NothingToTell
from serve_app.capabilities.calendars import examples, requests
from serve_app.capabilities.calendars.shared import DETAILS, REFUSES, versioned
from serve_app.edge.operation import Caller, Operation, Rest, Result


def waitlist(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Section "Calendars and bookings" of the contract, as far as it is about the waitlist."""
    waiting = services.waiting

    async def join(request: WaitlistBody, caller: Caller) -> Standing:
        key = services.bookings.key_of(caller.by, caller.idempotency_key, "wait")
        return await waiting.join(request, by=caller.by, key=key)

    yield Operation(
        name="join_waitlist",
        action="waitlist.join",
        request=WaitlistBody,
        call=join,
        rest=Rest("POST", "/api/waitlist", 201, tag="bookings"),
        limit="write",
        response=Standing,
        resource=("client_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.JOIN_WAITLIST,
        description="Wait for time: of these therapists or of all that offer the service.",
    )
    yield Operation(
        name="list_waitlist",
        action="waitlist.read",
        request=requests.ListWaitlist,
        call=lambda request, caller: waiting.listing(request.therapist_id or "", by=caller.by),
        rest=Rest("GET", "/api/waitlist", tag="bookings"),
        limit="read",
        response=WaitlistReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.LIST_WAITLIST,
        description="One's own wishes with positions and offers; for staff, those of a calendar.",
    )
    yield Operation(
        name="get_waitlist_analytics",
        action="waitlist.figures",
        request=EmptyBody,
        call=lambda _, caller: waiting.figures(by=caller.by),
        rest=Rest("GET", "/api/waitlist/analytics", tag="bookings"),
        limit="read",
        response=WaitlistFigures,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_WAITLIST_ANALYTICS,
        description="Waiting time, acceptance, demand by hour (staff).",
    )
    yield Operation(
        name="leave_waitlist",
        action="waitlist.leave",
        request=requests.LeaveWaitlist,
        call=lambda request, caller: waiting.leave(request.entry_id, by=caller.by),
        rest=Rest("DELETE", "/api/waitlist/{entry_id}", tag="bookings"),
        limit="write",
        response=NothingToTell,
        resource=("entry_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.LEAVE_WAITLIST,
        description="Wait no more.",
    )
    yield from _offers(waiting)


def _offers(waiting: WaitlistService) -> Iterator[Operation[Any]]:
    async def accept(request: requests.OfOffer, caller: Caller) -> Result:
        return versioned(await waiting.accept(request.offer_id, by=caller.by))

    yield Operation(
        name="accept_offer",
        action="waitlist.leave",
        request=requests.OfOffer,
        call=accept,
        rest=Rest("POST", "/api/waitlist/offers/{offer_id}/accept", tag="bookings", bodiless=True),
        limit="write",
        response=BookingReply,
        resource=("offer_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.ACCEPT_OFFER,
        description="Book what was offered.",
    )
    yield Operation(
        name="decline_offer",
        action="waitlist.leave",
        request=requests.OfOffer,
        call=lambda request, caller: waiting.decline(request.offer_id, by=caller.by),
        rest=Rest("POST", "/api/waitlist/offers/{offer_id}/decline", tag="bookings", bodiless=True),
        limit="write",
        response=NothingToTell,
        resource=("offer_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.DECLINE_OFFER,
        description="Let an offer go; one stays on the list.",
    )
