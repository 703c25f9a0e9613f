"""Presence in virtual time: shards and gateways that die, a bad network, a database that is away."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from actors.kernel.caller.shard_client import ShardClient, ShardGone
from actors.presence.channel import PresenceChange
from actors.presence.shard import PresenceShard
from actors.presence.state import OFFLINE, State
from actors.presence.tracker import Tracker, presence_shards
from common.errors import Unavailable
from common.lib.tasks import Tasks
from config.settings import PresenceSettings
from store.memory import memory_stores
from store.ports.stores import Stores
from store.ports.views import Views
from tests.simulation.faults import Dice, FaultyClient, FaultyJournal
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.simulation.seeds import seeds

T = TypeVar("T")
USERS = [f"u{number}" for number in range(6)]
RESTART_S = 1.4  # that Ray takes to bring an actor back


class World:
    """Presence shards, gateways, and what each gateway's watchers heard."""

    def __init__(self, seed: int = 0, *, rate: float = 0.0, **settings: Any) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.random = random.Random(seed)
        random.seed(seed)  # of the pauses between attempts
        self.dice = Dice(self.random, rate)
        self.settings = PresenceSettings(**settings)
        self.stores: Stores = memory_stores(self.clock, [])
        self.shards: dict[str, PresenceShard] = {}
        self.trackers: dict[str, Tracker] = {}
        self.heard: dict[str, list[tuple[float, State]]] = {}
        self.database_away = False
        self.tasks = Tasks("world")

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        return run(self.loop, main)

    async def start(self, *gateways: str) -> None:
        for name in presence_shards(self.settings):
            await self.start_shard(name)
        for gateway in gateways:
            await self.start_gateway(gateway)
        await asyncio.sleep(self.settings.settle_s + 0.2)

    async def start_shard(self, name: str) -> None:
        views: Any = FaultyJournal(_Away(self), self.dice)
        self.shards[name] = PresenceShard(name, views, settings=self.settings, clock=self.clock)
        await self.shards[name].start()

    async def kill_shard(self, name: str = "presence-0") -> None:
        await self.shards.pop(name).tasks.cancel()

    async def restart_shard(self, name: str = "presence-0") -> None:
        await self.kill_shard(name)
        await asyncio.sleep(RESTART_S)
        await self.start_shard(name)

    async def start_gateway(self, name: str) -> Tracker:
        heard = self.heard.setdefault(name, [])

        def on_changes(changes: list[PresenceChange]) -> None:
            for change in changes:
                old = None if change.old is None else change.old.for_others().status
                if old != change.new.for_others().status:
                    heard.append((self.loop.now_s, change.new.for_others()))

        tracker = self.trackers[name] = Tracker(
            name,
            [self.client(shard) for shard in presence_shards(self.settings)],
            settings=self.settings,
            clock=self.clock,
            on_changes=on_changes,
            nonce=lambda: self.random.randbytes(8),
        )
        await tracker.start()
        return tracker

    async def kill_gateway(self, name: str) -> None:
        await self.trackers.pop(name).abort()

    def client(self, name: str) -> ShardClient:
        async def call(method: str, request: bytes) -> bytes:
            life = self.shards.get(name)
            if life is None:
                raise ShardGone("dead")
            if self.dice.strikes(0.05):  # given up by its caller, and carried out all the same
                self.tasks.spawn(self._late(life, method, request))
                raise ShardGone("it takes too long")
            work = asyncio.ensure_future(getattr(life, method)(request))
            while not work.done():
                await asyncio.wait([work], timeout=0.05)
                if self.shards.get(name) is not life:
                    work.cancel()
                    raise ShardGone("died meanwhile")
            reply: bytes = work.result()
            return reply

        return FaultyClient(call, self.dice)

    async def _late(self, life: PresenceShard, method: str, request: bytes) -> None:
        await asyncio.sleep(self.random.choice((0.05, 0.3, 1.0, 4.0)))
        if life in self.shards.values():
            await getattr(life, method)(request)

    def statuses(self, gateway: str, user: str) -> list[str]:
        return [state.status for _, state in self.heard[gateway] if state.user == user]

    async def until(self, gateway: str, user: str, status: str, within_s: float) -> float:
        """Seconds until the gateway knows it."""
        began_s = self.loop.now_s
        while self.trackers[gateway].state(user).for_others().status != status:
            await asyncio.sleep(0.01)
            assert self.loop.now_s - began_s <= within_s, f"{user} is not {status} for {gateway}"
        return self.loop.now_s - began_s


class _Away:
    """The views, unless the database is away."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        views: Views = self._world.stores.views

        async def method(*args: Any) -> Any:
            if self._world.database_away:
                raise Unavailable("The database does not answer.")
            return await getattr(views, name)(*args)

        return method


def test_presence_is_rebuilt_within_five_seconds_of_its_shards_death_and_nobody_hears_of_it() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0", "g1")
        for user in USERS[:4]:
            world.trackers["g0"].arrive(user, "phone")
        await world.trackers["g0"].choose("u1", "busy")
        await world.trackers["g0"].choose("u2", "invisible")
        world.trackers["g1"].watch(USERS)
        await world.trackers["g1"].known(USERS)
        heard = list(world.heard["g1"])
        died_s = world.loop.now_s
        await world.kill_shard()
        world.trackers["g0"].leave("u3", "phone")  # while nobody listens
        left_ms = world.clock.now_ms()
        world.trackers["g0"].arrive("u4", "phone")
        await asyncio.sleep(RESTART_S)
        await world.start_shard("presence-0")
        fresh = await world.start_gateway("g2")
        fresh.watch(USERS)
        await fresh.known(USERS)
        assert world.loop.now_s - died_s < 5.0
        assert [fresh.state(user).status for user in USERS[:3]] == ["online", "busy", "invisible"]
        await world.until("g1", "u4", "online", 1.0)
        await world.until("g1", "u3", OFFLINE, 8.0)
        assert abs(world.trackers["g1"].state("u3").last_seen_ms - left_ms) < 100
        news = world.heard["g1"][len(heard) :]
        assert [(state.user, state.status) for _, state in news] == [("u4", "online"), ("u3", OFFLINE)]

    world.run(main())


def test_without_the_time_to_settle_a_new_shard_calls_everybody_offline() -> None:
    """The twin: watchers who report first are told that nobody is here."""
    world = World(settle_s=0.0)

    async def main() -> None:
        await world.start("watching", "holding")
        world.trackers["holding"].arrive("u0", "phone")
        world.trackers["watching"].watch(["u0"])
        await world.until("watching", "u0", "online", 1.0)
        await world.kill_shard()
        held = world.trackers["holding"]
        await held.abort()  # slow to notice
        await asyncio.sleep(RESTART_S)
        await world.start_shard("presence-0")
        await world.until("watching", "u0", OFFLINE, 3.0)
        await held.start()
        await world.until("watching", "u0", "online", 3.0)

    world.run(main())


def test_users_of_a_dead_gateway_go_offline_within_twenty_seconds_and_not_before_they_could_come_back() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0", "g1")
        world.trackers["g0"].arrive("u0", "phone")
        world.trackers["g0"].arrive("u1", "phone")
        world.trackers["g1"].watch(["u0", "u1"])
        await world.until("g1", "u0", "online", 1.0)
        await world.kill_gateway("g0")
        died_ms = world.clock.now_ms()
        await asyncio.sleep(9.0)
        world.trackers["g1"].arrive("u1", "phone")
        took_s = 9.0 + await world.until("g1", "u0", OFFLINE, 11.0)
        assert 13.0 < took_s < 20.0
        assert abs(world.trackers["g1"].state("u0").last_seen_ms - died_ms) < 3000
        assert world.statuses("g1", "u1") == ["online"]

    world.run(main())


def test_a_gateway_that_the_shard_thought_dead_tells_it_everything_again() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0", "g1")
        world.trackers["g0"].arrive("u0", "phone")
        world.trackers["g1"].watch(["u0"])
        await world.until("g1", "u0", "online", 1.0)
        stalled = world.trackers["g0"]
        await stalled.abort()
        await asyncio.sleep(20.0)
        assert world.trackers["g1"].state("u0").status == OFFLINE
        await stalled.start()
        await world.until("g1", "u0", "online", 3.0)

    world.run(main())


def test_a_gateway_that_ends_in_good_order_needs_no_lease_to_lapse() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0", "g1")
        world.trackers["g0"].arrive("u0", "phone")
        world.trackers["g1"].watch(["u0"])
        await world.until("g1", "u0", "online", 1.0)
        await world.trackers.pop("g0").close()
        assert await world.until("g1", "u0", OFFLINE, 6.0) > 4.9

    world.run(main())


def test_a_status_and_the_last_sight_of_a_user_outlive_the_shard() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0")
        tracker = world.trackers["g0"]
        tracker.arrive("u0", "phone")
        await tracker.choose("u0", "invisible")
        tracker.arrive("u1", "phone")
        await asyncio.sleep(1.0)
        tracker.leave("u0", "phone")
        tracker.leave("u1", "phone")
        left_ms = world.clock.now_ms()
        await asyncio.sleep(40.0)
        await world.restart_shard()
        tracker.watch(["u0", "u1"])
        await tracker.known(["u0", "u1"])
        assert abs(tracker.state("u1").last_seen_ms - left_ms) < 200
        assert tracker.state("u0").last_seen_ms < left_ms - 900
        tracker.arrive("u0", "phone")
        await asyncio.sleep(1.0)
        assert tracker.state("u0").status == "invisible"
        assert world.statuses("g0", "u0") == [OFFLINE]

    world.run(main())


def test_when_somebody_was_last_seen_goes_by_the_platform_s_time() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0")
        tracker = world.trackers["g0"]
        for user in ("u0", "u1"):
            tracker.arrive(user, "phone")
        await asyncio.sleep(1.0)
        tracker.leave("u0", "phone")
        left_ms = world.clock.platform_ms()
        await asyncio.sleep(40.0)
        world.clock.platform_ahead_ms += 86_400_000
        tracker.leave("u1", "phone")
        left_later_ms = world.clock.platform_ms()
        await asyncio.sleep(40.0)
        tracker.watch(["u0", "u1"])
        await tracker.known(["u0", "u1"])
        assert abs(tracker.state("u0").last_seen_ms - left_ms) < 200
        assert abs(tracker.state("u1").last_seen_ms - left_later_ms) < 200

    world.run(main())


def test_while_the_database_is_away_those_known_are_shown_and_what_changed_is_written_later() -> None:
    world = World()

    async def main() -> None:
        await world.start("g0", "g1")
        world.trackers["g0"].arrive("u0", "phone")
        world.trackers["g1"].watch(["u0"])
        await world.until("g1", "u0", "online", 1.0)
        world.database_away = True
        await world.trackers["g0"].choose("u0", "away")
        await world.until("g1", "u0", "away", 1.0)
        world.trackers["g1"].watch(["u9"])
        with pytest.raises(Unavailable):
            await world.trackers["g1"].known(["u9"])
        world.database_away = False
        await world.trackers["g1"].known(["u9"])
        await asyncio.sleep(2.0)
        assert len(await world.stores.views.get("presence", ["u0"])) == 1

    world.run(main())


def test_many_changes_within_a_tick_are_one_state() -> None:
    world = World(tick_ms=200)

    async def main() -> None:
        await world.start("g0", "g1")
        world.trackers["g0"].arrive("u0", "phone")
        world.trackers["g1"].watch(["u0"])
        await world.until("g1", "u0", "online", 2.0)
        await asyncio.sleep(1.0)
        await asyncio.gather(
            *(world.trackers["g0"].choose("u0", status) for status in ("busy", "away", "online", "busy", "away"))
        )
        await asyncio.sleep(1.0)
        assert world.statuses("g1", "u0") == ["online", "away"]

    world.run(main())


@pytest.mark.parametrize("seed", seeds(16))
def test_after_any_trouble_every_gateway_knows_the_truth(seed: int) -> None:
    """Sockets come and go, gateways and shards die, calls get lost, arrive twice or late. Then there is peace."""
    world = World(seed, rate=1.0, shards=2)
    here: dict[str, list[tuple[str, str]]] = {}

    async def trouble() -> None:
        dice = world.random
        for _ in range(150):
            gateway = dice.choice(sorted(world.trackers))
            tracker, user = world.trackers[gateway], dice.choice(USERS)
            match dice.choice(("arrive", "arrive", "leave", "leave", "choose", "rest", "kill", "restart", "watch")):
                case "arrive":
                    here[gateway].append((user, dice.choice(("phone", "laptop"))))
                    tracker.arrive(*here[gateway][-1])
                case "leave" if here[gateway]:
                    tracker.leave(*here[gateway].pop(dice.randrange(len(here[gateway]))))
                case "choose" if any(user == one for one, _ in here[gateway]):
                    world.tasks.spawn(_quietly(tracker.choose(user, dice.choice(("online", "away", "busy")))))
                case "watch":
                    tracker.unwatch([user])
                    tracker.watch([user])
                case "kill" if dice.random() < 0.15:
                    await world.kill_gateway(gateway)
                    here[gateway] = []
                    (await world.start_gateway(gateway)).watch(USERS)
                case "restart" if dice.random() < 0.15:
                    await world.restart_shard(dice.choice(sorted(world.shards)))
                case _:
                    await asyncio.sleep(dice.choice((0.01, 0.1, 1.0)))

    async def main() -> None:
        gateways = ("g0", "g1", "g2")
        await world.start(*gateways)
        for gateway in gateways:
            here[gateway] = []
            world.trackers[gateway].watch(USERS)
        await trouble()
        world.dice.rate = 0.0
        await asyncio.sleep(25.0)
        present = {user for users in here.values() for user, _ in users}
        for user in USERS:
            devices = len({device for users in here.values() for one, device in users if one == user})
            states = {replace_at(world.trackers[gateway].state(user)) for gateway in gateways}
            assert len(states) == 1, (user, states)
            (state,) = states
            assert (state.status == OFFLINE) == (user not in present), (user, state)
            assert state.devices == devices, (user, state)

    world.run(main())


def replace_at(state: State) -> State:
    """Without its time, which a new life of the shard sets anew."""
    return State(user=state.user, status=state.status, devices=state.devices, last_seen_ms=state.last_seen_ms)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Unavailable:
        return
