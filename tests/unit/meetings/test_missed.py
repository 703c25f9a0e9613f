"""What somebody missed is told whole, however much it is."""

from dataclasses import dataclass
from typing import Any, cast

from actors.kernel.contract.entity import Library, Recorded
from actors.meetings.answers import Ready
from actors.meetings.commands import GetMeeting
from actors.meetings.events import MeetingMade
from actors.meetings.outcomes.missed import with_missed
from actors.meetings.replies import WatchReply
from tests.unit.meetings.house import Meeting

MANY = 1200


@dataclass
class Shelf:
    """A library of one meeting with so many events."""

    events: list[Recorded[Any]]

    async def after(self, entity_id: str, seq: int, *, upto: int, limit: int) -> list[Recorded[Any]]:
        return [one for one in self.events if seq < one.seq <= upto][:limit]

    async def view(self, collection: str, ids: list[str]) -> dict[str, Any]:
        return {}


async def test_a_long_absence_leaves_no_gap() -> None:
    meeting = Meeting()
    shown = meeting.tell(GetMeeting()).meeting
    made = MeetingMade(meeting=meeting.record)
    shelf = Shelf([Recorded(seq, 1000, seq, made) for seq in range(1, MANY + 1)])
    watched = Ready(WatchReply(meeting=shown, participants=[], seq=MANY, events=[]), since=3, viewer="host")
    told = await with_missed(watched, "meeting:mtg_1", MANY, cast(Library, shelf))
    assert [one.payload.seq for one in told.events] == list(range(4, MANY + 1))
