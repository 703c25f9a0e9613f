"""The side of an Engine.IO server that its parts see: its sessions and its options."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from realtime.engineio.library import EngineLibrary
from realtime.engineio.peers import Peers, Reply
from realtime.engineio.session.session import Socket
from realtime.engineio.upgrade_request import OpeningRequest
from realtime.websocket.connection import Outbound

Welcome = Callable[[Socket, OpeningRequest], None]
"""Lets a new session in at once, which this request asked for."""


class EngineHost(EngineLibrary, ABC):
    """The base of `EngineServer`, which makes the parts and hands itself to them."""

    sockets: dict[str, Socket]
    monitored: bool
    ping_interval: float
    ping_timeout: float
    max_buffered_bytes: int
    deflate_threshold: int | None
    upgrade_timeout: float
    body_timeout: float
    admit: Callable[[OpeningRequest], Reply | None] | None
    peers: Peers | None
    environ_of: Callable[[OpeningRequest], dict[str, Any]] | None
    parse_json: bool

    @property
    @abstractmethod
    def outbound(self) -> Outbound:
        """The writes that are due at the end of this turn."""

    @abstractmethod
    def now_s(self) -> float:
        """The time that deadlines are in."""

    @abstractmethod
    def forget(self, socket: Socket) -> None:
        """Nothing more is to be had here about this session."""
