"""The refusals of a server: each once in its log, and in the words of python-engineio's."""

from typing import Any, Final

from realtime.engineio.library import EngineLibrary
from realtime.engineio.peers import Reply
from realtime.engineio.upgrade_request import OpeningRequest
from realtime.websocket.handshake import wants_websocket

_MAX_DIGITS: Final = 9  # of a JSONP index


class ErrorResponses:
    """Of one `EngineServer`."""

    def __init__(self, server: EngineLibrary) -> None:
        self._server = server

    def of_request(self, request: OpeningRequest, environ: dict[str, Any]) -> Reply | None:
        """The refusal of a request that no session gets, whichever it is for; None: it makes sense. `environ`: what
        CORS needs."""
        refusal = self._of_origin(environ)
        if refusal is not None or request.method == "OPTIONS":
            return refusal
        query = request.query
        transport, sid, jsonp = query.get("transport"), query.get("sid"), query.get("j")
        if transport not in self._server.transports:
            return self.bad("Invalid transport", "bad-transport")
        if sid is None and query.get("EIO") != "4":
            return self.bad("The client is using an unsupported version of the protocols", "bad-version")
        if request.method not in ("GET", "POST"):
            return self.bad("Invalid method", "bad-method")
        if jsonp is not None and not (jsonp.isascii() and jsonp.isdigit() and len(jsonp) <= _MAX_DIGITS):
            return self.bad("Invalid JSONP index number", "bad-jsonp-index")
        if transport == "websocket" and not (request.method == "GET" and wants_websocket(request)):
            return self.bad("Invalid websocket upgrade", "bad-upgrade")
        if sid is None and request.method != "GET":
            return self.bad("Invalid session None", "bad-sid")
        return None

    def _of_origin(self, environ: dict[str, Any]) -> Reply | None:
        """The refusal of a page from elsewhere."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._server.cors_allowed_origins == []:
            return None
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
