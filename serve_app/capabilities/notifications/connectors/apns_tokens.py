"""The token by which Apple's push service knows us, made of a key file."""

from pathlib import Path
from typing import Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from common.clock import Clock
from serve_app.activities.connector import Misconfigured

_RENEWED_AFTER_S: Final = 2400.0
"""Apple takes tokens of up to an hour, and wants no new one within 20 minutes of the last."""


class ProviderTokens:
    """One token at a time. A new key file takes effect as soon as somebody asks."""

    def __init__(self, file: Path, key_id: str, team_id: str, clock: Clock) -> None:
        self._file, self._key_id, self._team_id, self._clock = file, key_id, team_id, clock
        self._made: tuple[float, float, str] | None = None

    def token(self) -> str:
        """Raises Misconfigured: the file is no key."""
        now_s, changed = self._clock.monotonic_s(), self._changed()
        if self._made is not None and self._made[1] == changed and now_s - self._made[0] < _RENEWED_AFTER_S:
            return self._made[2]
        token = jwt.encode(
            {"iss": self._team_id, "iat": self._clock.now_ms() // 1000},
            self._key(),
            algorithm="ES256",
            headers={"kid": self._key_id},
        )
        self._made = (now_s, changed, token)
        return token

    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = load_pem_private_key(self._file.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            raise Misconfigured("The file of CAREWIRE_PUSH__APNS_KEY is no key.") from None
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        raise Misconfigured("The key of CAREWIRE_PUSH__APNS_KEY is none of P-256.")

    def _changed(self) -> float:
        try:
            return self._file.stat().st_mtime
        except OSError:
            return 0.0
