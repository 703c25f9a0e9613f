"""Socket.IO packets as the gateway reads and writes them.

Reading never fails: a packet that makes no sense becomes an event with a `problem`, which is answered like any other
bad event. Arguments stay unparsed JSON until the handler's type is known, so their size is known and nothing is
parsed twice. A binary event waits until all of its attachments are there; they stand in its arguments as base64, which
is how JSON has bytes.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from socketio import packet as base

from realtime.delivery import codec

_HEADER: Final = re.compile(r"([0-6])(?:([0-9]{1,10})-)?(?:(/[^,]*)(?:,|\Z))?([0-9]{0,15})(?![0-9])", re.ASCII)
DISCONNECT_TEXT: Final = "1"
_MAX_NAME_CHARS: Final = 128
_MAX_ATTACHMENTS: Final = 16
_MAX_ATTACHED_BYTES: Final = 1 << 20  # as much as one frame may hold
_PLACEHOLDER: Final = re.compile(rb'\{\s*"_placeholder"\s*:\s*true\s*,\s*"num"\s*:\s*([0-9]{1,3})\s*\}')
_decode_event: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_name: Final = msgspec.json.Decoder(str).decode
_NAME_FIRST: Final = re.compile(r'\[\s*("(?:[^"\\]|\\.){0,128}")\s*[,\]]')


class Incoming(msgspec.Struct, frozen=True):
    """An event from a client. `problem` says what is wrong with it; then there are no arguments. `binary`: some of what
    the arguments hold were attachments."""

    name: str
    arguments: tuple[msgspec.Raw, ...] = ()
    problem: str = ""
    binary: bool = False

    def __getitem__(self, index: int) -> str:
        """python-socketio names an event in its log by `data[0]`."""
        return (self.name,)[index]


class Packet(base.Packet):  # type: ignore[misc] # python-socketio has no types
    """A packet whose arguments stay unparsed. What it sends by itself is never binary."""

    uses_binary_events = False
    json = codec

    def decode(self, encoded_packet: str | bytes) -> int:
        """See the module. The result is the number of attachments to wait for."""
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
            self.data = _incoming(text)
            if kind == base.BINARY_EVENT:
                return self._awaits(int(header[2] or 0))
        else:
            self.id = None  # it is not the id of an event
            self.data = Incoming("", problem="This kind of packet is the server's to send.")
        return 0

    def _awaits(self, count: int) -> int:
        if count > _MAX_ATTACHMENTS:
            self.data = Incoming(self.data.name, problem="There are too many attachments.")
            return 0
        self.attachments: list[bytes] = []
        return count

    def add_attachment(self, attachment: bytes) -> bool:
        """One more of those that are to come. Whether it was the last."""
        taken = sum(map(len, self.attachments)) + len(attachment) <= _MAX_ATTACHED_BYTES
        self.attachments.append(attachment if taken else b"")
        if not taken:
            self.data = Incoming(self.data.name, problem="The attachments are too large.")
        if len(self.attachments) < self.attachment_count:
            return False
        self.data = _with_attachments(self.data, self.attachments)
        return True

    def interrupted(self) -> None:
        """Something else came where an attachment was to come."""
        self.data = Incoming(self.data.name, problem="An attachment is missing.")


def _incoming(text: str) -> Incoming:
    try:
        name, *arguments = _decode_event(text)
        event = _decode_name(name)
    except (ValueError, RecursionError):
        named = _NAME_FIRST.match(text)
        return Incoming(_name(named[1]) if named else "", problem="The payload is not JSON that can be read.")
    if len(event) > _MAX_NAME_CHARS:
        return Incoming("", problem="There is no such event.")
    return Incoming(event, tuple(arguments))


def _with_attachments(incoming: Incoming, attachments: Sequence[bytes]) -> Incoming:
    """The event with its attachments in the place of their placeholders. No text can hold one: its quotes would be
    escaped."""
    used: set[int] = set()

    def fill(found: re.Match[bytes]) -> bytes:
        number = int(found[1])
        used.add(number)
        return b'"%b"' % b64encode(attachments[number]) if number < len(attachments) else found[0]

    arguments = tuple(msgspec.Raw(_PLACEHOLDER.sub(fill, bytes(argument))) for argument in incoming.arguments)
    if not incoming.problem and used != set(range(len(attachments))):
        return Incoming(incoming.name, problem="The attachments are not those that the payload names.")
    return Incoming(incoming.name, arguments, incoming.problem, binary=True)


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


def binary_delivery_text(packet: bytes, attachments: int) -> str:
    """The same for an event whose attachments follow."""
    return f"5{attachments}-{packet.decode()}"


def binary_ack_text(ack_id: int, answer: bytes, attachments: int) -> str:
    """`ack_text` where attachments follow."""
    return f"6{attachments}-{ack_id}[{answer.decode()}]"


def ack_text(ack_id: int, answer: bytes) -> str:
    """The text packet that acknowledges the event with this id."""
    return f"3{ack_id}[{answer.decode()}]"
