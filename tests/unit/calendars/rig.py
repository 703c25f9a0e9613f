"""Calendars, bookings and mailboxes on real shards, in one process and in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from typing_extensions import override

from actors.calendars.agenda.kind import AgendaKind
from actors.calendars.booking.answers import BookingReply
from actors.calendars.booking.kind import BookingKind
from actors.calendars.calendar.commands import GetFreeTimes
from actors.calendars.calendar.kind import CalendarKind
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.hours.schedule import Limits, Schedule, Service
from actors.calendars.series.kind import SeriesKind
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.calendars import Calendars
from actors.calendars.waitlist.kind import WaitlistKind
from actors.inboxes.commands import ReadInbox
from actors.inboxes.kind import InboxKind
from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import AnyKind, Principal
from actors.kernel.contract.partitions import partition_of
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents.loader import restore
from actors.kernel.shard.residents.resident import Resident
from actors.workflows.table import reactions_of
from common.clock import Clock
from common.timeline import DAY_MS, HOUR_MS
from config.settings import KernelSettings
from store.memory import memory_stores
from store.ports.stores import Stores
from tests.simulation.loop import VirtualClock, VirtualLoop, run

T = TypeVar("T")
KINDS: Sequence[AnyKind] = (
    CalendarKind(),
    AgendaKind(),
    BookingKind(),
    SeriesKind(),
    WaitlistKind(),
    InboxKind(),
)
SETTINGS = KernelSettings(linger_ms=0.0, snapshot_every=5, passivate_after_s=30.0)
DOC = Principal("doc", "therapist")
ANN, BOB = Principal("ann"), Principal("bob")
ADMIN = Principal("root", "admin")
MONDAY = 1_700_438_400_000  # 2023-11-20T00:00Z, six days after the virtual clock begins


def at(hour: float, day: int = 0) -> int:
    """An instant: hours after midnight UTC of the first Monday."""
    return MONDAY + day * DAY_MS + int(hour * HOUR_MS)


def a_schedule(**changes: Any) -> Schedule:
    """Mondays to Fridays 9-17 UTC; sessions of an hour, a group of three, and one that needs a room."""
    weekly = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "17:00"),))
    services = (
        Service(service_id="talk", duration_minutes=60),
        Service(service_id="group", duration_minutes=60, capacity=3),
        Service(service_id="room-talk", duration_minutes=60, resources=("room1",)),
    )
    given: dict[str, Any] = {"tz": "UTC", "weekly": weekly, "slot_minutes": 30, "services": services}
    return Schedule(**given | {"rules": Limits()} | changes)


async def entries_of(stores: Stores, clock: Clock, entity: str) -> list[TimeEntry]:
    """What is taken of a calendar or an agenda by what the journal says, folded as a shard folds it."""
    kind = next(one for one in KINDS if entity.startswith(f"{one.name}:"))
    resident = Resident(entity, KindRuntime(kind, stores), partition_of(entity))
    restore(resident, (await stores.journal.load([entity]))[entity], ReplyCache(clock))
    found: list[TimeEntry] = sorted(resident.entity.occupancy.entries.values(), key=lambda one: one.start)
    return found


class JumpingClock(VirtualClock):
    """Virtual time that can also be set forward: days need not be lived through."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop)
        self.ahead_ms = 0

    @override
    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


class Rig:
    """One run of a scenario."""

    def __init__(self, kinds: Sequence[AnyKind] = KINDS) -> None:
        self.loop = VirtualLoop()
        self.clock = JumpingClock(self.loop)
        self.stores = memory_stores(self.clock, [index for kind in kinds for index in kind.indexes])
        rules = reactions_of([kind.name for kind in kinds])
        self.cluster = LocalCluster(self.stores, kinds, settings=SETTINGS, clock=self.clock, reactions=rules)
        self.region: Region
        self.bookings: Bookings
        self.calendars: Calendars

    def play(self, scenario: Callable[["Rig"], Awaitable[T]], *, limit_s: float = 10_000_000.0) -> T:
        """Run a scenario on a started cluster with the calendar of `doc`, another therapist's and a room's."""

        async def main() -> T:
            await self.cluster.start()
            self.region = await self.cluster.region("test")
            self.bookings = Bookings(self.region, self.stores.views, self.clock)
            self.calendars = Calendars(self.region)
            await self.calendars.configure("room1", a_schedule(services=(), kind="room"), by=ADMIN)
            for calendar in ("doc", "eve"):
                await self.calendars.configure(calendar, a_schedule(), by=ADMIN)
            try:
                return await scenario(self)
            finally:
                await self.cluster.stop()

        return run(self.loop, main(), limit_s=limit_s)

    async def until(self, at_ms: int) -> None:
        """Let the calendar's time come near `at_ms` at once, then let timers fire for a while."""
        self.clock.ahead_ms += max(0, at_ms - self.clock.now_ms())
        await asyncio.sleep(25)

    async def book(self, start: int, by: Principal = ANN, **more: Any) -> BookingReply:
        """A booking with `doc`."""
        given: dict[str, Any] = {"therapist": "doc", "start": start, "service": "talk"} | more
        return await self.bookings.book(BookingRequest(**given), by=by)

    async def slots(self, start: int, end: int, service: str = "talk", calendar: str = "doc") -> list[str]:
        """When free times begin."""
        answer, _ = await self.calendars.availability(
            calendar, GetFreeTimes(start=start, end=end, service=service), by=ANN
        )
        return [slot.start for slot in answer.slots]

    async def entries(self, entity: str) -> list[TimeEntry]:
        """What is taken of a calendar or an agenda."""
        return await entries_of(self.stores, self.clock, entity)

    async def mail(self, user: str) -> list[tuple[str, dict[str, Any]]]:
        """What was addressed to a user."""
        reply = await self.region.submit(f"user:{user}", ReadInbox(limit=200), by=Principal(user))
        return [(one["event"], one["data"]) for one in msgspec.json.decode(reply.data)["events"]]
