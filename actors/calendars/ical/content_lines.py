"""Content lines of iCalendar (RFC 5545, 3.1): components with those of their properties that say when they are busy.

Read line by line, so that what is wrong with one event is wrong with that event alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Final, Literal, NamedTuple

_TOP: Final = ("VEVENT", "VFREEBUSY", "VTIMEZONE", "VTODO", "VJOURNAL", "VAVAILABILITY", "VCALENDAR")
_DEEPEST: Final = 8
_PROPERTIES: Final = frozenset(
    (
        *("UID", "STATUS", "TRANSP", "DTSTART", "DTEND", "DURATION", "FREEBUSY", "TZID", "TZOFFSETFROM", "TZOFFSETTO"),
        *("RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    )
)
_WORD: Final = re.compile(r"[A-Za-z0-9-]+")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?=[:;])")
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:])*)')
_TIME: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?", re.IGNORECASE)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,7})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})S)?)?"
)
_OFFSET: Final = re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})?")


class Malformed(Exception):
    """This cannot be read. The text is a reason of `Left`."""


class Property(NamedTuple):
    """One line."""

    name: str
    parameters: dict[str, str]
    value: str


class WrittenTime(NamedTuple):
    """A time as it is written: what the wall shows, and on which wall. `zone` is a TZID where it is `zoned`."""

    wall: datetime
    kind: Literal["date", "floating", "utc", "zoned"]
    zone: str = ""


class Length(NamedTuple):
    """Days of the wall, however long they are, and exact time after them."""

    days: int
    rest: timedelta


@dataclass(slots=True)
class Component:
    """One that counts. `calendar` is the number of the VCALENDAR that it is in; `is_broken`: a line was none."""

    name: str
    calendar: int
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)
    is_broken: bool = False

    def all(self, name: str) -> list[Property]:
        """Every property of this name."""
        return [one for one in self.properties if one.name == name]

    def one(self, name: str) -> Property | None:
        """The first of this name."""
        return next((one for one in self.properties if one.name == name), None)

    def text(self, name: str) -> str:
        """The first value of this name, without what is around it; "" for none."""
        found = self.one(name)
        return "" if found is None else found.value.strip()


def components(text: str) -> Iterator[Component | None]:
    """The components of each calendar; None now and then, for a pause.

    Raises:
        Malformed: this is no calendar, or it was cut off.
    """
    calendars = 0
    stack: list[Component] = []  # a calendar, a component of it, parts of that
    for line in _unfolded(text):
        if line is None:
            yield None
            continue
        found = _NAME.match(line)
        name = "" if found is None else found[0].upper()
        if name == "BEGIN":
            begun = line[6:].strip().upper()
            if begun in _TOP and len(stack) > 1:
                yield _broken(stack)
            if begun == "VCALENDAR" and stack:
                raise Malformed("cut_off")
            calendars += begun == "VCALENDAR"
            if len(stack) < _DEEPEST:
                stack.append(Component(begun, calendars))
            else:
                stack[1].is_broken = True
        elif name == "END":
            yield from _ended(stack, line[4:].strip().upper())
        elif name in _PROPERTIES and len(stack) > 1:
            assert found is not None
            _add(stack[-1], name, line, found.end())
        elif not name and len(stack) > 1 and (word := _WORD.match(line)) and word[0].upper() in _PROPERTIES:
            stack[1].is_broken = True
    if not calendars or stack:
        raise Malformed("cut_off" if calendars else "no_calendar")


def _unfolded(text: str) -> Iterator[str | None]:
    """The lines; None after every five hundred."""
    parts: list[str] = []
    for number, line in enumerate(StringIO(text.removeprefix("\ufeff"), newline=None)):
        if line[0] in " \t" and parts:
            parts.append(line[1:].rstrip("\n"))
        else:
            yield "".join(parts)
            parts = [line.rstrip("\n")]
        if number % 500 == 499:
            yield None
    yield "".join(parts)


def _ended(stack: list[Component], name: str) -> Iterator[Component]:
    """Close the innermost of this name. What is open within it has no end, so that its parent cannot be trusted."""
    if not any(one.name == name for one in stack):
        return
    while stack[-1].name != name:
        if len(stack) == 2:
            yield _broken(stack)
        else:
            stack.pop()
            stack[1].is_broken = True
    done = stack.pop()
    if len(stack) == 1:
        yield done
    elif len(stack) == 2 and done.name in ("STANDARD", "DAYLIGHT"):
        stack[1].parts.append(done)


def _broken(stack: list[Component]) -> Component:
    """The component that is open, as far as it goes."""
    done = stack[1]
    done.is_broken = True
    del stack[1:]
    return done


def _add(component: Component, name: str, line: str, at: int) -> None:
    parameters = {}
    while (match := _PARAMETER.match(line, at)) is not None:
        parameters[match[1].upper()] = match[2].strip('"')
        at = match.end()
    if line[at : at + 1] != ":":
        component.is_broken = True
        return
    component.properties.append(Property(name, parameters, line[at + 1 :]))


def when(one: Property, value: str | None = None) -> WrittenTime:
    """A value of DATE or DATE-TIME. Raises Malformed."""
    match = _TIME.fullmatch((one.value if value is None else value).strip())
    if match is None:
        raise Malformed("bad_time")
    is_date = match[4] is None or one.parameters.get("VALUE", "").upper() == "DATE"
    year, month, day, hour, minute, second = (int(match[number] or 0) for number in range(1, 7))
    try:
        wall = datetime(year, month, day) if is_date else datetime(year, month, day, hour, minute, second)
    except ValueError:
        raise Malformed("bad_time") from None
    if is_date:
        return WrittenTime(wall, "date")
    if match[7]:
        return WrittenTime(wall, "utc")
    zone = one.parameters.get("TZID", "")
    return WrittenTime(wall, "zoned", zone) if zone else WrittenTime(wall, "floating")


def whens(one: Property) -> Iterator[WrittenTime]:
    """A list of them. Raises Malformed."""
    return (when(one, value) for value in one.value.split(",") if value.strip())


def periods(one: Property) -> Iterator[tuple[WrittenTime, WrittenTime | Length]]:
    """A list of PERIODs. Raises Malformed."""
    for value in one.value.split(","):
        begins, slash, ends = value.partition("/")
        if not slash:
            raise Malformed("bad_time")
        end = length(ends) if "P" in ends.upper() else when(one, ends)
        yield when(one, begins), end


def length(value: str) -> Length:
    """A DURATION. Raises Malformed: it is none, or negative."""
    match = _DURATION.fullmatch(value.strip().upper())
    if match is None or match[1] == "-" or not any(match[number] for number in range(2, 7)):
        raise Malformed("bad_time")
    weeks, days, hours, minutes, seconds = (int(match[number] or 0) for number in range(2, 7))
    try:
        return Length(weeks * 7 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))
    except OverflowError:
        raise Malformed("bad_time") from None


def offset(value: str) -> timedelta:
    """A UTC-OFFSET. Raises Malformed."""
    match = _OFFSET.fullmatch(value.strip())
    if match is None or int(match[2]) > 23:
        raise Malformed("bad_time_zone")
    found = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -found if match[1] == "-" else found
