"""One subscriber of a shard: what waits for it, numbered result by result until it has arrived.

A subscriber fetches; nothing is pushed. A result is kept until the next fetch acknowledges it, so a lost reply loses
nothing.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from actors.kernel.contract import protocol

_CATCHING: Final = 16  # topics of one session whose past is read at the same time


_ANSWER_BYTES: Final = 64  # an answer's envelope, roughly


class CatchUp:
    """A topic whose past is being read from the journal: what happens meanwhile waits here.

    When that grows too large it is dropped, and `overflowed` says to read on: the journal has it too.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self.waiting: list[tuple[int, bytes]] = []
        self.overflowed = False

    def add(self, version: int, encoded: bytes) -> None:
        """Keep one delivery; signals are not kept."""
        if version == 0 or self.overflowed:
            return
        self.waiting.append((version, encoded))
        self._size += len(encoded)
        if self._size > self._max_bytes:
            self.waiting.clear()
            self.overflowed = True

    def begin(self) -> None:
        """Begin again: the journal, read from now on, covers all that was kept so far."""
        self.waiting.clear()
        self._size = 0
        self.overflowed = False


class Subscriber:
    """One subscriber: its answers, its deliveries, its topics. Implements `resident.Caller`."""

    def __init__(self, subscriber: str, epoch: int, *, max_bytes: int, max_result_bytes: int) -> None:
        self.subscriber = subscriber
        self.epoch = epoch
        self.last_batch = 0
        self.seen_s = 0.0
        self.open = True
        self.topics: dict[str, CatchUp | None] = {}
        self._max_bytes = max_bytes
        self._max_result_bytes = max_result_bytes
        self._queue: deque[protocol.ItemAnswer | tuple[str, bytes]] = deque()  # answers, and (topic, encoded delivery)
        self._size = 0  # of the deliveries in it
        self._lost: set[str] = set()
        self._moved: set[str] = set()
        self._result: tuple[int, bytes] | None = None  # sent, but not yet acknowledged
        self._number = 0
        self._waiter: asyncio.Future[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self.catching = asyncio.Semaphore(_CATCHING)

    @property
    def buffered_bytes(self) -> int:
        """Deliveries that wait to be fetched."""
        return self._size

    def answer(self, answer: protocol.ItemAnswer) -> None:
        """Answers are never dropped: the subscriber bounds how many it waits for. They leave in one line with the
        deliveries, so whoever waits for answers before sending more cannot outrun what it hears."""
        self._queue.append(answer)
        self._rouse()

    def listen(self, topic: str, version: int) -> None:
        """Hear a topic live. What is published from now on is above `version` by the order of the calls."""
        del version
        self.topics.setdefault(topic, None)
        self._lost.discard(topic)

    def deliver(self, topic: str, version: int, encoded: bytes) -> None:
        """Queue one delivery; a signal is dropped under pressure, a topic that does not fit is lost to the session."""
        catch_up = self.topics.get(topic)
        if catch_up is not None:
            catch_up.add(version, encoded)
        elif version == 0 and self._size > self._max_bytes // 2:
            return
        elif self._size + len(encoded) > self._max_bytes:
            self._lose({one[0] for one in self._queue if isinstance(one, tuple)} | {topic})
        else:
            self.deliver_now(topic, encoded)

    def deliver_now(self, topic: str, encoded: bytes) -> None:
        """Queue one delivery in any case, also while the topic catches up (see `has_room`)."""
        self._queue.append((topic, encoded))
        self._size += len(encoded)
        if self._size > self._max_bytes // 2:
            self._drained.clear()
        self._rouse()

    async def has_room(self) -> None:
        """Wait until the subscriber has fetched enough for more of the past to be queued."""
        await self._drained.wait()

    def forget(self, topics: Iterable[str]) -> Iterator[str]:
        """Stop hearing these; yields those that were heard."""
        for topic in topics:
            if topic in self.topics:
                del self.topics[topic]
                yield topic

    def lose(self, topic: str) -> None:
        """The past of this topic could not be read: the subscriber must ask for it again."""
        self._lose([topic])

    def move(self, topic: str) -> None:
        """This topic is another shard's to serve."""
        self._moved.add(topic)
        self._rouse()

    async def fetch(self, acked: int, wait_s: float) -> bytes:
        """The next result; the last one again if it has not arrived. Empty after `wait_s` of nothing."""
        if self._result is not None:
            if acked < self._result[0]:
                return self._result[1]
            self._result = None
        if not self._something and self.open:
            await self._wait(wait_s)
        return self._pack()

    def close(self) -> None:
        """Release whoever waits; nothing is delivered any more."""
        self.open = False
        self._drained.set()
        self._rouse()

    @property
    def _something(self) -> bool:
        return bool(self._queue or self._lost or self._moved)

    async def _wait(self, wait_s: float) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)  # an older fetch whose caller has given up
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        handle = loop.call_later(wait_s, _resolve, waiter)
        try:
            await waiter
        finally:
            handle.cancel()

    def _rouse(self) -> None:
        if self._waiter is not None:
            _resolve(self._waiter)

    def _pack(self) -> bytes:
        if self._result is not None:  # another fetch was faster
            return self._result[1]
        answers: list[protocol.ItemAnswer] = []
        deliveries: list[msgspec.Raw] = []
        size = delivered = 0
        while self._queue and size < self._max_result_bytes:
            one = self._queue[0]
            one_size = len(one[1]) if isinstance(one, tuple) else len(one.data) + _ANSWER_BYTES
            if size and size + one_size > self._max_result_bytes:
                break
            size += one_size
            self._queue.popleft()
            if isinstance(one, tuple):
                deliveries.append(msgspec.Raw(one[1]))
                delivered += one_size
            else:
                answers.append(one)
        self._shrink(delivered)
        self._number += 1
        result = protocol.encode(
            protocol.EncodedFetchResult(
                epoch=self.epoch,
                known=self.open,
                number=self._number,
                answers=answers,
                deliveries=deliveries,
                lost=sorted(self._lost),
                moved=sorted(self._moved),
            )
        )
        self._lost.clear()
        self._moved.clear()
        self._result = (self._number, result)
        return result

    def _shrink(self, size: int) -> None:
        self._size -= size
        if self._size <= self._max_bytes // 2:
            self._drained.set()

    def _lose(self, topics: Iterable[str]) -> None:
        gone = set(topics)
        for topic in gone:
            self.topics.pop(topic, None)
        kept: deque[protocol.ItemAnswer | tuple[str, bytes]] = deque()
        for one in self._queue:
            if isinstance(one, tuple) and one[0] in gone:
                self._shrink(len(one[1]))
            else:
                kept.append(one)
        self._queue = kept
        self._lost |= gone
        self._rouse()


def _resolve(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
