"""Lists of bookings and figures about them, from the read model."""

import re
from collections import Counter
from typing import Final

from actors.calendars.booking.answers import shown
from actors.calendars.booking.state import BookingDetails
from actors.calendars.booking.views import BOOKINGS, order_of, record_in
from actors.calendars.contract.replies import BookingPage, CalendarFigures, LeadTimes
from actors.calendars.contract.wanted import LARGEST_PAGE, BookingFilter
from actors.calendars.hours.roles import is_staff, may, require_staff
from actors.calendars.services.calendars import Calendars
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import ViewFinder
from common import timeline
from common.clock import to_rfc3339
from common.errors import InvalidArgument, PermissionDenied
from store.ports.views import ViewQuery

MOST_COUNTED: Final = 20_000
_MOST_FED: Final = 5000
_CURSOR: Final = re.compile(r"\d{14}\|[A-Za-z0-9_.:@-]{1,128}")
_KEPT: Final = ("confirmed", "completed", "no_show")


class BookingQueries:
    """One a process. Read-your-writes holds: bookings are in the read model before they are answered."""

    def __init__(self, views: ViewFinder, calendars: Calendars) -> None:
        self._views = views
        self._calendars = calendars

    async def page(self, wanted: BookingFilter, *, by: Principal) -> BookingPage:
        """By start. Without a filter: one's own.

        Raises:
            InvalidArgument: an impossible limit, or a cursor that is none.
            PermissionDenied: somebody else's.
        """
        if not 1 <= wanted.limit <= LARGEST_PAGE:
            raise InvalidArgument(f"limit is 1 to {LARGEST_PAGE}.", details={"field": "limit"})
        if wanted.cursor is not None and not _CURSOR.fullmatch(wanted.cursor):
            raise InvalidArgument("cursor is a next_cursor that a page had.", details={"field": "cursor"})
        equal = self._equal(wanted, by)
        above = wanted.cursor or (order_of(wanted.start - 1, "~") if wanted.start is not None else None)
        below = order_of(wanted.end) if wanted.end is not None else None
        found = await self._views.find(
            ViewQuery(
                collection=BOOKINGS,
                equal=equal,
                order_by="order",
                above=above,
                below=below,
                limit=wanted.limit + 1,
            )
        )
        page = found[: wanted.limit]
        return BookingPage(
            bookings=[shown(record_in(view), view.version) for view in page],
            next_cursor=str(page[-1].fields["order"]) if len(found) > wanted.limit else "",
        )

    async def versions(
        self, wanted: BookingFilter, start: int, end: int, *, by: Principal
    ) -> list[tuple[BookingDetails, int]]:
        """Bookings with their versions, that begin in [start, end), for feeds."""
        found = await self._views.find(
            ViewQuery(
                collection=BOOKINGS,
                equal=self._equal(wanted, by),
                order_by="order",
                above=order_of(start - 1, "~"),
                below=order_of(end),
                limit=_MOST_FED,
            )
        )
        return [(record_in(view), view.version) for view in found]

    async def records(self, therapist: str, start: int, end: int, status: str | None = None) -> list[BookingDetails]:
        """Bookings of a calendar that begin in [start, end), at most `MOST_COUNTED`."""
        equal: dict[str, str | int | bool | None] = {"therapist": therapist}
        if status is not None:
            equal["status"] = status
        above = order_of(start - 1, "~")
        found: list[BookingDetails] = []
        while len(found) < MOST_COUNTED:
            views = await self._views.find(
                ViewQuery(
                    collection=BOOKINGS, equal=equal, order_by="order", above=above, below=order_of(end), limit=1000
                )
            )
            found += [record_in(view) for view in views]
            if len(views) < 1000:
                break
            above = str(views[-1].fields["order"])
        return found

    async def analytics(self, therapist: str, start: int, end: int, *, by: Principal) -> CalendarFigures:
        """Utilisation of the offered hours, lead time, cancellations and no-shows by reason. Staff only.

        Raises:
            InvalidArgument: more than 366 days.
        """
        require_staff(by, therapist)
        if not 0 < end - start <= 366 * timeline.DAY_MS:
            raise InvalidArgument("from lies before to, by at most 366 days.", details={"field": "to"})
        records = await self.records(therapist, start, end)
        offered = await self._calendars.open_ms(therapist, start, end, by=by)
        kept = [record for record in records if record.status in _KEPT]
        leads = sorted((one.start - one.created) / timeline.HOUR_MS for one in kept)
        sessions = {(one.start, one.end) for one in kept}
        booked = sum(high - low for low, high in sessions)
        gone = [record for record in records if record.status == "cancelled"]
        return CalendarFigures(
            therapist_id=therapist,
            since=to_rfc3339(start),
            until=to_rfc3339(end),
            offered_minutes=offered // timeline.MINUTE_MS,
            booked_minutes=booked // timeline.MINUTE_MS,
            utilisation=round(booked / offered, 4) if offered else None,
            bookings=dict(Counter(record.status for record in records)),
            lead_time_hours=LeadTimes(median=_median(leads), shortest=_median(leads[:1]), longest=_median(leads[-1:])),
            cancellations=dict(Counter(one.category or "none" for one in gone)),
            late_cancellations=sum(one.late for one in gone),
            no_shows=dict(Counter(record.category or "none" for record in records if record.status == "no_show")),
        )

    def _equal(self, wanted: BookingFilter, by: Principal) -> dict[str, str | int | bool | None]:
        therapist, client = wanted.therapist, wanted.client
        if therapist is None and client is None and wanted.series is None:
            therapist, client = (by.user, None) if by.role == "therapist" else (None, by.user)
        theirs = client == by.user or (therapist is not None and is_staff(by, therapist))
        if not theirs and not may(by, "booking.read"):
            raise PermissionDenied("These bookings are somebody else's.")
        named = {"client": client, "therapist": therapist, "series": wanted.series, "status": wanted.status}
        return {name: value for name, value in named.items() if value is not None}


def _median(values: list[float]) -> float | None:
    return round(values[len(values) // 2], 2) if values else None
