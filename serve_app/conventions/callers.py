"""Who sends a request: verified once, before anything is counted or looked up, and read by everything behind."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from config.addresses import client_address
from config.errors import CarewireError, Unauthenticated, Unavailable
from config.logs import get_logger
from config.tokens import Verified

log = get_logger(__name__)

Verify = Callable[[object], Awaitable[Verified]]
_SCOPE: Final = "carewire.caller"
_FEED: Final = "/feed.ics"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who and whence. `verified` is None without a good token; then `error` says why."""

    address: str
    verified: Verified | None
    error: CarewireError | None

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

    def __init__(self, app: ASGIApp, verify: Verify, trusted_proxies: int = 0) -> None:
        self._app = app
        self._verify = verify
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            verified, error = await self._who(scope)
            scope[_SCOPE] = Sender(address_of(scope, self._trusted), verified, error)
        await self._app(scope, receive, send)

    async def _who(self, scope: Scope) -> tuple[Verified | None, CarewireError | None]:
        token = _token(scope)
        if not token:
            return None, Unauthenticated("Send a token: Authorization: Bearer <token>.")
        try:
            return await self._verify(token), None
        except (Unauthenticated, Unavailable) as error:
            address = address_of(scope, self._trusted)
            log.warning("auth.refused", address=address, code=error.code, reason=error.context.get("reason"))
            return None, error


def sender_of(scope: MutableMapping[str, Any]) -> Sender:
    """The sender of a request that has passed `Callers`."""
    sender: Sender = scope[_SCOPE]
    return sender


def address_of(scope: Scope, trusted_proxies: int) -> str:
    """The client's address (`config.addresses`)."""
    peer = str(scope["client"][0]) if scope.get("client") else "unknown"
    return client_address(peer, _header(scope, b"x-forwarded-for"), trusted_proxies)


def _token(scope: Scope) -> str:
    """Of the header; of the address only for feeds, since calendar programs send no header."""
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return QueryParams(scope["query_string"]).get("token", "") if scope["path"].endswith(_FEED) else ""


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
