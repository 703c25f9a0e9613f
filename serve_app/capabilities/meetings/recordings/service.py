"""Recordings as doors serve them. Whether anything is recorded is the meeting's to decide (`actors.meetings`); what
becomes of it the recording's own (`actors.recordings`)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, NamedTuple, TypeVar

from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.meetings.commands import AnswerConsent, GetMeeting, StartRecording, StopRecording
from actors.recordings.commands import DestroyRecording, Look, RetainRecording
from actors.recordings.kind import VIEWS
from actors.recordings.shown import WholeRecording, shown
from actors.recordings.state import KEPT, RecordingState, Track
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound
from common.ids import new_id
from serve_app.capabilities.meetings.recordings.looks import Looks
from serve_app.capabilities.meetings.recordings.manifests import Manifests, blob_of
from serve_app.capabilities.oversight import breakglass
from store.mongo.client import Database, Document, database_errors
from store.ports.blobs import Blobs
from store.ports.views import ViewQuery, Views

_PAGE: Final = 200
_FOLLOWS_S: Final = 2.0  # in which a recording hears of its meeting
_LOOKS_S: Final = 0.05
R = TypeVar("R")


class RecordingsPage(NamedTuple):
    """Some recordings, and the id behind which the next ones are."""

    recordings: list[RecordingState]
    next: str | None


class Recordings:
    """One a process. `text_version`: of the words that people are asked with."""

    def __init__(
        self,
        entities: EntityClient,
        views: Views,
        blobs: Blobs,
        database: Database,
        looks: Looks,
        clock: Clock,
        text_version: str,
    ) -> None:
        self._entities, self._views, self._blobs, self._clock = entities, views, blobs, clock
        self._grants = database[breakglass.COLLECTION]
        self._manifests = Manifests(database)
        self.looks = looks
        self._text_version = text_version

    # While the meeting lasts

    async def start(self, meeting: str, *, audio_only: bool, by: Principal, trace: str) -> RecordingState:
        """Ask everybody who is inside. Raises as `actors.meetings.rules.consent.start` does."""
        recording = new_id("rec", self._clock.now_ms())
        command = StartRecording(recording, self._text_version, audio_only)
        await self._entities.submit(f"meeting:{meeting}", command, by=by, trace=trace)
        return await self._followed(recording)

    async def answer(
        self, recording: str, *, granted: bool, text_version: str, by: Principal, trace: str
    ) -> RecordingState:
        """One for themselves. Raises as `actors.meetings.rules.consent.answer` does; NotFound."""
        before = await self._known(recording)
        command = AnswerConsent(recording, granted, text_version)
        await self._entities.submit(f"meeting:{before.meeting}", command, by=by, trace=trace)
        return await self._changed(before)

    async def stop(self, meeting: str, *, by: Principal, trace: str) -> RecordingState:
        """Keep nothing more. Raises as `actors.meetings.rules.consent.stop_by` does."""
        await self._entities.submit(f"meeting:{meeting}", StopRecording(), by=by, trace=trace)
        newest = await self._newest(meeting)
        return await self._stopped(newest)

    # Afterwards

    async def page(self, meeting: str, *, after: str | None, limit: int, by: Principal, trace: str) -> RecordingsPage:
        """Those of a meeting that they may see, the newest first. Raises NotFound: they have no part in it."""
        user = "" if by.role == "admin" else by.user
        found = await self._views.find(
            ViewQuery(
                collection=VIEWS,
                equal={"user": user, "meeting": meeting},
                order_by="recording",
                below=after,
                descending=True,
                limit=limit + 1,
            )
        )
        if not found and by.role != "admin":
            await self._entities.submit(f"meeting:{meeting}", GetMeeting(), by=by, trace=trace)
        ids = [str(view.fields["recording"]) for view in found]
        seen = []
        for recording in ids[:limit]:
            with suppress(NotFound):
                seen.append(await self.look(recording, by=by, trace=trace))
        return RecordingsPage(seen, ids[limit - 1] if len(ids) > limit else None)

    async def hold(self, recording: str, *, held: bool, reason: str, by: Principal, trace: str) -> RecordingState:
        """Keep it, whatever becomes due; or not any more."""
        return await self._done(
            recording=recording,
            command=RetainRecording(held, reason),
            action="held" if held else "released",
            reason=reason,
            by=by,
            trace=trace,
        )

    async def delete(self, recording: str, *, reason: str, by: Principal, trace: str) -> RecordingState:
        """Destroy it. Raises FailedPrecondition: reason `held`."""
        return await self._done(
            recording=recording, command=DestroyRecording(reason), action="deleted", reason=reason, by=by, trace=trace
        )

    async def access(self, recording: str, *, by: Principal) -> list[Document]:
        """Who has looked at it; for the host, and each who is in it. Raises NotFound."""
        record = await self._known(recording)
        if by.user != record.host and by.user not in record.shown:
            raise NotFound("There is no such recording.")
        return await self.looks.of(recording)

    async def readable(self, recording: str, *, by: Principal, trace: str) -> RecordingState:
        """A recording whose bytes they may read now. Raises NotFound, FailedPrecondition: it is not ready."""
        record = await self.look(recording, by=by, trace=trace)
        if record.status == "deleted":
            raise NotFound("This recording was deleted.")
        if record.status not in KEPT:
            raise FailedPrecondition("This recording is not ready.", details={"reason": record.status})
        return record

    async def look(self, recording: str, *, by: Principal, trace: str) -> RecordingState:
        """The record itself. Raises NotFound. Administrators see it under a break-glass grant over one who is in it."""
        if by.role != "admin":
            return await self._entities.ask(f"recording:{recording}", Look(), by=by, trace=trace)
        record = await self._known(recording)
        if record.read_by(by.user):
            return record
        subject = await self._granted(record, by.user)
        await self.looks.note(recording, "opened", by=by.user, role=by.role, subject=subject, trace=trace)
        return record

    async def of_user(self, user: str) -> AsyncIterator[WholeRecording]:
        """All that somebody is in, or is the host of."""
        async for record in self._records(user):
            yield await self.shown(record)

    async def _records(self, user: str) -> AsyncIterator[RecordingState]:
        after: str | None = None
        while True:
            found = await self._views.find(
                ViewQuery(collection=VIEWS, equal={"user": user}, order_by="recording", above=after, limit=_PAGE)
            )
            for view in found:
                after = str(view.fields["recording"])
                yield await self._known(after)
            if len(found) < _PAGE:
                return

    async def held(self, user: str) -> bool:
        """Is any recording that somebody is in, or is the host of, kept whatever becomes due?"""
        return any([record.held async for record in self._records(user)])

    async def forget(self, user: str) -> None:
        """Destroy the keys of the tracks that show somebody; what shows others stays."""
        for manifest in await self._manifests.of_user(user):
            await self._blobs.delete(blob_of(manifest.track))

    async def is_readable(self, track: Track) -> bool:
        """Whether its key is still there."""
        try:
            await self._blobs.read(blob_of(track.id), 0, 0)
        except NotFound:
            return False
        return True

    async def shown(self, record: RecordingState) -> WholeRecording:
        """As people see it."""
        readable = await asyncio.gather(*(self.is_readable(track) for track in record.tracks))
        gone = {track.id for track, whole in zip(record.tracks, readable, strict=True) if not whole}
        return shown(record, frozenset(gone))

    async def _done(
        self, recording: str, command: Command[RecordingState], action: str, reason: str, by: Principal, trace: str
    ) -> RecordingState:
        record = await self._entities.ask(f"recording:{recording}", command, by=by, trace=trace)
        await self.looks.note(recording, action, by=by.user, role=by.role, subject=record.host, trace=trace, why=reason)
        return record

    async def _known(self, recording: str) -> RecordingState:
        return await self._entities.ask(f"recording:{recording}", Look(), by=SYSTEM)

    async def _granted(self, record: RecordingState, actor: str) -> str:
        """On whom they have a grant in force. Raises NotFound: on nobody who is in it."""
        people = sorted(record.shown | {record.host})
        query: Document = {"actor": actor, "subject": {"$in": people}, "until_ms": {"$gt": self._clock.now_ms()}}
        with database_errors():
            found: Document | None = await self._grants.find_one(query)
        if found is None:
            raise NotFound("There is no such recording.")
        return str(found["subject"])

    async def _newest(self, meeting: str) -> str:
        found = await self._views.find(
            ViewQuery(
                collection=VIEWS,
                equal={"user": "", "meeting": meeting},
                order_by="recording",
                descending=True,
                limit=1,
            )
        )
        if not found:
            raise NotFound("There is no such recording.")
        return str(found[0].fields["recording"])

    async def _followed(self, recording: str) -> RecordingState:
        """It hears of its meeting by letter, a moment later. Raises NotFound: it has not."""
        for _ in range(round(_FOLLOWS_S / _LOOKS_S)):
            with suppress(NotFound):
                return await self._known(recording)
            await asyncio.sleep(_LOOKS_S)
        return await self._known(recording)

    async def _changed(self, before: RecordingState) -> RecordingState:
        now = before
        for _ in range(round(_FOLLOWS_S / _LOOKS_S / 4)):
            if (now := await self._known(before.id)) != before:
                break
            await asyncio.sleep(_LOOKS_S)
        return now

    async def _stopped(self, recording: str) -> RecordingState:
        record = await self._known(recording)
        for _ in range(round(_FOLLOWS_S / _LOOKS_S)):
            if record.status not in ("consenting", "starting", "recording"):
                break
            await asyncio.sleep(_LOOKS_S)
            record = await self._known(recording)
        return record
