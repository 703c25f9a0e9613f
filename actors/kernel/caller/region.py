"""The caller's side of the shards: maps an entity to its shard, batches, retries, and hears what happens.

Used by the gateways, the API, and the shards themselves (for letters). One region a process is enough.
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from actors.kernel.caller.channel import ShardChannel
from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.pending import Pending, fail_all, gave_up
from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract import protocol
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.commands import command_id_of, entity_mark
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.partitions import partition_of
from actors.kernel.contract.ports import EntityClient
from actors.kernel.lib.pacing import Pacer
from common.clock import Clock
from common.errors import Overloaded, Unavailable, error_of
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.maps import PartitionMap

_EXPIRY_S: Final = 0.1
_CALL_S: Final = 3.0  # that a call may take beyond what it waits for
_REHOME_S: Final = 0.05  # pause before the map is read again: a move takes a moment


class ShardDirectory(Protocol):
    """Finds the shards of a pool."""

    async def read_map(self, pool: str) -> PartitionMap:
        """The partition map in force. Raises `Unavailable`."""
        ...

    def client(self, shard: str) -> ShardClient:
        """A client that calls this shard."""
        ...


class Region(EntityClient):
    """See the module. `pools` says which pool of shards hosts a kind: `{"room": "rooms", "user": "rooms"}`.

    `on_deliveries` is called on the event loop with what each result brings, in order.
    """

    def __init__(
        self,
        name: str,
        directory: ShardDirectory,
        pools: dict[str, str],
        *,
        settings: KernelSettings,
        clock: Clock,
        on_deliveries: Callable[[list[protocol.TopicDelivery]], None] | None = None,
        metrics: RegionMetrics | None = None,
        nonce: Callable[[], bytes] = lambda: os.urandom(10),
    ) -> None:
        self.name = name
        self._directory = directory
        self._pools = pools
        self._settings = settings
        self._clock = clock
        self._on_deliveries = on_deliveries or _ignore
        self._metrics = metrics or RegionMetrics()
        self._nonce = nonce
        self._subscriber = f"{name}-{nonce().hex()[:16]}"
        self._maps: dict[str, PartitionMap] = {}
        self._channels: dict[str, ShardChannel] = {}
        self._tasks = Tasks(name)
        self._channel_tasks: dict[str, tuple[asyncio.Task[None], asyncio.Task[None]]] = {}
        self._strays: dict[int, Pending] = {}
        self._stray_topics: dict[str, int] = {}
        self._doubtful = False
        self._rehoming: asyncio.Task[None] | None = None
        self._last_correlation_id = 0

    async def start(self) -> None:
        """Read the partition maps, and begin to send. Raises `Unavailable` when there is no map to be had."""
        await self._read_maps()
        self._tasks.spawn(self._expire())

    async def close(self) -> None:
        """Stop; whoever waits still gets `unavailable`."""
        await self._tasks.cancel()
        for channel in self._channels.values():
            fail_all((*channel.outstanding.values(), *channel.queue), Unavailable("The server is shutting down."))
        fail_all(self._strays.values(), Unavailable("The server is shutting down."))

    @override
    async def submit(
        self,
        entity: str,
        command: msgspec.Struct,
        *,
        by: Principal,
        command_id: str | None = None,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
        leisure_s: float = 0.0,
    ) -> Reply:
        """Submit one command and wait for its answer.

        The command is queued before the first await, so calls made one after the other keep their order. With
        `command_id` (any string that names the user's action in this entity) a repeat gets the first reply. With
        `listen`, deliveries of the entity above the reply's version reach `on_deliveries`. It may wait for `leisure_s`
        for others to travel with, which costs a shard and its database less.

        Raises:
            CarewireError: the entity refused.
            Overloaded: too much is waiting; nothing was done.
            Unavailable: no answer in time; it may have happened.
        """
        packed = protocol.encode(command)
        return await self.submit_packed(
            entity,
            packed,
            by=by,
            command_id=(
                entity_mark(entity) + self._nonce() if command_id is None else command_id_of(entity, command_id)
            ),
            named=command_id is not None,
            listen=listen,
            timeout_s=timeout_s,
            trace=trace,
            leisure_s=leisure_s,
        )

    async def submit_packed(
        self,
        entity: str,
        packed: bytes,
        *,
        by: Principal,
        command_id: bytes,
        named: bool = True,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
        leisure_s: float = 0.0,
        unread: bool = False,
    ) -> Reply:
        """`submit` of a command that is encoded already, with the 16 bytes of its id. `unread`: what is answered is of
        no interest, and where it would have to be read it is null."""
        started_s = self._clock.monotonic_s()
        patience_s = self._settings.retry_deadline_s if timeout_s is None else timeout_s
        self._last_correlation_id += 1
        future: asyncio.Future[protocol.ItemAnswer] = asyncio.get_running_loop().create_future()
        pending = Pending(
            correlation_id=self._last_correlation_id,
            entity=entity,
            command_id=command_id,
            command=packed,
            by=by,
            deadline_s=started_s + patience_s,
            trace=trace,
            listen=listen,
            named=named,
            leisure_s=leisure_s,
            unread=unread,
            future=future,
        )
        self._route(pending)
        answer = await future
        self._metrics.command_s.observe(self._clock.monotonic_s() - started_s)
        if answer.code:
            details = msgspec.json.decode(answer.details) if answer.details else None
            raise error_of(answer.code, answer.message, retry_after_s=answer.retry_after_s, details=details)
        return Reply(answer.data, answer.version, answer.duplicate)

    def reaches(self, entity: str) -> bool:
        """Is there a pool that hosts its kind?"""
        return entity.partition(":")[0] in self._pools

    def unlisten(self, topic: str) -> None:
        """Nobody here listens to this topic any more."""
        self._stray_topics.pop(topic, None)
        channel = self._channels.get(self._owner(topic))
        if channel is not None:
            channel.unlisten(topic)

    def _route(self, pending: Pending) -> None:
        channel = self._channel(self._owner(pending.entity))
        if len(channel) >= self._settings.max_queued:
            raise Overloaded("The server is busy. Please try again in a moment.", retry_after_s=1.0)
        channel.put(pending)

    def _is_owner(self, shard: str, entity: str) -> bool:
        return self._owner(entity) == shard

    def _owner(self, entity: str) -> str:
        pool = self._pools[entity.partition(":")[0]]
        return self._maps[pool].owners[partition_of(entity)]

    def _channel(self, shard: str) -> ShardChannel:
        channel = self._channels.get(shard)
        if channel is None:
            channel = self._channels[shard] = ShardChannel(
                subscriber=self._subscriber,
                shard=self._directory.client(shard),
                clock=self._clock,
                metrics=self._metrics,
                max_batch_bytes=self._settings.max_batch_bytes,
                pace=Pacer(self._clock, self._settings.linger_ms / 1000),
                call_timeout_s=self._settings.fetch_wait_s + _CALL_S,
                on_deliveries=self._on_deliveries,
                on_moved=self._moved,
                on_topic_moved=self._topic_moved,
                on_silence=self._silent,
            )
            self._channel_tasks[shard] = (self._tasks.spawn(channel.send()), self._tasks.spawn(channel.fetch()))
        return channel

    def _moved(self, pending: Pending) -> None:
        """The shard does not own this entity: whoever does will get it, as soon as the map tells."""
        self._strays[pending.correlation_id] = pending
        self._rehome_soon()

    def _topic_moved(self, topic: str, version: int) -> None:
        self._stray_topics[topic] = version
        self._rehome_soon()

    def _silent(self) -> None:
        """A shard does not answer. Perhaps it is no more, and the map names another."""
        self._doubtful = True
        self._rehome_soon()

    def _rehome_soon(self) -> None:
        if self._rehoming is None or self._rehoming.done():
            self._rehoming = self._tasks.spawn(self._rehome())

    async def _rehome(self) -> None:
        """Read the map anew, and send everything that went astray to its owner, in the order of submission."""
        while self._strays or self._stray_topics or self._doubtful:
            await asyncio.sleep(_REHOME_S)
            try:
                await self._read_maps()
            except Unavailable:
                continue
            self._doubtful = False
            for shard, channel in self._channels.items():
                pendings, moved = channel.evacuate(partial(self._is_owner, shard))
                self._strays |= {pending.correlation_id: pending for pending in pendings}
                self._stray_topics |= moved
            strays, self._strays = sorted(self._strays.items()), {}
            topics, self._stray_topics = self._stray_topics, {}
            for _, pending in strays:
                if not pending.future.done():
                    self._channel(self._owner(pending.entity)).put(pending)
            for topic, version in topics.items():
                self._channel(self._owner(topic)).take_over(topic, version)
            self._retire_channels()

    async def _read_maps(self) -> None:
        """All of them, then all at once: what is submitted meanwhile must not overtake what is to be sent elsewhere."""
        self._maps |= {pool: await self._directory.read_map(pool) for pool in sorted(set(self._pools.values()))}

    def _retire_channels(self) -> None:
        """Shards that own nothing any more need not be called."""
        owners = {owner for partition_map in self._maps.values() for owner in partition_map.owners}
        for shard in [name for name, channel in self._channels.items() if name not in owners and not channel.busy]:
            del self._channels[shard]
            for task in self._channel_tasks.pop(shard):
                task.cancel()

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(_EXPIRY_S)
            now_s = self._clock.monotonic_s()
            for channel in list(self._channels.values()):
                channel.expire(now_s)
            for correlation_id, pending in list(self._strays.items()):
                if pending.deadline_s <= now_s:
                    del self._strays[correlation_id]
                    fail_all([pending], gave_up())
            self._metrics.outstanding.set(sum(len(channel) for channel in self._channels.values()))


def _ignore(deliveries: list[protocol.TopicDelivery]) -> None:
    del deliveries
