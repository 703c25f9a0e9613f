"""WebSocket frames (RFC 6455) as a server writes and reads them. No I/O.

What a server writes is not masked, so one frame can be built once and written to any number of sockets.
"""

import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
BROKEN: Final = 1002
NOT_UTF8: Final = 1007
REFUSED: Final = 1008
TOO_BIG: Final = 1009

_FIN: Final = 0x80
_DEFLATED: Final = 0x40
_DEFLATE_TAIL: Final = b"\x00\x00\xff\xff"
_MAX_CONTROL_BYTES: Final = 125
_MASKED: Final = 0x80
_REASON_BYTES: Final = 123
_CODES: Final = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))


class FrameError(Exception):
    """The peer broke the protocol: close the connection with `code`."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def framed(payload: bytes, opcode: int = TEXT, *, deflated: bool = False) -> bytes:
    """One whole frame. `deflated`: the payload is compressed (RFC 7692)."""
    first = _FIN | opcode | (_DEFLATED if deflated else 0)
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def close_frame(code: int, why: str = "") -> bytes:
    """A close frame; `why` is cut to what fits."""
    reason = why.encode()[:_REASON_BYTES].decode(errors="ignore").encode()
    return framed(code.to_bytes(2, "big") + reason, CLOSE)


class Frame:
    """One Engine.IO packet, framed once, good for any number of sockets and for both transports."""

    __slots__ = ("_deflated", "binary", "payload", "wire")

    def __init__(self, payload: bytes, *, binary: bool = False) -> None:
        """`payload`: the whole packet, with its type digit unless it is binary."""
        self.payload = payload
        self.binary = binary
        self.wire = framed(payload, BINARY if binary else TEXT)
        self._deflated: bytes | None = None

    @classmethod
    def text(cls, packet: str) -> "Frame":
        """A text packet, type digit first."""
        return cls(packet.encode())

    @property
    def deflated(self) -> bytes:
        """The compressed frame, or the plain one where that is shorter. Made once: no context outlives a message."""
        if self._deflated is None:
            packer = zlib.compressobj(level=1, wbits=-15)
            small = (packer.compress(self.payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_DEFLATE_TAIL)
            frame = framed(small, BINARY if self.binary else TEXT, deflated=True)
            self._deflated = frame if len(frame) < len(self.wire) else self.wire
        return self._deflated

    def polled(self) -> str:
        """The packet as it stands in the answer to a long poll."""
        return "b" + b64encode(self.payload).decode() if self.binary else self.payload.decode()


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """XOR as one big number: linear, and about as fast as C for what clients send."""
    length = len(payload)
    whole = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(whole, "little")).to_bytes(length, "little")


class FrameReader:
    """Turns the bytes of one client into messages, in any slices. Holds nothing between whole frames."""

    __slots__ = ("_compressed", "_held", "_max_bytes", "_message", "_needed", "_opcode", "deflate")

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes`: of one message, whether in one frame or many, and after it has been unpacked."""
        self._max_bytes = max_bytes
        self._held: bytearray | None = None  # the beginning of a frame
        self._needed = 0  # bytes that must be there before it is worth another look
        self._message: bytearray | None = None  # the fragments so far
        self._opcode = 0
        self._compressed = False
        self.deflate = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The opcodes and payloads that these bytes complete; a message comes whole.

        Raises:
            FrameError: the protocol was broken, after everything that came before has been given out.
        """
        if self._held is not None:
            self._held += data  # in place: a frame that comes a byte at a time is not copied for each
            if len(self._held) < self._needed:
                return
            data, self._held = bytes(self._held), None
        at, end = 0, len(data)
        while at < end:
            needed = self._frame_bytes(data, at, end)
            if at + needed > end:
                self._held, self._needed = bytearray(data[at:]), needed
                return
            first, length = data[at], data[at + 1] & 0x7F
            body = at + (6 if length < 126 else 8 if length == 126 else 14)
            payload = _unmasked(data[body : at + needed], data[body - 4 : body])
            at += needed
            if first == _FIN | TEXT and self._message is None:
                yield TEXT, payload
            elif (whole := self._handle(first, payload)) is not None:
                yield whole

    def _frame_bytes(self, data: bytes, at: int, end: int) -> int:
        """Size of the frame that begins at `at`, or of its header while that is incomplete."""
        if end - at < 2:
            return 2
        first, second = data[at], data[at + 1]
        length = second & 0x7F
        if not second & _MASKED:
            raise FrameError(BROKEN, "Frames of clients must be masked.")
        if first & 0x08:
            if length > _MAX_CONTROL_BYTES or not first & _FIN:
                raise FrameError(BROKEN, "A control frame must be short and whole.")
            return 6 + length
        head = 6
        if length == 126:
            head = 8
            if end - at < 4:
                return 4
            length = int.from_bytes(data[at + 2 : at + 4], "big")
        elif length == 127:
            head = 14
            if end - at < 10:
                return 10
            length = int.from_bytes(data[at + 2 : at + 10], "big")
        if length + (0 if self._message is None else len(self._message)) > self._max_bytes:
            raise FrameError(TOO_BIG, "The message is too large.")
        return head + length

    def _handle(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode, fin, rsv = first & 0x0F, first & _FIN, first & 0x70
        if opcode in (CLOSE, PING, PONG):
            if rsv:
                raise FrameError(BROKEN, "Reserved bits are set.")
            return opcode, payload
        if opcode in (TEXT, BINARY):
            if self._message is not None:
                raise FrameError(BROKEN, "A message began inside another.")
            if rsv and not (rsv == _DEFLATED and self.deflate):
                raise FrameError(BROKEN, "Reserved bits are set.")
            self._opcode, self._compressed = opcode, bool(rsv)
        elif opcode != CONTINUATION or self._message is None or rsv:
            raise FrameError(BROKEN, "This frame makes no sense here.")
        if not fin:
            self._message = bytearray() if self._message is None else self._message
            self._message += payload
            return None
        if self._message is not None:
            payload, self._message = bytes(self._message) + payload, None
        return self._opcode, self._inflated(payload) if self._compressed else payload

    def _inflated(self, payload: bytes) -> bytes:
        unpacker = zlib.decompressobj(wbits=-15)
        try:
            whole = unpacker.decompress(payload + _DEFLATE_TAIL, self._max_bytes + 1)
        except zlib.error:
            raise FrameError(NOT_UTF8, "The message cannot be unpacked.") from None
        if len(whole) > self._max_bytes:
            raise FrameError(TOO_BIG, "The message is too large.")
        return whole


def close_code(payload: bytes) -> int:
    """The code to answer a close frame with.

    Raises:
        FrameError: the frame is not valid.
    """
    if not payload:
        return NORMAL
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (code in _CODES or 3000 <= code < 5000):
        raise FrameError(BROKEN, "The close code is not valid.")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(NOT_UTF8, "The close reason is not UTF-8.") from None
    return code
