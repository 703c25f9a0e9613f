"""Events that are not answered yet: bounded for each socket, and for the gateway.

A socket that has much under way is read no further until half of it is answered: TCP slows its client down, and nothing
is refused. What was read already is taken up to the hard bounds. Whoever goes on after refusals is read no further for
a second: so a flood costs the gateway some hundred refusals a second, however fast it comes.
"""

from typing import Final

from common.clock import Clock
from common.errors import Overloaded
from config.settings import GatewaySettings
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.packets import Incoming

_EVENT_BYTES: Final = 1000  # what an event takes beside its payload, roughly
_HOLD_ABOVE_BYTES: Final = 512 * 1024
_REFUSALS: Final = 100  # in a second; more, and the socket has to wait for the next one
_PENALTY_S: Final = 1.0


class Inbound:
    """The events of one gateway that are under way."""

    def __init__(self, settings: GatewaySettings, deadlines: Deadlines, clock: Clock) -> None:
        self._max_in_flight = settings.max_in_flight
        self._max_bytes = settings.max_inbound_bytes
        self._deadlines = deadlines
        self._clock = clock
        self.bytes = 0

    def begin(self, connection: Connection, incoming: Incoming) -> int:
        """An event comes in. Its size, for `end`.

        Raises:
            Overloaded: there is no room for it.
        """
        size = _EVENT_BYTES + sum(len(memoryview(argument)) for argument in incoming.arguments)
        if connection.in_flight >= self._max_in_flight:
            raise Overloaded("Too many events wait for their answers on this connection.", retry_after_s=1.0)
        if self.bytes + size > self._max_bytes:
            raise Overloaded("The server is busy. Please try again in a moment.", retry_after_s=1.0)
        connection.in_flight += 1
        connection.in_flight_bytes += size
        self.bytes += size
        if connection.in_flight_bytes > _HOLD_ABOVE_BYTES and not connection.held:
            connection.held = True
            connection.writer.hold()
        return size

    def end(self, connection: Connection, size: int) -> None:
        """It is answered."""
        connection.in_flight -= 1
        connection.in_flight_bytes -= size
        self.bytes -= size
        if connection.held and connection.in_flight_bytes <= _HOLD_ABOVE_BYTES // 2:
            connection.held = False
            connection.writer.let_go()

    def refused(self, connection: Connection) -> None:
        """An event was one too many. Who goes on all the same is slowed down."""
        if connection.count_refused(self._clock.monotonic_s()) == _REFUSALS:
            connection.writer.hold()
            self._deadlines.after(_PENALTY_S, connection.writer.let_go)
