"""`Idempotency-Key` on every POST: the first answer is stored, and a repeat gets it back.

The same key with another request is `conflict`. So is a repeat while the first is still at work; a request whose
process died may be repeated after `LEASE_S`, and then runs again: routes that hand the work to an entity make its
command id of the key (`operation_id`), which makes even that one deed. Answers that say "not now" (401, 408, 429, 5xx)
are not stored. What is stored is sealed under the caller's own key, so it ends with the person.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import CarewireError, Conflict, InvalidArgument
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.callers import sender_of
from serve_app.edge.conventions.limits import WEBHOOK_PATH
from serve_app.edge.conventions.streams import is_resumable

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
LEASE_S: Final = 30.0
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_LARGEST: Final = 1 << 20  # bytes of an answer that is stored
_NOT_NOW: Final = (401, 408, 429)
_SCOPE: Final = "carewire.operation"
_OWNER: Final = "carewire.owner"
_KEPT_HEADERS: Final = (b"content-type", b"location", b"etag")


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class IdempotencyStore(Protocol):
    """Where answers are. Raises `Unavailable` when the database does not answer."""

    async def begin(self, key: str, fingerprint: str, subject: str, *, lease_s: float) -> StoredAnswer | None:
        """Claim the key, or get what is stored under it.

        Raises:
            Conflict: it was used for another request, or the first one is still at work.
        """

    async def finish(self, key: str, subject: str, answer: StoredAnswer) -> None:
        """Store the answer of the request that claimed the key."""

    async def release(self, key: str) -> None:
        """Forget the claim: nothing was done that a repeat must not do again."""


class Idempotency:
    """ASGI middleware, behind `Callers` and the limits."""

    def __init__(self, app: ASGIApp, store: IdempotencyStore, key: bytes) -> None:
        """`key` keeps the fingerprints of requests (which may hold passwords) from being guessed."""
        self._app = app
        self._store = store
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keyed = scope["type"] == "http" and scope["method"] == "POST" and not is_resumable(scope)
        given = _given(scope) if keyed else None
        if given is None:
            await self._app(scope, receive, send)
            return
        sender = sender_of(scope)
        if not _KEY.fullmatch(given):
            error = InvalidArgument(f"{HEADER} is 1 to 128 printable ASCII characters.", details={"field": HEADER})
            await problem(error, Request(scope))(scope, receive, send)
            return
        try:
            body = await _body(receive)
            claim = self._mac(scope["method"], scope["path"], sender.name or f"@{sender.address}", given)
            fingerprint = self._mac(scope["query_string"].decode("latin-1"), body.decode("latin-1"))
            stored = await self._store.begin(claim, fingerprint, sender.name, lease_s=LEASE_S)
        except CarewireError as error:
            await problem(error, Request(scope))(scope, receive, send)
            return
        if stored is not None:
            await _replay(stored, send)
            return
        scope[_SCOPE] = claim
        await self._run(claim=claim, subject=sender.name, scope=scope, body=body, receive=receive, send=send)

    async def _run(self, claim: str, subject: str, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        recorder = _Recorder(send)
        try:
            await self._app(scope, _again(body, receive), recorder.send)
        except BaseException:
            await self._store.release(claim)
            raise
        answer = recorder.answer()
        if answer is None or answer.status in _NOT_NOW or answer.status >= 500:
            await self._store.release(claim)
        else:
            await self._store.finish(claim, scope.get(_OWNER, subject), answer)
        await recorder.flush()

    def _mac(self, *parts: str) -> str:
        return hmac.new(self._key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def operation_id(request: Request) -> str | None:
    """What names the caller's action for good, for use as a command id; None without an `Idempotency-Key`."""
    claimed: str | None = request.scope.get(_SCOPE)
    return claimed


def belongs_to(request: Request, user: str) -> None:
    """Whose the answer is, where the request came without a token: it is stored under their key."""
    request.scope[_OWNER] = user


class _Recorder:
    """Holds an answer back until it is stored: who got an answer may rely on getting it again."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self._size = 0
        self._passing = False

    async def send(self, message: Message) -> None:
        self._size += len(message.get("body", b""))
        self._held.append(message)
        if self._size > _LARGEST:
            self._passing = True
            await self.flush()

    async def flush(self) -> None:
        held, self._held = self._held, []
        for message in held:
            await self._send(message)

    def answer(self) -> StoredAnswer | None:
        if self._passing or not self._held:
            return None
        start = self._held[0]
        headers = tuple((name, value) for name, value in start.get("headers", ()) if name.lower() in _KEPT_HEADERS)
        return StoredAnswer(start["status"], headers, b"".join(message.get("body", b"") for message in self._held[1:]))


async def _replay(stored: StoredAnswer, send: Send) -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": stored.status, "headers": list(stored.headers)}
    headers = MutableHeaders(scope=start)
    headers[REPLAYED] = "true"
    headers["Content-Length"] = str(len(stored.body))
    await send(start)
    await send({"type": "http.response.body", "body": stored.body})


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    told = False

    async def once() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _given(scope: Mapping[str, Any]) -> str | None:
    if scope["path"].startswith(WEBHOOK_PATH):  # partners' events have ids, and a refusal must not be remembered
        return None
    name = HEADER.lower().encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def in_use(named: str = HEADER) -> Conflict:
    """The answer to a key that came with another request. `named`: where the key stands."""
    return Conflict(f"This {named} was used for another request. Choose a new one.", details={"field": named})


def at_work(named: str = HEADER) -> Conflict:
    """The answer while the first request is under way."""
    return Conflict(f"The first request with this {named} is still at work.", retry_after_s=1.0)
