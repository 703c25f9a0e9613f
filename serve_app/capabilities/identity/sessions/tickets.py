"""Refresh tokens and device tokens: what they look like, and which of them can only have come from here. Pure.

A refresh token names its session and its generation, and carries a mac: so an old one of ours (which must end the
whole family, RFC 9700, 4.14) is told apart from a made-up one (which must do nothing).
"""

import base64
import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from typing import Final

from common.errors import Unauthenticated
from common.ids import to_base32

_SECRET_BYTES: Final = 24
_REFRESH: Final = re.compile(r"cwr1\.([A-Za-z0-9_]{1,64})\.([0-9]{1,9})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{43})")
_DEVICE: Final = re.compile(r"cwd1\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class RefreshCredential:
    """A refresh token of ours. `digest` is what is stored of its secret."""

    session: str
    generation: int
    digest: str


class Tickets:
    """Makes and reads them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, session: str, generation: int) -> tuple[str, RefreshCredential]:
        """A fresh refresh token, and what is to be stored of it."""
        return self._ticket(session, generation, _text(os.urandom(_SECRET_BYTES)))

    def successor(self, token: str) -> tuple[str, RefreshCredential]:
        """The one that follows `token`, which `read` has accepted: always the same, and only the key can tell it. So
        whichever replica is asked again gives the same answer, and nobody has to keep it."""
        shown = self.read(token)
        secret = hmac.new(self._key, f"successor {token}".encode(), hashlib.sha256).digest()[:_SECRET_BYTES]
        return self._ticket(shown.session, shown.generation + 1, _text(secret))

    def token_id(self, token: str, now_ms: int) -> str:
        """The id of the access token that is handed out with refresh token `token`, the same each time."""
        return f"tok_{to_base32(now_ms, 10)}{to_base32(int.from_bytes(hashlib.sha256(token.encode()).digest()), 16)}"

    def _ticket(self, session: str, generation: int, secret: str) -> tuple[str, RefreshCredential]:
        token = f"cwr1.{session}.{generation}.{secret}"
        return f"{token}.{self._mac(token)}", RefreshCredential(session, generation, _digest(secret))

    def read(self, token: str) -> RefreshCredential:
        """What it says.

        Raises:
            Unauthenticated: it was not made here.
        """
        match = _REFRESH.fullmatch(token)
        if match is None or not hmac.compare_digest(self._mac(token.rpartition(".")[0]), match[4]):
            raise Unauthenticated("The refresh token is not valid. Sign in again.", reason="refresh_forged")
        return RefreshCredential(match[1], int(match[2]), _digest(match[3]))

    def device_token(self, account: str) -> str:
        """What a device shows at the next login, so that it is known to be one of the account's."""
        nonce = _text(os.urandom(_SECRET_BYTES))
        return f"cwd1.{nonce}.{self._mac(f'cwd1.{nonce}.{account}')}"

    def known_device(self, token: str | None, account: str) -> str | None:
        """The name of the device, if the token was made for this account."""
        match = _DEVICE.fullmatch(token) if token else None
        if match is None or not hmac.compare_digest(self._mac(f"cwd1.{match[1]}.{account}"), match[2]):
            return None
        return match[1]

    def _mac(self, text: str) -> str:
        return _text(hmac.new(self._key, text.encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
