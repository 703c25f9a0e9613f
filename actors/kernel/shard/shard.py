"""One shard: hosts the entities whose partitions it owns. A plain asyncio class; Ray is added in `remote`.

Subscribers submit batches and fetch results. Answers and deliveries leave together through `fetch`, so a subscriber
gets both in one result, and an entity that is slow to load never holds up the answers of the others.

No locks: everything runs on one event loop, and `resident.Phase` says who may touch an entity between two awaits.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from actors.kernel.contract import protocol
from actors.kernel.contract.callers import Submission
from actors.kernel.contract.entity import Kind
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.letters import LetterRouter
from actors.kernel.effects.outbox import Courier, Outbox
from actors.kernel.effects.recovery import EffectRecovery
from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.means import RecentMean
from actors.kernel.lib.writes import WriteBatcher, batch_writes
from actors.kernel.shard.decider import Decider
from actors.kernel.shard.intake import Intake
from actors.kernel.shard.metrics import ShardMetrics
from actors.kernel.shard.ownership import Ownership
from actors.kernel.shard.queries import QueryRunner
from actors.kernel.shard.replay_buffer import ReplayBuffer
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents import Residents
from actors.kernel.shard.subscribers import Subscriber, Subscribers
from actors.kernel.shard.turns import Turns
from common.clock import Clock
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.leases import Holder
from store.ports.stores import Stores

_MAX_RESULT_BYTES: Final = 90_000  # below Ray's limit for inline results (100 KB)
_WITHHELD_S: Final = 6.0  # how long a released partition waits for its new owner
_SWEEP_S: Final = 1.0


class Shard:
    """Hosts entities. `submit`, `subscribe` and `fetch` take and give bytes (`protocol`)."""

    def __init__(
        self,
        name: str,
        kinds: Sequence[Kind[Any, Any, Any]],
        stores: Stores,
        *,
        settings: KernelSettings,
        clock: Clock,
        holder: Holder,
        courier: Courier,
    ) -> None:
        self.name = name
        self.metrics = ShardMetrics(name)
        self._turn_mean = RecentMean(self.metrics.registry, "carewire_turn_seconds")
        self.tasks = Tasks(name)
        self._settings = settings
        self._clock = clock
        self._hosts = {kind.name: KindRuntime(kind, stores) for kind in kinds}
        self._sessions = Subscribers(
            clock,
            lease_s=settings.subscriber_lease_s,
            max_bytes=settings.max_buffered_bytes,
            max_result_bytes=_MAX_RESULT_BYTES,
        )
        self._ownership = Ownership(
            stores,
            name=name,
            pool=name.rpartition("-")[0],
            holder=holder,
            clock=clock,
            lease_s=settings.lease_s,
            renewal_s=settings.lease_renewal_s,
            on_gain=self._gained,
            on_loss=self._lost,
            on_gone=self._gone,
        )
        settling: WriteBatcher[tuple[str, int]] = batch_writes(stores.journal.settle, self.tasks)
        self._alarms = TimerScheduler(
            stores.timers, settling, self.tasks, clock, lambda timer, unchecked: self._intake.fire(timer, unchecked)
        )
        mail = LetterRouter(
            self._is_ours,
            lambda caller, item: self._intake.accept(caller, item),
            courier,
            patience_s=settings.retry_deadline_s,
        )
        self._outbox = Outbox(stores, self._host_of, mail.send, self._alarms.set, settling, self.tasks)
        self._recent = ReplayBuffer(clock)
        self._replies = ReplyCache(clock)
        self._reads = QueryRunner(
            stores.journal,
            self._sessions,
            self._recent,
            self.tasks,
            max_replayed=settings.max_replayed_events,
            serving=lambda: self.serving,
        )
        self._residents = Residents(
            stores, self._outbox, self._sessions, self.tasks, self._replies, settings=settings, clock=clock
        )
        self._intake = Intake(
            self._residents,
            self._ownership,
            self._alarms,
            host_of=self._host_of,
            settings=settings,
            clock=clock,
            metrics=self.metrics,
        )
        self._recovery = EffectRecovery(
            stores.journal,
            self._outbox,
            clock,
            serving=lambda: self.serving,
            partitions=self._partitions,
            host_of=self._host_of,
        )
        self._turns = Turns(
            self._residents,
            Decider(
                stores.vault, self._replies, max_turn_bytes=settings.max_turn_bytes, expired=self._residents.expired
            ),
            stores.journal,
            alarms=self._alarms,
            outbox=self._outbox,
            sessions=self._sessions,
            reads=self._reads,
            recent=self._recent,
            replies=self._replies,
            tasks=self.tasks,
            metrics=self.metrics,
            clock=clock,
            linger_ms=settings.linger_ms,
            at_once=2 if any(kind.hops for kind in kinds) else 1,
            serving=lambda: self.serving,
        )

    @property
    def serving(self) -> bool:
        """Does the shard hold its lease at this moment?"""
        return self._ownership.serving

    def stats(self) -> dict[str, object]:
        """What `carewire status` shows of a shard."""
        return {
            "name": self.name,
            "serving": self.serving,
            "epoch": self._ownership.epoch,
            "entities": len(self._residents),
            "queued": self._residents.waiting,
            "subscribers": len(self._sessions),
            "buffered_bytes": sum(session.buffered_bytes for session in self._sessions),
            "lag_ms": self._turn_mean.ms(self._clock.monotonic_s()),
        }

    async def start(self) -> None:
        """Begin to acquire the lease and to run turns."""
        self.tasks.spawn(self._ownership.run())
        self.tasks.spawn(self._turns.run())
        self.tasks.spawn(self._alarms.run(self._partitions))
        self.tasks.spawn(self._sweep())
        self.tasks.spawn(self._recovery.look_for_forgotten())

    async def stop(self) -> None:
        """Finish what waits (for a moment), save what is worth it, and give the lease up."""
        deadline_s = self._clock.monotonic_s() + self._settings.lease_renewal_s
        while self.serving and self._residents.waiting and self._clock.monotonic_s() < deadline_s:  # noqa: ASYNC110 - the end
            await asyncio.sleep(0.01)
        await self.tasks.cancel()
        if self.serving:
            self._residents.save_all()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self._lost()
        await self._ownership.release()

    async def subscribe(self, request: bytes) -> bytes:
        """Open or restart a subscription: `protocol.Subscribe` -> `protocol.SubmitAck`."""
        if not self.serving:
            return self._receipt(known=False)
        wanted = protocol.decode_subscribe(request)
        session = self._sessions.start(wanted.subscriber, self._ownership.epoch)
        self._resubscribe(session, wanted.topics)
        return self._receipt(known=True)

    async def submit(self, request: bytes) -> bytes:
        """Take a batch; the answers come with `fetch`: `protocol.Batch` -> `protocol.SubmitAck`."""
        batch = protocol.decode_batch(request)
        session = self._sessions.get(batch.subscriber) if self.serving else None
        if session is None:
            return self._receipt(known=False)
        if batch.number > session.last_batch:  # else: taken already, the ack was lost
            session.last_batch = batch.number
            self._sessions.forget(session, batch.forget)
            self._resubscribe(session, batch.resubscribe)
            caller = _Subscriber(session, self._sessions)
            for item in batch.items:
                self._intake.accept(caller, item)
        return self._receipt(known=True)

    async def fetch(self, request: bytes) -> bytes:
        """Answers and deliveries since the last fetch, or after a while nothing: `Fetch` -> `FetchResult`."""
        wanted = protocol.decode_fetch(request)
        session = self._sessions.get(wanted.subscriber) if self.serving else None
        if session is None:
            return _NOT_KNOWN
        result = await session.fetch(wanted.acked, self._settings.fetch_wait_s)
        if not self.serving:  # a zombie must not hand out what it has
            return _NOT_KNOWN
        session.seen_s = self._clock.monotonic_s()
        return result

    async def release(self, partitions: Sequence[int]) -> None:
        """Stop to serve these partitions: finish what is under way, bounce what waits, and let go. The map must give
        them to somebody else soon, or they come back."""
        self._ownership.withhold(partitions, _WITHHELD_S)
        await self._let_go(frozenset(partitions))

    async def adopt(self) -> None:
        """The map has changed: look at it now."""
        await self._ownership.read_map()

    def _gone(self, partitions: frozenset[int]) -> None:
        """The map has given these to somebody else."""
        self._alarms.let_go(partitions)
        self.tasks.spawn(self._finish_and_let_go(partitions))

    async def _finish_and_let_go(self, partitions: frozenset[int]) -> None:
        await self._let_go(partitions)
        # A turn that was under way may have set timers since.
        self._alarms.let_go(frozenset(one for one in partitions if not self._ownership.owns(one)))

    async def _let_go(self, partitions: frozenset[int]) -> None:
        await self._residents.give_away(partitions, _bounce)
        self._sessions.move(topic for topic in self._sessions.topics if partition_of(topic) in partitions)

    def _receipt(self, *, known: bool) -> bytes:
        return protocol.encode(protocol.SubmitAck(self._ownership.epoch, known))

    def _resubscribe(self, session: Subscriber, topics: dict[str, int]) -> None:
        ours = {
            topic: (host, since)
            for topic, since in topics.items()
            if (host := self._host_of(topic)) is not None and self._ownership.owns(partition_of(topic))
        }
        for topic in topics.keys() - ours.keys():
            session.move(topic)
        if ours:
            self._reads.catch_up(session, ours)

    def _gained(self) -> None:
        """The lease is ours."""
        self.tasks.spawn(self._recovery.recover())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._sessions.expire()
            self._recent.trim()
            self._replies.trim()
            self._residents.sweep()

    def _lost(self) -> None:
        """The lease is void."""
        self._residents.clear()
        self._alarms.clear()
        self._sessions.clear()
        self._recent.clear()
        self._replies.clear()

    def _partitions(self) -> list[int]:
        return sorted(self._ownership.partitions) if self.serving else []

    def _is_ours(self, entity_id: str) -> bool:
        return self.serving and self._host_of(entity_id) is not None and self._ownership.owns(partition_of(entity_id))

    def _host_of(self, entity_id: str) -> KindRuntime | None:
        return self._hosts.get(entity_id.partition(":")[0])


class _Subscriber:
    """A session as the caller of a batch."""

    __slots__ = ("_session", "_sessions")

    def __init__(self, session: Subscriber, sessions: Subscribers) -> None:
        self._session = session
        self._sessions = sessions

    def answer(self, answer: protocol.Answer) -> None:
        self._session.answer(answer)

    def listen(self, topic: str, version: int) -> None:
        self._sessions.listen(self._session, topic, version)


_NOT_KNOWN: Final = protocol.encode(
    protocol.EncodedFetchResult(epoch=0, known=False, number=0, answers=[], deliveries=[], lost=[], moved=[])
)


def _bounce(submission: Submission) -> None:
    submission.caller.answer(protocol.Answer(submission.correlation_id, protocol.MOVED))
