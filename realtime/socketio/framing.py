"""Socket.IO packets as the frames that carry them."""

from typing import Any

from realtime.websocket.frames import Frame


def frames_of(packet: Any) -> list[Frame]:
    """The frame of a packet, and those of its attachments."""
    encoded = packet.encode()
    parts = encoded if isinstance(encoded, list) else [encoded]
    return [Frame.text("4" + part) if isinstance(part, str) else Frame(bytes(part), binary=True) for part in parts]


def event_frame(event_json: bytes, namespace: str | None = None) -> Frame:
    """An event that is JSON already, `["name", argument, ...]`, as a frame for any number of sockets."""
    place = b"" if namespace is None or namespace == "/" else namespace.encode() + b","
    return Frame(b"42" + place + event_json)
