"""What clients may send about calendars, over REST and over sockets: the bodies of the contract.

Forms are checked here; whether it is allowed, and the sense of it, is the entities' business.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.calendars import time
from actors.calendars.schedule import Id
from actors.calendars.service import Request

Text = Annotated[str, Meta(max_length=4000)]
Moment = Annotated[str, Meta(max_length=40)]
Minutes = Annotated[int, Meta(ge=1, le=24 * 60)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a client sends."""


class OverrideBody(Body, frozen=True):
    """Staff books outside the rules, and says why."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


class BookingBody(Body, frozen=True):
    """A booking that is wanted. `client_id` is for staff. `request_id`: a repeat with it is the same booking."""

    therapist_id: Id
    start: Moment
    service_id: Id | None = None
    duration_minutes: Minutes | None = None
    client_id: Id | None = None
    hold: bool = False
    participants: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()
    notes: Text = ""
    calendar_version: int | None = None
    override: OverrideBody | None = None
    request_id: Annotated[str, Meta(max_length=128)] | None = None

    def request(self, booking_id: str = "") -> Request:
        """The same for the service."""
        return Request(
            therapist=self.therapist_id,
            start=time.parse_instant(self.start),
            client=self.client_id or "",
            service=self.service_id,
            duration=self.duration_minutes,
            hold=self.hold,
            participants=self.participants,
            notes=self.notes,
            override_reason=self.override.reason if self.override is not None else "",
            id=booking_id,
        )


class RescheduleBody(Body, frozen=True):
    """Another time."""

    start: Moment
    duration_minutes: Minutes | None = None
    override: OverrideBody | None = None


class TransferBody(Body, frozen=True):
    """Another therapist, and perhaps another time."""

    therapist_id: Id
    start: Moment | None = None
    service_id: Id | None = None
    override: OverrideBody | None = None


class ReasonBody(Body, frozen=True):
    """Why: a category, or words."""

    reason: Annotated[str, Meta(max_length=1000)] = ""


class EmptyBody(Body, frozen=True):
    """Nothing."""


class PatchBody(Body, frozen=True):
    """What is there is changed, each alone."""

    start: Moment | None = None
    duration_minutes: Minutes | None = None
    service_id: Id | None = None
    notes: Text | None = None
    participants: Annotated[tuple[Id, ...], Meta(max_length=100)] | None = None


class SeriesBody(Body, frozen=True):
    """A series that is wanted."""

    therapist_id: Id
    start: Moment
    rrule: Annotated[str, Meta(max_length=500)]
    policy: Literal["all", "available"]
    service_id: Id | None = None
    duration_minutes: Minutes | None = None
    client_id: Id | None = None
    exceptions: Annotated[tuple[Moment, ...], Meta(max_length=400)] = ()
    dry_run: bool = False

    def request(self) -> Request:
        """The first occurrence, for the service."""
        return Request(
            therapist=self.therapist_id,
            start=time.parse_instant(self.start),
            client=self.client_id or "",
            service=self.service_id,
            duration=self.duration_minutes,
        )


class SeriesPatch(Body, frozen=True):
    """Move occurrences (`booking_id` to `start`, the others by as much), or pause the series or let it go on."""

    status: Literal["active", "paused"] | None = None
    scope: Literal["this", "following", "all"] = "this"
    booking_id: Id | None = None
    start: Moment | None = None
    policy: Literal["all", "available"] = "all"
    dry_run: bool = False


class BulkItem(Body, frozen=True):
    """One booking of many."""

    booking_id: Id
    start: Moment | None = None
    therapist_id: Id | None = None


class BulkBody(Body, frozen=True):
    """Many at once: those named, or all of a therapist that begin in [from, to)."""

    action: Literal["cancel", "reschedule", "transfer", "complete", "no_show"]
    items: Annotated[tuple[BulkItem, ...], Meta(max_length=500)] = ()
    therapist_id: Id | None = None
    since: Moment | None = msgspec.field(name="from", default=None)
    until: Moment | None = msgspec.field(name="to", default=None)
    reason: Annotated[str, Meta(max_length=1000)] = ""
    to_therapist_id: Id | None = None
    alternatives: bool = True
    dry_run: bool = False


class ImportBody(Body, frozen=True):
    """An external calendar."""

    source: Id
    ics: Annotated[str, Meta(max_length=2_000_000)]
