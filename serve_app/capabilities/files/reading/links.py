"""Addresses that need no token: a signed statement of file, variant, person and end. It signs nobody in: who follows it
is judged as who made it would be, at that moment. Pure, but for the time.

Keys change every 30 days by themselves; the one before is good still, so none in use ever breaks.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from common.auth.keys import derive
from common.clock import Clock
from common.errors import NotFound

PATH: Final = "/f/"
_PERIOD_MS: Final = 30 * 86_400_000
_MAC_BYTES: Final = 16
_LONGEST: Final = 1024
_pack: Final = msgspec.msgpack.Encoder().encode


class Granted(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a link is good for. `attached`: to be saved, and not shown."""

    file: str
    variant: str
    user: str
    role: str
    until_ms: int
    attached: bool
    key: int = 0


_unpack: Final = msgspec.msgpack.Decoder(Granted).decode


class FileLinks:
    """One a process. `root`: what keys are derived from. `base`: the address of the API."""

    def __init__(self, root: str, base: str, clock: Clock) -> None:
        self._root, self._base, self._clock = root, base.rstrip("/"), clock

    def address(self, granted: Granted) -> str:
        """The whole address."""
        key = self._now()
        packed = _pack(msgspec.structs.replace(granted, key=key))
        token = urlsafe_b64encode(self._mac(key, packed) + packed).rstrip(b"=").decode()
        return f"{self._base}{PATH}{token}"

    def read(self, token: str) -> Granted:
        """What the token of an address is good for. Raises NotFound: nothing, or nothing any more."""
        try:
            raw = urlsafe_b64decode(token[:_LONGEST].encode("ascii") + b"=" * (-len(token) % 4))
            mac, packed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            granted = _unpack(packed)
        except (ValueError, msgspec.MsgspecError):
            raise _none() from None
        known = 0 <= self._now() - granted.key <= 1
        if not known or not hmac.compare_digest(mac, self._mac(granted.key, packed)):
            raise _none()
        if self._clock.now_ms() >= granted.until_ms:
            raise _none()
        return granted

    def _now(self) -> int:
        return self._clock.now_ms() // _PERIOD_MS

    def _mac(self, key: int, packed: bytes) -> bytes:
        return hmac.digest(derive(self._root, f"files.links.{key}"), packed, "sha256")[:_MAC_BYTES]


def _none() -> NotFound:
    return NotFound("There is no such link, or it is not good any more.")
