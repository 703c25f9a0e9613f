"""Declarations of WebSocket routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from actors.kernel.contract.protocol import TopicDelivery
from realtime.delivery.connections import Connection


class RawSocket(Protocol):
    """One socket of a route. `name`: what stood behind the path."""

    connection: Connection
    name: str

    def send(self, message: bytes) -> None:
        """Send one binary message. Never waits."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close it."""
        ...

    def rest(self, seconds: float) -> None:
        """Read no further for so long."""
        ...


class RawListener(Protocol):
    """The listener that a route makes for a socket."""

    async def heard(self, message: bytes) -> None:
        """A message came. Nothing is awaited before what it asks for is queued. Raises CarewireError: the socket is
        closed with its code."""
        ...

    def delivered(self, delivery: TopicDelivery) -> None:
        """A topic that the socket's connection listens to brought this. Never raises."""
        ...

    def idle(self) -> None:
        """Nothing has been sent for a while; clients take long silence for a lost connection. Never raises."""
        ...

    def closed(self) -> None:
        """The socket has closed. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRoute:
    """`path`: sockets come to `<path>/<name>?token=<token>`. `action`: of the policy. `open`: makes the listener of a
    socket whose bearer may come in; raises CarewireError: it is closed with its code. `max_message`: bytes."""

    path: str
    action: str
    open: Callable[[RawSocket], Awaitable[RawListener]]
    max_message: int
