"""Who sends a request: verified once, before anything is counted or looked up, and read by everything behind."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from common.addresses import client_address
from common.auth.tokens import Verified
from common.errors import CarewireError, Unauthenticated, Unavailable
from common.logs import get_logger
from serve_app.edge.conventions.operators import Operators

log = get_logger(__name__)

Verify = Callable[[object], Awaitable[Verified]]
VerifyFeed = Callable[[str, str], Awaitable[Verified]]
"""Who shows this token in the address of the feed of this calendar ("": of their own bookings)?"""
_SCOPE: Final = "carewire.caller"
_FEED: Final = re.compile(r"/api/(?:bookings|calendars/([^/]+))/feed\.ics")
_API: Final = "/api/"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who and whence. `verified` is None without a good token; then `error` says why. `operator`: one by the operations
    token, or for want of one by being on this machine (`conventions.operators`). `silent`: there was no token."""

    address: str
    verified: Verified | None
    error: CarewireError | None
    operator: bool = False
    silent: bool = False

    @property
    def name(self) -> str:
        """The user, or "" (which is nobody's id)."""
        return self.verified.user if self.verified is not None else ""

    def demand(self) -> Verified:
        """Who it is.

        Raises:
            Unauthenticated: nobody, or nobody that may still come in.
            Unavailable: it cannot be checked just now.
        """
        if self.verified is None:
            assert self.error is not None
            raise self.error
        return self.verified


class Callers:
    """ASGI middleware that puts a `Sender` into the scope."""

    def __init__(
        self,
        app: ASGIApp,
        verify: Verify,
        verify_feed: VerifyFeed | None = None,
        trusted_proxies: int = 0,
        operators: Operators | None = None,
    ) -> None:
        self._app = app
        self._verify = verify
        self._verify_feed = verify_feed
        self._trusted = trusted_proxies
        self._operators = operators or Operators()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[_SCOPE] = await self._sender(scope)
        await self._app(scope, receive, send)

    async def _sender(self, scope: Scope) -> Sender:
        address, token = address_of(scope, self._trusted), _bearer(scope)
        beside_api = not scope["path"].startswith(_API)
        if beside_api and self._operators.knows(token):
            return Sender(address, None, _nobody(), operator=True)
        verified, error = await self._who(scope, token, address)
        operator = beside_api and self._operators.is_here(scope, address)
        return Sender(address, verified, error, operator, silent=not token)

    async def _who(self, scope: Scope, token: str, address: str) -> tuple[Verified | None, CarewireError | None]:
        feed = None
        if not token and (feed := _feed_of(scope)) is not None:
            token = QueryParams(scope["query_string"]).get("token", "")
        if not token:
            return None, _nobody()
        try:
            if feed is not None and self._verify_feed is not None:
                return await self._verify_feed(token, feed), None
            return await self._verify(token), None
        except (Unauthenticated, Unavailable) as error:
            log.warning("auth.refused", address=address, code=error.code, reason=error.context.get("reason"))
            return None, error


def _nobody() -> Unauthenticated:
    return Unauthenticated("Send a token: Authorization: Bearer <token>.")


def sender_of(scope: MutableMapping[str, Any]) -> Sender:
    """The sender of a request that has passed `Callers`."""
    sender: Sender = scope[_SCOPE]
    return sender


def address_of(scope: Scope, trusted_proxies: int) -> str:
    """The client's address (`common.addresses`)."""
    peer = str(scope["client"][0]) if scope.get("client") else "unknown"
    return client_address(peer, _header(scope, b"x-forwarded-for"), trusted_proxies)


def _bearer(scope: Scope) -> str:
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _feed_of(scope: Scope) -> str | None:
    """The calendar whose feed is read ("": one's own bookings); None: it is no feed. They alone take a token from the
    address, since calendar programs send no header."""
    match = _FEED.fullmatch(scope["path"]) if scope["method"] in ("GET", "HEAD") else None
    return None if match is None else match[1] or ""


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
