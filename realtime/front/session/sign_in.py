"""Signing in: whose socket it is, by the token that its client shows when it connects or later."""

import asyncio
from typing import Final

import msgspec

from common.auth.tokens import Verified
from common.auth.verifier import Verifier
from common.decoding import decode
from common.errors import CarewireError, InvalidArgument, PermissionDenied, RateLimited, Unauthenticated
from realtime.delivery.connections import Connection
from realtime.delivery.requests import Hello
from realtime.front.bounds.bounds import FrontBounds
from realtime.front.bounds.strangers import ABUSE
from realtime.front.hub import Hub
from realtime.front.revocation.guard import Guard

_MAX_HELLO_BYTES: Final = 128 * 1024  # a thousand rooms to recover, and a token
_REFUSALS: Final = (InvalidArgument, PermissionDenied, Unauthenticated)


class SignIn:
    """That of one gateway."""

    def __init__(self, hub: Hub, bounds: FrontBounds, verifier: Verifier, guard: Guard) -> None:
        self._verifier = verifier
        self._guard = guard
        self._limits = bounds.limits
        self._strangers = bounds.strangers
        self._dismissals = hub.dismissals
        self._revoker = hub.revoker

    async def connect(self, connection: Connection, auth: msgspec.Raw | None) -> None:
        """Read what a client sent with its wish to connect. A token in it must be good; without one nobody knows yet
        whose socket it is.

        Raises:
            CarewireError: it may not connect.
        """
        self._strangers.check(connection.address)
        try:
            hello = decode(() if auth is None else (auth,), Hello, _MAX_HELLO_BYTES)
            if hello.token not in (None, ""):
                connection.verified = await self._admitted(connection, hello.token)
        except _REFUSALS as error:
            self._refused(connection, error)
            raise
        connection.hello = msgspec.structs.replace(hello, token=None)

    async def authenticate(self, connection: Connection, token: str) -> Verified:
        """The same for a socket that is connected: its first token, or a fresh one. Its other events wait meanwhile.

        Raises:
            CarewireError: the token does not count, the one before does.
        """
        self._strangers.check(connection.address)
        settling = connection.settling = asyncio.get_running_loop().create_future()
        try:
            verified = connection.verified = await self._admitted(connection, token)
        except _REFUSALS as error:
            self._refused(connection, error)
            if not self._strangers.tried(connection.writer.transport) and connection.refused is None:
                connection.refused = RateLimited("Too many refused tokens. Connect again with a good one.")
                self._dismissals.dismiss(connection, connection.refused, ABUSE)
            raise
        finally:
            connection.settling = None
            settling.set_result(None)
        return verified

    async def _admitted(self, connection: Connection, token: object) -> Verified:
        """The identity of the bearer, if they may come in. They are a bearer before anybody is asked, so that a
        revocation which comes while the answer is under way is not missed."""
        verified = await self._verifier.verify(token)
        if connection.user not in ("", verified.user):
            raise PermissionDenied("This connection belongs to another user. Open a new one.")
        if connection.verified is None:
            self._limits.check_connect(verified.user)
        before = self._revoker.bears(connection, verified)
        try:
            await self._guard.admit(verified)
            if connection.refused is not None:
                raise connection.refused
        except BaseException:
            self._revoker.bears_no_more(connection, before)
            raise
        return verified

    def _refused(self, connection: Connection, error: CarewireError) -> None:
        about = {"sid": connection.sid, "code": error.code, "reason": error.context.get("reason")}
        self._strangers.refused(connection.address, about)
