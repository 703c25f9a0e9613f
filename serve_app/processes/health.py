"""Is it well? Each part is probed on its own, with a time limit, and remembers when it last was."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from common.lib.fresh import Fresh

State = Literal["ok", "degraded", "down", "off"]

PROBE_TIMEOUT_S: Final = 1.5
_FRESH_S: Final = 1.0  # a report that young is given again: checks must not become load
_WATCH_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a probe. `details` are shown as they are."""

    status: State
    details: Mapping[str, object]


OFF: Final = Finding("off", {})


@dataclass(frozen=True, slots=True)
class HealthPart:
    """A part of the program. `vital`: nothing works without it. A probe that raises, or is late, finds it down.

    `advisory`: what it finds is for whoever sets Carewire up. It is shown, and the whole is none the worse for it.
    """

    name: str
    probe: Callable[[], Awaitable[Finding]]
    vital: bool = True
    advisory: bool = False


def switched_off(feature: str) -> HealthPart:
    """Stands for a feature that is off: it says so, and the whole is none the worse."""

    async def off() -> Finding:
        return OFF

    return HealthPart(feature, off, vital=False)


@dataclass(frozen=True, slots=True)
class Health:
    """The whole and its parts, as `/health` shows them."""

    status: State
    services: Mapping[str, Mapping[str, object]]


class HealthMonitor:
    """Probes all parts at once: when asked, and now and then, so that the age of the last success is known."""

    def __init__(self, parts: Sequence[HealthPart], clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        self._succeeded: dict[str, float] = {}
        self._report = Fresh(self._look, _FRESH_S, clock)

    async def look(self) -> Health:
        """The present state. Those who ask at the same time share one probe."""
        return await self._report.get()

    async def watch(self) -> None:
        """Probe at intervals, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_WATCH_S)

    async def _look(self) -> Health:
        findings = await asyncio.gather(*(self._probe(part) for part in self._parts))
        now = self._clock()
        services: dict[str, Mapping[str, object]] = {}
        for part, finding in zip(self._parts, findings, strict=True):
            if finding.status == "off":
                services[part.name] = {"status": "off"}
                continue
            if finding.status == "ok":
                self._succeeded[part.name] = now
            succeeded = self._succeeded.get(part.name)
            age_s = None if succeeded is None else round(now - succeeded, 1)
            services[part.name] = {"status": finding.status, "last_success_age_s": age_s, **finding.details}
        return Health(_overall(self._parts, findings), services)

    async def _probe(self, part: HealthPart) -> Finding:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await part.probe()
        except TimeoutError:
            return Finding("down", {"reason": f"no answer within {PROBE_TIMEOUT_S} s"})
        except Exception as error:  # whatever failed, the part is down  # noqa: BLE001
            return Finding("down", {"reason": type(error).__name__})  # its text may hold addresses and names


def _overall(parts: Sequence[HealthPart], findings: Sequence[Finding]) -> State:
    if any(part.vital and finding.status == "down" for part, finding in zip(parts, findings, strict=True)):
        return "down"
    counted = [finding for part, finding in zip(parts, findings, strict=True) if not part.advisory]
    return "ok" if all(finding.status in ("ok", "off") for finding in counted) else "degraded"
