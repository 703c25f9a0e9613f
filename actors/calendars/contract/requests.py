"""Requests of clients about calendars, over REST and over sockets: the bodies of the contract.

Forms are checked here; whether it is allowed, and the sense of it, is the entities' business.
"""

from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.schedule import Id
from common import timeline
from common.errors import InvalidArgument
from common.lines import Line

Text = Annotated[str, Meta(max_length=4000)]
Moment = Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})]
Code = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
Minutes = Annotated[int, Meta(ge=1, le=24 * 60)]
RequestId = Annotated[str, Meta(max_length=128)]  # a repeat with it is the same booking, series or wish


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a client sends."""


class OverrideBody(Body, frozen=True):
    """Staff books outside the rules, and says why."""

    reason: Annotated[Line, Meta(min_length=1, max_length=1000)]


class Timed(Protocol):
    """A body with a time in it."""

    @property
    def start(self) -> str | None: ...

    @property
    def end(self) -> str | None: ...


def length_of(body: Timed) -> int | None:
    """Minutes, if the body says how long.

    Raises:
        InvalidArgument: it does not end whole minutes after its start, or its `duration_minutes` say otherwise.
    """
    said: int | None = getattr(body, "duration_minutes", None)
    if body.end is None:
        return said
    start = _instant(body.start)
    length = -1 if start is None else timeline.parse_instant(body.end, "end") - start
    minutes, rest = divmod(length, timeline.MINUTE_MS)
    if rest or not 1 <= minutes <= 24 * 60 or said not in (None, minutes):
        raise InvalidArgument("end is 1 to 1440 minutes after start, as duration_minutes.", details={"field": "end"})
    return minutes


def reason_of(override: OverrideBody | None) -> str:
    """Why the rules are overruled; "" when they are not."""
    return "" if override is None else override.reason


def _instant(text: str | None) -> int | None:
    return None if text is None else timeline.parse_instant(text)


class SourceBody(Body, frozen=True, kw_only=True):
    """The message that it comes of, and the block of it that was used."""

    room_id: Id
    message_id: Id
    block_id: Id | None = None

    def places(self) -> tuple[str, ...]:
        """Room, message, block."""
        return (self.room_id, self.message_id, self.block_id or "")


class BookingBody(Body, frozen=True, kw_only=True):
    """A booking that is wanted. `client_id` is for staff. `request_id`: a repeat with it is the same booking. With
    `end` instead of a length, every alternative of a refusal is a body as it is."""

    therapist_id: Id
    start: Moment
    end: Moment | None = None
    service_id: Id | None = None
    duration_minutes: Minutes | None = None
    client_id: Id | None = None
    hold: bool = False
    participants: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()
    notes: Text = ""
    calendar_version: int | None = None
    override: OverrideBody | None = None
    request_id: RequestId | None = None
    codes: Annotated[tuple[Code, ...], Meta(max_length=10)] = ()
    source: SourceBody | None = None

    def request(self, key: str = "") -> BookingRequest:
        """The same for the service, under the mark of a key."""
        return BookingRequest(
            therapist=self.therapist_id,
            start=timeline.parse_instant(self.start),
            client=self.client_id or "",
            service=self.service_id,
            duration=length_of(self),
            hold=self.hold,
            participants=self.participants,
            notes=self.notes,
            override_reason=reason_of(self.override),
            key=key,
            codes=self.codes,
            source=() if self.source is None else self.source.places(),
        )


class RescheduleBody(Body, frozen=True):
    """Another time."""

    start: Moment
    end: Moment | None = None
    duration_minutes: Minutes | None = None
    override: OverrideBody | None = None

    def change(self) -> BookingChangeRequest:
        """The same for the service."""
        return BookingChangeRequest(
            start=timeline.parse_instant(self.start), duration=length_of(self), override_reason=reason_of(self.override)
        )


class TransferBody(Body, frozen=True, kw_only=True):
    """Another therapist, and perhaps another time."""

    therapist_id: Id
    start: Moment | None = None
    end: Moment | None = None
    service_id: Id | None = None
    override: OverrideBody | None = None

    def change(self) -> BookingChangeRequest:
        """The same for the service."""
        return BookingChangeRequest(
            therapist=self.therapist_id,
            start=_instant(self.start),
            duration=length_of(self),
            service=self.service_id,
            override_reason=reason_of(self.override),
        )


class ReasonBody(Body, frozen=True):
    """Why: a category, or words."""

    reason: Annotated[Line, Meta(max_length=1000)] = ""


class EmptyBody(Body, frozen=True):
    """Nothing."""


class PatchBody(Body, frozen=True, kw_only=True):
    """A partial change: each member that is present is changed, the others stay."""

    start: Moment | None = None
    end: Moment | None = None
    duration_minutes: Minutes | None = None
    service_id: Id | None = None
    notes: Text | None = None
    participants: Annotated[tuple[Id, ...], Meta(max_length=100)] | None = None
    override: OverrideBody | None = None

    def change(self) -> BookingChangeRequest | None:
        """The part that needs another time, for the service."""
        if (self.start, self.end, self.duration_minutes, self.service_id) == (None,) * 4:
            return None
        return BookingChangeRequest(
            start=_instant(self.start),
            duration=length_of(self),
            service=self.service_id,
            override_reason=reason_of(self.override),
        )


class SeriesBody(Body, frozen=True, kw_only=True):
    """A series that is wanted. `request_id`: a repeat with it tells of the series that is there."""

    therapist_id: Id
    start: Moment
    rrule: Annotated[str, Meta(max_length=500)]
    policy: Literal["all", "available"]
    service_id: Id | None = None
    duration_minutes: Minutes | None = None
    client_id: Id | None = None
    exceptions: Annotated[tuple[Moment, ...], Meta(max_length=400)] = ()
    dry_run: bool = False
    request_id: RequestId | None = None

    def request(self, key: str = "") -> BookingRequest:
        """The first occurrence, for the service, under the mark of a key."""
        return BookingRequest(
            therapist=self.therapist_id,
            start=timeline.parse_instant(self.start),
            client=self.client_id or "",
            service=self.service_id,
            duration=self.duration_minutes,
            key=key,
        )


class SeriesPatch(Body, frozen=True, kw_only=True):
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


class BulkBody(Body, frozen=True, kw_only=True):
    """Many at once: those named, or all of a therapist that begin in [from, to)."""

    action: Literal["cancel", "reschedule", "transfer", "complete", "no_show"]
    items: Annotated[tuple[BulkItem, ...], Meta(max_length=500)] = ()
    therapist_id: Id | None = None
    since: Moment | None = msgspec.field(name="from", default=None)
    until: Moment | None = msgspec.field(name="to", default=None)
    reason: Annotated[Line, Meta(max_length=1000)] = ""
    to_therapist_id: Id | None = None
    alternatives: bool = True
    dry_run: bool = False


class ImportBody(Body, frozen=True):
    """An external calendar. How large it may be is the bound of whatever brings it: a request, or an event."""

    source: Id
    ics: str


class WaitlistBody(Body, frozen=True, kw_only=True):
    """A wish. Without therapists: all that offer the service."""

    since: Moment = msgspec.field(name="from")
    until: Moment = msgspec.field(name="to")
    therapist_ids: tuple[Id, ...] = ()
    service_id: Id | None = None
    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    urgency: str = "normal"
    note: str = ""
    client_id: Id | None = None
    request_id: RequestId | None = None
