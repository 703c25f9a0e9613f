"""Finishes what other lives of a shard, or earlier owners of its partitions, left undone: turns whose timers may not be
set, and whose letters may not be sent."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from actors.kernel.effects.outbox import Outbox, RuntimeOf
from actors.kernel.lib.backoffs import database_backoff
from common.clock import Clock
from common.errors import Unavailable
from store.ports.journal import Journal

_UNSETTLED: Final = 500  # turns a round trip
_LOOK_S: Final = 30.0  # how often a shard looks for what was forgotten
_LOOKS: Final = 2  # a turn still unsettled so many looks later is forgotten: twice as long as it keeps its timers


class EffectRecovery:
    """Recovers the effects of one shard. `partitions` are those that it serves at this moment; none while it is not
    `serving`."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        clock: Clock,
        *,
        serving: Callable[[], bool],
        partitions: Callable[[], list[int]],
        runtime_of: RuntimeOf,
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._clock = clock
        self._serving = serving
        self._partitions = partitions
        self._runtime_of = runtime_of

    async def recover(self) -> None:
        """Do what the last life of this shard left undone."""
        backoff = database_backoff()
        while self._serving():
            try:
                turns = await self._journal.unsettled(self._partitions(), limit=_UNSETTLED)
            except Unavailable:
                await backoff.pause()
                continue
            backoff.reset()
            await self._outbox.perform([turn for turn in turns if self._runtime_of(turn.entity) is not None])
            await self._outbox.drain()
            if len(turns) < _UNSETTLED:
                return

    async def look_for_forgotten(self) -> None:
        """An insert that a dead shard, or an owner of the partition before us, had given up may arrive after we have
        done what was owed; nobody was answered, but its timers and letters are owed all the same.

        Turns bear the platform's time, but a minute is the wall's: what the platform showed at the last looks is
        remembered, so a jump of its time makes no turn look old.
        """
        ago_ms = int(_LOOK_S * 1000)
        shown = deque(self._clock.platform_ms() - ago_ms * look for look in range(_LOOKS - 1, -1, -1))
        while True:
            await asyncio.sleep(_LOOK_S)
            before_ms = shown.popleft()
            shown.append(self._clock.platform_ms())
            try:
                turns = await self._journal.unsettled(self._partitions(), limit=_UNSETTLED, before_ms=before_ms)
            except Unavailable:
                continue
            forgotten = [turn for turn in turns if not self._outbox.is_sending(turn.entity)]
            await self._outbox.perform([turn for turn in forgotten if self._runtime_of(turn.entity) is not None])
