"""HTTP with a partner that answers in JSON, and what its failures mean to a connector."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from serve_app.activities.connector import Later, Misconfigured

Object = dict[str, Any]
_BUSY: Final = 429
_IN_USE: Final = 409
_FAILED: Final = 500
_REFUSED: Final = 400
_LONGEST_PAUSE_S: Final = 3600.0
_LARGEST: Final = 8 << 20
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class NotDone:
    """The partner says no, for good. `body` is its own; whoever knows the partner reads a code in it."""

    status: int
    body: Object


@dataclass(slots=True)
class PartnerConnection:
    """To one partner. `name` is how it is called in what operators see, `setting` where its keys are from."""

    name: str
    setting: str
    base_url: str
    timeout_s: float
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Object | None = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Object | NotDone:
        """What it answers. The partner's own words go nowhere: they quote what was sent.

        Raises:
            Later: it is busy, down, or the connection was lost.
            Misconfigured: it does not accept our keys.
        """
        data = _encode(body) if body is not None else form
        told = {**headers, **({"Content-Type": "application/json"} if body is not None else {})}
        try:
            async with self._open().request(
                method, self.base_url + path, data=data, headers=told, params=query, allow_redirects=False
            ) as answer:
                raw = await answer.content.read(_LARGEST) if answer.content_length is None else await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Later(
                "connection_lost", f"The connection to {self.name} was lost ({type(error).__name__})."
            ) from None
        return self._meaning(answer.status, answer.headers, raw)

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """The session is made in the loop that uses it."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout_s)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        return self._session

    def _meaning(self, status: int, headers: Mapping[str, str], raw: bytes) -> Object | NotDone:
        told = f"{self.name} answers {status}."
        if status in (401, 403):
            raise Misconfigured(f"{told[:-1]} to our keys: {self.setting}.")
        if status == _BUSY:
            raise Later("busy", told, retry_after_s=_pause_s(headers.get("Retry-After")))
        if status == _IN_USE:
            raise Later("key_in_use", "An earlier attempt is still under way.", only_this=True)
        if status >= _FAILED:
            raise Later("failing", told)
        try:
            body: Object = _decode(raw) if raw else {}
        except msgspec.MsgspecError:
            raise Later("protocol", f"{self.name} answers something that is no JSON.") from None
        return NotDone(status, body) if status >= _REFUSED else body


def code_of(said: str) -> str:
    """A partner's code as operators see it: one that is no code is left out, for it may quote what was sent."""
    found = said.lower()
    return found if _CODE.fullmatch(found) else "refused"


def _pause_s(asked: str | None) -> float | None:
    try:
        return None if asked is None else min(float(asked), _LONGEST_PAUSE_S)
    except ValueError:
        return None
