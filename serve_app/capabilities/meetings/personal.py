"""What meetings hold of one person: when they were to be in which, and the names that they gave."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import Principal
from actors.meetings.rules.names import people_for
from actors.meetings.shown import ShownMeeting, shown_meeting
from common.clock import Clock
from serve_app.capabilities.capability import Section
from serve_app.capabilities.meetings.recordings.personal import PersonalRecordings
from serve_app.capabilities.meetings.service import Meetings


class PersonalMeetings:
    """One a replica of the API."""

    def __init__(self, meetings: Meetings, clock: Clock, recordings: PersonalRecordings) -> None:
        self._meetings, self._clock, self._recordings = meetings, clock, recordings

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "meetings", self._of(who.user)
        async for section in self._recordings.export(who, trace):
            yield section

    async def erase(self, user: str) -> None:
        """See `Personal`. They are out; names are sealed under their key. That there was a meeting stays, by id."""
        await self._meetings.forget(user)
        await self._recordings.erase(user)

    async def _of(self, user: str) -> AsyncIterator[ShownMeeting]:
        now_ms = self._clock.platform_ms()
        async for record in self._meetings.of(user):
            yield shown_meeting(record, record.seq, now_ms, people=people_for(record, user))
