"""Ready means that every shard serves; nobody starts beside a system that runs, unless told to wait. Virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from common.errors import StartupError
from serve_app.launch.readiness import await_free, await_serving
from store.memory import MemoryLeases
from store.ports.leases import Holder, Lease
from tests.simulation.loop import VirtualClock, VirtualLoop, run

OTHER = Holder("other", "farm/boot/pids", 4711, 1)
LEASE_S = 6.0


class Scene:
    """Leases, their time, and what the operator was told."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.leases = MemoryLeases(self.clock, dead=lambda _: False)
        self.told: list[str] = []

    async def others_serve(self, until_s: float) -> None:
        """Another system: its lease is renewed until then, and given up."""
        lease = await self.leases.acquire("rooms-0", OTHER, LEASE_S)
        assert lease is not None
        asyncio.get_running_loop().create_task(self._renew(lease, until_s))

    async def _renew(self, lease: Lease, until_s: float) -> None:
        while self.clock.monotonic_s() < until_s:
            await asyncio.sleep(2.0)
            await self.leases.renew(lease)
        await self.leases.release(lease)

    async def free(self, *, wait: bool = False) -> None:
        await await_free(self.leases, wait=wait, tell=self.told.append, clock=self.clock)

    async def serving(self, serves: Callable[[str], Awaitable[bool]], *, wait: bool = False) -> None:
        await await_serving(
            ["rooms-0", "rooms-1"],
            serves,
            self.leases,
            patience_s=10.0,
            wait=wait,
            tell=self.told.append,
            clock=self.clock,
        )

    def play(self, scenario: Callable[[], Awaitable[None]]) -> float:
        """How long it took, in virtual seconds."""

        async def whole() -> None:
            await scenario()

        run(self.loop, whole())
        return self.clock.monotonic_s()


def test_where_nobody_is_nothing_is_waited_for() -> None:
    scene = Scene()
    assert scene.play(scene.free) == 0.0
    assert scene.told == []


def test_who_starts_beside_a_running_system_is_refused_and_told_who_runs() -> None:
    scene = Scene()

    async def scenario() -> None:
        await scene.others_serve(until_s=60.0)
        with pytest.raises(StartupError, match=r"rooms-0 \(host farm, pid 4711\).*CAREWIRE_MONGO__DATABASE.*--wait"):
            await scene.free()

    assert scene.play(scenario) < LEASE_S


def test_a_lease_that_nobody_renews_any_more_is_waited_for() -> None:
    """Its holder died on a host that is gone: nothing proves it, and nothing is against it."""
    scene = Scene()

    async def scenario() -> None:
        await scene.leases.acquire("rooms-0", OTHER, LEASE_S)
        await scene.free()

    assert scene.play(scenario) == pytest.approx(LEASE_S, abs=0.5)
    assert scene.told == ["Waiting for leases: rooms-0 (host farm, pid 4711)."]


def test_what_a_killed_run_renews_while_it_ends_is_no_running_system() -> None:
    scene = Scene()

    async def scenario() -> None:
        await scene.others_serve(until_s=1.0)
        await scene.free()

    assert scene.play(scenario) < LEASE_S


def test_who_waits_starts_when_the_others_have_ended() -> None:
    scene = Scene()

    async def scenario() -> None:
        await scene.others_serve(until_s=60.0)
        await scene.free(wait=True)

    assert scene.play(scenario) == pytest.approx(60.0, abs=0.5)
    assert len(scene.told) == 1


def test_ready_is_when_the_last_shard_serves() -> None:
    scene = Scene()

    async def serves(shard: str) -> bool:
        return scene.clock.monotonic_s() >= {"rooms-0": 1.0, "rooms-1": 4.0}[shard]

    assert scene.play(lambda: scene.serving(serves)) == pytest.approx(4.0, abs=0.5)
    assert scene.told == []


@pytest.mark.parametrize(("held", "why"), [(True, r"rooms-0 \(host farm, pid 4711\)"), (False, "rooms-0; their logs")])
def test_a_shard_that_does_not_serve_is_named_with_who_holds_its_lease(held: bool, why: str) -> None:
    scene = Scene()

    async def serves(shard: str) -> bool:
        return shard != "rooms-0"

    async def scenario() -> None:
        if held:
            await scene.others_serve(until_s=60.0)
        with pytest.raises(StartupError, match=why):
            await scene.serving(serves)

    assert scene.play(scenario) == pytest.approx(10.0, abs=0.5)


def test_who_waits_is_told_once_and_ready_when_they_serve() -> None:
    scene = Scene()

    async def serves(shard: str) -> bool:
        return shard != "rooms-0" or not await scene.leases.held()

    async def scenario() -> None:
        await scene.others_serve(until_s=60.0)
        await scene.serving(serves, wait=True)

    assert scene.play(scenario) == pytest.approx(60.0, abs=0.5)
    assert scene.told == ["These shards wait for leases that others hold: rooms-0 (host farm, pid 4711)."]
