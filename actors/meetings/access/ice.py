"""Relays for those whose networks let nothing else through: the credentials of coturn's REST scheme, which expire by
themselves and name nobody but a seat."""

import base64
import hashlib
import hmac

import msgspec

from actors.meetings.access.doors import TurnServers


class IceServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As a browser's `RTCPeerConnection` takes it."""

    urls: list[str]
    username: str = ""
    credential: str = ""


def ice_servers(turn: TurnServers, participant: str, now_ms: int) -> list[IceServer]:
    """Good for `turn.ttl_s`; none where none is configured. Servers of `stun:` take no credentials."""
    if not turn.urls:
        return []
    if not turn.secret:
        return [IceServer(urls=list(turn.urls))]
    username = f"{now_ms // 1000 + turn.ttl_s}:{participant}"
    mac = hmac.digest(turn.secret.encode(), username.encode(), hashlib.sha1)
    return [IceServer(urls=list(turn.urls), username=username, credential=base64.b64encode(mac).decode())]
