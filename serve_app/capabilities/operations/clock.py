"""The platform's time, moved by hand: for tests and demonstrations of what waits for days."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import Meta

from common.clock import to_rfc3339
from common.decoding import Request
from common.errors import FailedPrecondition
from common.logs import get_logger
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import ClockMover
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest
from serve_app.processes.health import Finding
from store.platform_time import ProcessClock

_DAY_S: Final = 86_400
_LONGEST_S: Final = 3660 * _DAY_S
_FARTHEST_MS: Final = 36_600 * _DAY_S * 1000
_OBEYED_S: Final = 3.0  # in which every shard should go by it
_LOOK_S: Final = 0.02
log = get_logger(__name__)


class AdvanceClock(Request, Repeatable, frozen=True, kw_only=True):
    """How far the platform's time is to be moved, always forward. `request_id`: a repeat with it moves nothing."""

    advance_s: Annotated[float, Meta(ge=0, le=_LONGEST_S, description="Seconds.")]


class PlatformNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform's clock shows."""

    now: str


class Shards(Protocol):
    """Those that go by the time (`pools.Pools`)."""

    async def names(self) -> Sequence[str]:
        """All of them."""
        ...

    async def stats(self, shard: str) -> Mapping[str, object]:
        """What one says of itself; may raise anything when it is away."""
        ...


class PlatformClock:
    """One a process that serves clients, where time may be moved."""

    def __init__(self, process: ProcessClock, shards: Shards) -> None:
        self._process = process
        self._shards = shards

    async def advance(self, by_ms: int, deed: str) -> int:
        """Move the time; on return every shard goes by it that answers within seconds. What it is then. `deed` names
        the move, which is made once ("": it has no name).

        Raises:
            FailedPrecondition: a century is enough.
            Unavailable: the database does not answer; it may have been moved.
        """
        clock = self._process.clock
        if clock.ahead_ms + by_ms > _FARTHEST_MS:
            raise FailedPrecondition("The clock cannot be moved that far. Begin with a new database.")
        ahead_ms = await self._process.advance(by_ms, deed=deed)
        log.warning("clock.moved", by_ms=by_ms, ahead_ms=ahead_ms)
        await asyncio.gather(*(self._obeyed(name, ahead_ms) for name in await self._shards.names()))
        return clock.platform_ms()

    async def _obeyed(self, shard: str, ahead_ms: int) -> None:
        try:
            async with asyncio.timeout(_OBEYED_S):
                while await self._ahead_of(shard) < ahead_ms:  # noqa: ASYNC110 - another process's
                    await asyncio.sleep(_LOOK_S)
        except Exception as error:  # one that is away reads the time when it starts  # noqa: BLE001
            log.warning("clock.not_obeyed", shard=shard, error=type(error).__name__)

    async def _ahead_of(self, shard: str) -> float:
        stats = await self._shards.stats(shard)
        shown = stats.get("ahead_ms", 0)
        return shown if isinstance(shown, int | float) else float("inf")


def clock_operations(mover: ClockMover, audit: AuditRecord) -> Iterator[Operation[Any]]:
    """What administrators may do with it."""

    async def advance(request: AdvanceClock, caller: Caller) -> PlatformNow:
        by, why = caller.by, f"{request.advance_s:g} s"
        await audit.append(AuditEntry("operations.clock", by.user, role=by.role, request=caller.trace, why=why))
        now_ms = await mover.advance(round(request.advance_s * 1000), _deed(request, caller))
        return PlatformNow(now=to_rfc3339(now_ms))

    yield Operation(
        name="advance_clock",
        action="operations.clock",
        request=AdvanceClock,
        call=advance,
        rest=Rest("POST", "/api/operations/clock", tag="operations"),
        limit="write",
        response=PlatformNow,
        refuses=(FailedPrecondition,),
        example=Example({"advance_s": 86400}, {"now": "2026-11-21T09:30:00.000Z"}),
        description="Move the time that entities and timers go by, where `CAREWIRE_CLOCK__SETTABLE` allows it. Tokens, "
        "sessions, codes and limits stay with the wall's. For administrators.",
    )


def _deed(request: AdvanceClock, caller: Caller) -> str:
    """The name of this move, by which the database knows a repeat: who made it may have died before it could answer."""
    named = request.request_id or caller.idempotency_key
    return hashlib.sha256(f"{caller.by.user}\n{named}".encode()).hexdigest() if named else ""


async def clock_finding(process: ProcessClock, *, settable: bool) -> Finding:
    """What `/health` says of it."""
    clock = process.clock
    now = to_rfc3339(clock.platform_ms())
    return Finding("ok", {"settable": settable, "ahead_s": clock.ahead_ms / 1000, "now": now})
