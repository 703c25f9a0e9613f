"""The line from a runner to one shard: asks for work and waits with the request, and says what came of the last.

There is always a request that waits, so the shard sees at once when we hang up. A newer one has the older answered at
once, so a runner that has something to say need not wait for the end of its long poll. What could not be said is said
again. When the line is cut, the shard gives what we hold to others at once: then it is ours no more.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from actors.kernel.caller.shard_client import ShardGone, WorkClient, call_in_time
from actors.kernel.contract import protocol
from actors.kernel.contract.protocol import Level, Offered, RunnerReport, WorkRequest
from actors.kernel.lib.backoffs import call_backoff
from common.clock import Clock
from common.lib.retry import Backoff
from common.lib.tasks import Tasks

_CALL_S: Final = 3.0  # that a call may take beyond what it waits for
_LINGER_S: Final = 0.003  # in which what ends together is reported together
_MOST: Final = 500  # reports a request


class Taker(Protocol):
    """Who carries out what comes."""

    @property
    def connectors(self) -> Collection[str]:
        """Of which it may want any."""

    def wanted(self, shard: str, levels: Mapping[str, Level]) -> dict[str, int]:
        """How many of each connector this shard may give us now."""

    def wait_ms(self, shard: str) -> int:
        """How long the shard may wait for some."""

    def answered(self, shard: str) -> None:
        """The shard has answered the last request."""

    def take(self, shard: str, offers: list[Offered], sent_s: float) -> None:
        """They are ours, for a time that counts from `sent_s`."""

    def lost(self, shard: str) -> None:
        """What this shard gave us is ours no more."""


@dataclass(slots=True)
class Puller:
    """See the module. `runner` names the runner and its life."""

    runner: str
    shard: str
    client: WorkClient
    taker: Taker
    clock: Clock
    on_silence: Callable[[], None]
    levels: Mapping[str, Level] = field(default_factory=dict)
    _reports: dict[bytes, RunnerReport] = field(default_factory=dict)
    _returned: set[bytes] = field(default_factory=set)
    _asked: dict[str, int] = field(default_factory=dict)  # by the request that waits at the shard
    _cut: bool = False
    _nudge: asyncio.Event = field(default_factory=asyncio.Event)
    _nudged: "asyncio.Task[None] | None" = None  # done when somebody has nudged
    _tasks: Tasks = field(init=False)
    _backoff: Backoff = field(default_factory=call_backoff)

    def __post_init__(self) -> None:
        self._tasks = Tasks(f"pull-{self.shard}")

    def report(self, report: RunnerReport) -> None:
        """Say this with the next request, which goes soon."""
        self._reports[report.id] = report
        self._nudge.set()

    def give_back(self, id_: bytes) -> None:
        """The same of one that was not tried."""
        self._returned.add(id_)
        self._nudge.set()

    def look(self) -> None:
        """Ask again, if something may be taken by now that the request which waits does not ask for."""
        if len(self._asked) == len(self.taker.connectors):
            return
        if any(connector not in self._asked for connector in self.taker.wanted(self.shard, self.levels)):
            self._nudge.set()

    def revoke(self) -> None:
        """What the request which waits asks for may not be wanted any more."""
        if self._asked:
            self._nudge.set()

    async def pull(self) -> None:
        """Ask for work until cancelled."""
        try:
            while True:
                await self._answered_or_nudged(self._tasks.spawn(self._ask(self._next())))
        finally:
            await self._tasks.cancel()

    async def flush(self) -> None:
        """Say what there is to say, and take back what the request which waits asks for."""
        await self._ask(self._next(wait=False))

    async def _answered_or_nudged(self, asking: "asyncio.Task[None]") -> None:
        if self._nudged is None or self._nudged.done():
            self._nudged = self._tasks.spawn(self._until_nudged())
        await asyncio.wait((asking, self._nudged), return_when=asyncio.FIRST_COMPLETED)
        if self._cut:  # it pauses
            await asyncio.wait((asking,))
        if self._nudge.is_set():
            await asyncio.sleep(_LINGER_S)
            self._nudge.clear()

    async def _until_nudged(self) -> None:
        await self._nudge.wait()

    def _next(self, *, wait: bool = True) -> WorkRequest:
        """The next request, with what there is to say."""
        wanted = self.taker.wanted(self.shard, self.levels)
        reports = list(self._reports.values())[:_MOST]
        returned = list(self._returned)[:_MOST]
        for report in reports:
            del self._reports[report.id]
        self._returned.difference_update(returned)
        self._asked = wanted
        wait_ms = self.taker.wait_ms(self.shard) if wait else 0
        if self._reports or self._returned:  # more than goes into one
            self._nudge.set()
        return WorkRequest(runner=self.runner, credits=wanted, wait_ms=wait_ms, returned=returned, reports=reports)

    async def _ask(self, request: WorkRequest) -> None:
        sent_s = self.clock.monotonic_s()
        try:
            timeout_s = request.wait_ms / 1000 + _CALL_S
            result = protocol.decode_work_result(
                await call_in_time(self.client.work, protocol.encode(request), timeout_s)
            )
        except ShardGone:
            await self._lost(request)
            return
        self._cut = False
        if self._asked is request.credits:
            self._asked = {}
            self.taker.answered(self.shard)
        self.levels = result.levels
        self.taker.take(self.shard, result.offers, sent_s)
        if result.epoch:
            self._backoff.reset()
        else:  # it serves nothing at present
            await self._backoff.pause()

    async def _lost(self, request: WorkRequest) -> None:
        """The line was cut. What was said may not have been heard."""
        self._cut, self._asked = True, {}
        self._reports = {report.id: report for report in request.reports} | self._reports
        self._returned.clear()  # of what is ours no more
        self.taker.lost(self.shard)
        self.on_silence()
        await self._backoff.pause()
