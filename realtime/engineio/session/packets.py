"""Packets of Engine.IO that are always the same, and the frame of any other."""

from typing import Final

from engineio.packet import Packet

from realtime.websocket.frames import Frame

CLOSE_PACKET: Final = Frame.text("1")


PING_PACKET: Final = Frame.text("2")


PROBE_ANSWER: Final = Frame.text("3probe")


NOOP: Final = "6"


def frame_of(packet: Packet) -> Frame:
    """The frame of a python-engineio packet. Made once a packet, so that one sent to many is framed once."""
    frame: Frame | None = getattr(packet, "wire_frame", None)
    if frame is None:
        encoded = packet.encode()
        frame = Frame.text(encoded) if isinstance(encoded, str) else Frame(bytes(encoded), binary=True)
        packet.wire_frame = frame
    return frame
