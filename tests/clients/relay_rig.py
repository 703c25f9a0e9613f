"""Servers behind one address, each with a relay to the others."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from common.net.tls import NodeTls
from realtime.relay.names import GatewayAddress
from realtime.relay.relay import Relay
from realtime.socketio import EngineServer
from tests.clients.wire_rig import Wire, serving

SECRET = b"what all gateways know"
UNKNOWN = {"code": 1, "message": "Session ID unknown"}


@dataclass
class Node:
    """A server that sends every message back, its relay, and a client that talks to it alone."""

    server: EngineServer
    relay: Relay
    wire: Wire
    address: GatewayAddress
    asked: Counter[tuple[str, str]]
    gone: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.wire.url.split(":")[2].split("/")[0])


@contextlib.asynccontextmanager
async def node(
    *, secret: bytes = SECRET, max_calls: int = 100, tls: NodeTls | None = None, **options: Any
) -> AsyncIterator[Node]:
    asked: Counter[tuple[str, str]] = Counter()
    relay = Relay(secret, lambda kind, result: asked.update([(kind, result)]), max_calls=max_calls, tls=tls)
    settings: dict[str, Any] = {"ping_interval": 20, "ping_timeout": 20, "logger": False, **options}
    server = EngineServer(peers=relay, **settings)
    address = await relay.start(server, "127.0.0.1")
    async with serving(server, "engine.io") as url, Wire(url) as wire:
        made = Node(server, relay, wire, address, asked)

        async def message(sid: str, data: Any) -> None:
            await server.send(sid, data)

        server.on("message", message)
        server.on("disconnect", lambda sid, reason: made.gone.append(reason))
        try:
            yield made
        finally:
            relay.close()


@contextlib.asynccontextmanager
async def pair(**options: Any) -> AsyncIterator[tuple[Node, Node]]:
    async with node(**options) as one, node(**options) as other:
        yield one, other
