"""The connector `webpush`: browsers, through the services of their makers (RFC 8030), encrypted for each of them alone
(RFC 8188, RFC 8291)."""

import base64
import ssl
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
import http_ece
from aiohttp.resolver import ThreadedResolver
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import override

from actors.notifications.activities import WEBPUSH, Push, WebPushAddress
from common.clock import Clock
from common.errors import InvalidArgument
from serve_app.activities.connector import (
    FOR_EVER_S,
    Call,
    Connector,
    Later,
    Misconfigured,
    Refused,
)
from serve_app.capabilities.notifications.connectors import WEBPUSH_CAPACITY
from serve_app.capabilities.notifications.connectors.endpoints import (
    Endpoint,
    PublicResolver,
    endpoint_of,
    loopback_hosts,
)
from serve_app.capabilities.notifications.connectors.push import (
    ACCEPTED,
    gone,
    life_s,
    payload_of,
    read_push,
    topic_of,
)
from serve_app.capabilities.notifications.connectors.vapid import VapidKey, VapidTokens
from serve_app.edge.conventions.retry_after import retry_after_s

_TOO_LARGE: Final = 413
_TOO_MANY: Final = 429
_GONE: Final = (404, 410)
_STRANGER: Final = (401, 403)
_PATIENCE: Final = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_MOST_PAUSES: Final = 1024


class WebPushConnector(Connector):
    """One a runner. A repeat of a push replaces the first one on the device, by its topic and number."""

    name = WEBPUSH
    capacity = WEBPUSH_CAPACITY
    remembers_s = FOR_EVER_S

    def __init__(
        self,
        keys: Sequence[VapidKey],
        subject: str,
        hosts: Sequence[str],
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`hosts`: see `endpoints.endpoint_of`. `tls` replaces the system's authorities."""
        self._tokens = VapidTokens(keys, subject, clock.now_ms, clock.monotonic_s)
        self._hosts = hosts
        self._clock = clock
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._closed_until_s: dict[str, float] = {}
        self._knows_us: set[tuple[str, str]] = set()

    @override
    async def carry_out(self, call: Call) -> bytes:
        push = read_push(call, WebPushAddress)
        assert isinstance(push.to, WebPushAddress)
        endpoint, authorization = self._prepared(push.to)
        status, headers = await self._send(push, push.to, endpoint, authorization, bare=False)
        if status == _TOO_LARGE and push.title:
            status, headers = await self._send(push, push.to, endpoint, authorization, bare=True)
        return self._meaning(status, headers, endpoint.origin, push.to.key_id)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _prepared(self, to: WebPushAddress) -> tuple[Endpoint, str]:
        try:
            endpoint = endpoint_of(to.endpoint, self._hosts)
        except InvalidArgument:
            raise Refused("provider_refused", "The device's service is not on CAREWIRE_PUSH__WEBPUSH_HOSTS.") from None
        left_s = self._closed_until_s.get(endpoint.origin, 0.0) - self._clock.monotonic_s()
        if left_s > 0:
            raise Later("busy", "This service asked for a pause.", retry_after_s=left_s, only_this=True)
        authorization = self._tokens.header(endpoint.origin, to.key_id)
        if authorization is None:
            raise Refused(
                "provider_refused", "The device subscribed with a key that is not in CAREWIRE_PUSH__VAPID_KEYS."
            )
        return endpoint, authorization

    async def _send(
        self, push: Push, to: WebPushAddress, endpoint: Endpoint, authorization: str, *, bare: bool
    ) -> tuple[int, Mapping[str, str]]:
        headers = {
            "Authorization": authorization,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(life_s(push, self._clock.platform_ms())),
            "Urgency": push.urgency,
        }
        if topic := topic_of(push, to.endpoint):
            headers["Topic"] = topic
        body = encrypted(payload_of(push, bare=bare), to)
        try:
            async with self._open().post(endpoint.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(1)  # what it says besides is for nobody
                return answer.status, answer.headers
        except TimeoutError as error:
            raise Later("timeout", "A browser's service does not answer.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Later("connection_lost", f"A browser's service was lost ({type(error).__name__}).") from error

    def _meaning(self, status: int, headers: Mapping[str, str], origin: str, key_id: str) -> bytes:
        told = f"A browser's service answers {status}."
        if 200 <= status < 300:
            self._knows_us.add((origin, key_id))
            return ACCEPTED
        if status in _GONE:
            return gone()
        if status in _STRANGER:
            if (origin, key_id) in self._knows_us:  # so it is this device that subscribed with another key
                raise Refused("provider_refused", f"{told} The device subscribed with another key.")
            raise Misconfigured(f"{told} CAREWIRE_PUSH__VAPID_KEYS, or CAREWIRE_PUSH__VAPID_SUBJECT.")
        if status == _TOO_LARGE:
            raise Refused("payload_too_large", told)
        if status == _TOO_MANY or status >= 500:
            raise self._busy(told, headers, origin)
        raise Refused("provider_refused", told)

    def _busy(self, told: str, headers: Mapping[str, str], origin: str) -> Later:
        """A pause that one service asks for is not the others'."""
        asked_s = retry_after_s(headers, self._clock.now_ms())
        if asked_s is not None:
            if len(self._closed_until_s) >= _MOST_PAUSES:
                self._closed_until_s.clear()
            self._closed_until_s[origin] = self._clock.monotonic_s() + asked_s
        return Later("busy", told, retry_after_s=asked_s, only_this=asked_s is not None)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = PublicResolver(ThreadedResolver(), loopback_hosts(self._hosts))
            connector = aiohttp.TCPConnector(
                limit=self.capacity.at_once,
                ttl_dns_cache=60,
                resolver=resolver,
                ssl=self._tls if self._tls is not None else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=_PATIENCE,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def encrypted(payload: bytes, to: WebPushAddress) -> bytes:
    """The payload, for the eyes of one browser, as one record (RFC 8291).

    Raises:
        Refused: its keys are none.
    """
    try:
        ours = ec.generate_private_key(ec.SECP256R1())
        return bytes(
            http_ece.encrypt(payload, None, None, ours, dh=to.p256dh, auth_secret=to.auth, version="aes128gcm")
        )
    except ValueError:
        raise Refused("provider_refused", "The keys of the device are none.") from None


def decoded(text: str) -> bytes:
    """A key as pages hand it over (base64url, with or without padding). Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
