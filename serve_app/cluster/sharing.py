"""A gateway that joins takes its share: those that were there before send it some of their sockets.

New connections are dealt out evenly (by the kernel between gateways of a node, by the load balancer between nodes), but
sockets that are there stay where they are, and a gateway that is added because the others are full would fill up last.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Final, Protocol

from pymongo.errors import PyMongoError

from common.logs import get_logger
from common.net.tls import NodeTls
from serve_app.cluster.scaling import to_move
from serve_app.processes.peers import ask_process
from store.mongo.processes import Process, ProcessRegistry

_log = get_logger(__name__)
_EVERY_S: Final = 5.0
_ROUNDS: Final = 60  # after somebody joined: a balancer that sends everybody back must not keep them moving for ever
_ANSWER_S: Final = 1.0


class SocketHolder(Protocol):
    """A gateway, as far as this goes."""

    name: str

    @property
    def sockets(self) -> int:
        """The number of sockets that it holds."""
        ...

    def move(self, count: int) -> None:
        """Send so many elsewhere."""
        ...


class Sharing:
    """Compares one gateway with the others, now and then."""

    def __init__(self, gateway: SocketHolder, others: Callable[[], Awaitable[Collection[tuple[str, int]]]]) -> None:
        """`others`: the start and the number of sockets of each other gateway that takes new ones."""
        self._gateway, self._others = gateway, others
        self._known: set[str] = set()
        self._rounds = 0

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Until cancelled."""
        while True:
            await sleep(_EVERY_S)
            await self.look()

    async def look(self) -> int:
        """Send away what is too much, if somebody has joined lately. How many."""
        others = await self._others()
        present = {start for start, _ in others}
        if present - self._known:
            self._rounds = _ROUNDS
        self._known = present
        count = to_move(self._gateway.sockets, [sockets for _, sockets in others]) if self._rounds else 0
        self._rounds = max(0, self._rounds - 1)
        if count:
            _log.info("gateway.sharing", gateway=self._gateway.name, sockets=count)
            self._gateway.move(count)
        return count


async def other_gateways(
    registry: ProcessRegistry, name: str, tls: NodeTls | None = None
) -> Collection[tuple[str, int]]:
    """For `Sharing`, from the registry. None while the database is away."""
    try:
        peers = [peer for peer in await registry.alive() if peer.kind == "gateway" and peer.name != name]
    except PyMongoError:
        return ()
    return [found for found in await asyncio.gather(*(_sockets(peer, tls) for peer in peers)) if found is not None]


async def _sockets(peer: Process, tls: NodeTls | None) -> tuple[str, int] | None:
    """None: it does not answer, or takes no new ones."""
    try:
        stats = json.loads(await ask_process(peer, "stats", _ANSWER_S, tls))
    except (OSError, ValueError):
        return None
    return None if stats["draining"] else (peer.start, int(stats["sockets"]))
