"""Free times of a calendar, and why others are not: its openings, minus what is taken, within its rules.

What is free on a day, before the rules that depend on now or on who asks, is worked out once and kept until something
of that day changes.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from actors.calendars.calendar.answers import BookingPlan, RefusedSpan, Slot, session_of
from actors.calendars.calendar.limits import BookingLimits
from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.calendar.plans import collisions
from actors.calendars.calendar.reservations import KEPT_MS
from actors.calendars.hours.openings import Grid, OpeningHours
from actors.calendars.hours.reasons import Reason, reasons
from actors.calendars.hours.schedule import Schedule, Service
from common import timeline
from common.timeline import DAY_MS, MINUTE_MS, Span

_KEPT_DAYS: Final = 2000  # worked out and in memory, of one calendar
_KEPT_LENGTHS: Final = 32  # services and lengths, of one day
_FARTHEST_DAYS: Final = 21  # how far from the wished time alternatives are looked for


class Planner:
    """One calendar's schedule and what is taken of it."""

    def __init__(self, calendar_id: str, schedule: Schedule, occupancy: Occupancy) -> None:
        self.calendar_id = calendar_id
        self.schedule = schedule
        self.openings = OpeningHours(schedule)
        self.occupancy = occupancy
        self._limits = BookingLimits(schedule, self.openings, occupancy)
        self._free: dict[int, dict[tuple[str, int], list[Slot]]] = {}

    def plan(self, service: Service, start: int) -> BookingPlan:
        """The plan of booking this service at this time."""
        rules, end = self.schedule.rules, start + service.duration_minutes * MINUTE_MS
        return BookingPlan(
            start=start,
            end=end,
            before=service.buffer_before_minutes * MINUTE_MS,
            after=service.buffer_after_minutes * MINUTE_MS,
            session=session_of(self.calendar_id, service.service_id, start, end) if service.capacity > 1 else "",
            capacity=service.capacity,
            service=service.service_id,
            resources=service.resources,
            tz=self.schedule.tz,
            price=service.price,
            format=service.format,
            requires_confirmation=rules.requires_confirmation,
            max_reschedules=rules.max_reschedules,
            cancel_notice_ms=rules.cancel_notice_minutes * MINUTE_MS,
            bookable_by=rules.bookable_by,
            calendar=self.calendar_id,
            reminders=rules.reminders,
        )

    def why_not(
        self, service: Service, start: int, *, now_ms: int, client: str, booking: str = "", overriding: bool = False
    ) -> list[Reason]:
        """Everything that stands against this booking; nothing: it can be made. `booking` is the one that moves."""
        plan = self.plan(service, start)
        codes = [*self._untimely(plan, now_ms), *self.openings.why_not(plan.start, plan.end)]
        codes += self._limits.full(service, start, client, booking)
        codes += collisions(self.occupancy, plan, booking)
        return reasons(codes, overriding=overriding)

    def slots(
        self, service: Service, start: int, end: int, *, now_ms: int, client: str = "", booking: str = ""
    ) -> list[Slot]:
        """The free times that lie in [start, end), in order."""
        rules = self.schedule.rules
        start = max(start, now_ms + rules.min_notice_minutes * MINUTE_MS)
        last = end if rules.horizon_days is None else min(end, now_ms + rules.horizon_days * DAY_MS + 1)
        found: list[Slot] = []
        if start >= end:
            return found
        zone = self.openings.zone
        limited = self._limits.any_for(service)
        for number in range(timeline.day_of(zone, start), timeline.day_of(zone, end - 1) + 1):
            free = self._day(service, number) if not booking else self._work_out(service, number, booking)
            if not free or (limited and self._limits.full(service, free[0][0], client, booking)):
                continue
            if free[0][0] >= start and free[-1][1] <= end and free[-1][0] < last:
                found += free
            else:
                found += [one for one in free if one[0] >= start and one[1] <= end and one[0] < last]
        return found

    def nearest(
        self, service: Service, start: int, *, now_ms: int, client: str = "", booking: str = "", limit: int = 5
    ) -> list[Slot]:
        """The free times closest to this one, the closest first."""
        found: list[Slot] = []
        middle = timeline.day_of(self.openings.zone, start)
        for distance in range(_FARTHEST_DAYS):
            for number in sorted({middle - distance, middle + distance}):
                low = number * DAY_MS - DAY_MS // 2
                near = self.slots(service, low, low + 2 * DAY_MS, now_ms=now_ms, client=client, booking=booking)
                found += [one for one in near if timeline.day_of(self.openings.zone, one[0]) == number]
            if len(found) >= limit and distance:
                break
        found.sort(key=lambda one: (abs(one[0] - start), one[0]))
        return found[:limit]

    def refused(self, service: Service, start: int, end: int, *, now_ms: int, client: str) -> list[RefusedSpan]:
        """Stretches of [start, end) in which no booking can begin, each with all reasons."""
        stretches: list[RefusedSpan] = []
        for at, until in self._points(start, end):
            why = self.why_not(service, at, now_ms=now_ms, client=client)
            if not why:
                continue
            if stretches and stretches[-1].end == at and stretches[-1].reasons == why:
                stretches[-1] = msgspec.structs.replace(stretches[-1], end=until)
            else:
                stretches.append(RefusedSpan(start=at, end=until, reasons=why))
        return stretches

    def changed(self, entry: TimeEntry) -> None:
        """An entry came or went: what is known of its days is out of date."""
        for number in range(entry.start // DAY_MS - 2, entry.end // DAY_MS + 3):
            self._free.pop(number, None)

    def _points(self, start: int, end: int) -> Iterator[Span]:
        """All of [start, end) in steps: of each stretch of hours by its own grid, of what lies between from where it
        closes."""
        zone, step = self.openings.zone, self.schedule.slot_minutes * MINUTE_MS
        for number in range(timeline.day_of(zone, start), timeline.day_of(zone, end - 1) + 1):
            pieces = timeline.segments(zone, number)
            grids = self.openings.grids(number)
            whole = timeline.wall_spans(pieces, number, 0, 24 * 60)
            closed = timeline.without(whole, [(grid.low, grid.high) for grid in grids])
            between = [Grid(low, high, low + timeline.offset_ms(zone, low)) for low, high in closed]
            for part in sorted([*grids, *between]):
                until = part.high if part in between else self._until(number, part.high)
                for at in _starts(pieces=pieces, grid=part, low=part.low, high=part.high, step=step):
                    if start <= at < end:
                        yield at, min(at + step, until)

    def _until(self, number: int, high: int) -> int:
        """When it closes, of hours that last until `high` on this day, but perhaps go on at midnight."""
        tomorrow = self.openings.day(number + 1).hours
        return tomorrow[0][1] if tomorrow and tomorrow[0][0] == high else high

    def _is_off_grid(self, plan: BookingPlan) -> bool:
        """Nothing of its kind begins then: it is not on the grid, and not that of a group that has begun to fill."""
        grid = self.openings.grid_at(plan.start)
        if grid is None:
            return False
        wall = plan.start + timeline.offset_ms(self.openings.zone, plan.start)
        if (wall - grid.wall) % (self.schedule.slot_minutes * MINUTE_MS) == 0:
            return False
        near = self.occupancy.near(plan.start, plan.end) if plan.session else ()
        return all(one.session != plan.session for one in near)

    def _untimely(self, plan: BookingPlan, now_ms: int) -> list[str]:
        rules, start = self.schedule.rules, plan.start
        codes = []
        if start < now_ms:
            codes.append("past" if start >= now_ms - KEPT_MS + DAY_MS else "long_past")
        elif start < now_ms + rules.min_notice_minutes * MINUTE_MS:
            codes.append("too_soon")
        if rules.horizon_days is not None and start > now_ms + rules.horizon_days * DAY_MS:
            codes.append("too_far")
        return codes + (["off_grid"] if self._is_off_grid(plan) else [])

    def _day(self, service: Service, number: int) -> list[Slot]:
        if number not in self._free and len(self._free) >= _KEPT_DAYS:
            self._free.clear()
        kept = self._free.setdefault(number, {})
        name = (service.service_id, service.duration_minutes)
        free = kept.get(name)
        if free is None:
            if len(kept) >= _KEPT_LENGTHS:
                kept.clear()
            free = kept[name] = self._work_out(service, number, "")
        return free

    def _work_out(self, service: Service, number: int, booking: str) -> list[Slot]:
        """The free times that begin on a local day, whoever asks and whenever."""
        spans = self.openings.day(number).open
        if not spans:
            return []
        zone, step = self.openings.zone, self.schedule.slot_minutes * MINUTE_MS
        length = service.duration_minutes * MINUTE_MS
        tomorrow = self.openings.day(number + 1).open
        pieces = None
        grids = self.openings.grids(number)
        found: list[Slot] = []
        for low, high in spans:
            until = tomorrow[0][1] if tomorrow and tomorrow[0][0] == high else high
            blocked = self._blocked(service, low, until, booking)
            grid = next(one for one in grids if one.low <= low < one.high)
            offset = timeline.offset_ms(zone, low)
            if offset == timeline.offset_ms(zone, high - 1):
                starts: Iterator[int] = _regular(grid.wall - offset, low, high, step)
            else:
                pieces = pieces or timeline.segments(zone, number)
                starts = _starts(pieces=pieces, grid=grid, low=low, high=high, step=step)
            found += _fitting(starts=starts, length=length, until=until, blocked=blocked, places=service.capacity)
            if service.capacity > 1:
                found += self._joinable(service=service, low=low, high=high, until=until, booking=booking)
        return sorted(found) if service.capacity > 1 else found

    def _blocked(self, service: Service, low: int, high: int, booking: str) -> list[Span]:
        before, after = service.buffer_before_minutes * MINUTE_MS, service.buffer_after_minutes * MINUTE_MS
        return timeline.merged(
            [
                (one.start - max(one.before, after), one.end + max(one.after, before))
                for one in self.occupancy.near(low - before, high + after)
                if not booking or one.booking != booking
            ]
        )

    def _joinable(self, service: Service, low: int, high: int, until: int, booking: str) -> list[Slot]:
        """Group sessions of this service that have begun to fill, and have places left."""
        length = service.duration_minutes * MINUTE_MS
        starts = {
            one.start
            for one in self.occupancy.near(low, high)
            if one.session and one.service == service.service_id and low <= one.start < high
        }
        found = []
        for start in starts:
            plan = self.plan(service, start)
            if start + length <= until and not collisions(self.occupancy, plan, booking):
                mates = sum(one.session == plan.session for one in self.occupancy.each_near(plan.start, plan.end))
                found.append((start, plan.end, service.capacity - mates))
        return found


def _regular(opened: int, low: int, high: int, step: int) -> Iterator[int]:
    """Grid points of [low, high), counted from `opened`."""
    return iter(range(opened + -(-(low - opened) // step) * step, high, step))


def _starts(pieces: list[tuple[int, int, int]], grid: Grid, low: int, high: int, step: int) -> Iterator[int]:
    """The same, over changes of the clock: the grid is that of the clock on the wall."""
    for begins, ends, offset in pieces:
        if begins < high and low < ends:
            yield from _regular(grid.wall - offset, max(low, begins), min(high, ends), step)


def _fitting(starts: Iterator[int], length: int, until: int, blocked: list[Span], places: int) -> list[Slot]:
    """Those at which [start, start + length) ends by `until` and touches nothing blocked."""
    found = []
    place, last = 0, len(blocked)
    for start in starts:
        end = start + length
        if end > until:
            break
        while place < last and blocked[place][1] <= start:
            place += 1
        if place == last or blocked[place][0] >= end:
            found.append((start, end, places))
    return found
