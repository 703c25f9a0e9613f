"""All consumers, under a lease: one stream for those that keep up, one of its own for each that does not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from common.errors import CarewireError, Unavailable
from common.lib.retry import Backoff
from common.logs import get_logger
from serve_app.follower.consumer import Consumer
from serve_app.follower.line import ConsumerLine
from serve_app.follower.metrics import FollowerMetrics
from serve_app.follower.positions import Position, Positions
from serve_app.follower.source import Past, TurnOpener
from store.holders import this_process
from store.mongo.client import Database
from store.mongo.kernel.feed import AT_ONCE, FeedLost, JournalFeed
from store.ports.leases import Lease
from store.ports.stores import Stores

LEASE: Final = "follower"
_LEASE_S: Final = 6.0
_RENEWAL_S: Final = 2.0
_KEEP_S: Final = 1.0
_MARGIN_MS: Final = (
    60_000  # that is looked at again behind a position: turns are stored a moment after they are decided
)
_PAUSES_S: Final = (0.2, 5.0)
_EVERY_S: Final = 0.05  # looks at the stream: each costs the database as much for one turn as for hundreds
log = get_logger(__name__)
OpenFeed = Callable[[Iterable[str]], JournalFeed]
"""Makes a feed of turns of these kinds."""


class Follower:
    """One a process; of several, one reads, and the others wait for its lease."""

    def __init__(
        self,
        consumers: Sequence[Consumer],
        kinds: Sequence[AnyKind],
        database: Database,
        stores: Stores,
        clock: Clock,
        *,
        feed: OpenFeed,
        metrics: FollowerMetrics,
        lease: str = LEASE,
    ) -> None:
        """`lease`: what those of several hold of whom one reads."""
        self._consumers, self._lease = consumers, lease
        self._stores, self._clock, self._feed, self._metrics = stores, clock, feed, metrics
        self._positions = Positions(database)
        self._opening = TurnOpener(kinds, stores)
        self._past = Past(database, stores, self._opening)
        self._lines: dict[str, ConsumerLine] = {}
        self._reading: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        for consumer in consumers:
            metrics.lag(consumer.name, lambda name=consumer.name: self._lag_s(name))  # type: ignore[misc] # bound now

    async def start(self) -> None:
        """Wait for the lease, and read."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let go of it. Idempotent."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def stats(self) -> Mapping[str, object]:
        """For `carewire status` and `/health`. `serving`: does this one read?"""
        lines = {name: {"lag_s": round(line.lag_s, 1), "waiting": line.waiting} for name, line in self._lines.items()}
        return {"serving": self._reading is not None, "consumers": lines}

    def has_caught_up(self, consumer: str) -> bool:
        """Has it been shown all that was written before it looked?"""
        line = self._lines.get(consumer)
        return self._reading is not None and line is not None and line.position.token is not None

    def lag_s(self, consumer: str) -> float:
        """How old the oldest turn is that waits for it."""
        return self._lag_s(consumer)

    def _lag_s(self, name: str) -> float:
        line = self._lines.get(name)
        return 0.0 if line is None else line.lag_s

    async def _run(self) -> None:
        holder = this_process()
        while True:
            lease = await _or_none(self._stores.leases.acquire(self._lease, holder, _LEASE_S))
            if lease is None:
                await asyncio.sleep(_RENEWAL_S / 4)
                continue
            log.info("follower.began", consumers=len(self._consumers))
            self._reading = asyncio.create_task(self._read_always())
            try:
                await self._hold(lease)
            finally:
                await _ended(self._reading)
                self._reading = None
                await _or_none(self._stores.leases.release(lease))

    async def _hold(self, lease: Lease) -> None:
        """Until it is somebody else's, or nobody could tell for too long."""
        until_s = self._clock.monotonic_s() + _LEASE_S
        while self._clock.monotonic_s() < until_s:
            await asyncio.sleep(_RENEWAL_S)
            asked_s = self._clock.monotonic_s()
            renewed = await _or_none(self._stores.leases.renew(lease))
            if renewed:
                until_s = asked_s + _LEASE_S
            elif renewed is False:
                break
        log.warning("follower.lease_lost")

    async def _read_always(self) -> None:
        backoff = Backoff(*_PAUSES_S)
        while True:
            try:
                await self._read()
            except* (CarewireError, FeedLost) as errors:
                log.warning("follower.interrupted", errors=[type(one).__name__ for one in errors.exceptions])
            except* Exception:
                log.exception("follower.crashed")
            await backoff.pause()

    async def _read(self) -> None:
        """Every consumer from where it was, until something breaks."""
        self._lines = {one.name: await self._begun(one) for one in self._consumers}
        lines = list(self._lines.values())
        try:
            async with asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(line.run())
                group.create_task(self._keep_always())
                group.create_task(self._follow_all(lines))
        finally:
            await _or_none(self._keep())

    async def _begun(self, consumer: Consumer) -> ConsumerLine:
        taken = self._metrics.turns.labels(consumer.name).inc
        line = ConsumerLine(consumer, self._positions, self._clock, taken)
        position = await self._positions.read(consumer.name)
        if position is None:
            position = Position(None, self._clock.now_ms() - consumer.look_back_ms)
            await self._positions.write(consumer.name, position)
        line.begin(position)
        return line

    async def _follow_all(self, lines: Sequence[ConsumerLine]) -> None:
        """One stream for those whose place in the log is known; the others look for what they missed first."""
        async with asyncio.TaskGroup() as group:
            for line in lines:
                if line.position.token is None:
                    group.create_task(self._look(line))
            if known := [line for line in lines if line.position.token is not None]:
                group.create_task(self._follow(known, group))

    async def _follow(self, lines: list[ConsumerLine], group: asyncio.TaskGroup) -> None:
        """One stream for these, from where the last of them is. One that falls too far behind gets a stream of its own:
        the others do not wait for it."""
        feed = self._feed({kind for line in lines for kind in line.consumer.kinds})
        try:
            await feed.open(min(line.reached or "" for line in lines))
            while lines:
                await self._grow(feed, lines)
                for line in [one for one in lines if one.full]:
                    lines.remove(line)
                    log.warning("follower.behind", consumer=line.consumer.name)
                    group.create_task(self._follow_alone(line))
        except FeedLost:
            log.warning("follower.token_lost")
            for line in lines:
                group.create_task(self._look(line))
        finally:
            await feed.close()

    async def _follow_alone(self, line: ConsumerLine) -> None:
        """As fast as the consumer takes it, from where what waits for it ends."""
        feed = self._feed(line.consumer.kinds)
        try:
            await line.has_room()
            await feed.open(line.reached)
            while True:
                await self._grow(feed, [line])
                await line.has_room()
        finally:
            await feed.close()

    async def _look(self, line: ConsumerLine) -> None:
        """For what was written since the position of a consumer, whose place in the log is not known any more; then
        from the place where the look began."""
        line.begin(Position(None, line.position.at_ms))
        feed = self._feed(line.consumer.kinds)
        try:
            place = await feed.open(None)
        finally:
            await feed.close()
        async for turns in self._past.since(line.consumer.kinds, max(0, line.position.at_ms - _MARGIN_MS)):
            for turned in turns:
                line.put(None, turned)
            await line.has_room()
        line.reached = place
        await self._follow_alone(line)

    async def _grow(self, feed: JournalFeed, lines: Sequence[ConsumerLine]) -> None:
        """What came since, at once when it is the first for a while; what comes next may gather meanwhile."""
        grown = await feed.next()
        gathered_s = self._clock.monotonic_s() + _EVERY_S
        opened = await self._opening.open([turn for _, turn in grown.turns])
        for (token, _), turned in zip(grown.turns, opened, strict=True):
            for line in lines:
                line.put(token, turned)
        at_ms = max((turned.at_ms for turned in opened), default=0)
        for line in lines:
            line.passed(grown.token, at_ms)
        if 0 < len(grown.turns) < AT_ONCE:
            await asyncio.sleep(gathered_s - self._clock.monotonic_s())

    async def _keep_always(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_S)
            try:
                await self._keep()
            except Unavailable:
                log.warning("follower.not_kept")

    async def _keep(self) -> None:
        for line in self._lines.values():
            await line.keep()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _or_none(asked: Awaitable[Any]) -> Any:
    """None: the database does not answer."""
    try:
        return await asked
    except Unavailable:
        return None
