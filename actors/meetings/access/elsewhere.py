"""Rooms of partners, when our own unit fails: names that only we can make and read, and tokens for one room each. No
user id, no booking, and no name of a guest who is to have none leaves the house.

Jitsi's tokens cannot be taken back, so whoever is removed is left behind: the room gets another name with each epoch.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from actors.meetings.access.doors import Doors, Jitsi, Livekit
from actors.meetings.state import STAFF, Record, Seat, Source

_LIFE_S: Final = 600
_SKEW_S: Final = 10
_PREFIX: Final = "cw"
_SEALED_FOR: Final = b"rooms elsewhere"
_AT_LIVEKIT: Final[Mapping[Source, tuple[str, ...]]] = {
    "microphone": ("microphone",),
    "camera": ("camera",),
    "screen": ("screen_share", "screen_share_audio"),
}


def room_name(doors: Doors, record: Record) -> str:
    """Of this epoch's room: the same each time."""
    sealed = _names(doors).encrypt(f"{record.media.epoch}:{record.id}".encode(), None)
    return _PREFIX + base64.b32encode(sealed).decode().rstrip("=").lower()


def named_by(doors: Doors, room: str) -> tuple[str, int] | None:
    """The inverse of `room_name`: the meeting's id, and the epoch. None: it is no name of ours."""
    text = room.removeprefix(_PREFIX).upper()
    try:
        sealed = base64.b32decode(text + "=" * (-len(text) % 8))
        epoch, _, meeting = _names(doors).decrypt(sealed, None).decode().partition(":")
    except (binascii.Error, InvalidTag, ValueError):
        return None
    return meeting, int(epoch)


def _names(doors: Doors) -> AESSIV:
    return AESSIV(hmac.digest(doors.key, _SEALED_FOR, hashlib.sha256))


def expires_s(now_ms: int) -> int:
    """Until when a token of now is good."""
    return now_ms // 1000 + _LIFE_S


def jitsi_token(jitsi: Jitsi, room: str, seat: Seat, name: str, now_ms: int) -> str:
    """For one seat, in one room."""
    moderator = seat.role in STAFF
    user = {
        "id": seat.participant,
        "name": name,
        "moderator": moderator,
        "affiliation": "owner" if moderator else "member",
    }
    claims: dict[str, object] = {
        "iss": jitsi.app_id,
        "aud": jitsi.audience,
        "sub": jitsi.domain,
        "room": room,
        "nbf": now_ms // 1000 - _SKEW_S,
        "exp": expires_s(now_ms) - _SKEW_S,
        "context": {"user": user},
    }
    headers = {"kid": jitsi.key_id} if jitsi.key_id else None
    return jwt.encode(claims, jitsi.key, algorithm=jitsi.algorithm, headers=headers)


def jitsi_url(jitsi: Jitsi, room: str, token: str) -> str:
    """To be opened as it is."""
    rules = "config.prejoinConfig.enabled=false&config.disableDeepLinking=true"
    return f"{jitsi.url.rstrip('/')}/{room}?jwt={quote(token, safe='')}#{rules}"


def livekit_sources(sources: Iterable[Source]) -> list[str]:
    """What LiveKit calls them, in tokens; its API has the same names in capitals."""
    return [name for source in sources for name in _AT_LIVEKIT[source]]


def livekit_token(
    livekit: Livekit, room: str, seat: Seat, *, sources: tuple[Source, ...], name: str, now_ms: int
) -> str:
    """For one seat, in one room, to send these `sources`; only those who run it may do more than talk."""
    grants: dict[str, object] = {
        "roomJoin": True,
        "room": room,
        "canSubscribe": True,
        "canPublish": bool(sources),
        "canPublishData": bool(sources),
        "canPublishSources": livekit_sources(sources),
    }
    if seat.role in STAFF:
        grants["roomAdmin"] = True
    claims: dict[str, object] = {
        "iss": livekit.key,
        "sub": seat.participant,
        "name": name,
        "nbf": now_ms // 1000 - _SKEW_S,
        "exp": expires_s(now_ms) - _SKEW_S,
        "video": grants,
    }
    return jwt.encode(claims, livekit.secret, algorithm="HS256")


def livekit_service_token(livekit: Livekit, room: str, now_s: int) -> str:
    """For ourselves, to close a room and to say who may send what in it."""
    claims: dict[str, object] = {
        "iss": livekit.key,
        "nbf": now_s - _SKEW_S,
        "exp": now_s + 60,
        "video": {"roomAdmin": True, "roomCreate": True, "room": room},
    }
    return jwt.encode(claims, livekit.secret, algorithm="HS256")
