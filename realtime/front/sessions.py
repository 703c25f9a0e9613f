"""From connect to disconnect: who a socket is, and for how long."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Final

import msgspec

from common.clock import Clock, to_rfc3339
from common.decoding import decode
from common.errors import CarewireError, InvalidArgument, PermissionDenied, RateLimited, TokenExpired, Unauthenticated
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.revocations import Revocation
from common.tokens import Verified
from common.verifier import Verifier
from config.settings import GatewaySettings
from realtime.delivery.connections import Connection, Connections
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.requests import Authenticate, Hello
from realtime.delivery.socket_writer import SocketWriter
from realtime.delivery.subscriptions import Subscriptions
from realtime.front.acks import error_event
from realtime.front.bearers import Bearers
from realtime.front.guard import Guard
from realtime.front.handlers import EventResult, Handler
from realtime.front.limits import EventLimits
from realtime.front.presence import PresenceEvents
from realtime.front.recovery import SocketRecovery
from realtime.front.strangers import ABUSE, Strangers

log = get_logger(__name__)

_MAX_HELLO_BYTES: Final = 128 * 1024  # a thousand rooms to recover, and a token
_LAST_WORDS_S: Final = 1.0  # to write why, to a client that reads
_REFUSALS: Final = (InvalidArgument, PermissionDenied, Unauthenticated)
_to_json: Final = msgspec.json.Encoder().encode


class Sessions:
    """The sessions of one gateway."""

    def __init__(
        self,
        gateway: str,
        settings: GatewaySettings,
        verifier: Verifier,
        connections: Connections,
        subscriptions: Subscriptions[Connection],
        recovery: SocketRecovery,
        presence: PresenceEvents,
        deadlines: Deadlines,
        tasks: Tasks,
        clock: Clock,
        metrics: GatewayMetrics,
        guard: Guard,
        limits: EventLimits,
        strangers: Strangers,
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._strangers = strangers
        self.under_way = 0  # handshakes, from the wish to connect to the session
        self._bearers = Bearers()
        self._gateway = gateway
        self._settings = settings
        self._verifier = verifier
        self._connections = connections
        self._subscriptions = subscriptions
        self._recovery = recovery
        self._presence = presence
        self._deadlines = deadlines
        self._tasks = tasks
        self._clock = clock
        self._metrics = metrics

    def handlers(self) -> list[Handler]:
        """Of the events by which a socket says who it is."""
        return [
            Handler(
                event="authenticate",
                action="socket.authenticate",
                limit="connect",
                request=Authenticate,
                call=self._authenticate,
                anonymous=True,
            )
        ]

    async def connect(self, sid: str, outlet: SocketWriter, auth: msgspec.Raw | None, address: str = "") -> None:
        """A socket asks to connect. Without a token it may, for a while.

        Raises:
            CarewireError: it may not.
        """
        self.under_way += 1
        try:
            await self._connect(sid, outlet, auth, address)
        finally:
            self.under_way -= 1

    async def _connect(self, sid: str, outlet: SocketWriter, auth: msgspec.Raw | None, address: str) -> None:
        self._strangers.check(address)
        connection = Connection(sid, outlet, Hello(), address=address)
        try:
            hello = decode(() if auth is None else (auth,), Hello, _MAX_HELLO_BYTES)
            if hello.token not in (None, ""):
                connection.verified = await self._admitted(connection, hello.token)
        except _REFUSALS as error:
            self._refused(connection, error)
            raise
        connection.hello = msgspec.structs.replace(hello, token=None)
        self._connections.add(connection)

    def opened(self, sid: str) -> None:
        """The client has been told that it is connected: what is sent from now on, it takes. Idempotent."""
        connection = self._connections.get(sid)
        if connection is None or connection.opened:
            return
        connection.opened = True
        if connection.refused is not None:
            self._throw_out(connection, connection.refused)
        elif connection.verified is None:
            left_s = self._strangers.left_s(connection.outlet.transport)
            connection.arm(self._deadlines.after(left_s, partial(self._give_up, connection)))
        else:
            self._begin(connection, connection.verified)

    def closed(self, sid: str, reason: str) -> None:
        """The socket has closed. Idempotent."""
        connection = self._connections.remove(sid)
        if connection is None:
            return
        connection.closed = True
        self._bearers.remove(connection)
        connection.outlet.end()
        connection.arm(None)
        self._subscriptions.gone(connection)
        self._presence.left(connection)
        self._metrics.disconnected(reason)

    def dismiss(self, connection: Connection, error: CarewireError, reason: str) -> None:
        """Tell the client why, and disconnect it for good."""
        connection.outlet.emit("error", error_event(error))
        self._tasks.spawn(connection.outlet.hang_up(reason))

    @property
    def users(self) -> Collection[str]:
        """Who is connected here, or about to be."""
        return self._bearers.users

    def revoked(self, revocation: Revocation) -> None:
        """Throw out whoever came in with what has been taken back."""
        for connection, error in self._bearers.against(revocation):
            if connection.refused is None:
                connection.refused = error
                if connection.opened:
                    self._throw_out(connection, error)

    async def _admitted(self, connection: Connection, token: object) -> Verified:
        """Who the bearer is, if they may come in. They are a bearer before anybody is asked, so that a revocation
        which comes while the answer is under way is not missed."""
        verified = await self._verifier.verify(token)
        if connection.user not in ("", verified.user):
            raise PermissionDenied("This connection belongs to another user. Open a new one.")
        if connection.verified is None:
            self._limits.check_connect(verified.user)
        before = self._bearers.add(connection, verified)
        try:
            await self._guard.admit(verified)
            if connection.refused is not None:
                raise connection.refused
        except BaseException:
            self._bearers.remove(connection)
            if before is not None:
                self._bearers.add(connection, before)
            raise
        return verified

    def _refused(self, connection: Connection, error: CarewireError) -> None:
        about = {"sid": connection.sid, "code": error.code, "reason": error.context.get("reason")}
        self._strangers.refused(connection.address, about)

    def _throw_out(self, connection: Connection, error: CarewireError) -> None:
        """Close it, whether it reads or not."""
        log.info("session.revoked", sid=connection.sid, user=connection.user)
        self.dismiss(connection, error, "revoked")
        self._deadlines.after(_LAST_WORDS_S, partial(self._cut, connection))

    def _cut(self, connection: Connection) -> None:
        self._tasks.spawn(connection.outlet.cut("revoked"))

    async def _authenticate(self, connection: Connection, request: Authenticate) -> EventResult:
        self._strangers.check(connection.address)
        settling = connection.settling = asyncio.get_running_loop().create_future()
        try:
            return await self._identify(connection, request.token)
        except _REFUSALS as error:
            self._refused(connection, error)
            if not self._strangers.tried(connection.outlet.transport) and connection.refused is None:
                connection.refused = RateLimited("Too many refused tokens. Connect again with a good one.")
                self.dismiss(connection, connection.refused, ABUSE)
            raise
        finally:
            connection.settling = None
            settling.set_result(None)

    async def _identify(self, connection: Connection, token: str) -> EventResult:
        known = connection.verified
        verified = await self._admitted(connection, token)
        connection.verified = verified
        if known is None:
            self._begin(connection, verified)
        else:
            self._watch_expiry(connection, verified)
            if connection.announced:
                self._announce(connection)
        expires_at = to_rfc3339(verified.expires_ms)
        return EventResult(_to_json({"user_id": verified.user, "role": verified.role, "expires_at": expires_at}))

    def _begin(self, connection: Connection, verified: Verified) -> None:
        self._strangers.known(connection.outlet.transport)
        self._watch_expiry(connection, verified)
        self._presence.arrived(connection)
        self._tasks.spawn(self._welcome(connection))

    async def _welcome(self, connection: Connection) -> None:
        """The session first, then what was addressed to the user, then the rooms."""
        self.under_way += 1
        try:
            await self._catch_up(connection)
        finally:
            self.under_way -= 1

    async def _catch_up(self, connection: Connection) -> None:
        try:
            missed = await self._recovery.inbox(connection)
        except CarewireError as error:
            log.error("session.failed", sid=connection.sid, user=connection.user, code=error.code)
            self.dismiss(connection, error, "refused")
            return
        self._announce(connection)
        for text in missed:
            connection.outlet.text(text)
        await self._recovery.rooms(connection)
        connection.hello = Hello()

    def _announce(self, connection: Connection) -> None:
        verified = connection.verified
        assert verified is not None
        connection.announced = True
        session = {
            "connection_id": connection.sid,
            "user_id": verified.user,
            "role": verified.role,
            "gateway": self._gateway,
            "server_time": to_rfc3339(self._clock.now_ms()),
            "inbox_seq": max(connection.inbox_seq, self._subscriptions.version(f"user:{verified.user}")),
        }
        connection.outlet.emit("session", _to_json(session))

    def _watch_expiry(self, connection: Connection, verified: Verified) -> None:
        left_s = self._left_s(verified)
        if self._settings.expiry_warning_s > 0:
            warning = partial(self._warn, connection, verified)
            connection.arm(self._deadlines.after(left_s - self._settings.expiry_warning_s, warning))
        else:
            connection.arm(self._deadlines.after(left_s, partial(self._expire, connection)))

    def _left_s(self, verified: Verified) -> float:
        """Until the token expires; one that was accepted after that, for clocks that differ, has the leeway."""
        left_ms = verified.expires_ms - self._clock.now_ms()
        return (left_ms if left_ms > 0 else left_ms + self._verifier.leeway_ms) / 1000

    def _warn(self, connection: Connection, verified: Verified) -> None:
        connection.outlet.emit("token_expiring", _to_json({"expires_at": to_rfc3339(verified.expires_ms)}))
        connection.arm(self._deadlines.after(self._left_s(verified), partial(self._expire, connection)))

    def _expire(self, connection: Connection) -> None:
        self.dismiss(connection, TokenExpired("The token has expired. Connect with a fresh one."), "token expired")

    def _give_up(self, connection: Connection) -> None:
        if connection.verified is None:
            self.dismiss(connection, Unauthenticated("No token came in time."), "not authenticated")
