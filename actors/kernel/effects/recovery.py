"""Finishes what other lives of a shard, or earlier owners of its partitions, left undone: turns whose timers may not be
set, whose letters may not be sent, and whose activities may not be over.

It reads all of it, page by page, and waits for none of it: a letter to somebody who is away, or a call to a partner who
is down, delays nothing else.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.outbox import Outbox, RuntimeOf
from actors.kernel.lib.backoffs import database_backoff
from common.clock import Clock
from common.errors import Unavailable
from store.ports.journal import Journal, Turn

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
        activities: ShardActivities,
        clock: Clock,
        *,
        serving: Callable[[], bool],
        partitions: Callable[[], list[int]],
        runtime_of: RuntimeOf,
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._activities = activities
        self._clock = clock
        self._serving = serving
        self._partitions = partitions
        self._runtime_of = runtime_of

    async def recover(self) -> None:
        """Do what the last life of this shard left undone."""
        self._activities.recovery_began()
        try:
            await self._activities.file.recount()
            async for turns in self._unsettled():
                await self._perform(turns)
            await self._mend()
        finally:
            self._activities.recovery_ended()

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
                await self._look(before_ms)
            except Unavailable:
                continue

    async def _look(self, before_ms: int) -> None:
        last: Turn | None = None
        while turns := await self._page(before_ms, last):
            last = turns[-1]
            await self._perform([turn for turn in turns if not self._outbox.is_at(turn)])
        await self._activities.file.look_again()

    async def _mend(self) -> None:
        backoff = database_backoff()
        while self._serving():
            try:
                await self._activities.file.mend()
            except Unavailable:
                await backoff.pause()
            else:
                return

    async def _perform(self, turns: list[Turn]) -> None:
        await self._outbox.perform([turn for turn in turns if self._runtime_of(turn.entity) is not None])

    async def _unsettled(self) -> AsyncIterator[list[Turn]]:
        """All of them, a page at a time; those of partitions that are lost meanwhile are left out."""
        last: Turn | None = None
        backoff = database_backoff()
        while self._serving():
            try:
                turns = await self._page(None, last)
            except Unavailable:
                await backoff.pause()
                continue
            backoff.reset()
            yield turns
            if len(turns) < _UNSETTLED:
                return
            last = turns[-1]

    async def _page(self, before_ms: int | None, last: Turn | None) -> list[Turn]:
        return await self._journal.unsettled(self._partitions(), limit=_UNSETTLED, before_ms=before_ms, after=last)
