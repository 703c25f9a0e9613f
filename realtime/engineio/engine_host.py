"""What the parts of an Engine.IO server need of it: its sessions and its options."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from realtime.engineio.library import LibraryServer
from realtime.engineio.peers import Peers
from realtime.engineio.session import Socket
from realtime.websocket.connection import Outbound

Welcome = Callable[[Socket, dict[str, Any]], None]
"""Lets a new session in at once, with the environ of its request."""


class EngineHost(LibraryServer, ABC):
    """The base of `EngineServer`, which makes the parts and hands itself to them."""

    sockets: dict[str, Socket]
    monitored: bool
    ping_interval: float
    ping_timeout: float
    max_buffered_bytes: int
    deflate_threshold: int | None
    upgrade_timeout: float
    body_timeout: float
    admit: Callable[[Any], dict[str, Any] | None] | None
    peers: Peers | None
    environ_of: Callable[[Any], dict[str, Any]]
    parse_json: bool

    @property
    @abstractmethod
    def outbound(self) -> Outbound:
        """What is to be written at the end of this turn."""

    @property
    @abstractmethod
    def welcome(self) -> Welcome | None:
        """What may be called in place of the present connect handler."""

    @abstractmethod
    def now_s(self) -> float:
        """The time that deadlines are in."""

    @abstractmethod
    def forget(self, socket: Socket) -> None:
        """Nothing more is to be had here about this session."""
