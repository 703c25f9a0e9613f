"""The keys of everything that a seat is handed, as every process of them has it."""

from typing import Final

import msgspec

TICKET_PURPOSE: Final = "meeting tickets"


class TurnServers(msgspec.Struct, frozen=True):
    """Relays that share a secret with us (coturn: `use-auth-secret`)."""

    urls: tuple[str, ...] = ()
    secret: str = ""
    ttl_s: int = 600


class Jitsi(msgspec.Struct, frozen=True):
    """A Jitsi that takes our tokens. `key`: the HS256 secret, or with `key_id` an RSA key in PEM."""

    url: str
    key: str
    app_id: str
    domain: str
    audience: str = "jitsi"
    key_id: str = ""
    algorithm: str = "HS256"


class Livekit(msgspec.Struct, frozen=True):
    """A LiveKit server. `earlier`: keys and secrets that its webhooks may still be signed with, while they change."""

    url: str
    key: str
    secret: str
    earlier: tuple[tuple[str, str], ...] = ()


class Doors(msgspec.Struct, frozen=True):
    """`key` signs tickets, and makes the names of rooms elsewhere; without one nobody gets in."""

    key: bytes
    ticket_ms: int = 120_000
    turn: TurnServers = TurnServers()
    jitsi: Jitsi | None = None
    livekit: Livekit | None = None
