"""Tokens of links: a signed statement of action, person, subject, version and expiry. It signs nobody in, and is
good for nothing else. Pure."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

import msgspec

from common.errors import NotFound

Action: TypeAlias = Literal[
    "confirm_booking",
    "cancel_booking",
    "accept_offer",
    "decline_offer",
    "complete_booking",
    "mark_no_show",
    "snooze",
    "mark_read",
    "unsubscribe",
]
_MAC_BYTES: Final = 16
_LONGEST: Final = 1024
_pack: Final = msgspec.msgpack.Encoder().encode


class Link(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """`subject` is the id of what it acts on; `version` the one that it was made for (0: any)."""

    action: Action
    user: str
    subject: str
    version: int
    expires_s: int


_unpack: Final = msgspec.msgpack.Decoder(Link).decode


@dataclass(frozen=True, slots=True)
class LinkTokens:
    """`keys`: the newest first; it signs, and all of them count."""

    keys: Sequence[bytes]

    def make(self, link: Link) -> str:
        """The token of a link."""
        packed = _pack(link)
        return _spelled(_mac(self.keys[0], packed) + packed)

    def read(self, token: str) -> Link:
        """The link. Raises NotFound: it is none of ours, or was altered."""
        try:
            raw = urlsafe_b64decode(token[:_LONGEST].encode("ascii") + b"=" * (-len(token) % 4))
            mac, packed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if _spelled(raw) == token and any(hmac.compare_digest(mac, _mac(key, packed)) for key in self.keys):
                return _unpack(packed)
        except (ValueError, msgspec.MsgspecError):
            pass
        raise NotFound("There is no such link.")


def deed_of(token: str) -> str:
    """By which a repeat of what a link does is known."""
    return f"link_{blake2b(token.encode(), digest_size=16).hexdigest()}"


def _spelled(raw: bytes) -> str:
    """As we write it: base64 has other spellings, and the deed of a link is known by how it is written."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(key: bytes, packed: bytes) -> bytes:
    return hmac.digest(key, packed, "sha256")[:_MAC_BYTES]
