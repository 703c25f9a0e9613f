"""Busy time of external calendars (RFC 5545), event by event: what cannot be read is left out and named.

A generator, since a large file takes a second: it yields every few milliseconds, so that whoever drives it can serve
others in between, or stop. What a file may cost is counted in steps (see `steps`), however its rules are made.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from actors.calendars.ical import content_lines, recurrence_rules
from actors.calendars.ical.busy import MOST_SPANS, Busy, ReplacedTimes, SkippedComponent
from actors.calendars.ical.content_lines import Component, Length, Malformed, Property, WrittenTime
from actors.calendars.ical.foreign_zones import FileZones, Wall, until_of
from actors.calendars.ical.rule import parse
from actors.calendars.ical.step_budget import Steps, TooManySteps
from common import timeline
from common.errors import InvalidArgument
from common.timeline import Span

MOST_STEPS: Final = 300_000  # of a file, and one more for each of its characters: at 64 KB half a second of CPU
MOST_OF_ONE: Final = 50_000  # of an event: daily for a century, with COUNT
_EPOCH: Final = datetime(1970, 1, 1)
_SLACK: Final = timedelta(days=2)  # between a wall and UTC, generously
_READ: Final = ("VEVENT", "VFREEBUSY")
_UNREADABLE: Final = {
    "no_calendar": "This is not an iCalendar: it has no BEGIN:VCALENDAR.",
    "cut_off": "This iCalendar was cut off: END:VCALENDAR is missing. Export it again.",
}
Pauses = Generator[None, None, None]


@dataclass(slots=True)
class _Event:
    """One component, and where it is in the file."""

    index: int
    part: Component

    @property
    def uid(self) -> str:
        return self.part.text("UID")


def busy_of(
    text: str, zone: ZoneInfo, start: int, end: int, *, steps: int = MOST_STEPS, of_one: int = MOST_OF_ONE
) -> Busy:
    """`reading`, to its end."""
    pauses = reading(text, zone, start, end, steps=steps, of_one=of_one)
    while True:
        try:
            next(pauses)
        except StopIteration as done:
            found: Busy = done.value
            return found


def reading(
    text: str, zone: ZoneInfo, start: int, end: int, *, steps: int = MOST_STEPS, of_one: int = MOST_OF_ONE
) -> Generator[None, None, Busy]:
    """The busy time in [start, end) of an external calendar, recurrences expanded. Yields every few milliseconds.

    Cancelled and transparent events are free. A time without a zone, and a whole day, are those of `zone`. DTSTART is
    the first occurrence (3.8.5.3), also when the rule ends before it; of COUNT and UNTIL the stricter counts. `steps`
    (and one more for each character) bound what the file may cost, `of_one` what an event of it may.

    Raises:
        InvalidArgument: it is no iCalendar, it was cut off, or nothing in it can be read.
    """
    found: list[Component] = []
    try:
        for part in content_lines.components(text):
            if part is None:
                yield
            else:
                found.append(part)
    except Malformed as error:
        raise InvalidArgument(_UNREADABLE[str(error)], details={"field": "ics"}) from None
    reader = _Reader(parts=found, zone=zone, start=start, end=end, steps=Steps(steps + len(text)), of_one=of_one)
    yield from reader.run()
    busy = reader.busy
    if busy.left_out and reader.is_nothing_read():
        message = "Nothing in this iCalendar can be read as busy time, so nothing was changed."
        reasons = [{"index": one.index, "reason": one.reason} for one in busy.left_out[:20]]
        raise InvalidArgument(message, details={"field": "ics", "left_out": reasons})
    return busy


class _Reader:
    """One file."""

    def __init__(self, parts: list[Component], zone: ZoneInfo, start: int, end: int, steps: Steps, of_one: int) -> None:
        self.busy = Busy()
        self._start, self._end = start, end
        self._steps = steps
        self._of_one = of_one
        self._zones = FileZones(
            own=zone,
            definitions=(part for part in parts if part.name == "VTIMEZONE"),
            start=start,
            end=end,
            steps=steps,
        )
        self._parts = [_Event(number, one) for number, one in enumerate(parts) if one.name != "VTIMEZONE"]
        self._moved: dict[tuple[int, str], ReplacedTimes] = {}
        self._spans: list[Span] = []
        self._failed = 0

    def run(self) -> Pauses:
        """Changed occurrences first: only what can be read itself takes the place of another."""
        read = [part for part in self._parts if part.part.name in _READ]
        for one in self._parts:
            if one.part.name not in _READ:
                self._leave(one, "not_busy_time")
        self.busy.events = len(read)
        changed = [one for one in read if one.part.one("RECURRENCE-ID") is not None]
        for number, one in enumerate(changed + [one for one in read if one.part.one("RECURRENCE-ID") is None]):
            if number % 50 == 49 or self._steps.is_pause_due():
                yield
            try:
                yield from self._take(one)
            except Malformed as error:
                self._leave(one, str(error))
            except TooManySteps:
                self._leave(one, "rule_takes_too_long")
            except (OverflowError, ValueError):  # a time at the edge of the calendar
                self._leave(one, "bad_time")
        self.busy.spans = timeline.merged(self._spans)
        self.busy.left_out.sort(key=lambda one: one.index)

    def is_nothing_read(self) -> bool:
        """Has every event been left out?"""
        return self._failed == self.busy.events

    def _leave(self, event: _Event, reason: str) -> None:
        self.busy.left_out.append(SkippedComponent(event.index, reason, event.uid))
        self._failed += event.part.name in _READ

    def _take(self, event: _Event) -> Pauses:
        part = event.part
        if part.is_broken:
            raise Malformed("malformed")
        if part.name == "VFREEBUSY":
            self._steps.grant(self._of_one)
            found: list[Span] = []
            for line in part.all("FREEBUSY"):
                if line.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                    found += yield from self._listed(line, part.calendar)
            self._keep(found)
            return
        is_cancelled = part.text("STATUS").upper() == "CANCELLED"
        replaced = part.one("RECURRENCE-ID")
        if is_cancelled or part.text("TRANSP").upper() == "TRANSPARENT":
            self.busy.free += 1
            spans: list[Span] = []
        else:
            spans = yield from self._spans_of(event)
        if replaced is not None:
            if replaced.parameters.get("RANGE"):
                raise Malformed("range_not_supported")
            gone = self._moved.setdefault((part.calendar, event.uid), ReplacedTimes())
            self._add(gone, content_lines.when(replaced), part.calendar, whole_days=False)
        if spans:
            self._keep(spans)

    def _keep(self, spans: list[Span]) -> None:
        inside = [(low, high) for low, high in spans if low < self._end and self._start < high and low < high]
        if not inside:
            self.busy.outside += 1
            return
        if len(self._spans) + len(inside) <= MOST_SPANS:
            self._spans += inside
            return
        self._steps.grant(MOST_SPANS)  # or a full calendar would be sorted once more for each event
        self._steps.take(MOST_SPANS)
        together = timeline.merged(self._spans + inside)
        if len(together) > MOST_SPANS:
            raise Malformed("too_many_times")
        self._spans = together

    def _listed(self, line: Property, calendar: int) -> Generator[None, None, list[Span]]:
        """Periods."""
        found = []
        for begins, ends in content_lines.periods(line):
            found.append(self._span(begins, ends, calendar))
            yield from self._worked()
        return found

    def _worked(self) -> Pauses:
        """One more time has been looked up on a wall."""
        self._steps.take(3)
        if self._steps.is_pause_due():
            yield

    def _span(self, begins: WrittenTime, ends: WrittenTime | Length, calendar: int) -> Span:
        wall = self._zones.wall(begins, calendar)
        low = wall.instant(begins.wall)
        if isinstance(ends, WrittenTime):
            return low, self._zones.wall(ends, calendar).instant(ends.wall)
        return low, _after(wall, begins.wall, ends)

    def _spans_of(self, event: _Event) -> Generator[None, None, list[Span]]:
        part = event.part
        first = part.one("DTSTART")
        if first is None:
            raise Malformed("no_start")
        begins = content_lines.when(first)
        wall = self._zones.wall(begins, part.calendar)
        length = self._length(part, begins, wall)
        self._steps.grant(self._of_one)
        gone = yield from self._gone(event, begins)
        walls = {begins.wall: None}
        if part.one("RECURRENCE-ID") is None:
            for rule in part.all("RRULE"):
                found = yield from self._recurrences(rule.value, begins, wall, length)
                walls.update(dict.fromkeys(found))
            for rule in part.all("EXRULE"):
                gone.walls.update((yield from self._recurrences(rule.value, begins, wall, length, is_first=False)))
        spans = []
        for number, shown in enumerate(walls):
            if number:  # an event by itself is never too much
                yield from self._worked()
            at = wall.instant(shown)
            if not gone.has(shown, at):
                spans.append((at, _after(wall, shown, length)))
        added = yield from self._added(part, begins, length, gone)
        return spans + added

    def _added(
        self, part: Component, begins: WrittenTime, length: Length, gone: ReplacedTimes
    ) -> Generator[None, None, list[Span]]:
        """RDATE: times, or periods of a length of their own; a date means the event's time of that day."""
        spans: list[Span] = []
        for line in part.all("RDATE"):
            if line.parameters.get("VALUE", "").upper() == "PERIOD" or "/" in line.value:
                spans += yield from self._listed(line, part.calendar)
                continue
            for found in content_lines.whens(line):
                yield from self._worked()
                moment = found
                if found.kind == "date" and begins.kind != "date":
                    moment = begins._replace(wall=datetime.combine(found.wall.date(), begins.wall.time()))
                wall = self._zones.wall(moment, part.calendar)
                at = wall.instant(moment.wall)
                if not gone.has(moment.wall, at):
                    spans.append((at, _after(wall, moment.wall, length)))
        return spans

    def _length(self, part: Component, begins: WrittenTime, wall: Wall) -> Length:
        """DTEND, DURATION, or a whole day, or none."""
        if (line := part.one("DTEND")) is not None:
            ends = content_lines.when(line)
            if begins.kind == ends.kind == "date":
                days = (ends.wall - begins.wall).days
                found = Length(days or 1, timedelta())  # some write the day itself as its end
            else:
                exact = self._zones.wall(ends, part.calendar).instant(ends.wall) - wall.instant(begins.wall)
                found = Length(0, timedelta(milliseconds=exact))
            if found.days < 0 or found.rest < timedelta():
                raise Malformed("ends_before_start")
            return found
        if (line := part.one("DURATION")) is not None:
            return content_lines.length(line.value)
        return Length(1 if begins.kind == "date" else 0, timedelta())

    def _recurrences(
        self, text: str, begins: WrittenTime, wall: Wall, length: Length, *, is_first: bool = True
    ) -> Generator[None, None, list[datetime]]:
        """Those that may touch [start, end); without DTSTART, if it `is_first` of them whatever the rule says."""
        try:
            rule = parse(text)
        except ValueError:
            raise Malformed("bad_rule") from None
        last = _EPOCH + timedelta(milliseconds=self._end) + _SLACK
        since = _before(_EPOCH + timedelta(milliseconds=self._start), _SLACK + timedelta(length.days) + length.rest)
        if rule.until:
            last = min(last, self._until(rule.until, begins, wall))
        if rule.count is not None and is_first:  # it counts
            if rule.count == 1:
                return []
            rule = replace(rule, count=rule.count - 1)
        found: list[datetime] = []
        for period in recurrence_rules.periods(rule, begins.wall, last, self._steps, since=since, after=is_first):
            found += [one for one in period if one >= since]
            if len(found) > MOST_SPANS:
                raise Malformed("too_many_times")
            if self._steps.is_pause_due():
                yield
        return found

    def _until(self, text: str, begins: WrittenTime, wall: Wall) -> datetime:
        try:
            found = content_lines.when(Property("UNTIL", {}, text))
        except Malformed:
            raise Malformed("bad_rule") from None
        if found.kind == "utc" and begins.kind != "utc":
            return wall.shown((found.wall - _EPOCH) // timedelta(milliseconds=1))
        return until_of(text, timedelta())

    def _gone(self, event: _Event, begins: WrittenTime) -> Generator[None, None, ReplacedTimes]:
        """EXDATE, and what others stand in the place of. Of whole days the date counts, however it is written."""
        part = event.part
        gone = ReplacedTimes()
        for line in part.all("EXDATE"):
            for moment in content_lines.whens(line):
                yield from self._worked()
                self._add(gone, moment, part.calendar, whole_days=begins.kind == "date")
        if part.one("RECURRENCE-ID") is None:
            gone.moved = self._moved.get((part.calendar, event.uid))
        return gone

    def _add(self, gone: ReplacedTimes, time: WrittenTime, calendar: int, *, whole_days: bool) -> None:
        if whole_days or time.kind == "date":
            gone.dates.add(time.wall.date())
        elif time.kind == "floating":
            gone.walls.add(time.wall)
        else:
            gone.instants.add(self._zones.wall(time, calendar).instant(time.wall))


def _before(moment: datetime, long: timedelta) -> datetime:
    return moment - long if long < moment - datetime.min else datetime.min


def _after(wall: Wall, shown: datetime, length: Length) -> int:
    """The instant at which what begins then ends."""
    days = wall.instant(shown + timedelta(length.days)) if length.days else wall.instant(shown)
    return days + length.rest // timedelta(milliseconds=1)
