"""Activities as operators see them, wherever they are: in a shard's memory, or put off in the database."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from actors.kernel.contract.activities import ActivityRow
from actors.kernel.effects.activity_ids import mark_from
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.operations.overview import Overview, overview
from store.ports.activities import BEHIND, Activities, ActivityRecord, State

States: Final = ("waiting", "parked", "dead")


class ActivityShards(Protocol):
    """The shards that hold activities. Each method raises `Unavailable` when one of them does not answer."""

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """What waits, or is being tried, in all of them: the first `limit` ids above `after` are among these."""
        ...

    async def retry_activity(self, mark: bytes) -> ActivityRow | None:
        """Try it now. None: nobody has it."""
        ...

    async def drop_activity(self, mark: bytes) -> ActivityRow | None:
        """It is over; the entity hears `dropped`. None: nobody has it."""
        ...


class Figures(Protocol):
    """What processes say of themselves."""

    async def of_shards(self) -> Sequence[Mapping[str, object]]: ...

    async def of_runners(self) -> Sequence[Mapping[str, object]]: ...


@dataclass(frozen=True, slots=True)
class By:
    """Which operator, from where, in which request."""

    user: str
    role: str
    address: str
    request: str


class ActivityOperations:
    """One a replica of the API."""

    def __init__(
        self, shards: ActivityShards, put_off: Activities, figures: Figures, audit: AuditRecord, clock: Clock
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
        waiting, put_off = await asyncio.gather(
            self._waiting(connector, state, after, limit), self._stored(connector, state, after, limit)
        )
        found = {row.id: row for row in (*put_off, *waiting)}
        return [found[mark] for mark in sorted(found)][:limit]

    async def retry(self, activity_id: str, by: By) -> ActivityRow:
        """Try it now, whatever it waits for. Recorded.

        Raises:
            NotFound: this is no id of an activity.
            FailedPrecondition: it is over.
        """
        mark = _mark(activity_id)
        row = await self._shards.retry_activity(mark)
        return await self._recorded("activity.retried", activity_id, row, by)

    async def drop(self, activity_id: str, reason: str, by: By) -> ActivityRow:
        """Never send it; the entity hears `dropped`. Recorded, with the reason. Raises as `retry` does."""
        mark = _mark(activity_id)
        row = await self._shards.drop_activity(mark)
        return await self._recorded("activity.dropped", activity_id, row, by, why=reason)

    async def overview(self) -> Overview:
        """How each connector is doing."""
        shards, runners = await asyncio.gather(self._figures.of_shards(), self._figures.of_runners())
        return overview(shards, runners)

    async def _waiting(
        self, connector: str | None, state: str | None, after: bytes | None, limit: int
    ) -> list[ActivityRow]:
        return await self._shards.activities(connector, after, limit) if state in (None, "waiting") else []

    async def _stored(
        self, connector: str | None, state: str | None, after: bytes | None, limit: int
    ) -> list[ActivityRow]:
        if state == "waiting":
            return []
        only: State | None = "parked" if state == "parked" else "dead" if state == "dead" else None
        records = await self._put_off.page(connector=connector, state=only, after=after, limit=limit)
        return [_row(record) for record in records]

    async def _recorded(
        self, action: str, activity_id: str, row: ActivityRow | None, by: By, *, why: str = ""
    ) -> ActivityRow:
        if row is None:
            raise FailedPrecondition("This activity is over: there is nothing to retry or to drop.")
        await self._audit.append(
            AuditEntry(action, by.user, "", "ok", by.role, activity_id, address=by.address, request=by.request, why=why)
        )
        return row


def _mark(activity_id: str) -> bytes:
    mark = mark_from(activity_id)
    if mark is None:
        raise NotFound("There is no such activity.")
    return mark


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
