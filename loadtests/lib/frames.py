"""Just enough WebSocket (RFC 6455) to load a server: text frames out, any frames in. Pure."""

from typing import Final

_TEXT: Final = 0x81  # final, text
_CLOSE: Final = 0x88
_MASKED: Final = 0x80
_NO_MASK: Final = b"\0\0\0\0"  # clients must mask; with zeros the payload stays as it is


class Closed(Exception):
    """The server has sent a close frame."""


def text_frame(payload: bytes) -> bytes:
    """A text frame from a client, of up to 64 KiB - 1 bytes."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, _MASKED | size)) + _NO_MASK + payload
    return bytes((_TEXT, _MASKED | 126, size >> 8, size & 255)) + _NO_MASK + payload


class LoadFrameReader:
    """Cuts what a server sends into the payloads of its frames."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete by now.

        Raises:
            Closed: a close frame was among them.
        """
        buffer = self._rest + data if self._rest else data
        start, end = 0, len(buffer)
        payloads = []
        while end - start >= 2:
            size, head = buffer[start + 1], 2
            if size >= 126:
                head = 4 if size == 126 else 10
                size = int.from_bytes(buffer[start + 2 : start + head], "big")
            stop = start + head + size
            if end < start + head or end < stop:
                break
            if buffer[start] == _CLOSE:
                raise Closed
            payloads.append(buffer[start + head : stop])
            start = stop
        self._rest = buffer[start:]
        return payloads
