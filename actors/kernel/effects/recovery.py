"""What other lives of a shard, or earlier owners of its partitions, left undone: turns whose timers may not be set, and
whose letters may not be sent."""

import asyncio
from collections.abc import Callable
from typing import Final

from actors.kernel.effects.outbox import Outbox
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.backoffs import database_backoff
from common.clock import Clock
from common.errors import Unavailable
from store.ports.journal import Journal

_UNSETTLED: Final = 500  # turns a round trip
_LOOK_S: Final = 30.0  # how often a shard looks for what was forgotten
_FORGOTTEN_MS: Final = 60_000  # twice as long as a turn keeps its timers


class EffectRecovery:
    """Of one shard. `partitions`: those that it serves at this moment; none while it is not `serving`."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        clock: Clock,
        *,
        serving: Callable[[], bool],
        partitions: Callable[[], list[int]],
        host_of: Callable[[str], KindRuntime | None],
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._clock = clock
        self._serving = serving
        self._partitions = partitions
        self._host_of = host_of

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
            await self._outbox.perform([turn for turn in turns if self._host_of(turn.entity) is not None])
            await self._outbox.drain()
            if len(turns) < _UNSETTLED:
                return

    async def look_for_forgotten(self) -> None:
        """An insert that a dead shard, or an owner of the partition before us, had given up may arrive after we have
        done what was owed; nobody was answered, but its timers and letters are owed all the same."""
        while True:
            await asyncio.sleep(_LOOK_S)
            before_ms = self._clock.now_ms() - _FORGOTTEN_MS
            try:
                turns = await self._journal.unsettled(self._partitions(), limit=_UNSETTLED, before_ms=before_ms)
            except Unavailable:
                continue
            forgotten = [turn for turn in turns if not self._outbox.is_sending(turn.entity)]
            await self._outbox.perform([turn for turn in forgotten if self._host_of(turn.entity) is not None])
