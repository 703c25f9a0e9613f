"""The connector `apns`: apps on Apple's devices, through Apple's push service (HTTP/2)."""

import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from typing_extensions import override

from actors.notifications.activities import APNS, ApnsAddress, Push
from common.clock import Clock
from common.lib.tasks import Tasks
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Misconfigured, Refused
from serve_app.capabilities.notifications.connectors.apns_tokens import ProviderTokens
from serve_app.capabilities.notifications.connectors.http2 import (
    Http2Answer,
    Http2Connection,
    LostError,
    NotBegunError,
    connect,
)
from serve_app.capabilities.notifications.connectors.push import (
    LONGEST_LIFE_S,
    accepted,
    fitted,
    gone,
    members,
    read_push,
    topic_of,
)
from serve_app.capabilities.notifications.connectors.words import generic
from serve_app.edge.conventions.retry_after import retry_after_s

_WITHIN_S: Final = 10.0  # for a request, whatever the server does
_TRIES: Final = 3  # of what the server has certainly not begun
_OK: Final = 200
_GONE: Final = 410
_TOO_LARGE: Final = 413
_TOO_MANY: Final = 429
_TOO_MANY_TOKENS: Final = "TooManyProviderTokenUpdates"  # a reason
_TOKENS_PAUSE_S: Final = 300.0
_DEVICE_PAUSE_S: Final = 60.0
_BAD_DEVICE: Final = "BadDeviceToken"
_OUR_FAULT: Final = ("BadTopic", "MissingTopic", "TopicDisallowed", "BadPath")
_encode: Final = msgspec.json.Encoder().encode


class _Reason(msgspec.Struct):
    reason: str = ""
    timestamp: int = 0


_reason: Final = msgspec.json.Decoder(_Reason).decode


@dataclass(frozen=True, slots=True)
class ApnsPlaces:
    """Where apps are reached: those of the store, those of development builds. `topic`: the app's bundle id."""

    url: str
    sandbox_url: str
    topic: str


class ApnsConnector(Connector):
    """One a runner. Apple knows no keys: a repeat replaces the first one on the device, by its collapse id."""

    name = APNS
    capacity = Capacity(at_once=100, call_s=25.0)
    remembers_s = FOR_EVER_S

    def __init__(
        self, places: ApnsPlaces, tokens: ProviderTokens, clock: Clock, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """`tls` replaces the system's authorities."""
        self._places, self._tokens, self._clock = places, tokens, clock
        self._tls = tls or ssl.create_default_context()
        self._connections: dict[str, Http2Connection] = {}
        self._finishing = Tasks("apns")

    @override
    async def carry_out(self, call: Call) -> bytes:
        push = read_push(call, ApnsAddress)
        assert isinstance(push.to, ApnsAddress)
        answer = await self._sent(call, push, push.to, bare=False)
        if answer.status == _TOO_LARGE and push.title:
            answer = await self._sent(call, push, push.to, bare=True)
        return self._meaning(answer)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        await self._finishing.cancel()
        for connection in self._connections.values():
            await connection.close()

    async def check(self) -> None:
        """Does our key count? Nothing is pushed: there is no such device. Raises what `carry_out` does, but for what it
        says of the device."""
        nobody = Push(to=ApnsAddress(token="0" * 64), delivery="check", seq=0, category="system")
        answer = await self._answer(self._places.url, self._headers(nobody, ApnsAddress(token="0" * 64), ""), b"{}")
        try:
            self._meaning(answer)
        except Refused:
            return

    async def _sent(self, call: Call, push: Push, to: ApnsAddress, *, bare: bool) -> Http2Answer:
        url = self._places.sandbox_url if to.sandbox else self._places.url
        headers = self._headers(push, to, str(uuid.UUID(bytes=call.key.mark)))
        return await self._answer(url, headers, _encode(payload_of(push, to, bare=bare)))

    async def _answer(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Http2Answer:
        """The answer. What was certainly not begun is begun again, on another connection."""
        whole = [(":method", "POST"), (":scheme", "https"), (":authority", urlsplit(url).netloc), *headers]
        for _ in range(_TRIES):
            connection = await self._connection(url)
            try:
                return await connection.request(whole, body, _WITHIN_S)
            except NotBegunError:
                continue
            except TimeoutError as error:
                raise Later("timeout", "Apple's push service does not answer.") from error
            except LostError as error:
                raise Later("connection_lost", "The connection to Apple's push service ended.") from error
        raise Later("not_now", "Apple's push service takes no requests just now.")

    async def _connection(self, url: str) -> Http2Connection:
        connection = self._connections.get(url)
        if connection is not None and connection.usable:
            return connection
        parts = urlsplit(url)
        try:
            made = await connect(parts.hostname or "", parts.port or 443, self._tls)
        except ssl.SSLError as error:
            raise Misconfigured(f"TLS with Apple's push service fails ({error.reason}).") from error
        except (OSError, TimeoutError) as error:
            raise Later("unreachable", "Apple's push service cannot be reached.") from error
        now = self._connections.get(url)
        if now is not None and now is not connection and now.usable:  # somebody was faster
            await made.close()
            return now
        self._connections[url] = made
        if now is not None:
            self._finishing.spawn(now.finish())
        return made

    def _headers(self, push: Push, to: ApnsAddress, apns_id: str) -> list[tuple[str, str]]:
        kind = push_type_of(push, to)
        until_s = push.expires_at_ms // 1000 or self._clock.platform_ms() // 1000 + LONGEST_LIFE_S
        found = [
            (":path", f"/3/device/{to.token}"),
            ("authorization", f"bearer {self._tokens.token()}"),
            ("apns-topic", f"{self._places.topic}.voip" if to.voip else self._places.topic),
            ("apns-push-type", kind),
            ("apns-priority", "10" if kind != "background" and push.urgency in ("normal", "high") else "5"),
            ("apns-expiration", str(until_s)),
            ("apns-collapse-id", topic_of(push, to.token) or f"n{push.seq}"),
        ]
        return [*found, ("apns-id", apns_id)] if apns_id else found

    def _meaning(self, answer: Http2Answer) -> bytes:
        if answer.status == _OK:
            return accepted(answer.headers.get("apns-id", ""))
        try:
            told = _reason(answer.body)
        except msgspec.MsgspecError:
            told = _Reason()
        said = f"Apple's push service answers {answer.status} ({told.reason[:64] or 'no reason'})."
        if answer.status == _GONE or told.reason == _BAD_DEVICE:
            return gone(told.timestamp)
        if answer.status == 403 or told.reason in _OUR_FAULT:
            raise Misconfigured(f"{said} CAREWIRE_PUSH__APNS_KEY and what stands beside it.")
        if told.reason == _TOO_MANY_TOKENS:
            raise Later("busy", said, retry_after_s=_TOKENS_PAUSE_S)
        if answer.status == _TOO_MANY:  # too many for this one device
            raise Later("busy", said, retry_after_s=self._pause_s(answer, _DEVICE_PAUSE_S), only_this=True)
        if answer.status >= 500:
            raise Later("busy", said, retry_after_s=self._pause_s(answer, None))
        raise Refused("payload_too_large" if answer.status == _TOO_LARGE else "provider_refused", said)

    def _pause_s(self, answer: Http2Answer, default_s: float | None) -> float | None:
        headers = {"Retry-After": answer.headers.get("retry-after", "")}
        return retry_after_s(headers, self._clock.now_ms(), default_s)


def push_type_of(push: Push, to: ApnsAddress) -> str:
    """alert, background or voip."""
    if to.voip:
        return "voip"
    return "background" if push.kind in ("take_back", "ring_end", "prove") else "alert"


def payload_of(push: Push, to: ApnsAddress, *, bare: bool = False) -> dict[str, Any]:
    """What the app is handed, and what the system shows."""
    kind, own = push_type_of(push, to), members(push, bare=True)
    if kind == "background":
        return {"aps": {"content-available": 1}, **own}
    if kind == "voip":
        return {"aps": {}, **own}
    if not bare and push.title:
        whole = fitted(push.body, lambda body: _alert(push, push.title, body, own))
        if whole is not None:
            return whole
    title, body = generic(push.category, push.locale)
    return _alert(push, title, body, own)


def _alert(push: Push, title: str, body: str, own: dict[str, str | int]) -> dict[str, Any]:
    aps: dict[str, Any] = {"alert": {"title": title, "body": body}, "thread-id": push.category, "mutable-content": 1}
    if not push.silent:
        aps["sound"] = "default"
    return {"aps": aps, **own}
