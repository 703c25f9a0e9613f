"""The queue of a polling client: packets that wait for its next GET."""

from collections import deque
from typing import Final

from realtime.engineio.session.packets import NOOP
from realtime.websocket.frames import Frame

MAX_POLLED: Final = 16  # packets in one answer: python-engineio's clients drop a connection that gets more
_SEPARATOR: Final = "\x1e"


class PollQueue(deque[Frame]):
    """Frames in their order, and how many bytes they are."""

    __slots__ = ("bytes_",)

    def __init__(self) -> None:
        super().__init__()
        self.bytes_ = 0

    def put(self, frame: Frame) -> None:
        """One more at the end."""
        self.append(frame)
        self.bytes_ += len(frame.payload)

    def taken(self, farewell: str = "") -> str:
        """The body of the answer to a GET: what waits, up to `MAX_POLLED`, and then `farewell`."""
        packets: list[str] = []
        while self and len(packets) < MAX_POLLED:
            frame = self.popleft()
            self.bytes_ -= len(frame.payload)
            packets.append(frame.polled())
        if farewell and not self:
            packets.append(farewell)
        return _SEPARATOR.join(packets) or NOOP
