"""The side of a server that its sessions see."""

from typing import Any, Protocol

from engineio.packet import Packet

from realtime.websocket.connection import Outbound
from realtime.websocket.timer_wheel import Wheel


class SessionHost(Protocol):
    """An `EngineServer`, to its sockets. Where `socket` is a parameter, it is the `Socket` that calls."""

    reason: Any
    ping_interval: float
    ping_timeout: float
    monitored: bool
    max_buffered_bytes: int
    deflate_threshold: int | None

    @property
    def wheel(self) -> Wheel:
        """The deadlines of all sockets."""
        ...

    @property
    def outbound(self) -> Outbound:
        """The writes that are due at the end of this turn."""
        ...

    def now_s(self) -> float:
        """The time that deadlines are in."""
        ...

    def decoded(self, encoded: str) -> Packet | None:
        """A packet from a client; None when it makes no sense."""
        ...

    def receive(self, socket: Any, item: Any) -> None:
        """A message of the client has come, or its end."""
        ...

    def part(self, socket: Any, reason: str) -> None:
        """The session has ended: its disconnect handler is next in line."""
        ...

    def forget(self, socket: Any) -> None:
        """Nothing more is to be had here about this session."""
        ...
