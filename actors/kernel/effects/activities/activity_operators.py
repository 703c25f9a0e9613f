"""The operators' view of the activities in a shard's memory, and their interventions."""

from collections.abc import Callable, Collection
from dataclasses import replace

from actors.kernel.contract.activities import ActivityRow
from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.activities.activity_endings import NOT_TAKEN, ActivityEndings
from actors.kernel.effects.activities.activity_lines import ActivityPhase, OpenActivity, of_record
from actors.kernel.effects.activities.activity_loads import ActivityLoads
from actors.kernel.effects.postman import LETTERS
from common.clock import Clock
from common.errors import Unavailable
from store.ports.activities import BEHIND, ActivityRecord
from store.ports.stores import Stores


class ActivityOperators:
    """See the module."""

    def __init__(
        self,
        activities: ShardActivities,
        stores: Stores,
        *,
        clock: Clock,
        partitions: Callable[[], list[int]],
        kinds: Collection[str],
        loads: ActivityLoads,
        endings: ActivityEndings,
    ) -> None:
        self._activities = activities
        self._stored = stores.activities
        self._clock = clock
        self._partitions = partitions
        self._kinds = kinds
        self._loads = loads
        self._endings = endings

    def rows(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """Those in memory, by id: waiting, or being tried, also where there is a document, or will be in a moment.

        Raises:
            Unavailable: what earlier lives left has not been read yet.
        """
        if not self._activities.is_complete:
            raise Unavailable("Not every activity is known just now. Please try again in a moment.")
        found = [
            row_of(activity, "waiting")
            for activity in self._activities
            if connector in (None, activity.activity.connector) and (after is None or activity.id > after)
        ]
        return sorted(found, key=lambda row: row.id)[:limit]

    async def retry(self, id_: bytes) -> ActivityRow | None:
        """Try it now, once more if it is dead. None when it is not here.

        Raises:
            Unavailable: the database does not answer, or it is not known yet what earlier lives left.
        """
        one = self._activities.find(id_)
        if one is not None and one.phase in (
            ActivityPhase.PAUSED,
            ActivityPhase.WAITING,
            ActivityPhase.BEHIND,
            ActivityPhase.HELD,
            ActivityPhase.VETTED,
        ):
            if one.phase is ActivityPhase.PAUSED:
                self._activities.line_up(one)
            return row_of(one, "waiting")
        record = await self._record(id_)
        if record is None:
            return None
        due = replace(record, state="parked", due_ms=self._clock.platform_ms(), deaths=0)
        await self._activities.file.write(due, was=record.state)
        self._loads.due_now(due.connector)
        return row_of_record(due)

    async def drop(self, id_: bytes) -> ActivityRow | None:
        """Nobody is to try it any more; its entity is told. None when it is not here.

        Raises:
            Unavailable: the database, or the entity, does not answer, or it is not known yet what earlier lives left.
        """
        one = self._activities.find(id_)
        if one is None:
            record = await self._record(id_)
            if record is None:
                return None
            if record.connector == LETTERS:
                self._activities.file.close(id_)
                return row_of_record(record)
            one = of_record(record, self._clock.monotonic_s())
            one.phase = ActivityPhase.ANSWERING
        row = row_of(one, "waiting" if one.filed != "dead" else "dead")
        answer = await self._endings.tell(one, "dropped")
        if answer.code in NOT_TAKEN:
            raise Unavailable("The activity could not be dropped just now; try again.")
        if answer.code:  # its entity cannot hear of it, which is no reason to keep it
            self._activities.closed(one.entity, one.activity.key)
        return row

    async def _record(self, id_: bytes) -> ActivityRecord | None:
        """Its document. None when there is none here. Raises `Unavailable`: nobody can say that just now."""
        known = self._activities.is_complete
        record = (await self._stored.get([id_])).get(id_)
        if record is not None:
            is_ours = record.kind in self._kinds and record.partition in self._partitions()
            return record if is_ours else None
        if not known or self._activities.find(id_) is not None:  # one in memory has yet to be written
            raise Unavailable("Not every activity is known just now. Please try again in a moment.")
        return None


def row_of(activity: OpenActivity, state: str) -> ActivityRow:
    """It as operators see it."""
    return ActivityRow(
        id=activity.id,
        connector=activity.activity.connector,
        entity=activity.entity,
        state=state,
        attempts=activity.attempts,
        created_at_ms=activity.created_at_ms,
        due_ms=activity.due_ms if activity.phase is ActivityPhase.PAUSED else None,
        deadline_ms=activity.activity.deadline_ms,
        code=activity.code,
        message=activity.message,
    )


def row_of_record(record: ActivityRecord) -> ActivityRow:
    """One of the collection as operators see it."""
    return ActivityRow(
        id=record.id,
        connector=record.connector,
        entity=record.entity,
        state=record.state,
        attempts=record.attempts,
        created_at_ms=record.created_at_ms,
        due_ms=None if record.due_ms == BEHIND or record.state == "dead" else record.due_ms,
        deadline_ms=record.deadline_ms,
        code=record.code,
        message=record.message,
    )
