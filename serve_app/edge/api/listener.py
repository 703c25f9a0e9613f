"""The REST API's own port, in the process of its replica, as the gateway has one.

On one machine Serve's HTTP proxy is a process between the client and the only replica: it took 5 ms of CPU a booking,
and the replica 3 ms to speak with it. On a cluster that was there before, Serve's proxies listen on every node
instead (`deploy/serve.yaml`), because the replicas are on some of them only.
"""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from config.settings import HttpSettings
from serve_app.edge.api.bounded import bounded
from serve_app.edge.api.connections import ConnectionCount

_BACKLOG: Final = 2048
_STOP_S: Final = 5  # for open requests to end
_KEEP_ALIVE_S: Final = 65  # longer than proxies in front keep idle connections: then they close them, not we


class HttpListener:
    """Serves an ASGI application until it is stopped."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._settings = settings
        self._server = _Server(
            uvicorn.Config(
                app,
                http=bounded(settings, _admission(settings)),
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                # Who the client is, is found out by `conventions.callers`; from a proxy that we trust, only `https`.
                proxy_headers=settings.trusted_proxies > 0,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_STOP_S,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when connections are accepted.

        Raises:
            OSError: the port is taken.
        """
        address = (self._settings.host, self._settings.port)
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        # Shared, so that a replica that follows can listen before the one before it has ended.
        listening = socket.create_server(address, family=family, backlog=_BACKLOG, reuse_port=True)
        listening.setblocking(False)
        self._serving = asyncio.create_task(self._server.serve([listening]))

    @property
    def serving(self) -> bool:
        """Does it still accept connections?"""
        return self._serving is not None and not self._serving.done()

    async def stop(self) -> None:
        """Accept nothing more, and let open requests end. Idempotent."""
        self._server.should_exit = True
        if self._serving is not None:
            with suppress(asyncio.CancelledError):
                await self._serving


def _admission(settings: HttpSettings) -> ConnectionCount:
    """As the settings say, but always fewer than files may be open: the database, shards and logs need theirs."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = settings.max_connections if files == resource.RLIM_INFINITY else min(settings.max_connections, files // 2)
    per_address = None if settings.trusted_proxies else settings.max_connections_per_address
    return ConnectionCount(most, per_address)


class _Server(uvicorn.Server):
    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Signals are the business of the process that we are a guest in."""
        yield
