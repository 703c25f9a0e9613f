"""Queries of clients about calendars, over REST (as query members) and over sockets (as payloads)."""

from typing import Annotated

import msgspec
from msgspec import Meta
from typing_extensions import override

from actors.calendars.booking.state import Status
from actors.calendars.calendar.commands import GetFreeTimes
from actors.calendars.contract.requests import Body, Minutes
from actors.calendars.contract.wanted import LARGEST_PAGE, BookingFilter
from actors.calendars.hours.schedule import Id
from actors.kernel.contract.entity import Principal
from common import timeline
from common.decoding import Instant


class SpanQuery(Body, frozen=True):
    """A stretch of time."""

    since: Instant = msgspec.field(name="from")
    until: Instant = msgspec.field(name="to")

    def span(self) -> timeline.Span:
        """[from, to) in ms. Raises InvalidArgument: one of them is no instant."""
        return timeline.parse_instant(self.since, "from"), timeline.parse_instant(self.until, "to")


class FreeTimes(SpanQuery, frozen=True):
    """Free times of a service, or of some length."""

    service_id: Id | None = None
    duration_minutes: Minutes | None = None

    def command(self, by: Principal) -> GetFreeTimes:
        """The command for the calendar. Clients are shown what they themselves may book."""
        start, end = self.span()
        client = by.user if by.role == "client" else ""
        return GetFreeTimes(
            start=start, end=end, service=self.service_id, duration=self.duration_minutes, client=client
        )


class AvailabilityQuery(FreeTimes, frozen=True, kw_only=True):
    """The same, told in a zone, and perhaps with the reasons why other times are not free. `duration` is
    `duration_minutes`."""

    duration: Minutes | None = None
    tz: Annotated[str, Meta(max_length=64)] | None = None
    explain: bool = False

    @override
    def command(self, by: Principal) -> GetFreeTimes:
        """See `FreeTimes`."""
        asked = super().command(by)
        return msgspec.structs.replace(asked, duration=asked.duration or self.duration, explain=self.explain)

    def zone(self) -> str | None:
        """The zone that was asked for. Raises InvalidArgument: there is none of that name."""
        return None if self.tz is None else timeline.zone_of(self.tz).key


class ListQuery(Body, frozen=True, kw_only=True):
    """A page of bookings: one's own, or (for staff) those of a calendar or a client."""

    therapist_id: Id | None = None
    client_id: Id | None = None
    series_id: Id | None = None
    status: Status | None = None
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    cursor: Annotated[str, Meta(max_length=512)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = 50

    def wanted(self) -> BookingFilter:
        """The same for the service. Raises InvalidArgument: `from` or `to` is no instant."""
        return BookingFilter(
            client=self.client_id,
            therapist=self.therapist_id,
            series=self.series_id,
            status=self.status,
            start=None if self.since is None else timeline.parse_instant(self.since, "from"),
            end=None if self.until is None else timeline.parse_instant(self.until, "to"),
            cursor=self.cursor,
            limit=self.limit,
        )
