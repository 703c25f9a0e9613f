"""One region's channel to one shard: commands out in order, answers and deliveries in.

One batch is in flight at a time, because Ray promises no order between two calls of an async actor; it is repeated
under the same number until the shard has taken it. When the shard does not know us (it restarted, or its lease was
void), the channel subscribes afresh from the last versions seen and sends everything unanswered again, in its order.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.pending import Pending, fail, gave_up
from actors.kernel.caller.shard_client import Call, ShardClient, ShardGone, call_in_time
from actors.kernel.caller.subscriptions import TopicSubscriptions
from actors.kernel.contract import protocol
from actors.kernel.lib.backoffs import call_backoff
from actors.kernel.lib.pacing import Pacer
from common.clock import Clock
from common.lib.retry import Backoff

_SILENCE_S: Final = 0.1  # the ceiling of a pause, reached after a few attempts in a row
_FULL: Final = 200  # commands that are worth a call of their own
_ENVELOPE: Final = 120  # bytes of an item beside its command, roughly


@dataclass(slots=True, kw_only=True)
class ShardChannel:
    """See the module. `subscriber` must be unique to this region's life."""

    subscriber: str
    shard: ShardClient
    clock: Clock
    metrics: RegionMetrics
    max_batch_bytes: int
    pace: Pacer
    call_timeout_s: float
    on_deliveries: Callable[[list[protocol.TopicDelivery]], None]
    on_moved: Callable[[Pending], None]
    on_topic_moved: Callable[[str, int], None]
    on_silence: Callable[[], None]  # the shard does not answer: does the map still name it?
    queue: deque[Pending] = field(default_factory=deque)
    outstanding: dict[int, Pending] = field(default_factory=dict)  # sent, in the order of their correlation ids
    _subscriptions: TopicSubscriptions = field(init=False)
    _generation: int = 0
    _number: int = 0
    _latest: int = 0  # the first correlation id of the last batch
    _crowd: int = _FULL  # how many commands were here of late, on their way or waiting
    _acked: int = 0
    _known: bool = False
    _ripe: bool = False  # something in the queue has no more time
    _ripening: asyncio.TimerHandle | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._subscriptions = TopicSubscriptions(self._wake.set)

    def __len__(self) -> int:
        return len(self.queue) + len(self.outstanding)

    @property
    def topics(self) -> dict[str, int]:
        """The topics heard, each with the last version seen."""
        return self._subscriptions.topics

    @property
    def busy(self) -> bool:
        """True while this channel waits for anything, or hears anything."""
        return bool(self.queue or self.outstanding or self.topics)

    def put(self, pending: Pending) -> None:
        """Send this when its turn comes. What has leisure waits for company, but holds up nothing that comes behind it
        and has none: nothing is overtaken."""
        self.queue.append(pending)
        if pending.listen:
            self._subscriptions.joining(pending.entity)
        if not pending.leisure_s or len(self.queue) >= _FULL:
            self._ripen()
        elif not self._ripe and self._ripening is None:
            self._ripening = asyncio.get_running_loop().call_later(pending.leisure_s, self._ripen)
        if self._is_full():
            self.pace.look()

    def take_over(self, topic: str, version: int) -> None:
        """Hear a topic that another shard served until now, from above this version."""
        self._subscriptions.take_over(topic, version)

    def unlisten(self, topic: str) -> None:
        """Nobody here hears this topic any more; a command on its way that will listen to it goes before."""
        self._subscriptions.unlisten(topic)

    def expire(self, now_s: float) -> None:
        """Give up what has waited too long. It may have happened: the error says so."""
        late = [pending for pending in (*self.outstanding.values(), *self.queue) if pending.deadline_s <= now_s]
        if not late:
            return
        for pending in late:
            self.outstanding.pop(pending.correlation_id, None)
            self._join_over(pending)
            fail(pending, gave_up())
        self.metrics.unavailable.inc(len(late))
        self.queue = deque(pending for pending in self.queue if not pending.future.done())

    async def send(self) -> None:
        """Send batches, one at a time; until cancelled."""
        backoff = call_backoff()
        while True:
            await self._wake.wait()
            if not self._known:
                await self._subscribe(backoff)
            self._wake.clear()
            while self._known and (self._ripe or self._subscriptions.has_changes):
                await self.pace.rest(self._is_full)
                await self._send_batch(backoff)
            if not self._known:
                self._wake.set()

    async def fetch(self) -> None:
        """Fetch results, one after the other; until cancelled."""
        backoff = call_backoff()
        while True:
            await self._subscribed.wait()
            generation = self._generation
            request = protocol.encode(protocol.Fetch(self.subscriber, self._acked))
            try:
                result = protocol.decode_fetch_result(await self._call(self.shard.fetch, request))
            except ShardGone:
                await self._again(backoff)
                continue
            if generation != self._generation:
                continue  # it speaks of a subscription that is no more
            if not result.known:
                self._lost()
                await backoff.pause()
                continue
            backoff.reset()
            if result.number == self._acked + 1:
                self._acked = result.number
                began_s = self.clock.monotonic_s()
                self._unpack(result)
                answered = any(answer.correlation_id >= self._latest for answer in result.answers)
                asyncio.get_running_loop().call_soon(self._unpacked, began_s, answered)  # behind the writing to sockets

    async def _subscribe(self, backoff: Backoff) -> None:
        """Start afresh, and put everything unanswered back in front of the queue, in its order."""
        while not self._known:
            again = sorted(self.outstanding.values(), key=attrgetter("correlation_id"))
            self.outstanding.clear()
            self.queue.extendleft(reversed(again))
            self._ripe = bool(self.queue)
            self._number = self._acked = 0
            self._generation += 1
            request = protocol.encode(protocol.SubscribeRequest(self.subscriber, self._subscriptions.begin()))
            try:
                self._known = protocol.decode_submit_ack(await self._call(self.shard.subscribe, request)).known
            except ShardGone:
                self._known = False
            if not self._known:
                await self._again(backoff)
        self.metrics.resubscribed.inc()
        backoff.reset()
        self._subscribed.set()

    def evacuate(self, stays: Callable[[str], bool]) -> tuple[list[Pending], dict[str, int]]:
        """Commands and topics (with the last version seen) that this shard does not own any more, to be sent elsewhere.
        What was sent may have been carried out: its id tells."""
        leaving = [pending for pending in (*self.outstanding.values(), *self.queue) if not stays(pending.entity)]
        for pending in leaving:
            self.outstanding.pop(pending.correlation_id, None)
            self._join_over(pending)
        gone = set(map(id, leaving))
        self.queue = deque(pending for pending in self.queue if id(pending) not in gone)
        return leaving, self._subscriptions.moved([topic for topic in self.topics if not stays(topic)])

    async def _again(self, backoff: Backoff) -> None:
        """Pause before the next attempt; after a few, look whether the shard is still the one to ask."""
        self.metrics.retries.inc()
        if backoff.ceiling_s > _SILENCE_S:
            self.on_silence()
        await backoff.pause()

    def _unpacked(self, began_s: float, answered: bool) -> None:
        """While a batch is under way the next one gathers, for a while: what comes back together goes on together."""
        self.pace.worked(began_s)
        if answered:
            self.pace.released()

    def _ripen(self) -> None:
        self._ripe = True
        self._cancel_ripening()
        self._wake.set()

    def _cancel_ripening(self) -> None:
        if self._ripening is not None:
            self._ripening.cancel()
            self._ripening = None

    def _is_full(self) -> bool:
        """True when nobody is left to wait for. Who sends again once they were answered are soon all here: waiting
        longer for company only keeps them waiting. The crowd thins out slowly, so that those who came apart find each
        other."""
        return len(self.queue) >= min(self._crowd, _FULL)

    async def _send_batch(self, backoff: Backoff) -> None:
        batch = self._next_batch()
        self._crowd = max(len(self), self._crowd * 7 // 8, 1)
        self.pace.began(held=bool(batch.items))
        if batch.items:
            self._latest = min(item.correlation_id for item in batch.items)
        request = protocol.encode(batch)
        while self._known:
            try:
                ack = protocol.decode_submit_ack(await self._call(self.shard.submit, request))
            except ShardGone:
                await self._again(backoff)
                continue
            backoff.reset()
            if not ack.known:
                self._lost()
            return

    def _next_batch(self) -> protocol.CommandBatch:
        now_s = self.clock.monotonic_s()
        items: list[protocol.BatchItem] = []
        size = 0
        while self.queue:
            pending = self.queue[0]
            size += len(pending.command) + _ENVELOPE
            if items and size > self.max_batch_bytes:
                break
            self.queue.popleft()
            if not pending.future.done():
                items.append(pending.item(now_s))
                pending.sent = True
                self.outstanding[pending.correlation_id] = pending
            else:  # given up by its caller before it was sent
                self._join_over(pending)
        if not self.queue:
            self._ripe = False
            self._cancel_ripening()
        self._number += 1
        forget, again = self._subscriptions.take_changes()
        return protocol.CommandBatch(
            subscriber=self.subscriber, number=self._number, items=items, forget=forget, resubscribe=again
        )

    def _unpack(self, result: protocol.FetchResult) -> None:
        for answer in result.answers:
            self._answered(answer)
        deliveries = [delivery for delivery in result.deliveries if self._subscriptions.is_news(delivery)]
        self._subscriptions.lost(result.lost)
        if deliveries:
            self.on_deliveries(deliveries)
        for topic, version in self._subscriptions.moved(result.moved).items():
            self.on_topic_moved(topic, version)

    def _answered(self, answer: protocol.ItemAnswer) -> None:
        pending = self.outstanding.pop(answer.correlation_id, None)
        if pending is None:
            return  # given up meanwhile
        if pending.listen and not answer.code:
            self._subscriptions.subscribed(pending.entity, answer.version)
        self._join_over(pending)
        if answer.code == protocol.MOVED:
            self.on_moved(pending)
            return
        if not pending.future.done():
            pending.future.set_result(answer)

    def _join_over(self, pending: Pending) -> None:
        """This command does not wait any more."""
        if pending.listen:
            self._subscriptions.join_over(pending.entity)

    def _lost(self) -> None:
        self._known = False
        self._subscribed.clear()
        self._wake.set()

    async def _call(self, method: Call, request: bytes) -> bytes:
        return await call_in_time(method, request, self.call_timeout_s)
