"""Commands of a shard to its own entities: those of timers that are due, and letters from one to another.

Turns make effects, and effects make commands for turns. This queue is where that circle is cut: timers and letters put
into it and know nobody behind it; the shard's intake takes out of it.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from actors.kernel.contract import protocol
from actors.kernel.contract.callers import TurnCaller
from store.ports.timers import Timer


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer to be carried out. `unchecked`: it may have been before."""

    timer: Timer
    unchecked: bool


@dataclass(frozen=True, slots=True)
class LocalLetter:
    """A letter to an entity of this shard; `sender` is told the answer."""

    sender: TurnCaller
    item: protocol.BatchItem


class ShardInbox:
    """See the module. Takes everything, in order; taken out by one."""

    def __init__(self) -> None:
        self._waiting: deque[DueTimer | LocalLetter] = deque()
        self._filled = asyncio.Event()

    def put(self, request: DueTimer | LocalLetter) -> None:
        """Add one; never waits."""
        self._waiting.append(request)
        self._filled.set()

    async def take(self) -> DueTimer | LocalLetter:
        """The oldest, as soon as there is one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()

    def clear(self) -> None:
        """The lease is lost. Timers are found again in the database; letters go to whoever has their entities now."""
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if isinstance(request, LocalLetter):
                request.sender.answer(
                    protocol.ItemAnswer(correlation_id=request.item.correlation_id, code=protocol.MOVED)
                )
