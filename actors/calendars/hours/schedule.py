"""The schedule of a calendar: the body of `PUT /api/calendars/{id}`, and the rules that it must keep itself."""

from itertools import pairwise
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from common import timeline
from common.errors import InvalidArgument
from common.ids import ID_PATTERN
from common.lines import COMPLAINT, is_line

Id = Annotated[str, Meta(pattern=ID_PATTERN.removesuffix("$") + r"\Z")]
Minutes = Annotated[int, Meta(ge=0, le=7 * 24 * 60)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Short = Annotated[str, Meta(max_length=500)]
Language = Annotated[str, Meta(pattern=r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]
Hours = tuple[tuple[str, str], ...]
_LONGEST_MS: Final = 7 * timeline.DAY_MS


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what a schedule is made of."""


class Price(Part, frozen=True):
    """Integer minor units and an ISO 4217 code."""

    amount: Annotated[int, Meta(ge=0)]
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]


class Service(Part, frozen=True, kw_only=True):
    """Something that can be booked. `resources` are rooms and devices whose time each booking needs as well: calendars
    of another `kind` than "therapist", that are shared with this one (`Limits.shared_with`)."""

    service_id: Id
    duration_minutes: Annotated[int, Meta(ge=1, le=24 * 60)]
    title: Short = ""
    buffer_before_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 0
    buffer_after_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 0
    capacity: Annotated[int, Meta(ge=1, le=1000)] = 1
    format: Literal["video", "in_person", "phone"] | None = None
    price: Price | None = None
    resources: Annotated[tuple[Id, ...], Meta(max_length=10)] = ()
    max_per_day: Count | None = None
    max_per_week: Count | None = None


class Limits(Part, frozen=True, kw_only=True):
    """The rules of a calendar. None: no such rule. `shared_with`, of a room or device: the calendars whose services may
    need it; None: all. Where it is set, nobody else books it by itself either, but those who run it."""

    min_notice_minutes: Annotated[int, Meta(ge=0, le=365 * 24 * 60)] = 0
    horizon_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    max_per_day: Count | None = None
    max_per_week: Count | None = None
    max_per_client_per_day: Count | None = None
    max_per_client_per_week: Count | None = None
    max_reschedules: Count | None = None
    cancel_notice_minutes: Annotated[int, Meta(ge=0, le=365 * 24 * 60)] = 0
    requires_confirmation: bool = False
    reminders: Annotated[tuple[Annotated[int, Meta(ge=1, le=365 * 24 * 60)], ...], Meta(max_length=10)] | None = None
    bookable_by: Literal["anyone", "care_relationship"] = "anyone"
    shared_with: Annotated[tuple[Id, ...], Meta(max_length=1000)] | None = None


class Override(Part, frozen=True):
    """The hours of one date, instead of those of its weekday. None at all: closed."""

    date: str
    hours: Hours = ()
    reason: Short = ""


class Stretch(Part, frozen=True):
    """A one-off opening, or a time when nothing can be booked."""

    start: str
    end: str
    reason: Short = ""
    kind: Literal["blackout", "maintenance", "opening"] = "blackout"


class Holidays(Part, frozen=True):
    """Public holidays of a country (ISO 3166-1), or of a part of it (ISO 3166-2 without the country)."""

    country: Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")]
    subdivision: Annotated[str, Meta(max_length=10)] | None = None


class Schedule(Part, frozen=True, kw_only=True):
    """All of it. Frozen and without defaults left out, so it travels as it was given. `languages`: those of
    sessions (BCP 47), for whoever looks for a therapist."""

    tz: str
    weekly: dict[str, Hours] = {}
    slot_minutes: Annotated[int, Meta(ge=1, le=24 * 60)] = 30
    services: Annotated[tuple[Service, ...], Meta(max_length=200)] = ()
    rules: Limits = Limits()
    overrides: Annotated[tuple[Override, ...], Meta(max_length=2000)] = ()
    blackouts: Annotated[tuple[Stretch, ...], Meta(max_length=2000)] = ()
    openings: Annotated[tuple[Stretch, ...], Meta(max_length=2000)] = ()
    holidays: Holidays | None = None
    kind: Literal["therapist", "room", "device"] = "therapist"
    languages: Annotated[tuple[Language, ...], Meta(max_length=20)] | None = None

    def serves(self, calendar: str) -> bool:
        """May a service of that calendar need time of this one? A person's time is never a means of somebody else's."""
        shared = self.rules.shared_with
        return self.kind != "therapist" and (shared is None or calendar in shared)


class CalendarBody(Schedule, frozen=True, kw_only=True):
    """The body of a PUT: a schedule, or one that was read and changed. `version` is ignored here: it counts bookings
    too."""

    therapist_id: Id | None = None
    version: int | None = None

    def schedule(self) -> Schedule:
        """The schedule alone."""
        return Schedule(**{name: getattr(self, name) for name in Schedule.__struct_fields__})


def whole(part: Part) -> dict[str, Any]:
    """Everything of it, defaults too; what is None is left out."""
    members = {name: getattr(part, name) for name in part.__struct_fields__}
    return {name: _whole(value) for name, value in members.items() if value is not None}


def _whole(value: Any) -> Any:
    if isinstance(value, Part):
        return whole(value)
    return [_whole(one) for one in value] if isinstance(value, tuple) else value


def check(schedule: Schedule, own_id: str) -> None:
    """Refuse what makes no sense.

    Raises:
        InvalidArgument: `details.field` names the member.
    """
    timeline.zone_of(schedule.tz)
    for weekday, hours in schedule.weekly.items():
        if weekday not in timeline.WEEKDAYS:
            raise _invalid(f"weekly.{weekday}", "is not a weekday (mon ... sun)")
        minutes(hours, f"weekly.{weekday}")
    dates = [timeline.day_number(override.date, "overrides.date") for override in schedule.overrides]
    if len(set(dates)) < len(dates):
        raise _invalid("overrides", "name a date twice")
    for override in schedule.overrides:
        minutes(override.hours, "overrides.hours")
    for stretch in schedule.blackouts:
        span(stretch, "blackouts")
    for stretch in schedule.openings:
        if (ends := span(stretch, "openings"))[1] - ends[0] > _LONGEST_MS:
            raise _invalid("openings", "last seven days at most, each")
    _check_services(schedule, own_id)
    if schedule.kind == "therapist" and schedule.rules.shared_with is not None:
        raise _invalid("rules.shared_with", "is for calendars of the kind room or device")
    _check_lines(schedule)
    if schedule.holidays is not None:
        public_holidays(schedule.holidays, 2026)


def _check_services(schedule: Schedule, own_id: str) -> None:
    ids = [service.service_id for service in schedule.services]
    if len(set(ids)) < len(ids):
        raise _invalid("services", "have a service_id twice")
    for service in schedule.services:
        if own_id in service.resources or len(set(service.resources)) < len(service.resources):
            raise _invalid("services.resources", "name the calendar itself, or one twice")


def _check_lines(schedule: Schedule) -> None:
    """Here and not by type: a schedule of the first release, which did not look, must still be read."""
    lines = [("services.title", service.title) for service in schedule.services]
    lines += [("overrides.reason", override.reason) for override in schedule.overrides]
    lines += [("blackouts.reason", blackout.reason) for blackout in schedule.blackouts]
    lines += [("openings.reason", opening.reason) for opening in schedule.openings]
    for field, text in lines:
        if not is_line(text):
            raise _invalid(field, COMPLAINT)


def minutes(hours: Hours, field: str) -> list[tuple[int, int]]:
    """Hours as minutes after midnight.

    Raises:
        InvalidArgument: they are malformed, end before they begin, or overlap.
    """
    spans = sorted((timeline.minutes_of(low, field), timeline.minutes_of(high, field)) for low, high in hours)
    if any(low >= high for low, high in spans):
        raise _invalid(field, "end before they begin; split hours that pass midnight")
    if any(one[1] > then[0] for one, then in pairwise(spans)):
        raise _invalid(field, "overlap")
    return spans


def span(stretch: Stretch, field: str) -> timeline.Span:
    """The instants of a stretch.

    Raises:
        InvalidArgument: it is malformed, or empty.
    """
    low, high = (
        timeline.parse_instant(stretch.start, f"{field}.start"),
        timeline.parse_instant(stretch.end, f"{field}.end"),
    )
    if low >= high:
        raise _invalid(field, "end before they begin")
    return low, high


def public_holidays(source: Holidays, year: int) -> frozenset[int]:
    """The local days of a year that are public holidays.

    Raises:
        InvalidArgument: the country or subdivision is not known.
    """
    import holidays  # here, because it takes a while, and only calendars that keep holidays need it

    try:
        found = holidays.country_holidays(source.country, subdiv=source.subdivision, years=year)
    except NotImplementedError:
        raise _invalid("holidays", "are not known for that country or subdivision") from None
    return frozenset(timeline.day_number(one.isoformat()) for one in found)


def _invalid(field: str, complaint: str) -> InvalidArgument:
    return InvalidArgument(f"{field} {complaint}.", details={"field": field})
