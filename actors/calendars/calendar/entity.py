"""One calendar: a therapist's, a room's or a device's. Decides whether a time can be taken, and why not."""

from typing import Final, assert_never

import msgspec

from actors.calendars.calendar import reservations
from actors.calendars.calendar.answers import (
    BookingPlan,
    CheckAnswer,
    CheckedTime,
    FreeSlots,
    NearbyTime,
    OpenTime,
    ProbeAnswer,
)
from actors.calendars.calendar.commands import (
    CalendarCommand,
    Check,
    ConfigureCalendar,
    GetCalendar,
    GetFreeTimes,
    GetOpenTime,
    ImportBusyTime,
    NotifyWhenFree,
    Probe,
    Reserve,
    TryBook,
    TryTake,
)
from actors.calendars.calendar.events import (
    BusyTimeImported,
    CalendarEvent,
    Configured,
    NotifyWhenFreeSet,
    ReservationRefused,
)
from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.calendar.planner import Planner
from actors.calendars.calendar.plans import collisions, entry_of, plan_of, service_of
from actors.calendars.calendar.reservations import Change, ConfirmOrCancel, ResolveInDoubt
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.reasons import DENIED, Reason, conflict, reasons
from actors.calendars.hours.roles import is_staff, require_staff, require_system
from actors.calendars.hours.schedule import Schedule, Service, check, whole
from actors.calendars.hours.versions import require_version
from actors.kernel.contract.entity import Context, Decision, Principal
from common import timeline
from common.errors import InvalidArgument, NotFound
from common.timeline import DAY_MS, MINUTE_MS

LONGEST_LOOK_MS: Final = 100 * DAY_MS
MOST_POINTS: Final = 10_000  # of the grid, in one look: other commands of the shard wait meanwhile
MOST_EXPLAINED: Final = 3000
MOST_CHECKED: Final = 1000
MOST_IMPORTED: Final = 5000
_RESOURCE: Final = {"taken": "resource_taken", "group_full": "resource_taken", "buffer": "resource_taken"}


class Calendar:
    """State: the schedule (None until it is set up) and what is taken."""

    def __init__(self, calendar_id: str) -> None:
        self.id = calendar_id
        self.occupancy = Occupancy()
        self.planner: Planner | None = None
        self.waitlist = ""

    def decide(self, command: CalendarCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: it has not been set up.
            Conflict: the time cannot be taken; with all reasons, and alternatives.
            InvalidArgument, PermissionDenied: as they say.
        """
        match command:
            case ConfigureCalendar():
                return self._configure(command, context, version)
            case ConfirmOrCancel():
                return reservations.confirm_or_cancel(self.occupancy, command, context, waiting=bool(self.waitlist))
            case ResolveInDoubt():
                return reservations.resolve_in_doubt(self.occupancy, command, context)
            case TryTake():
                return self._take(command, context)
            case Probe():
                require_system(context.by)
                return Decision(ProbeAnswer(results=[self._against(take) for take in command.takes]))
            case TryBook():
                return self._book(command, context)
            case Check():
                return Decision(self._check(command, context))
            case GetFreeTimes():
                return Decision(self._availability(command, context, version))
            case GetOpenTime():
                openings = self._ready().openings
                return Decision(OpenTime(open_ms=openings.total(command.start, command.end)))
            case GetCalendar():
                return Decision(self._shown(context, version))
            case Reserve():
                return self._reserve(command, context)
            case ImportBusyTime():
                return self._import(command, context)
            case NotifyWhenFree():
                return self._attend(command, context)
            case _:
                assert_never(command)

    def apply(self, event: CalendarEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case Configured():
                self.set_up(event.schedule)
            case BusyTimeImported():
                self._apply_import(event)
            case NotifyWhenFreeSet():
                self.waitlist = event.waitlist
            case ReservationRefused():
                return
            case _:
                changed = reservations.apply(self.occupancy, event, at_ms)
                if changed is not None and self.planner is not None:
                    self.planner.changed(changed)

    def set_up(self, schedule: Schedule) -> None:
        """Work by this schedule from now on."""
        self.planner = Planner(self.id, schedule, self.occupancy)
        self.occupancy.recount(self.planner.openings.zone)

    def _ready(self) -> Planner:
        if self.planner is None:
            raise NotFound("This calendar has not been set up.")
        return self.planner

    def _configure(self, command: ConfigureCalendar, context: Context, version: int) -> Decision:
        schedule = command.schedule
        require_staff(context.by, self.id)
        require_version(command.versions, version)
        check(schedule, self.id)
        before = {service.service_id for service in self.planner.schedule.services} if self.planner else set()
        dropped = tuple(sorted(before - {service.service_id for service in schedule.services}))
        reply = {"therapist_id": self.id, **whole(schedule), "version": version + 1}
        return Decision(reply, events=[Configured(schedule=schedule, dropped=dropped)])

    def _shown(self, context: Context, version: int) -> dict[str, object]:
        schedule = self._ready().schedule
        if not is_staff(context.by, self.id):  # why a time is blocked is nobody else's business
            schedule = msgspec.structs.replace(
                schedule,
                overrides=tuple(msgspec.structs.replace(override, reason="") for override in schedule.overrides),
                blackouts=tuple(msgspec.structs.replace(blackout, reason="") for blackout in schedule.blackouts),
                openings=tuple(msgspec.structs.replace(opening, reason="") for opening in schedule.openings),
            )
        return {"therapist_id": self.id, **whole(schedule), "version": version}

    def _availability(self, command: GetFreeTimes, context: Context, version: int) -> FreeSlots:
        planner = self._ready()
        if not 0 < command.end - command.start <= LONGEST_LOOK_MS:
            raise InvalidArgument("to lies after from, by at most 100 days.", details={"field": "to"})
        points = (command.end - command.start) // (planner.schedule.slot_minutes * MINUTE_MS)
        if points > (MOST_EXPLAINED if command.explain else MOST_POINTS):
            raise InvalidArgument("This is too long for a calendar of so many times.", details={"field": "to"})
        service = service_of(planner.schedule, command.service, command.duration)
        now_ms, client = context.now_ms, command.client
        slots = planner.slots(service, command.start, command.end, now_ms=now_ms, client=client)
        needs_rooms = bool(service.resources and slots)
        return FreeSlots(
            version=version,
            tz=planner.schedule.tz,
            slots=slots,
            plan=planner.plan(service, slots[0][0]) if needs_rooms else None,
            step=planner.schedule.slot_minutes * MINUTE_MS if needs_rooms else 0,
            refused=planner.refused(service, command.start, command.end, now_ms=now_ms, client=client)
            if command.explain
            else None,
        )

    def _check(self, command: Check, context: Context) -> CheckAnswer:
        planner = self._ready()
        if not 1 <= len(command.starts) <= MOST_CHECKED:
            raise InvalidArgument(f"Check 1 to {MOST_CHECKED} times at once.", details={"field": "start"})
        if command.overriding:
            require_staff(context.by, self.id)
        service = service_of(planner.schedule, command.service, command.duration)
        results = []
        unshared = self._unshared(context.by, overriding=command.overriding)
        for start in command.starts:
            why = unshared + planner.why_not(
                service,
                start,
                now_ms=context.now_ms,
                client=command.client,
                booking=command.booking,
                overriding=command.overriding,
            )
            nearby = self._nearby(service, start, command, context) if command.alternatives else []
            results.append(CheckedTime(plan=planner.plan(service, start), reasons=why, alternatives=nearby))
        return CheckAnswer(results=results)

    def _nearby(self, service: Service, start: int, command: Check | TryBook, context: Context) -> list[NearbyTime]:
        found = self._ready().nearest(
            service,
            start,
            now_ms=context.now_ms,
            client=command.client,
            booking=command.booking,
            limit=command.alternatives,
        )
        service_id = service.service_id or None
        return [NearbyTime(therapist_id=self.id, service_id=service_id, start=low, end=high) for low, high, _ in found]

    def _book(self, command: TryBook, context: Context) -> Decision:
        planner = self._ready()
        if command.overriding:
            require_staff(context.by, self.id)
        service = service_of(planner.schedule, command.service, command.duration)
        why = self._unshared(context.by, overriding=command.overriding) + planner.why_not(
            service,
            command.start,
            now_ms=context.now_ms,
            client=command.client,
            booking=command.booking,
            overriding=command.overriding,
        )
        if why:
            nearby = self._nearby(service, command.start, command, context) if command.alternatives else []
            raise conflict(why, nearby)
        plan = planner.plan(service, command.start)
        entry = entry_of(command, plan)
        return reservations.reserve(entry, context, self._busy_by(plan, entry), plan)

    def _busy_by(self, plan: BookingPlan, entry: TimeEntry) -> list[Change]:
        """The busy spans that watchers are told of: a group is busy when it is full."""
        if entry.session:
            mates = {one.key for one in self.occupancy.near(plan.start, plan.end) if one.session == entry.session}
            if len(mates) + 1 < plan.capacity:
                return []
        return [(plan.start, plan.end, "busy")]

    def _take(self, command: TryTake, context: Context) -> Decision:
        require_system(context.by)
        if why := self._against(command):
            raise conflict(why, [])
        plan = plan_of(command)
        entry = entry_of(command, plan)
        return reservations.reserve(entry, context, self._busy_by(plan, entry), NOTHING)

    def _unshared(self, by: Principal, *, overriding: bool) -> list[Reason]:
        """`not_shared`: it is there for the services of some calendars, and this is none of those who run them."""
        schedule = self._ready().schedule
        reserved = schedule.rules.shared_with is not None and not schedule.serves(by.user)
        return reasons(["not_shared"], overriding=overriding) if reserved and not is_staff(by, self.id) else []

    def _against(self, command: TryTake) -> list[Reason]:
        if self.planner is None or not self.planner.schedule.serves(command.calendar):
            return reasons([DENIED])  # and nothing else: when it is taken is not for them to know
        codes = [_RESOURCE[code] for code in collisions(self.occupancy, plan_of(command), command.booking)]
        if not self.planner.openings.contains(command.start, command.end):
            codes.append("resource_closed")
        return reasons(codes, overriding=command.overriding)

    def _reserve(self, command: Reserve, context: Context) -> Decision:
        require_system(context.by)
        planner = self.planner
        refused = Decision(NOTHING, events=[ReservationRefused(key=command.key, owner=command.owner)])
        if planner is None:
            return refused
        try:
            service = service_of(planner.schedule, command.service, None)
        except NotFound:
            return refused
        slots = planner.slots(service, command.start, command.end, now_ms=context.now_ms, client=command.client)
        for start, _, _ in slots:
            if self._suits(command, start):
                plan = planner.plan(service, start)
                entry = entry_of(command, plan)
                return reservations.reserve(entry, context, self._busy_by(plan, entry), NOTHING)
        return refused

    def _suits(self, command: Reserve, start: int) -> bool:
        wall = timeline.wall_of(self._ready().openings.zone, start)
        minute = wall.hour * 60 + wall.minute
        right_day = not command.weekdays or timeline.WEEKDAYS[wall.weekday()] in command.weekdays
        return right_day and (not command.times or any(low <= minute < high for low, high in command.times))

    def _import(self, command: ImportBusyTime, context: Context) -> Decision:
        require_staff(context.by, self.id)
        self._ready()
        if len(command.spans) > MOST_IMPORTED or any(low >= high for low, high in command.spans):
            raise InvalidArgument(f"At most {MOST_IMPORTED} times can be imported, each of some length.")
        return Decision(
            {"imported": len(command.spans)}, events=[BusyTimeImported(source=command.source, spans=command.spans)]
        )

    def _apply_import(self, event: BusyTimeImported) -> None:
        prefix = f"ext:{event.source}:"
        for key in [key for key in self.occupancy.entries if key.startswith(prefix)]:
            self.occupancy.drop(key)
        for number, (start, end) in enumerate(event.spans):
            self.occupancy.put(
                TimeEntry(key=f"{prefix}{number}", booking="", owner="", start=start, end=end, state="taken")
            )
        if self.planner is not None:
            self.set_up(self.planner.schedule)

    def _attend(self, command: NotifyWhenFree, context: Context) -> Decision:
        require_system(context.by)
        wanted = command.waitlist if command.waiting else ""
        return Decision(NOTHING, notes=[NotifyWhenFreeSet(waitlist=wanted)] if wanted != self.waitlist else ())
