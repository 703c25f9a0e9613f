"""The keys that browsers' services know us by (RFC 8292). Several may be in use: a subscription stays with the one that
it was made with, so a new key breaks none."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.auth.keys import derive
from config.settings import Settings

_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SCALAR: Final = 32
_GOOD_FOR_S: Final = 12 * 3600  # services refuse tokens of more than 24 hours
_RENEWED_AFTER_S: Final = 3600.0
_MOST_TOKENS: Final = 1024


@dataclass(frozen=True, slots=True)
class VapidKey:
    """One key. `public` is the point, uncompressed: what a page subscribes with."""

    id: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: bytes

    @property
    def public_text(self) -> str:
        """`public`, as pages and headers have it."""
        return base64.urlsafe_b64encode(self.public).rstrip(b"=").decode()


def key_of(id_: str, scalar: bytes) -> VapidKey:
    """The key with this private number.

    Raises:
        ValueError: it is none of the curve.
    """
    number = int.from_bytes(scalar)
    if len(scalar) != _SCALAR or not 0 < number < _ORDER:
        raise ValueError("is no key of P-256")
    private = ec.derive_private_key(number, _CURVE)
    return VapidKey(id_, private, private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def keys_of(text: str) -> tuple[VapidKey, ...]:
    """The keys of a setting: `id:base64url` of the private number each, with commas, the newest first.

    Raises:
        ValueError: it names none, or two of one id. The message does not repeat any.
    """
    keys = []
    for one in text.split(","):
        id_, _, scalar = one.strip().partition(":")
        try:
            decoded = base64.b64decode(scalar + "=" * (-len(scalar) % 4), b"-_", validate=True)
            keys.append(key_of(id_, decoded))
        except (ValueError, binascii.Error):
            raise ValueError("should be id:key, with commas; a key is 32 bytes of base64url") from None
    ids = [key.id for key in keys]
    if len(set(ids)) != len(ids) or not all(id_.isalnum() and id_.isascii() for id_ in ids):
        raise ValueError("should have an id of letters and digits for each key, and none twice")
    return tuple(keys)


def derived_key(secret: bytes) -> VapidKey:
    """The key of an installation that names none: the same whenever it is made of the same 32 bytes or more."""
    return key_of("default", (int.from_bytes(secret) % (_ORDER - 1) + 1).to_bytes(_SCALAR))


def vapid_keys_of(settings: Settings, root: str) -> tuple[VapidKey, ...]:
    """The keys that browsers know us by, the newest first: those of the settings, or one derived from `root`."""
    named = settings.push.vapid_keys
    return (derived_key(derive(root, "vapid")),) if named is None else keys_of(named.get_secret_value())


def subject_of(settings: Settings) -> str:
    """Where browsers' services can write to."""
    return settings.push.vapid_subject or f"mailto:{parseaddr(settings.email.from_)[1]}"


class VapidTokens:
    """Makes the header of a request. A token is made once an hour for each origin and key: signing costs a third of
    what encrypting does. `subject` is where services can write to (mailto: or https:)."""

    def __init__(
        self, keys: Sequence[VapidKey], subject: str, now_ms: Callable[[], int], monotonic_s: Callable[[], float]
    ) -> None:
        self._keys: Mapping[str, VapidKey] = {key.id: key for key in keys}
        self._newest = keys[0].id
        self._subject, self._now_ms, self._monotonic_s = subject, now_ms, monotonic_s
        self._made: dict[tuple[str, str], tuple[float, str]] = {}

    def header(self, origin: str, key_id: str) -> str | None:
        """`Authorization` of a push to `origin` (RFC 8292, 3); "" is the newest key. None: we do not have the key."""
        key = self._keys.get(key_id or self._newest)
        if key is None:
            return None
        now_s = self._monotonic_s()
        made = self._made.get((origin, key.id))
        if made is None or now_s - made[0] >= _RENEWED_AFTER_S:
            if len(self._made) >= _MOST_TOKENS:
                self._made.clear()
            made = (now_s, f"vapid t={self._token(origin, key)}, k={key.public_text}")
            self._made[origin, key.id] = made
        return made[1]

    def _token(self, origin: str, key: VapidKey) -> str:
        claims = {"aud": origin, "exp": self._now_ms() // 1000 + _GOOD_FOR_S, "sub": self._subject}
        return jwt.encode(claims, key.private, algorithm="ES256")
