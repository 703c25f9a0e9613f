"""Looks after the workers: one process at a time, by lease. It finds out who has died or hangs, moves their meetings,
keeps a spare one while anybody meets, and ends those that nobody needs.

It keeps nothing that its successor would miss: which workers there are, and which meeting is where, stands in the
database.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.reports import MoveMedia
from common.errors import CarewireError
from common.lib.tasks import Tasks
from common.logs import get_logger
from config.capabilities.media import MediaSettings
from serve_app.capabilities.meetings.fleet.hatching import Hatchery, cpu_s_of
from serve_app.capabilities.meetings.fleet.placing import Fleet, NoWorker, WorkerReading
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.link import WorkerGone, WorkerLinks
from serve_app.capabilities.meetings.workers.registry import Control, MediaRegistry, Placed, WorkerRecord
from serve_app.capabilities.meetings.workers.wire import Stats
from store.holders import is_dead, this_process
from store.ports.leases import Holder, Lease, Leases

_log = get_logger(__name__)
LEASE: Final = "media-supervisor"
LEASE_S: Final = 6.0
RENEWAL_S: Final = 2.0
_FAILED_S: Final = 1.0


@dataclass(slots=True)
class _Watched:
    """A life of a worker. `cpu_s`: what it had used of the processor when it was last looked at."""

    record: WorkerRecord
    heard_at: float
    stats: Stats | None = None
    idle_since: float | None = None
    cpu_s: float | None = None


class FleetSupervisor:
    """One a runner; it works while it holds the lease."""

    def __init__(
        self,
        registry: MediaRegistry,
        links: WorkerLinks,
        fleet: Fleet,
        hatchery: Hatchery,
        leases: Leases,
        entities: EntityClient,
        settings: MediaSettings,
    ) -> None:
        self._registry, self._links, self._fleet, self._hatchery = registry, links, fleet, hatchery
        self._leases, self._entities, self._settings = leases, entities, settings
        self._watched: dict[str, _Watched] = {}
        self._tasks = Tasks("media supervisor")
        self._busy: set[str] = set()
        self._lease: Lease | None = None
        self._held_until = 0.0
        self._control = Control()  # as of the last beat

    def start(self) -> None:
        """Try for the lease, and work while it is held."""
        self._tasks.spawn(self._run())

    async def close(self) -> None:
        """Give the lease up. The workers stay."""
        await self._tasks.cancel()
        if self._lease is not None:
            await self._leases.release(self._lease)

    async def _run(self) -> None:
        holder = this_process()
        while True:
            try:
                working = await self._leads(holder)
                if working:
                    await self._look()
            except CarewireError as error:
                _log.warning("media.supervisor_waits", code=error.code)
                await asyncio.sleep(_FAILED_S)
                continue
            await asyncio.sleep(self._settings.beat_s if working and self._watched else RENEWAL_S / 2)

    async def _leads(self, holder: Holder) -> bool:
        now = time.monotonic()
        if self._lease is None:
            self._lease = await self._leases.acquire(LEASE, holder, LEASE_S)
            self._held_until = now + LEASE_S
        elif now > self._held_until - LEASE_S + RENEWAL_S:
            if not await self._leases.renew(self._lease):
                self._lease = None
                self._watched.clear()
            self._held_until = now + LEASE_S
        return self._lease is not None

    async def _look(self) -> None:
        """One beat."""
        records = await self._registry.workers()
        now = time.monotonic()
        present = {(record.name, record.life) for record in records}
        self._watched = {name: each for name, each in self._watched.items() if (name, each.record.life) in present} | {
            record.name: _Watched(record, now)
            for record in records
            if (found := self._watched.get(record.name)) is None or found.record.life != record.life
        }
        await asyncio.gather(*(self._beat(each) for each in self._watched.values()))
        self._control = control = await self._registry.control()
        await self._drain(control)
        await self._keep_spare(control)
        await self._end_idle()

    async def _beat(self, watched: _Watched) -> None:
        record = watched.record
        try:
            data = await self._links.call_this(record, wire.STATS, b"", timeout_s=self._settings.beat_s)
        except CarewireError:
            return
        except WorkerGone:
            silent = time.monotonic() - watched.heard_at
            dead = is_dead(_holder(record))
            if dead or (silent >= self._settings.hung_s and not _works(watched)):
                await self._lost(record, "died" if dead else "hung")
            return
        watched.heard_at = time.monotonic()
        watched.stats = wire.unpacked(data, Stats)
        busy = bool(watched.stats.rooms)
        watched.idle_since = None if busy else watched.idle_since or time.monotonic()

    async def _lost(self, record: WorkerRecord, how: str) -> None:
        """Its meetings are told before anything else is done."""
        _log.warning("media.worker_lost", worker=record.name, how=how)
        self._watched.pop(record.name, None)
        self._links.forget(record)
        rooms = [each for each in await self._registry.placed_at(record.name) if each.life == record.life]
        await self._registry.remove(record)
        self._alone(f"end {record.life}", lambda: self._hatchery.end(record))
        await self._move(rooms, "worker_lost")

    async def _move(self, rooms: list[Placed], reason: str) -> None:
        if not rooms:
            return
        but = {each.worker for each in rooms}
        target = self._known(but) or await self._fleet.ready(but)
        await asyncio.gather(*(self._move_one(room, reason, target) for room in rooms))

    def _known(self, but: Collection[str]) -> WorkerRecord | None:
        """Who said in the last beats that there is room. Asked anew, on a busy machine they may answer too late, and a
        meeting would wait for another worker to be started."""
        if self._fleet.none_may(self._control):
            return None
        seen = [
            WorkerReading(each.record, each.stats)
            for each in self._watched.values()
            if not is_dead(_holder(each.record))
        ]
        return self._fleet.fittest(seen, {*but, *self._control.draining})

    async def _move_one(self, room: Placed, reason: str, target: WorkerRecord | None) -> None:
        worker = target.name if target is not None else ""
        command = MoveMedia(room.epoch, reason, "sfu", worker=worker)
        try:
            await self._entities.submit(f"meeting:{room.meeting}", command, by=SYSTEM)
        except CarewireError as error:
            _log.warning("media.not_moved", code=error.code)

    async def _drain(self, control: Control) -> None:
        """Meetings of workers that are to end move one by one; of all, where there may be none."""
        names = set(control.draining)
        if self._fleet.none_may(control):
            names |= set(self._watched)
        over = [name for name in control.draining if name not in self._watched]
        if over:
            await self._registry.drained(over)
        for name in names & set(self._watched):
            watched = self._watched[name]
            self._alone(f"drain {name}", lambda watched=watched, control=control: self._empty(watched, control))  # type: ignore[misc] # bound here

    async def _empty(self, watched: _Watched, control: Control) -> None:
        record = watched.record
        await self._links.call_this(record, wire.DRAIN, b"", timeout_s=self._settings.hung_s)
        none = self._fleet.none_may(control)
        for room in await self._registry.placed_at(record.name):
            if none:
                command = MoveMedia(room.epoch, "worker_drained", None)
                await self._entities.submit(f"meeting:{room.meeting}", command, by=SYSTEM)
                await self._registry.gone(room.meeting, room.epoch)
            else:
                await self._move_one(room, "worker_drained", await self._target(record.name))
        if watched.stats is not None and not watched.stats.rooms and not await self._registry.placed_at(record.name):
            await self._stop(record)
            await self._registry.drained([record.name])

    async def _target(self, but: str) -> WorkerRecord | None:
        try:
            return await self._fleet.place([but])
        except NoWorker:
            return None

    async def _keep_spare(self, control: Control) -> None:
        seen = [WorkerReading(each.record, each.stats) for each in self._watched.values()]
        ready = [each.stats for each in seen if each.stats is not None and each.stats.state == "ready"]
        met = any(stats.rooms for stats in ready)
        empty = sum(1 for stats in ready if not stats.rooms)
        wanted = (met and empty < self._settings.spare) or self._fleet.crowded(seen)
        if wanted and len(self._watched) < await self._fleet.most(control):
            self._alone("start", self._start_one)

    async def _start_one(self) -> None:
        try:
            await self._fleet.start_one()
        except NoWorker:
            _log.warning("media.spare_not_started")

    async def _end_idle(self) -> None:
        """Those that nobody has needed for long; a spare one stays while anybody meets."""
        now = time.monotonic()
        met = any(each.stats is not None and each.stats.rooms for each in self._watched.values())
        idle = [
            each
            for each in self._watched.values()
            if each.idle_since is not None and now - each.idle_since > self._settings.idle_s
        ]
        for watched in idle[self._settings.spare if met else 0 :]:
            self._alone(f"stop {watched.record.life}", lambda watched=watched: self._stop(watched.record))  # type: ignore[misc] # bound here

    async def _stop(self, record: WorkerRecord) -> None:
        try:
            await self._links.call_this(record, wire.STOP, b"", timeout_s=self._settings.hung_s)
        except WorkerGone:
            await self._lost(record, "gone")

    def _alone(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Beside the beats, and not twice at once."""
        if name in self._busy:
            return
        self._busy.add(name)
        self._tasks.spawn(self._guarded(name, work))

    async def _guarded(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (CarewireError, WorkerGone) as error:
            _log.warning("media.work_failed", work=name.partition(" ")[0], error=type(error).__name__)
        finally:
            self._busy.discard(name)


def _holder(record: WorkerRecord) -> Holder:
    return Holder(record.life, record.node, record.pid, record.began)


def _works(watched: _Watched) -> bool:
    """Whether it has used the processor since it was last looked at: then it is slow, and not hung. Of another machine
    nobody can tell."""
    before, watched.cpu_s = watched.cpu_s, cpu_s_of(watched.record)
    return watched.cpu_s is not None and (before is None or watched.cpu_s > before)
