"""Tokens with which the worker of a device pulls what it shows, and says what became of it, and nothing else.

A worker wakes up long after the page that had a token has gone. So it has one of its own: a signature over the person
and the device; it is good as long as the device is registered, and so as long as its session lasts, and for no other
door.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

import msgspec

from common.errors import Unauthenticated

_MAC_BYTES: Final = 32


class Bearer(msgspec.Struct, frozen=True, array_like=True):
    """Whose token it is."""

    user: str
    device: str


@dataclass(frozen=True, slots=True)
class PullTokens:
    """`key`: 32 bytes derived for this alone."""

    key: bytes

    def make(self, user: str, device: str) -> str:
        """A token for this device."""
        packed = msgspec.msgpack.encode(Bearer(user, device))
        return urlsafe_b64encode(self._mac(packed) + packed).rstrip(b"=").decode()

    def read(self, token: str) -> Bearer:
        """Whose it is. Raises Unauthenticated: it is none of ours."""
        try:
            raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
            mac, packed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if hmac.compare_digest(mac, self._mac(packed)):
                return msgspec.msgpack.decode(packed, type=Bearer)
        except (ValueError, UnicodeError, msgspec.MsgspecError):
            pass
        raise Unauthenticated("This pull_token is not good here. Register the device again.")

    def _mac(self, packed: bytes) -> bytes:
        return hmac.digest(self.key, packed, "sha256")
