"""Names of gateways within ids of sessions: they tell other gateways, and nobody else, where each listens.

    <name of the gateway> . <what python-engineio makes>

The name is the address, sealed (AES-SIV, RFC 5297) under a key that all gateways share. So no registry is asked, a
request for a gateway that has just come is carried at once, and a name that somebody made up is recognised without a
word to anybody.
"""

import base64
import binascii
from functools import lru_cache
from hashlib import sha512
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

if TYPE_CHECKING:
    from collections.abc import Callable

_SEPARATOR: Final = "."
_PORT_BYTES: Final = 2
_LONGEST: Final = 64  # characters; that of an IPv6 address has 46
_REMEMBERED: Final = 1024


class GatewayAddress(NamedTuple):
    """The place at which a gateway listens for others. `host` is an IP address."""

    host: str
    port: int


class GatewayNames:
    """The names of gateways that share a secret."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(sha512(b"carewire gateway names" + secret).digest())
        self._opened: Callable[[str], GatewayAddress | None] = lru_cache(_REMEMBERED)(self._open)

    def seal(self, address: GatewayAddress) -> str:
        """The name of the gateway at this address.

        Raises:
            ValueError: the host is not an IP address.
        """
        packed = ip_address(address.host).packed + address.port.to_bytes(_PORT_BYTES, "big")
        return base64.urlsafe_b64encode(self._cipher.encrypt(packed, None)).decode().rstrip("=")

    def owner(self, sid: str) -> GatewayAddress | None:
        """The address of the gateway that a session's id names; None: it names none."""
        name, separator, _ = sid.partition(_SEPARATOR)
        return self._opened(name) if separator and len(name) <= _LONGEST else None

    @staticmethod
    def join(name: str, session: str) -> str:
        """The id of a session of this gateway."""
        return f"{name}{_SEPARATOR}{session}"

    def _open(self, name: str) -> GatewayAddress | None:
        try:
            packed = self._cipher.decrypt(base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)), None)
        except (ValueError, binascii.Error, InvalidTag):
            return None
        host = ip_address(packed[:-_PORT_BYTES])
        return GatewayAddress(str(host), int.from_bytes(packed[-_PORT_BYTES:], "big"))
