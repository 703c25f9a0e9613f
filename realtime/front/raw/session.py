"""The life of a socket that speaks no Socket.IO: it shows its token in its address, and is heard until it goes."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from actors.kernel.contract.protocol import TopicDelivery
from common.errors import CarewireError, InvalidArgument, Overloaded, Unauthenticated
from common.logs import get_logger
from common.policy import POLICY
from realtime.delivery.packets import Incoming
from realtime.front.bounds.bounds import FrontBounds
from realtime.front.hub import Hub
from realtime.front.raw.codes import AWAY, close_code_of
from realtime.front.raw.routes import RawListener, RawRoute
from realtime.front.raw.writer import RawWriter
from realtime.front.session.sessions import SocketSessions
from realtime.websocket.connection import WebSocket
from realtime.websocket.frames import REFUSED, Frame

if TYPE_CHECKING:
    from realtime.delivery.connections import Connection

log = get_logger(__name__)
_QUIET_S: Final = 20.0  # y-websocket takes 30 s without a message for a lost connection
_CHARS_OF_REASON: Final = 100


class RawSession:
    """One socket. A `FrameListener` of its WebSocket, the `RawTransport` of its writer, and the `RawSocket` of its
    route."""

    def __init__(self, route: RawRoute, name: str, hub: Hub, bounds: FrontBounds, sessions: SocketSessions) -> None:
        self.name = name
        self.websocket: None = None  # of Engine.IO
        self.connection: Connection
        self._route = route
        self._hub = hub
        self._bounds = bounds
        self._sessions = sessions
        self.socket: WebSocket  # whoever made both says so, before a byte is read
        self._listener: RawListener | None = None
        self._early: list[bytes] = []
        self._holds = 0
        self._said = True
        self._sid = ""
        self._ended = False

    def begin(self, sid: str, token: str, address: str) -> None:
        """The WebSocket is open: see who it is. Nothing is read meanwhile."""
        self._sid = sid
        self.hold()
        self._hub.tasks.spawn(self._open(token, address))

    async def _open(self, token: str, address: str) -> None:
        try:
            await self._come_in(token, address)
        except CarewireError as error:
            self._refuse(error)
        except Exception:
            log.exception("raw.crashed", route=self._route.path)
            self.close(AWAY, "Something went wrong on our side.")

    async def _come_in(self, token: str, address: str) -> None:
        if not token:
            raise Unauthenticated("Show your token in the address: `?token=`.")
        connection = await self._sessions.come_in(self._sid, RawWriter(self), token, address)
        self.connection = connection
        if self._ended:
            self._sessions.closed(self._sid, "gone")
            return
        assert connection.verified is not None  # it has shown its token
        POLICY.require(connection.verified.role, self._route.action)
        listener = await self._route.open(self)
        if self._ended:
            listener.closed()
            return
        self._listener = listener
        self.socket.expect(_QUIET_S)
        early, self._early = self._early, []
        for message in early:
            self._take(message)
        self.let_go()

    # what its WebSocket tells

    def heard(self, websocket: WebSocket, data: str | bytes) -> None:
        """A message came."""
        if isinstance(data, str):
            self._refuse(InvalidArgument("Messages are binary."))
        elif self._listener is None:
            self._early.append(data)
        else:
            self._take(data)

    def lost(self, websocket: WebSocket, *, broken: bool) -> None:
        """It has closed."""
        self._over("transport error" if broken else "transport close")

    def overflowed(self, websocket: WebSocket) -> None:
        """It does not read as fast as it is written to."""
        websocket.close(REFUSED, "slow consumer")
        self._over("slow consumer")

    def due_for(self, websocket: WebSocket) -> float:
        """Say something, if nothing was said for a while."""
        if self._listener is not None and not self._said:
            self._listener.idle()
        self._said = False
        return websocket.outbound.loop.time() + _QUIET_S

    # what its route, and its writer, ask

    def send(self, message: bytes) -> None:
        """Send one binary message."""
        self.send_frame(Frame(message, binary=True))

    def send_frame(self, frame: Frame) -> None:
        """The same, framed already."""
        self._said = True
        self.socket.send(frame)

    def delivered(self, delivery: TopicDelivery) -> None:
        """A topic brought this."""
        if self._listener is not None:
            self._listener.delivered(delivery)

    def close(self, code: int, reason: str) -> None:
        """Close it. Idempotent."""
        if not self._ended:
            self.socket.close(code, reason[:_CHARS_OF_REASON])
            self._over(reason)

    def abort(self) -> None:
        """Drop it."""
        self.socket.abort()
        self._over("cut")

    def hold(self) -> None:
        """Read no further, until everybody who said so has let go."""
        self._holds += 1
        self.socket.pause_reading()

    def let_go(self) -> None:
        """Undo one `hold`."""
        self._holds -= 1
        if not self._holds and not self._ended:
            self.socket.resume_reading()

    def rest(self, seconds: float) -> None:
        """Read no further for so long."""
        self.hold()
        self._hub.deadlines.after(seconds, self.let_go)

    def _take(self, message: bytes) -> None:
        try:
            size = self._bounds.inbound.begin(self.connection, Incoming("", (msgspec.Raw(message),)))
        except Overloaded as busy:
            self._refuse(busy)
            return
        ended = partial(self._bounds.inbound.end, self.connection, size)
        self._hub.tasks.spawn(self._handle(message, ended))

    async def _handle(self, message: bytes, ended: Callable[[], None]) -> None:
        assert self._listener is not None  # messages before were kept
        try:
            if not self._ended:
                await self._listener.heard(message)
        except CarewireError as error:
            self._refuse(error)
        except Exception:
            log.exception("raw.crashed", route=self._route.path)
            self.close(AWAY, "Something went wrong on our side.")
        finally:
            ended()

    def _refuse(self, error: CarewireError) -> None:
        self.close(close_code_of(error.code), error.message)

    def _over(self, reason: str) -> None:
        if self._ended:
            return
        self._ended = True
        if self._listener is not None:
            self._listener.closed()
        self._sessions.closed(self._sid, reason)
