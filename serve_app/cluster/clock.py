"""The platform's time, moved by hand: for tests and demonstrations of what waits for days."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from common.logs import get_logger
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.routes import From
from serve_app.edge.conventions.permits import permit
from serve_app.processes.health import Finding
from store.platform_time import ProcessClock

_DAY_S: Final = 86_400
_LONGEST_S: Final = 3660 * _DAY_S
_FARTHEST_MS: Final = 36_600 * _DAY_S * 1000
_OBEYED_S: Final = 3.0  # in which every shard should go by it
_LOOK_S: Final = 0.02
log = get_logger(__name__)

Operator = Annotated[Principal, permit("operations.clock")]


class AdvanceClock(BaseModel):
    """How far the platform's time is to be moved, always forward."""

    model_config = ConfigDict(extra="forbid", strict=True)

    advance_s: float = Field(ge=0, le=_LONGEST_S, allow_inf_nan=False, description="Seconds.")


class PlatformNow(BaseModel):
    """What the platform's clock shows."""

    now: str = Field(examples=["2026-11-20T09:30:00.000Z"])


class Shards(Protocol):
    """Those that go by the time (`pools.Pools`)."""

    async def names(self) -> Sequence[str]:
        """All of them."""
        ...

    async def stats(self, shard: str) -> Mapping[str, object]:
        """What one says of itself; may raise anything when it is away."""
        ...


class ClockHands:
    """One a replica of the API, where time may be moved."""

    def __init__(self, process: ProcessClock, shards: Shards) -> None:
        self._process = process
        self._shards = shards

    async def advance(self, by_ms: int) -> int:
        """Move the time; on return every shard goes by it that answers within seconds. What it is then.

        Raises:
            FailedPrecondition: a century is enough.
            Unavailable: the database does not answer; it may have been moved.
        """
        clock = self._process.clock
        if clock.ahead_ms + by_ms > _FARTHEST_MS:
            raise FailedPrecondition("The clock cannot be moved that far. Begin with a new database.")
        ahead_ms = await self._process.advance(by_ms)
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
        shown = stats.get("ahead_ms", 0 if "entities" in stats else float("inf"))  # presence goes by the wall's
        return shown if isinstance(shown, int | float) else float("inf")


def clock_routes(hands: ClockHands, audit: AuditRecord) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["operations"])

    @router.post("/api/operations/clock", operation_id="advance_clock", responses={412: {}})
    async def advance(body: AdvanceClock, by: From, who: Operator) -> PlatformNow:
        """Move the time that entities and timers go by, where `CAREWIRE_CLOCK__SETTABLE` allows it. Tokens, sessions,
        codes and limits stay with the wall's. For administrators."""
        why = f"{body.advance_s:g} s"
        await audit.append(
            AuditEntry("operations.clock", who.user, role=who.role, address=by.address, request=by.request, why=why)
        )
        return PlatformNow(now=to_rfc3339(await hands.advance(round(body.advance_s * 1000))))

    return router


async def clock_finding(process: ProcessClock, *, settable: bool) -> Finding:
    """What `/health` says of it."""
    clock = process.clock
    now = to_rfc3339(clock.platform_ms())
    return Finding("ok", {"settable": settable, "ahead_s": clock.ahead_ms / 1000, "now": now})
