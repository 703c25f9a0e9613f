"""The media plane as doors use it: whoever is silenced or put out is so before the answer says it."""

from typing import Protocol

from actors.meetings.activities import MediaRoomState


class MediaPlane(Protocol):
    """The workers, reached from a door."""

    async def apply(self, room: MediaRoomState) -> None:
        """Have its worker hold to this. Returns when it does, or is gone: what is gone forwards nothing."""
        ...
