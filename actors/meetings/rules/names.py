"""How people appear to each other: by name, or, where guests are not to know each other, as "Guest 1"."""

from collections.abc import Iterable

from actors.meetings.events import MeetingSight
from actors.meetings.state import STAFF, Record, Seat


def hides(record: Record, seat: Seat, viewer: str) -> bool:
    """Whether `viewer` is not to learn who sits there: guests are not, of other guests."""
    if record.config.names != "aliases" or seat.user == viewer or seat.role in STAFF:
        return False
    return viewer not in record.staff


def seen_by(sight: MeetingSight, seat: Seat) -> Iterable[str]:
    """The users who see who sits there, where others do not."""
    return dict.fromkeys((*sight.staff, seat.user)) if sight.aliases and seat.role not in STAFF else ()


def people_for(record: Record, viewer: str) -> tuple[str, ...] | None:
    """Who is in the meeting, as far as `viewer` may know; None: that is nothing to them."""
    if record.config.names != "aliases" or viewer in record.staff:
        return record.people
    return None


def next_alias(record: Record) -> int:
    """The number of a guest who is new."""
    return max((seat.alias for seat in record.seats), default=0) + 1
