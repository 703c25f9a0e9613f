"""What the settings say of meetings, as their rules take it."""

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from actors.meetings.access.doors import TICKET_PURPOSE, Doors, Jitsi, Livekit, TurnServers
from actors.meetings.state import MeetingTimes, Provider
from config.capabilities.meetings import JitsiSettings, LivekitSettings, TurnSettings
from config.settings import Settings

_VERSION_CHARS: Final = 12


def terms_of(settings: Settings) -> MeetingTimes:
    """How long things last."""
    meetings = settings.meetings
    return MeetingTimes(
        join_early=_ms(meetings.join_early_s),
        join_late=_ms(meetings.join_late_s),
        seat=_ms(meetings.seat_s),
        empty=_ms(meetings.empty_s),
        consent=_ms(meetings.consent_s),
        evidence_wait=_ms(meetings.evidence_wait_s),
        place=_ms(meetings.fallback_after_s),
        fallbacks=fallbacks_of(settings),
        consent_text=meetings.consent_text,
    )


def fallbacks_of(settings: Settings) -> tuple[Provider, ...]:
    """Where meetings can go, in the order of choice."""
    known: tuple[tuple[Provider, object], ...] = (("jitsi", settings.jitsi.url), ("livekit", settings.livekit.url))
    return tuple(provider for provider, url in known if url is not None)


def consent_version(text: str) -> str:
    """What names these words: other words, another name."""
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_CHARS]


def doors_of(settings: Settings) -> Doors:
    """The keys of what seats are handed."""
    return Doors(
        key=_key(settings.auth.secret or settings.encryption.master_keys),
        ticket_ms=_ms(settings.meetings.ticket_s),
        turn=_turn(settings.turn),
        jitsi=_jitsi(settings.jitsi),
        livekit=_livekit(settings.livekit),
    )


def _key(secret: SecretStr | None) -> bytes:
    """One of these is there in every program that was started; without, no ticket can be issued."""
    if secret is None:
        return b""
    return hmac.digest(secret.get_secret_value().encode(), TICKET_PURPOSE.encode(), hashlib.sha256)


def _turn(turn: TurnSettings) -> TurnServers:
    urls = tuple(url.strip() for url in turn.urls.split(",")) if turn.urls is not None else ()
    if turn.embedded and not urls:
        urls = tuple(f"turn:127.0.0.1:{turn.port}?transport={transport}" for transport in ("udp", "tcp"))
    return TurnServers(urls, turn_secret(turn), turn.ttl_s)


def turn_secret(turn: TurnSettings) -> str:
    """What relays share with us. One of our own, for development, is told one that nobody else needs."""
    if turn.secret is not None:
        return turn.secret.get_secret_value()
    return "embedded for development on one machine" if turn.embedded else ""


def _jitsi(jitsi: JitsiSettings) -> Jitsi | None:
    if jitsi.url is None:
        return None
    domain = jitsi.domain or urlsplit(jitsi.url).hostname or ""
    if jitsi.private_key is not None:
        key, algorithm = jitsi.private_key.read_text(), "RS256"
    else:
        assert jitsi.secret is not None
        key, algorithm = jitsi.secret.get_secret_value(), "HS256"
    return Jitsi(
        url=jitsi.url,
        key=key,
        app_id=jitsi.app_id,
        domain=domain,
        audience=jitsi.audience,
        key_id=jitsi.key_id or "",
        algorithm=algorithm,
    )


def _livekit(livekit: LivekitSettings) -> Livekit | None:
    if livekit.url is None:
        return None
    assert livekit.api_key is not None
    assert livekit.api_secret is not None
    return Livekit(livekit.url, livekit.api_key, livekit.api_secret.get_secret_value(), livekit.earlier)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
