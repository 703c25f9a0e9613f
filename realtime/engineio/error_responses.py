"""How a server says no to a request: each refusal once in its log, and in the words of python-engineio's."""

from typing import Any

from aiohttp import web

from realtime.engineio import http
from realtime.engineio.library import LibraryServer
from realtime.engineio.peers import Reply


class ErrorResponses:
    """Of one `EngineServer`."""

    def __init__(self, server: LibraryServer) -> None:
        self._server = server

    def origin(self, request: web.Request, environ: dict[str, Any]) -> Reply | None:
        """The refusal of a page from elsewhere; None: it may."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._server.cors_allowed_origins == []:
            return None
        if callable(self._server.cors_allowed_origins):
            environ.update(http.environ_of(request))
        allowed = self._server.allowed_origins(environ)
        if allowed is None or origin in allowed:
            return None
        return self.bad(f"{origin} is not an accepted origin.", "bad-origin")

    def bad(self, message: str, key: str) -> Reply:
        """400. `key`: under which it is logged once."""
        return self._server.refusal(message, message, key)

    def unknown(self) -> Reply:
        """There is no such session."""
        unknown = {"code": 1, "message": "Session ID unknown"}  # as Node answers it
        return self._server.refusal(unknown, "Invalid session", "bad-sid")
