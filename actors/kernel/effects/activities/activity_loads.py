"""Activities in the collection are brought back when they are due, as far as runners ask for it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.activities.activity_lines import OpenActivity, of_record
from common.clock import Clock
from common.errors import Unavailable
from common.lib.tasks import Tasks
from store.ports.activities import BEHIND, ActivityRecord, Lane
from store.ports.stores import Stores

_URGENCIES: Final = range(3)
_REST_S: Final = 0.5  # after a look that found less than was asked for


class ActivityLoads:
    """See the module."""

    def __init__(
        self,
        activities: ShardActivities,
        stores: Stores,
        *,
        clock: Clock,
        tasks: Tasks,
        partitions: Callable[[], list[int]],
        kinds: Collection[str],
    ) -> None:
        self._activities = activities
        self._stored = stores.activities
        self._clock = clock
        self._tasks = tasks
        self._partitions = partitions
        self._kinds = kinds
        self._busy: set[str] = set()  # connectors that are being looked for
        self._not_before_s: dict[str, float] = {}
        self._due_meanwhile: dict[str, int] = {}  # credit of connectors of which one has moved up since the look began

    def look_for(self, connector: str, credit: int) -> None:
        """A runner would take so many more of this connector."""
        if (
            self._activities.file.counts[connector, "parked"] > 0
            and connector not in self._busy
            and self._clock.monotonic_s() >= self._not_before_s.get(connector, 0.0)
        ):
            self._busy.add(connector)
            self._tasks.spawn(self._load(connector, credit))

    def due_now(self, connector: str, credit: int = 0) -> None:
        """There is one that is due, whatever the last look has found; and a runner would take so many."""
        self._not_before_s.pop(connector, None)
        if connector in self._busy:
            self._due_meanwhile[connector] = max(credit, self._due_meanwhile.get(connector, 0))
        elif credit:
            self.look_for(connector, credit)

    async def _load(self, connector: str, credit: int) -> None:
        found = 0
        try:
            found = await self._bring(connector, credit)
        except Unavailable:
            pass
        finally:
            self._busy.discard(connector)
            if (more := self._due_meanwhile.pop(connector, None)) is not None:
                self.look_for(connector, more or credit)
            elif found < credit:
                self._not_before_s[connector] = self._clock.monotonic_s() + _REST_S

    async def _bring(self, connector: str, credit: int) -> int:
        """Bring back those that are due; answers how many, at most `credit` of each urgency."""
        before_ms = self._clock.platform_ms() + 1
        mine = self._partitions()
        found = await asyncio.gather(
            *(
                self._stored.due(mine, connector, before_ms=before_ms, limit=credit, urgency=urgency, kinds=self._kinds)
                for urgency in _URGENCIES
            )
        )
        records = list(chain.from_iterable(found))
        unknown = [record for record in records if self._activities.find(record.id) is None]
        for one in await self._still_open(unknown):
            self._activities.admit(one)
        return len(records)

    async def _still_open(self, records: list[ActivityRecord]) -> list[OpenActivity]:
        """Without those that are over, and those that must let another one of their lane go first."""
        firsts = await self._stored.first_of([(one.entity, one.lane) for one in records if one.lane])
        opened = [of_record(record, self._clock.monotonic_s()) for record in records]
        answered = await self._activities.file.answered(opened)
        mine = set(self._partitions())
        found = []
        for record, one in zip(records, opened, strict=True):
            if self._activities.find(one.id) is not None or one.partition not in mine:
                continue
            if one.id in answered:
                self._activities.file.close(one.id)
            elif one.lane is not None and (one.lane in self._activities.lanes or not _is_first(one, firsts)):
                behind, waits = replace(record, due_ms=BEHIND), one.lane in self._activities.lanes
                self._activities.file.put(behind, lambda: None, was=record.state, lane_waits=waits)
            else:
                found.append(one)
        return found


def _is_first(activity: OpenActivity, firsts: Mapping[Lane, ActivityRecord]) -> bool:
    """Is it the first of its lane? One that has gone meanwhile is not."""
    first = None if activity.lane is None else firsts.get(activity.lane)
    return first is not None and first.id == activity.id
