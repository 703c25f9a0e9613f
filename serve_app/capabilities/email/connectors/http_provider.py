"""What providers with an HTTP API have in common."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from common.clock import Clock
from serve_app.activities.connector import Later, Misconfigured, Refused
from serve_app.capabilities.email.connectors.providers import MaybeSent
from serve_app.edge.conventions.retry_after import retry_after_s

_PATIENCE: Final = aiohttp.ClientTimeout(total=20.0, connect=5.0)
_STRANGER: Final = (401, 403)
_TOO_MANY: Final = 429
_FAILING: Final = 500
_OK: Final = range(200, 300)


class HttpApi:
    """One session, kept. `name`: whose; `setting`: where its key stands."""

    def __init__(self, name: str, setting: str, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        self._name, self._setting, self._clock, self._tls = name, setting, clock, tls
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, **request: Any) -> None:
        """Raises what `Provider.send` does."""
        try:
            async with self._open().post(url, allow_redirects=False, **request) as answer:
                await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise Later("unreachable", f"{self._name} cannot be reached.") from error
        except TimeoutError as error:
            raise MaybeSent("timeout", f"{self._name} does not answer.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise MaybeSent("connection_lost", f"{self._name} hung up ({type(error).__name__}).") from error
        self._understand(answer.status, answer.headers)

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    def _understand(self, status: int, headers: Mapping[str, str]) -> None:
        told = f"{self._name} answers {status}."
        if status in _OK:
            return
        if status in _STRANGER:
            raise Misconfigured(f"{told} {self._setting}.")
        if status == _TOO_MANY or status >= _FAILING:
            raise Later("busy", told, retry_after_s=retry_after_s(headers, self._clock.now_ms()))
        raise Refused("mail_refused", told)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls if self._tls is not None else True)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
