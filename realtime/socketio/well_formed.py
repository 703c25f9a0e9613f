"""The form of packets that a client may send: the rules of Socket.IO that a parser leaves to others."""

from typing import Any, Final

from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, DISCONNECT, EVENT

_RESERVED: Final = frozenset(
    ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
)


class MalformedPacketError(ValueError):
    """A client sent what is not Socket.IO: its connection is closed."""


def require_sense(packet: Any) -> None:
    """Refuse what a client may not send.

    Raises:
        MalformedPacketError: it may not send this.
    """
    kind, data = packet.packet_type, packet.data
    if kind in (EVENT, BINARY_EVENT):
        good = isinstance(data, list) and bool(data) and _is_event_name(data[0])
    elif kind in (ACK, BINARY_ACK):
        good = isinstance(data, list) and packet.id is not None
    elif kind == CONNECT:
        good = data is None or isinstance(data, dict)
    else:
        good = kind == DISCONNECT
    if not good:
        raise MalformedPacketError("This packet makes no sense.")


def _is_event_name(name: Any) -> bool:
    return isinstance(name, int | float) or (isinstance(name, str) and name not in _RESERVED)
