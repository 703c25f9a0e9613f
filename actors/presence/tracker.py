"""A gateway's side of presence: who is connected here, and whom the sockets here watch.

However many sockets watch a user, there is one subscription a gateway.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract.partitions import partition_of
from actors.presence.channel import PresenceChange, PresenceChannel
from actors.presence.state import State
from common.clock import Clock
from common.errors import Unavailable
from common.lib.tasks import Tasks
from config.settings import PresenceSettings

_POOL: Final = "presence"


def presence_shards(settings: PresenceSettings) -> list[str]:
    """The names of the presence shards."""
    return [f"{_POOL}-{number}" for number in range(settings.shards)]


def shard_of(user: str, shards: int) -> int:
    """Which of so many shards holds a user."""
    return partition_of(f"{_POOL}:{user}") % shards


class Tracker:
    """One a gateway. `on_changes` is called on the event loop with what became of watched users, in order."""

    def __init__(
        self,
        gateway: str,
        shards: Sequence[ShardClient],
        *,
        settings: PresenceSettings,
        clock: Clock,
        on_changes: Callable[[list[PresenceChange]], None],
        nonce: Callable[[], bytes] = lambda: os.urandom(8),
    ) -> None:
        """`shards`: how to call each of them, in the order of `presence_shards`."""
        life = f"{gateway}-{nonce().hex()}"
        self.settings = settings
        self._clock = clock
        self._channels = [
            PresenceChannel(life, shard, settings=settings, clock=clock, on_changes=on_changes) for shard in shards
        ]
        self._watchers: dict[str, int] = {}
        self._tasks = Tasks(f"{gateway}-presence")

    async def start(self) -> None:
        """Begin to report."""
        for channel in self._channels:
            self._tasks.spawn(channel.send())
            self._tasks.spawn(channel.fetch())

    async def close(self) -> None:
        """End. The users who were connected here have left."""
        await self._tasks.cancel()
        await asyncio.gather(*(channel.goodbye() for channel in self._channels))

    async def abort(self) -> None:
        """End without a word, as a process does that is killed."""
        await self._tasks.cancel()

    def watch_levels(self, registry: CollectorRegistry) -> None:
        """Show the levels as metrics."""
        present = Gauge("carewire_gateway_presence_users", "Users with a device at this gateway.", registry=registry)
        watched = Gauge("carewire_gateway_presence_watched", "Users that sockets here watch.", registry=registry)
        connected = Gauge("carewire_gateway_presence_shards", "Presence shards that know us.", registry=registry)
        present.set_function(lambda: sum(channel.reports.present for channel in self._channels))
        watched.set_function(lambda: len(self._watchers))
        connected.set_function(lambda: sum(channel.connected for channel in self._channels))

    @property
    def connected(self) -> bool:
        """True while all shards know this gateway."""
        return all(channel.connected for channel in self._channels)

    @property
    def watched(self) -> int:
        """Users that are watched here."""
        return len(self._watchers)

    def arrive(self, user: str, device: str) -> None:
        """A socket of this device of the user has come."""
        self._channel_of(user).reports.arrive(user, device)

    def leave(self, user: str, device: str) -> None:
        """It has gone."""
        self._channel_of(user).reports.leave(user, device)

    async def choose(self, user: str, status: str) -> None:
        """The user, who is connected here, chose a status. Nothing is awaited before it is on its way.

        Raises:
            Unavailable: the shard did not answer in time. It may yet be heard.
        """
        taken = self._channel_of(user).reports.choose(user, status, self._clock.now_ms())
        async with self._patience():
            await taken

    def watch(self, users: Iterable[str]) -> None:
        """One more watches these."""
        for user in users:
            self._watchers[user] = self._watchers.get(user, 0) + 1
            if self._watchers[user] == 1:
                self._channel_of(user).watch(user)

    def unwatch(self, users: Iterable[str]) -> None:
        """One less watches these."""
        for user in users:
            self._watchers[user] -= 1
            if not self._watchers[user]:
                del self._watchers[user]
                self._channel_of(user).unwatch(user)

    async def known(self, users: Iterable[str]) -> None:
        """Wait until the state of each of these, who are watched, is known.

        Raises:
            Unavailable: a shard did not tell in time.
        """
        async with self._patience():
            for user in users:
                await self._channel_of(user).known(user)

    def state(self, user: str) -> State:
        """The state of a user who is watched, as far as it is known."""
        return self._channel_of(user).state(user) or State(user=user, status="offline")

    async def is_online(self, user: str) -> bool:
        """Has this user a device that is online, just now?

        Raises:
            Unavailable: a shard did not tell in time.
        """
        self.watch([user])
        try:
            await self.known([user])
            return self.state(user).status == "online"
        finally:
            self.unwatch([user])

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.settings.patience_s):
                yield
        except TimeoutError:
            raise Unavailable("Presence does not answer just now. Please try again.", retry_after_s=1.0) from None

    def _channel_of(self, user: str) -> PresenceChannel:
        return self._channels[shard_of(user, len(self._channels))]
