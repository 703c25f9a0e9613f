"""How a server says no to a request: each refusal once in its log, and in the words of python-engineio's."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from realtime.engineio import http
from realtime.engineio.peers import Reply

if TYPE_CHECKING:
    from realtime.engineio.server import EngineServer


class ErrorResponses:
    """Of one `EngineServer`."""

    def __init__(self, server: "EngineServer") -> None:
        self._server = server

    def origin(self, request: web.Request, environ: dict[str, Any]) -> Reply | None:
        """The refusal of a page from elsewhere; None: it may."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._server.cors_allowed_origins == []:
            return None
        if callable(self._server.cors_allowed_origins):
            environ.update(http.environ_of(request))
        allowed = self._server._cors_allowed_origins(environ)
        if allowed is None or origin in allowed:
            return None
        return self.bad(f"{origin} is not an accepted origin.", "bad-origin")

    def bad(self, message: str, key: str) -> Reply:
        """400. `key`: under which it is logged once."""
        self._server._log_error_once(message, key)
        reply: Reply = self._server._bad_request(message)
        return reply

    def unknown(self) -> Reply:
        """There is no such session."""
        self._server._log_error_once("Invalid session", "bad-sid")
        reply: Reply = self._server._bad_request({"code": 1, "message": "Session ID unknown"})  # as Node answers it
        return reply
