"""The runner: pulls activities from every shard, has connectors carry them out, and tells what came of them.

Nothing here is written down. What a runner holds is its own for a time; if it dies, the shards give the same to another
one, under the same keys. Its answer is a command whose id is made of the activity's, so it counts once.
"""

import asyncio
import math
import random
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from typing_extensions import override

from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.contract.protocol import Level, Offered, RunnerReport
from common.clock import Clock
from common.errors import Unavailable
from common.lib.retry import Dice
from common.lib.tasks import Tasks
from common.logs import get_logger
from config.activities import ActivitySettings
from serve_app.activities.attempts import ActivityAttempts, PayloadOpener
from serve_app.activities.connector import Connector
from serve_app.activities.desk import RunnerDesk
from serve_app.activities.holding import HeldActivity
from serve_app.activities.metrics import RunnerMetrics
from serve_app.activities.pacing.breaker import Breaker
from serve_app.activities.pacing.credits import Credits
from serve_app.activities.puller import Puller, Taker
from serve_app.activities.telling import Entities, Telling
from store.ports.maps import PartitionMap

_MAPS_S: Final = 5.0  # between two looks at which shards there are
_WAIT_MS: Final = 5_000  # that a shard waits for work to give
_PROBE_MS: Final = 200  # the same while others wait to be asked for the one call of a half-open breaker
_FAREWELL_S: Final = 1.0
_log = get_logger(__name__)


class Workplaces(Protocol):
    """Where there is work."""

    async def read_map(self, pool: str) -> PartitionMap:
        """The partition map in force. Raises `Unavailable`."""
        ...

    def workplace(self, shard: str) -> WorkClient:
        """How to ask this shard for activities."""
        ...


class Runner(Taker):
    """See the module. `name` must be unique to this life. `pools`: whose shards are asked."""

    def __init__(
        self,
        name: str,
        workplaces: Workplaces,
        pools: Sequence[str],
        region: Entities,
        payloads: PayloadOpener,
        connectors: Sequence[Connector],
        *,
        settings: ActivitySettings,
        clock: Clock,
        metrics: RunnerMetrics | None = None,
        dice: Dice = random.random,
    ) -> None:
        self._name = name
        self._workplaces = workplaces
        self._pools = pools
        self._telling = Telling(region, settings, clock, dice, report=self._report, give_back=self._give_back)
        self._attempts = ActivityAttempts(region, payloads, clock)
        self._settings = settings
        self._clock = clock
        self._metrics = metrics or RunnerMetrics()
        self._desks = {connector.name: self._desk(connector) for connector in connectors}
        self._pullers: dict[str, Puller] = {}
        self._pulling: dict[str, asyncio.Task[None]] = {}
        self._held: dict[bytes, HeldActivity] = {}
        self._calls: dict[bytes, asyncio.Task[None]] = {}  # those that the partner has yet to answer
        self._carrying: dict[bytes, asyncio.Task[None]] = {}  # those, and the ones whose answers are on the way
        self._tasks = Tasks(name)
        self._look_again = asyncio.Event()
        self._waking: asyncio.TimerHandle | None = None
        self._draining = False
        self._looking = False  # in a moment

    async def start(self) -> None:
        """Begin to pull."""
        self._tasks.spawn(self._follow_maps())

    async def close(self, *, within_s: float = 0.0) -> None:
        """Take nothing more, finish what has begun if it ends in time, say so, and hang up."""
        self._draining = True
        for desk in self._desks.values():
            desk.clear()
        for puller in self._pullers.values():
            puller.revoke()
        if self._carrying:
            await asyncio.wait(self._carrying.values(), timeout=within_s)
            await self._let_go()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await asyncio.gather(*(puller.flush() for puller in self._pullers.values()))
        if self._waking is not None:
            self._waking.cancel()
        await self._tasks.cancel()
        for desk in self._desks.values():
            await desk.connector.close()

    async def _let_go(self) -> None:
        """End what has not ended in time, and give it back: hung up on, it would seem to be what we died of."""
        cut = [(self._held[id_], task) for id_, task in self._carrying.items()]
        for _, task in cut:
            task.cancel()
        if cut:
            await asyncio.wait([task for _, task in cut], timeout=_FAREWELL_S)
        for held, task in cut:
            if task.done() and task.cancelled():  # another has told what came of it
                self._give_back(held)

    def share(self, runners: int) -> None:
        """So many runners there are by now."""
        for desk in self._desks.values():
            desk.credits.share(runners)

    def stats(self) -> Mapping[str, object]:
        """What operators see."""
        return {
            "under_way": len(self._calls),
            "connectors": {name: desk.stats() for name, desk in self._desks.items()},
        }

    @property
    @override
    def connectors(self) -> Collection[str]:
        return self._desks.keys()

    @override
    def wanted(self, shard: str, levels: Mapping[str, Level]) -> dict[str, int]:
        if self._draining:
            return {}
        wanted = {name: desk.wanted(shard, _has_some(levels, name)) for name, desk in self._desks.items()}
        return {name: number for name, number in wanted.items() if number}

    @override
    def wait_ms(self, shard: str) -> int:
        return _PROBE_MS if any(desk.probes.is_asked(shard) for desk in self._desks.values()) else _WAIT_MS

    @override
    def answered(self, shard: str) -> None:
        for desk in self._desks.values():
            desk.probes.answered(shard)

    @override
    def take(self, shard: str, offers: list[Offered], sent_s: float) -> None:
        for offered in offers:
            held = HeldActivity(offered, shard, sent_s + offered.until_ms_from_now / 1000)
            call = self._calls.get(offered.id)
            if self._draining or (call is not None and call.cancelling()):
                self._give_back(held)
            elif offered.id in self._held:  # its answer is on the way
                continue
            else:
                self._desks[offered.connector].take(held)
        self._look_soon()

    @override
    def lost(self, shard: str) -> None:
        for desk in self._desks.values():
            desk.drop(shard)
        for id_, call in list(self._calls.items()):
            if self._held[id_].shard == shard:
                call.cancel()

    def _desk(self, connector: Connector) -> RunnerDesk:
        breaker = Breaker(self._settings.breaker_failures, self._settings.breaker_pause_s)
        return RunnerDesk(
            connector=connector,
            credits=Credits(connector.capacity, breaker),
            clock=self._clock,
            misconfigured_s=self._settings.breaker_pause_s,
            begin=self._begin,
            give_back=self._give_back,
        )

    def _begin(self, desk: RunnerDesk, held: HeldActivity) -> None:
        id_ = held.offered.id
        self._held[id_] = held
        task = self._tasks.spawn(self._carry_out(desk, held))
        self._calls[id_] = self._carrying[id_] = task
        task.add_done_callback(lambda _: self._over(desk, id_))

    async def _carry_out(self, desk: RunnerDesk, held: HeldActivity) -> None:
        began_s = self._clock.monotonic_s()
        ending = await self._attempts.make(held, desk.connector)
        del self._calls[held.offered.id]
        desk.ended(ending)
        self._metrics.attempted(desk.name, ending.label, self._clock.monotonic_s() - began_s)
        self._look_soon()
        await self._telling.tell(held, ending)

    def _over(self, desk: RunnerDesk, id_: bytes) -> None:
        """It is ours no more, however that came: a task may be cancelled before it has begun."""
        if self._calls.pop(id_, None) is not None:
            desk.ended(None)
        del self._held[id_], self._carrying[id_]
        desk.settled()
        self._look_soon()

    def _report(self, held: HeldActivity, report: RunnerReport) -> None:
        if (puller := self._pullers.get(held.shard)) is not None:
            puller.report(report)

    def _give_back(self, held: HeldActivity) -> None:
        if (puller := self._pullers.get(held.shard)) is not None:
            puller.give_back(held.offered.id)

    def _look_soon(self) -> None:
        """Something has changed. What changes in the same moment is looked at once: a look asks every desk for every
        shard."""
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Begin what may begin, and ask for what may be taken."""
        self._looking = False
        for desk in self._desks.values():
            desk.serve()
        opened = [desk for desk in self._desks.values() if desk.just_opened()]
        if opened:
            for puller in self._pullers.values():
                puller.revoke()
        for puller in self._pullers.values():
            puller.look()
        self._wake_in(min((desk.wait_s() for desk in self._desks.values()), default=math.inf))

    def _wake_in(self, wait_s: float) -> None:
        """Look again when time alone lets something begin: a rate, or the end of a breaker's pause."""
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if 0 < wait_s < math.inf:
            self._waking = asyncio.get_running_loop().call_later(wait_s, self._look)

    async def _follow_maps(self) -> None:
        """Pull from every shard that owns anything, and from no other."""
        while True:
            with suppress(Unavailable):
                maps = [await self._workplaces.read_map(pool) for pool in self._pools]
                self._follow({owner for one in maps for owner in one.owners})
            self._look_again.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_MAPS_S):
                    await self._look_again.wait()
            self._look()

    def _follow(self, shards: set[str]) -> None:
        for shard in self._pullers.keys() - shards:
            self._pulling.pop(shard).cancel()
            del self._pullers[shard]
            self.lost(shard)
        for shard in shards - self._pullers.keys():
            puller = Puller(
                runner=self._name,
                shard=shard,
                client=self._workplaces.workplace(shard),
                taker=self,
                clock=self._clock,
                on_silence=self._look_again.set,
            )
            self._pullers[shard] = puller
            self._pulling[shard] = self._tasks.spawn(puller.pull())


def _has_some(levels: Mapping[str, Level], connector: str) -> bool:
    level = levels.get(connector)
    return level is not None and level.waiting + level.parked > 0
