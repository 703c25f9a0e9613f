"""Socket.IO packets as the gateway reads and writes them.

Reading never fails: a packet that makes no sense becomes an event with a `problem`, which is answered like any other
bad event. Arguments stay unparsed JSON until the handler's type is known, so their size is known and nothing is
parsed twice. Binary attachments are not accepted: a binary event is refused at once, and its attachments ignored.
"""

import re
from typing import Any, Final

import msgspec
from socketio import packet as base

from realtime.delivery import codec

_HEADER: Final = re.compile(r"([0-6])(?:([0-9]{1,10})-)?(?:(/[^,]*)(?:,|\Z))?([0-9]{0,15})(?![0-9])", re.ASCII)
DISCONNECT_TEXT: Final = "1"
_MAX_NAME_CHARS: Final = 128
_decode_event: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_name: Final = msgspec.json.Decoder(str).decode
_NAME_FIRST: Final = re.compile(r'\[\s*("(?:[^"\\]|\\.){0,128}")\s*[,\]]')


class Incoming(msgspec.Struct, frozen=True):
    """An event from a client. `problem` says what is wrong with it; then there are no arguments."""

    name: str
    arguments: tuple[msgspec.Raw, ...] = ()
    problem: str = ""

    def __getitem__(self, index: int) -> str:
        """python-socketio names an event in its log by `data[0]`."""
        return (self.name,)[index]


class Packet(base.Packet):  # type: ignore[misc] # python-socketio has no types
    """A packet whose arguments stay unparsed, and which is never binary."""

    uses_binary_events = False
    json = codec

    def decode(self, encoded_packet: str | bytes) -> int:
        """See the module. The result is the number of attachments to wait for: none, ever."""
        self.namespace = None
        self.id = None
        self.packet_type = base.EVENT
        header = _HEADER.match(encoded_packet) if isinstance(encoded_packet, str) else None
        if header is None:
            self.data: Any = Incoming("", problem="This is not a Socket.IO packet.")
            return 0
        kind = int(header[1])
        self.namespace = header[3].partition("?")[0] if header[3] else None
        self.id = int(header[4]) if header[4] else None
        text = str(encoded_packet)[header.end() :]
        if kind in (base.CONNECT, base.DISCONNECT, base.ACK):
            self.packet_type = kind
            self.data = msgspec.Raw(text.encode()) if text and kind == base.CONNECT else None
        elif kind in (base.EVENT, base.BINARY_EVENT):
            self.data = _incoming(text, binary=kind == base.BINARY_EVENT)
        else:
            self.id = None  # it is not the id of an event
            self.data = Incoming("", problem="This kind of packet is the server's to send.")
        return 0


def _incoming(text: str, *, binary: bool) -> Incoming:
    try:
        name, *arguments = _decode_event(text)
        event = _decode_name(name)
    except (ValueError, RecursionError):
        named = _NAME_FIRST.match(text)
        return Incoming(_name(named[1]) if named else "", problem="The payload is not JSON that can be read.")
    if len(event) > _MAX_NAME_CHARS:
        return Incoming("", problem="There is no such event.")
    if binary:
        return Incoming(event, problem="Binary payloads are not accepted.")
    return Incoming(event, tuple(arguments))


def _name(quoted: str) -> str:
    try:
        return _decode_name(quoted)
    except ValueError:
        return ""


def connected_text(sid: str) -> str:
    """The text packet that tells a client that it is connected. `sid` needs no escaping."""
    return f'0{{"sid":"{sid}"}}'


def event_text(name: str, payload: bytes) -> str:
    """The text packet of an event with one argument, which is JSON. `name` needs no escaping."""
    return f'2["{name}",{payload.decode()}]'


def delivery_text(packet: bytes) -> str:
    """The text packet of an event that is encoded already: `["name", payload]`."""
    return "2" + packet.decode()


def ack_text(ack_id: int, answer: bytes) -> str:
    """The text packet that acknowledges the event with this id."""
    return f"3{ack_id}[{answer.decode()}]"
