"""The connector `fcm`: apps, through Firebase Cloud Messaging (HTTP v1), one request a device."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from typing_extensions import override

from actors.notifications.activities import FCM, FcmAddress, Push
from common.clock import Clock
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Misconfigured, Refused
from serve_app.capabilities.notifications.connectors.fcm_tokens import AccessTokens
from serve_app.capabilities.notifications.connectors.push import (
    accepted,
    as_texts,
    fitted,
    gone,
    life_s,
    members,
    read_push,
    topic_of,
)
from serve_app.capabilities.notifications.connectors.words import generic
from serve_app.edge.conventions.retry_after import retry_after_s

CAPACITY: Final = Capacity(at_once=64, per_s=10_000.0, burst=1_000, call_s=12.0)
"""Firebase lets a project send 600,000 messages a minute."""
_PATIENCE: Final = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_OK: Final = 200
_UNAUTHENTICATED: Final = 401
_TOO_MANY: Final = 429
_QUOTA_PAUSE_S: Final = 60.0  # where Firebase names none
_GONE: Final = ("UNREGISTERED", "SENDER_ID_MISMATCH")
_TOKEN_FIELD: Final = "message.token"  # noqa: S105 # the name of a member
_NOT_SHOWN: Final = ("take_back", "ring", "ring_end", "prove")


class _Violation(msgspec.Struct):
    field: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    error_code: str = ""
    field_violations: list[_Violation] = []


class _Error(msgspec.Struct):
    status: str = ""
    details: list[_Detail] = []


class _Answer(msgspec.Struct):
    name: str = ""
    error: _Error | None = None


_answer: Final = msgspec.json.Decoder(_Answer).decode


class FcmConnector(Connector):
    """One a runner. Firebase knows no keys: a repeat replaces the first one on the device, by its tag."""

    name = FCM
    capacity = CAPACITY
    remembers_s = FOR_EVER_S

    def __init__(self, credentials: Path, url: str, clock: Clock, *, ca_file: Path | None = None) -> None:
        """`credentials`: the file of a service account; another one takes effect as soon as it is there."""
        self._access = AccessTokens(credentials, clock, ca_file)
        self._url, self._clock = url.rstrip("/"), clock
        self._tls = None if ca_file is None else ssl.create_default_context(cafile=ca_file)
        self._session: aiohttp.ClientSession | None = None

    @override
    async def carry_out(self, call: Call) -> bytes:
        push = read_push(call, FcmAddress)
        assert isinstance(push.to, FcmAddress)
        return await self._sent({"message": message_of(push, push.to, self._clock.platform_ms())})

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self) -> None:
        """Do our credentials count? Nothing is pushed: Firebase looks at a message for nobody. Raises what `carry_out`
        does, but for what it says of the device."""
        try:
            await self._sent({"validate_only": True, "message": {"token": "nobody", "data": {"v": "1"}}})
        except Refused:
            return

    async def _sent(self, body: dict[str, Any]) -> bytes:
        status, headers, content = await self._post(body)
        if status == _UNAUTHENTICATED:  # revoked before its time
            self._access.forget()
            status, headers, content = await self._post(body)
        try:
            answer = _answer(content)
        except msgspec.MsgspecError:
            answer = _Answer()
        if status == _OK:
            return accepted(answer.name.rpartition("/")[2])
        return self._meaning(status, headers, answer.error or _Error())

    async def _post(self, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        access = await self._access.get()
        url = f"{self._url}/v1/projects/{access.project}/messages:send"
        headers = {"Authorization": f"Bearer {access.token}", "Content-Type": "application/json"}
        try:
            async with self._open().post(
                url, data=msgspec.json.encode(body), headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers, await answer.read()
        except TimeoutError as error:
            raise Later("timeout", "Firebase does not answer.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Later("connection_lost", f"Firebase was lost ({type(error).__name__}).") from error

    def _meaning(self, status: int, headers: Mapping[str, str], error: _Error) -> bytes:
        codes = [detail.error_code for detail in error.details if detail.error_code]
        told = f"Firebase answers {status} ({', '.join(codes) or error.status or 'no reason'})."
        if any(code in _GONE for code in codes) or _is_about_the_token(error):
            return gone()
        if status in (_UNAUTHENTICATED, 403, 404):
            raise Misconfigured(f"{told} CAREWIRE_PUSH__FCM_CREDENTIALS.")
        if status == _TOO_MANY:
            raise Later("busy", told, retry_after_s=retry_after_s(headers, self._clock.now_ms(), _QUOTA_PAUSE_S))
        if status >= 500:
            raise Later("busy", told, retry_after_s=retry_after_s(headers, self._clock.now_ms()))
        raise Refused("provider_refused", told)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self.capacity.at_once, ssl=self._tls if self._tls is not None else True
            )
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def message_of(push: Push, to: FcmAddress, now_ms: int) -> dict[str, Any]:
    """The message of a push. What is to be shown is shown by the system; the rest is for the app alone."""
    seconds, topic = life_s(push, now_ms), topic_of(push, to.token)
    message: dict[str, Any] = {"token": to.token, "data": as_texts(members(push))}
    if to.platform == "web":
        headers = {"TTL": str(seconds), "Urgency": push.urgency} | ({"Topic": topic} if topic else {})
        return message | {"webpush": {"headers": headers}}
    android: dict[str, Any] = {"priority": "HIGH" if push.urgency == "high" else "NORMAL", "ttl": f"{seconds}s"}
    if topic:
        android["collapse_key"] = topic
    if push.kind in _NOT_SHOWN:
        return message | {"android": android}
    own = as_texts(members(push, bare=True))

    def shown(title: str, body: str) -> dict[str, Any]:
        notification = {"title": title, "body": body, "tag": topic or f"n{push.seq}"}
        return {"data": own, "android": android | {"notification": notification}}

    fits = fitted(push.body, lambda body: shown(push.title, body)) if push.title else None
    return message | (fits or shown(*generic(push.category, push.locale)))


def _is_about_the_token(error: _Error) -> bool:
    return any(one.field == _TOKEN_FIELD for detail in error.details for one in detail.field_violations)
