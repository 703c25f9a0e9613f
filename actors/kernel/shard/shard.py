"""One shard: hosts the entities whose partitions it owns. A plain asyncio class; Ray is added in `remote`.

Subscribers submit batches and fetch results. Answers and deliveries leave together through `fetch`, so a subscriber
gets both in one result, and an entity that is slow to load never holds up the answers of the others.

No locks: everything runs on one event loop, and `life.Phase` says who may touch an entity between two awaits.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.contract.callers import WaitingCommand
from actors.kernel.contract.entity import AnyKind
from actors.kernel.contract.partitions import partition_of
from actors.kernel.contract.reactions import AnyReaction
from actors.kernel.effects.group import shard_effects
from actors.kernel.effects.postman import Courier
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.means import RecentMean
from actors.kernel.shard.context import USUAL_BOUNDS, ShardBounds, ShardContext
from actors.kernel.shard.intake import Intake
from actors.kernel.shard.metrics import ShardMetrics
from actors.kernel.shard.ownership import Ownership, Tenancy
from actors.kernel.shard.residents.residents import Residents
from actors.kernel.shard.topics.publisher import publisher_of
from actors.kernel.shard.topics.subscriber import Subscriber
from actors.kernel.shard.topics.subscribers import Subscribers
from actors.kernel.shard.turns import Turns
from common.clock import Clock
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.leases import Holder
from store.ports.stores import Stores

_WITHHELD_S: Final = 6.0  # how long a released partition waits for its new owner
_SWEEP_S: Final = 1.0


class Shard:
    """Hosts entities. `submit`, `subscribe` and `fetch` take and give bytes (`protocol`)."""

    def __init__(
        self,
        name: str,
        kinds: Sequence[AnyKind],
        stores: Stores,
        *,
        settings: KernelSettings,
        clock: Clock,
        holder: Holder,
        courier: Courier,
        keep_s: float,
        reactions: Sequence[AnyReaction] = (),
        bounds: ShardBounds = USUAL_BOUNDS,
    ) -> None:
        """`reactions` are the rules for the events of these kinds."""
        self.name = name
        self.metrics = ShardMetrics(name)
        self.tasks = Tasks(name)
        self._turn_mean = RecentMean(self.metrics.registry, "carewire_turn_seconds")
        self._ownership = Ownership(stores, clock, _tenancy(name, holder, settings), self)
        self._context = context = ShardContext(
            stores=stores,
            settings=settings,
            clock=clock,
            metrics=self.metrics,
            tasks=self.tasks,
            runtimes={kind.name: KindRuntime(kind, stores, reactions) for kind in kinds},
            serving=lambda: self.serving,
            bounds=bounds,
        )
        self._publisher = publisher_of(context)
        self._effects = shard_effects(
            stores,
            runtime_of=context.runtime_of,
            partitions=self._partitions,
            kinds=frozenset(context.runtimes),
            is_ours=self._is_ours,
            serving=context.serving,
            courier=courier,
            patience_s=settings.retry_deadline_s,
            keep_s=keep_s,
            clock=clock,
            tasks=self.tasks,
        )
        self._residents = Residents(context, self._effects.outbox, self._publisher)
        self._intake = Intake(context, self._residents, self._ownership, self._effects)
        self._turns = Turns(context, self._residents, self._effects, self._publisher)

    @property
    def serving(self) -> bool:
        """Whether the shard holds its lease at this moment."""
        return self._ownership.serving

    def stats(self) -> dict[str, object]:
        """The figures of a shard that `carewire status` shows. `ahead_ms` is there once the platform's time was
        moved."""
        clock = self._context.clock
        ahead_ms = clock.platform_ms() - clock.now_ms()
        moved = {"ahead_ms": ahead_ms} if ahead_ms else {}
        return moved | {
            "name": self.name,
            "serving": self.serving,
            "epoch": self._ownership.epoch,
            "entities": len(self._residents),
            "queued": self._residents.waiting,
            "subscribers": len(self._publisher.subscribers),
            "buffered_bytes": sum(session.buffered_bytes for session in self._publisher.subscribers),
            "lag_ms": self._turn_mean.ms(clock.monotonic_s()),
            "activities": self._effects.activities.figures(),
        }

    async def start(self) -> None:
        """Begin to acquire the lease and to run turns."""
        self.tasks.spawn(self._ownership.run())
        self.tasks.spawn(self._turns.run())
        self.tasks.spawn(self._intake.run())
        self.tasks.spawn(self._effects.timers.run(self._partitions))
        self.tasks.spawn(self._effects.postman.run(self._partitions))
        self.tasks.spawn(self._sweep())
        self.tasks.spawn(self._effects.recovery.look_for_forgotten())

    async def stop(self) -> None:
        """Finish what waits (for a moment), save what is worth it, and give the lease up."""
        deadline_s = self._context.clock.monotonic_s() + self._context.settings.lease_renewal_s
        while self.serving and self._residents.waiting and self._context.clock.monotonic_s() < deadline_s:  # noqa: ASYNC110 - the end
            await asyncio.sleep(0.01)
        await self.tasks.cancel()
        if self.serving:
            self._residents.save_all()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self.lease_lost()
        await self._ownership.release()

    async def subscribe(self, request: bytes) -> bytes:
        """Open or restart a subscription: `protocol.SubscribeRequest` -> `protocol.SubmitAck`."""
        if not self.serving:
            return self._submit_ack(known=False)
        wanted = protocol.decode_subscribe(request)
        session = self._publisher.subscribers.start(wanted.subscriber, self._ownership.epoch)
        self._subscribe(session, wanted.topics)
        return self._submit_ack(known=True)

    async def submit(self, request: bytes) -> bytes:
        """Take a batch; the answers come with `fetch`: `protocol.CommandBatch` -> `protocol.SubmitAck`."""
        batch = protocol.decode_batch(request)
        await self._catch_up(batch.items)
        session = self._publisher.subscribers.get(batch.subscriber) if self.serving else None
        if session is None:
            return self._submit_ack(known=False)
        if batch.number > session.last_batch:  # else: taken already, the ack was lost
            session.last_batch = batch.number
            self._publisher.subscribers.forget(session, batch.forget)
            self._subscribe(session, batch.resubscribe)
            caller = _Subscriber(session, self._publisher.subscribers)
            for item in batch.items:
                self._intake.accept(caller, item)
        return self._submit_ack(known=True)

    async def _catch_up(self, items: Sequence[protocol.BatchItem]) -> None:
        """Read the map before anything is bounced. The caller may have seen a newer one: what it sends next would
        find the shard wiser, and be carried out before what was sent back."""
        if self.serving and not all(self._ownership.owns(partition_of(item.entity)) for item in items):
            await self._ownership.read_map()

    async def fetch(self, request: bytes) -> bytes:
        """Answers and deliveries since the last fetch, or after a while nothing: `Fetch` -> `FetchResult`."""
        wanted = protocol.decode_fetch(request)
        session = self._publisher.subscribers.get(wanted.subscriber) if self.serving else None
        if session is None:
            return _NOT_KNOWN
        result = await session.fetch(wanted.acked, self._context.settings.fetch_wait_s)
        if not self.serving:  # a zombie must not hand out what it has
            return _NOT_KNOWN
        session.seen_s = self._context.clock.monotonic_s()
        return result

    async def work(self, request: bytes) -> bytes:
        """Activities for a runner once there are some, nothing after a while: `WorkRequest` -> `WorkResult`."""
        offers = await self._effects.runners.work(protocol.decode_work(request))
        if not self.serving:  # somebody else offers them by now
            return protocol.encode(protocol.WorkResult(epoch=0, offers=[], levels={}))
        levels = self._effects.activities.levels()
        return protocol.encode(protocol.WorkResult(epoch=self._ownership.epoch, offers=offers, levels=levels))

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """Activities in memory, by id: those in line, or being tried. Some have a document as well. Raises
        `Unavailable` until what earlier lives left has been read."""
        return self._effects.operators.rows(connector, after, limit)

    async def retry_activity(self, id_: bytes) -> ActivityRow | None:
        """An operator wants it tried now. None when it is not here. Raises `Unavailable`."""
        return await self._effects.operators.retry(id_)

    async def drop_activity(self, id_: bytes) -> ActivityRow | None:
        """An operator wants it tried no more. None when it is not here. Raises `Unavailable`."""
        return await self._effects.operators.drop(id_)

    def time_moved(self) -> None:
        """The platform's time has jumped forward."""
        self._effects.time_moved()

    async def release(self, partitions: Sequence[int]) -> None:
        """Stop serving these partitions: finish what is under way, bounce what waits, and hand them off. The map must
        give them to somebody else soon, or they come back."""
        self._ownership.withhold(partitions, _WITHHELD_S)
        self._effects.activities.hand_off(frozenset(partitions))
        await self._hand_off(frozenset(partitions))

    async def adopt(self) -> None:
        """The map has changed: look at it now."""
        await self._ownership.read_map()

    def partitions_gone(self, partitions: frozenset[int]) -> None:
        """See `Tenant`."""
        self._effects.hand_off(partitions)
        self.tasks.spawn(self._finish_and_hand_off(partitions))

    async def _finish_and_hand_off(self, partitions: frozenset[int]) -> None:
        await self._hand_off(partitions)
        # A turn that was under way may have set timers and made activities since.
        self._effects.hand_off(frozenset(number for number in partitions if not self._ownership.owns(number)))

    async def _hand_off(self, partitions: frozenset[int]) -> None:
        await self._residents.hand_off(partitions, _bounce)
        self._publisher.subscribers.move(
            topic for topic in self._publisher.subscribers.topics if partition_of(topic) in partitions
        )

    def _submit_ack(self, *, known: bool) -> bytes:
        return protocol.encode(protocol.SubmitAck(self._ownership.epoch, known))

    def _subscribe(self, session: Subscriber, topics: dict[str, int]) -> None:
        ours = {
            topic: (runtime, since)
            for topic, since in topics.items()
            if (runtime := self._context.runtime_of(topic)) is not None and self._ownership.owns(partition_of(topic))
        }
        for topic in topics.keys() - ours.keys():
            session.move(topic)
        if ours:
            self._publisher.queries.subscribe(session, ours)

    def lease_gained(self) -> None:
        """See `Tenant`."""
        self._effects.timers.partitions_gained()
        self.tasks.spawn(self._effects.recovery.recover())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._publisher.trim()
            self._residents.sweep()
            self._effects.sweep()

    def lease_lost(self) -> None:
        """See `Tenant`."""
        self._residents.clear()
        self._effects.clear()
        self._publisher.clear()

    def _partitions(self) -> list[int]:
        return sorted(self._ownership.partitions) if self.serving else []

    def _is_ours(self, entity_id: str) -> bool:
        return (
            self.serving
            and self._context.runtime_of(entity_id) is not None
            and self._ownership.owns(partition_of(entity_id))
        )


def _tenancy(name: str, holder: Holder, settings: KernelSettings) -> Tenancy:
    return Tenancy(
        name=name,
        pool=name.rpartition("-")[0],
        holder=holder,
        lease_s=settings.lease_s,
        renewal_s=settings.lease_renewal_s,
    )


class _Subscriber:
    """A session as the caller of a batch."""

    __slots__ = ("_session", "_subscribers")

    def __init__(self, session: Subscriber, subscribers: Subscribers) -> None:
        self._session = session
        self._subscribers = subscribers

    def answer(self, answer: protocol.ItemAnswer) -> None:
        self._session.answer(answer)

    def listen(self, topic: str, version: int) -> None:
        self._subscribers.listen(self._session, topic, version)


_NOT_KNOWN: Final = protocol.encode(
    protocol.EncodedFetchResult(epoch=0, known=False, number=0, answers=[], deliveries=[], lost=[], moved=[])
)


def _bounce(submission: WaitingCommand) -> None:
    submission.caller.answer(protocol.ItemAnswer(correlation_id=submission.correlation_id, code=protocol.MOVED))
