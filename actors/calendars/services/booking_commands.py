"""The commands that requests about bookings become once their time is taken."""

import msgspec

from actors.calendars.booking.commands import MoveBooking
from actors.calendars.booking.state import BookingDetails, BookingTerms
from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.hours.schedule import Price
from actors.calendars.hours.versions import ANY, Versions
from actors.calendars.services.times.reserving import ReservedTime, TimeRequest
from common.money import Quoted
from common.timeline import MINUTE_MS


def record_of(
    booking: str, request: BookingRequest, wanted: TimeRequest, taken: ReservedTime, quoted: Quoted | None = None
) -> BookingDetails:
    """The booking that is to be, with its time and its price."""
    plan = taken.plan
    price = plan.price if quoted is None else Price(quoted.amount, quoted.currency)
    return BookingDetails(
        id=booking,
        therapist=wanted.therapist,
        client=wanted.client,
        service=plan.service,
        start=plan.start,
        end=plan.end,
        tz=plan.tz,
        status="held",
        key=taken.key,
        parties=taken.parties,
        participants=request.participants,
        price=price,
        format=plan.format,
        series=request.series,
        wish=request.wish,
        terms=msgspec.structs.replace(_terms(plan), prepaid=quoted is not None and quoted.prepaid),
        bill="" if quoted is None else quoted.bill,
        overridden=wanted.overriding,
        source=request.source,
    )


def move_of(
    record: BookingDetails, taken: ReservedTime, wanted: TimeRequest, override_reason: str, versions: Versions = ANY
) -> MoveBooking:
    """The command that moves a booking to its new time. The price that was agreed stays with the service."""
    plan = taken.plan
    same_service = plan.service == record.service
    same_place = same_service and wanted.therapist == record.therapist
    return MoveBooking(
        key=taken.key,
        epoch=record.epoch,
        therapist=wanted.therapist,
        service=plan.service,
        start=plan.start,
        end=plan.end,
        tz=plan.tz,
        parties=taken.parties,
        terms=_terms(plan),
        overridden=wanted.overriding,
        override_reason=override_reason,
        price=record.price if same_service else plan.price,
        format=record.format if same_place else plan.format,
        versions=versions,
    )


def _terms(plan: BookingPlan) -> BookingTerms:
    return BookingTerms(
        requires_confirmation=plan.requires_confirmation,
        max_reschedules=plan.max_reschedules,
        cancel_notice_ms=plan.cancel_notice_ms,
        reminders=plan.reminders,
    )


def moved_request(record: BookingDetails, start: int | None = None, therapist: str | None = None) -> BookingRequest:
    """The same booking as a request, at another time or with another therapist."""
    return BookingRequest(
        therapist=therapist or record.therapist,
        start=record.start if start is None else start,
        client=record.client,
        service=record.service or None,
        duration=(record.end - record.start) // MINUTE_MS,
    )


def as_json(document: object) -> msgspec.Raw:
    """A document that is part of an answer as it is."""
    return msgspec.Raw(msgspec.json.encode(document))
