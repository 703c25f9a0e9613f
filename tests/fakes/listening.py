"""An HTTP server of a test, on a port of its own."""

import ssl

from aiohttp import web


class Listening:
    """Starts and stops `app`; the port stays the same."""

    def __init__(self, app: web.Application, tls: ssl.SSLContext | None = None) -> None:
        self._app, self._tls = app, tls
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        self._runner = web.AppRunner(self._app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def cut(request: web.Request) -> web.StreamResponse:
    """Hang up without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
