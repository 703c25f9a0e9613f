"""python-engineio's server with public names for what it keeps private: the only file that uses those."""

from typing import Any

import engineio
from typing_extensions import override

from realtime.engineio.peers import Reply


class EngineLibrary(engineio.AsyncServer):  # type: ignore[misc] # python-engineio has no types
    """The base of `EngineServer`. A release of python-engineio that renames something is followed here."""

    def refusal(self, message: str | dict[str, Any], log_message: str, key: str) -> Reply:
        """400 with `message`. `log_message` is logged once under `key`."""
        self._log_error_once(log_message, key)
        reply: Reply = self._bad_request(message)
        return reply

    def unauthorized(self, message: Any) -> Reply:
        """401: the connect handler let the client not in."""
        reply: Reply = self._unauthorized(message)
        return reply

    def preflight(self) -> Reply:
        """200, to an OPTIONS request."""
        reply: Reply = self._ok()
        return reply

    def allowed_origins(self, environ: dict[str, Any]) -> list[str] | None:
        """The origins of pages that are allowed, by the settings and this request; None: all."""
        allowed: list[str] | None = self._cors_allowed_origins(environ)
        return allowed

    def cors_headers(self, environ: dict[str, Any]) -> list[tuple[str, str]]:
        """The CORS headers of an answer. As python-engineio's, but the answer to everybody names nobody, and answers
        that differ say by what."""
        headers: list[tuple[str, str]] = self._cors_headers(environ)
        allowed = self.cors_allowed_origins
        if allowed == []:
            return headers
        anybody = allowed == "*" or (isinstance(allowed, list | tuple | set | frozenset) and "*" in allowed)
        if anybody and not self.cors_credentials:
            return [
                ("Access-Control-Allow-Origin", "*") if name == "Access-Control-Allow-Origin" else (name, value)
                for name, value in headers
            ]
        return [*headers, ("Vary", "Origin")]

    def session_of(self, sid: str) -> Any:
        """The session of this id.

        Raises:
            KeyError: there is none, or it has ended.
        """
        raise NotImplementedError

    @override
    def _get_socket(self, sid: str) -> Any:
        return self.session_of(sid)

    def session_cookie(self, sid: str, attributes: dict[str, Any]) -> str:
        """The value of `Set-Cookie` that names the session."""
        cookie: str = self._generate_sid_cookie(sid, attributes)
        return cookie

    async def call_connect(self, sid: str, environ: dict[str, Any]) -> Any:
        """Run the connect handler. None or True: the client is let in; anything else is why not."""
        return await self._trigger_event("connect", sid, environ, run_async=False)

    async def call_disconnect(self, sid: str, reason: str) -> None:
        """Run the disconnect handler."""
        await self._trigger_event("disconnect", sid, reason, run_async=False)
