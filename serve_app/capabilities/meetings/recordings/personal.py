"""What recordings hold of one person: handed out, or made unreadable when they are erased."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import Principal
from actors.recordings.shown import WholeRecording
from serve_app.capabilities.capability import Section
from serve_app.capabilities.meetings.recordings.service import Recordings


class PersonalRecordings:
    """One a replica of the API."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`. What is in them is read at their own address, by whom it is for."""
        del trace
        yield "recordings", self._of(who.user)

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._recordings.forget(user)

    async def _of(self, user: str) -> AsyncIterator[WholeRecording]:
        async for one in self._recordings.of_user(user):
            yield one
