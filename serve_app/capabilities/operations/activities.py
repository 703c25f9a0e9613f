"""Activities as operators see them, wherever they are: in a shard's memory, or put off in the database."""

import asyncio
from collections.abc import Sequence

from actors.kernel.contract.activities import ActivityRow
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.partitions import PARTITIONS
from actors.kernel.effects.activities.activity_ids import mark_from
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound
from serve_app.activities.looking import ActivityFigures, ActivityShards
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.operations.overview import Overview, overview
from store.ports.activities import BEHIND, ActivityRecord, ActivityStore, State


class ActivityOperations:
    """One a replica of the API."""

    def __init__(
        self, shards: ActivityShards, put_off: ActivityStore, figures: ActivityFigures, audit: AuditRecord, clock: Clock
    ) -> None:
        self._shards = shards
        self._put_off = put_off
        self._figures = figures
        self._audit = audit
        self._clock = clock

    async def page(
        self, connector: str | None, state: str | None, after: bytes | None, limit: int
    ) -> list[ActivityRow]:
        """The first `limit` above `after`, in the order of their ids. One that moves meanwhile is told once."""
        match state:
            case "waiting":
                return _first(await self._shards.activities(connector, after, limit), limit)
            case "dead":
                return await self._stored(connector, "dead", after, limit)
            case "parked":
                return await self._parked(connector, after, limit)
        # In this order: what leaves a shard's memory has its document before.
        waiting = await self._shards.activities(connector, after, limit)
        return _first([*await self._stored(connector, None, after, limit), *waiting], limit)

    async def retry(self, activity_id: str, *, by: Principal, trace: str) -> ActivityRow:
        """Try it now, whatever it waits for. Recorded.

        Raises:
            NotFound: this is no id of an activity.
            FailedPrecondition: it is over.
        """
        mark = _mark(activity_id)
        await self._record("activity.retried", activity_id, by, trace)
        return _still(await self._shards.retry_activity(mark))

    async def drop(self, activity_id: str, reason: str, *, by: Principal, trace: str) -> ActivityRow:
        """Never send it; the entity hears `dropped`. Recorded, with the reason. Raises as `retry` does."""
        mark = _mark(activity_id)
        await self._record("activity.dropped", activity_id, by, trace, why=reason)
        return _still(await self._shards.drop_activity(mark))

    async def overview(self) -> Overview:
        """How each connector is doing."""
        shards, runners = await asyncio.gather(self._figures.of_shards(), self._figures.of_runners())
        seen = overview(shards, runners)
        now_ms = self._clock.platform_ms()
        for one in seen.connectors.values():
            if one.parked and (oldest_ms := await self._put_off.oldest_ms(range(PARTITIONS), one.connector)):
                one.oldest_s = max(one.oldest_s, (now_ms - oldest_ms) / 1000)
        return seen

    async def _parked(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """Documents of what is not in line, or being tried, at this moment."""
        found: list[ActivityRow] = []
        while len(found) < limit:
            waiting = _first(await self._shards.activities(connector, after, limit), limit)
            stored = await self._stored(connector, "parked", after, limit)
            ends = [rows[-1].id for rows in (waiting, stored) if len(rows) == limit]
            after = min(ends, default=None)  # up to there both are known
            in_line = {row.id for row in waiting}
            found += [row for row in stored if row.id not in in_line and (after is None or row.id <= after)]
            if len(stored) < limit and (after is None or not stored or stored[-1].id <= after):
                break
        return found[:limit]

    async def _stored(
        self, connector: str | None, state: State | None, after: bytes | None, limit: int
    ) -> list[ActivityRow]:
        return [
            _row(one) for one in await self._put_off.page(connector=connector, state=state, after=after, limit=limit)
        ]

    async def _record(self, action: str, activity_id: str, by: Principal, trace: str, *, why: str = "") -> None:
        """Before the deed: none is done that the record does not know of."""
        entry = AuditEntry(
            action=action,
            actor=by.user,
            subject="",
            outcome="ok",
            role=by.role,
            resource=activity_id,
            request=trace,
            why=why,
        )
        await self._audit.append(entry)


def _first(rows: Sequence[ActivityRow], limit: int) -> list[ActivityRow]:
    """By their ids; of two with the same id the later one."""
    found = {row.id: row for row in rows}
    return [found[id_] for id_ in sorted(found)][:limit]


def _mark(activity_id: str) -> bytes:
    mark = mark_from(activity_id)
    if mark is None:
        raise NotFound("There is no such activity.")
    return mark


def _still(row: ActivityRow | None) -> ActivityRow:
    if row is None:
        raise FailedPrecondition("This activity is over: there is nothing to retry or to drop.")
    return row


def _row(record: ActivityRecord) -> ActivityRow:
    return ActivityRow(
        id=record.id,
        connector=record.connector,
        entity=record.entity,
        state=record.state,
        attempts=record.attempts,
        created_at_ms=record.created_at_ms,
        due_ms=record.due_ms if record.state == "parked" and record.due_ms < BEHIND else None,
        deadline_ms=record.deadline_ms,
        code=record.code,
        message=record.message,
    )
