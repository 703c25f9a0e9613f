"""Limits on the bookings of a calendar, a service and a client, by day and by week."""

from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.hours.openings import OpeningHours
from actors.calendars.hours.reasons import OF_CLIENT
from actors.calendars.hours.schedule import Schedule, Service
from common import timeline
from common.timeline import DAY_MS


class BookingLimits:
    """Those of one calendar's schedule, held against what is taken of it. Days and weeks are local."""

    def __init__(self, schedule: Schedule, openings: OpeningHours, occupancy: Occupancy) -> None:
        self._schedule = schedule
        self._openings = openings
        self._occupancy = occupancy

    def any_for(self, service: Service) -> bool:
        """Is there one that a booking of this service could break?"""
        rules = self._schedule.rules
        limits = (rules.max_per_day, rules.max_per_week, service.max_per_day, service.max_per_week)
        return any(
            limit is not None for limit in (*limits, rules.max_per_client_per_day, rules.max_per_client_per_week)
        )

    def full(self, service: Service, start: int, client: str, booking: str) -> list[str]:
        """Which limits another booking on that day would break. The booking that moves does not count itself."""
        if not self.any_for(service):
            return []
        zone, rules, count = self._openings.zone, self._schedule.rules, self._occupancy.count
        day = timeline.day_of(zone, start)
        week = timeline.week_of(day)
        own = [(timeline.day_of(zone, one.start), one) for one in self._own(booking, start)]
        in_day = [one for number, one in own if number == day]
        in_week = [one for number, one in own if timeline.week_of(number) == week]
        of_service = service.service_id
        checks = (
            ("day_full", rules.max_per_day, count("day", day) - len(in_day)),
            ("week_full", rules.max_per_week, count("week", week) - len(in_week)),
            ("client_day_full", rules.max_per_client_per_day, count("client_day", day, client) - len(in_day)),
            ("client_week_full", rules.max_per_client_per_week, count("client_week", week, client) - len(in_week)),
            (
                "service_day_full",
                service.max_per_day,
                count("service_day", day, of_service) - sum(one.service == of_service for one in in_day),
            ),
            (
                "service_week_full",
                service.max_per_week,
                count("service_week", week, of_service) - sum(one.service == of_service for one in in_week),
            ),
        )
        return [
            code
            for code, most, have in checks
            if most is not None and have >= most and (client or code not in OF_CLIENT)
        ]

    def _own(self, booking: str, start: int) -> list[TimeEntry]:
        if not booking:
            return []
        near = self._occupancy.each_near(start - 9 * DAY_MS, start + 9 * DAY_MS)
        return [one for one in near if one.booking == booking]
