"""A server that sends every message back, with a client for it."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from realtime.socketio import EngineServer
from tests.clients.wire_rig import Wire, serving


@dataclass
class Echo:
    """A server that sends every message back, with a client for it."""

    server: EngineServer
    wire: Wire
    gone: list[tuple[str, str]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def echoing(**options: Any) -> AsyncIterator[Echo]:
    # python-engineio keeps one JSON module a process: whichever server came last has chosen it.
    plain: dict[str, Any] = {"ping_interval": 20, "ping_timeout": 20, "logger": False, "json": json}
    server = EngineServer(**plain | options)
    async with serving(server, "engine.io") as url, Wire(url) as wire:
        echo = Echo(server, wire)

        async def message(sid: str, data: Any) -> None:
            await server.send(sid, data)

        def disconnect(sid: str, reason: str) -> None:
            echo.gone.append((sid, reason))

        server.on("message", message)
        server.on("disconnect", disconnect)

        yield echo
