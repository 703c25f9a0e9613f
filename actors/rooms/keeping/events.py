"""Notes of a room about retention and holds. Stored for ever: add members with defaults at the end, never reorder
them."""

from actors.rooms.marks.events import RoomEvent


class ContentKept(RoomEvent, frozen=True, kw_only=True, tag="kept"):
    """A note: the message posted at `target` was taken back or changed while `hold` lay over it. The author is the
    hold: the secret, packed `Evidence` of the message as it was at `version`, is sealed under its key."""

    hold: str
    target: int
    version: int


class Aged(RoomEvent, frozen=True, kw_only=True, tag="aged"):
    """A note: what was posted up to `upto` and had had its time is gone."""

    upto: int


KeepingEvent = ContentKept | Aged
