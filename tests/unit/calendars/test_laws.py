"""Laws of one calendar, over any sequence of commands: never above capacity, never outside the rules without an
override, and what is given back is free exactly there. The judge is a model without buckets, caches or counters."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.calendars.calendar.commands import ConfigureCalendar, GetFreeTimes, ImportBusyTime, TryBook
from actors.calendars.calendar.entity import Calendar
from actors.calendars.calendar.kind import CalendarKind
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.calendar.reservations import ConfirmOrCancel, TimeReserved
from actors.calendars.hours.schedule import Limits, Schedule, Service, Stretch
from actors.kernel.contract.entity import SYSTEM, Context, Principal
from common.clock import to_rfc3339
from common.errors import Conflict
from common.timeline import DAY_MS, HOUR_MS, MINUTE_MS
from tests.unit.calendars.rig import at

NOW = at(8)
WEEKDAYS = ("mon", "tue", "wed")
SERVICES = (
    Service(service_id="one", duration_minutes=60),
    Service(service_id="buffered", duration_minutes=30, buffer_before_minutes=15, buffer_after_minutes=30),
    Service(service_id="group", duration_minutes=60, capacity=2),
)
SCHEDULE = Schedule(
    tz="UTC",
    weekly=dict.fromkeys(WEEKDAYS, (("09:00", "13:00"),)),
    slot_minutes=30,
    services=SERVICES,
    rules=Limits(min_notice_minutes=90, horizon_days=8, max_per_day=5),
    blackouts=(Stretch(to_rfc3339(at(11, 1)), to_rfc3339(at(12, 1))),),
)
half_hours = st.integers(16, 27).map(lambda half: half / 2)
starts = st.builds(at, half_hours, st.integers(0, 8))
services = st.sampled_from([one.service_id for one in SERVICES])


@dataclass
class Model:
    """What is taken, and nothing else."""

    entries: dict[str, TimeEntry] = field(default_factory=dict)

    def fits(self, service: Service, start: int, *, overriding: bool) -> bool:
        end = start + service.duration_minutes * MINUTE_MS
        mates = 0
        for one in self.entries.values():
            other = next(
                (s for s in SERVICES if s.service_id == one.service), Service(service_id="", duration_minutes=1)
            )
            same = service.capacity > 1 and (one.service, one.start) == (service.service_id, start)
            before = max(other.buffer_after_minutes, service.buffer_before_minutes) * MINUTE_MS
            after = max(other.buffer_before_minutes, service.buffer_after_minutes) * MINUTE_MS
            if same:
                mates += 1
                continue
            if overriding:
                before = after = 0
            if one.start - after < end and start < one.end + before:
                return False
        if mates >= service.capacity:
            return False
        return overriding or (self._in_rules(start, end) and self._booked_on(start) < 5)

    def _in_rules(self, start: int, end: int) -> bool:
        hour = (start % DAY_MS) / HOUR_MS
        day = (start - at(0)) // DAY_MS
        inside = (
            day % 7 < 3
            and hour >= 9
            and (end - 1) % DAY_MS < 13 * HOUR_MS
            and end - start <= 13 * HOUR_MS - (start % DAY_MS)
        )
        blocked = start < at(12, 1) and at(11, 1) < end
        return inside and not blocked and NOW + 90 * MINUTE_MS <= start <= NOW + 8 * DAY_MS

    def _booked_on(self, start: int) -> int:
        return sum(one.start // DAY_MS == start // DAY_MS for one in self.entries.values() if one.booking)


class OneCalendar(RuleBasedStateMachine):
    """Any sequence of bookings, releases, imports, reconfigurations and reloads."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = CalendarKind()
        self.calendar = Calendar("doc")
        self.model = Model()
        self.version = 0
        self.number = 0
        self.do(ConfigureCalendar(SCHEDULE), Principal("doc", "therapist"))

    def do(self, command: Any, by: Principal) -> Any:
        decision = self.calendar.decide(command, Context(by, NOW), self.version)
        happened: list[Any] = [*decision.events, *decision.notes]
        for event in happened:
            self.version += 1
            self.calendar.apply(event, self.version, NOW)
            if isinstance(event, TimeReserved):
                self.model.entries[event.entry.key] = event.entry
        return decision.reply

    @rule(start=starts, service=services, overriding=st.booleans())
    def book(self, start: int, service: str, overriding: bool) -> None:
        self.number += 1
        wanted = next(one for one in SERVICES if one.service_id == service)
        expected = self.model.fits(wanted, start, overriding=overriding)
        free = start in {one[0] for one in self.free(service)}
        assert overriding or free == expected, "availability and booking agree"
        command = TryBook(
            key=f"k{self.number}",
            booking=f"b{self.number}",
            owner="booking:b",
            start=start,
            service=service,
            overriding=overriding,
        )
        if expected:
            self.do(command, Principal("doc", "therapist"))
            return
        with pytest.raises(Conflict) as refused:
            self.do(command, Principal("doc", "therapist"))
        assert refused.value.details is not None
        assert refused.value.details["reasons"]
        offered: Any = refused.value.details["alternatives"]
        assert all(self.model.fits(wanted, one["start"], overriding=False) for one in offered)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), taken=st.booleans())
    def settle(self, data: st.DataObject, taken: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.entries)))
        self.do(ConfirmOrCancel(key, "taken" if taken else "free"), SYSTEM)
        if not taken:
            before = set(self.calendar.occupancy.entries)
            del self.model.entries[key]
            assert before == set(self.model.entries), "exactly that entry went"

    @rule(start=starts)
    def bring_in(self, start: int) -> None:
        self.do(ImportBusyTime("feed", ((start, start + HOUR_MS),)), Principal("doc", "therapist"))
        self.model.entries = {k: one for k, one in self.model.entries.items() if not k.startswith("ext:")}
        self.model.entries["ext:feed:0"] = TimeEntry(
            key="ext:feed:0", booking="", owner="", start=start, end=start + HOUR_MS
        )

    @rule()
    def reload(self) -> None:
        self.calendar = self.kind.restore("doc", self.kind.snapshot(self.calendar))

    @rule()
    def configure(self) -> None:
        self.do(ConfigureCalendar(msgspec.structs.replace(SCHEDULE)), Principal("doc", "therapist"))

    def free(self, service: str) -> list[Any]:
        reply = self.do(GetFreeTimes(start=at(0), end=at(0, 10), service=service), SYSTEM)
        found: list[Any] = reply.slots
        return found

    @invariant()
    def never_above_capacity(self) -> None:
        booked = [one for one in self.calendar.occupancy.entries.values() if one.booking]
        for one in booked:
            overlapping = [x for x in booked if x.start < one.end and one.start < x.end]
            if one.session:
                assert len(overlapping) <= 2
                assert {x.session for x in overlapping} == {one.session}
            else:
                assert overlapping == [one]

    @invariant()
    def availability_is_what_the_model_says(self) -> None:
        for service in SERVICES:
            found = {one[0] for one in self.free(service.service_id)}
            grid = {at(half / 2, day) for day in range(10) for half in range(48)}
            assert found == {start for start in grid if self.model.fits(service, start, overriding=False)}


OneCalendar.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestOneCalendar = OneCalendar.TestCase
