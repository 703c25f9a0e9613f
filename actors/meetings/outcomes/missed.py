"""What somebody missed of a meeting, as they may know it."""

from typing import Any, Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Library, Recorded
from actors.meetings.answers import Ready
from actors.meetings.events import SeatChanged
from actors.meetings.outcomes.outcome import knowing, told_to
from actors.meetings.outcomes.views import names
from actors.meetings.replies import Missed, MissedPayload, WatchReply

_PAGE: Final = 500


async def with_missed(query: Ready, entity_id: str, version: int, library: Library) -> WatchReply:
    """The answer, with the events after `since`, the oldest first."""
    watched = query.answer
    assert isinstance(watched, WatchReply)
    assert query.since is not None
    found = await _after(entity_id, query.since, min(version, watched.seq), library)
    seats = {one.event.seat.participant for one in found if isinstance(one.event, SeatChanged)}
    known = await names(entity_id, sorted(seats), library)
    meeting = entity_id.partition(":")[2]
    told = [_told(one, known, meeting, query.viewer) for one in found]
    return replace(watched, events=[one for one in told if one is not None])


async def _after(entity_id: str, since: int, upto: int, library: Library) -> list[Recorded[Any]]:
    """All of them: a list that ended early would be a gap that nobody sees."""
    found: list[Recorded[Any]] = []
    while since < upto:
        page = await library.after(entity_id, since, upto=upto, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            break
        since = page[-1].seq
    return found


def _told(recorded: Recorded[Any], known: Any, meeting: str, viewer: str) -> Missed | None:
    event = recorded.event
    name = known.get(event.seat.participant, "") if isinstance(event, SeatChanged) else ""
    told = told_to(recorded, name, meeting, knows=viewer in tuple(knowing(event)))
    return None if told is None else Missed(event=told[0], payload=MissedPayload(**told[1]))
