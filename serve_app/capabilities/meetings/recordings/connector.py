"""The connector `recordings`: looks through what was stored of a recording, and destroys what is to go. Its partner is
Carewire itself."""

import asyncio
import hashlib
import time
from collections.abc import Iterable
from typing import Final

import msgspec
from typing_extensions import override

from actors.recordings.activities import RECORDINGS, Destroy, Finished, FinishRecording
from actors.recordings.state import Track
from common.errors import NotFound
from serve_app.activities.connector import Capacity, Connector, OwnConnector
from serve_app.capabilities.connecting import RunnerContext
from serve_app.capabilities.meetings.recordings import verifying
from serve_app.capabilities.meetings.recordings.manifests import Manifest, Manifests, blob_of
from serve_app.capabilities.meetings.workers.registry import MediaRegistry
from store.ports.blobs import Blobs

_pack: Final = msgspec.msgpack.Encoder().encode
_wanted: Final = msgspec.msgpack.Decoder(FinishRecording | Destroy).decode
_STORING_S: Final = 6.0  # that a worker may still take to store what it has
_LOOKS_S: Final = 0.2
_SETTLES_S: Final = 0.6  # in which a worker hears that it is to stop, and says that it has begun to store


class RecordingsConnector(OwnConnector[FinishRecording | Destroy]):
    """One a runner. It reads, and what it destroys stays destroyed: a repeat does no harm."""

    name = RECORDINGS
    capacity = Capacity(at_once=4, call_s=600.0)

    def __init__(self, manifests: Manifests, blobs: Blobs, workers: MediaRegistry) -> None:
        super().__init__(_wanted)
        self._manifests, self._blobs, self._workers = manifests, blobs, workers

    @override
    async def do(self, work: FinishRecording | Destroy) -> bytes:
        if isinstance(work, FinishRecording):
            return _pack(await self._finished(work))
        await self._destroy(work)
        return b""

    async def _finished(self, wanted: FinishRecording) -> Finished:
        manifests = [each for each in await self._stored(wanted.recording) if each.segments]
        tracks, broken = [], False
        for manifest in manifests:
            track, whole = await self._track(manifest, manifests, wanted.stopped)
            tracks.append(track)
            broken = broken or not whole
        return Finished(tracks=tuple(tracks), integrity=verifying.integrity_of(tracks, broken=broken))

    async def _stored(self, recording: str) -> list[Manifest]:
        """All tracks, once those who store them are done or dead."""
        until = time.monotonic() + _STORING_S
        await asyncio.sleep(_SETTLES_S)
        while True:
            manifests = await self._manifests.of(recording)
            living = {record.life for record in await self._workers.workers()}
            if time.monotonic() > until or all(each.done or each.life not in living for each in manifests):
                return manifests
            await asyncio.sleep(_LOOKS_S)

    async def _track(self, manifest: Manifest, all_: list[Manifest], stopped: int) -> tuple[Track, bool]:
        """A track, and whether what is stored is what was: each segment by its own hash, all of them by the chain."""
        gaps = verifying.gaps_of(manifest, verifying.follower(manifest, all_), stopped)
        try:
            length = await self._blobs.finish(blob_of(manifest.track))
            sha256, whole = await self._read(manifest, length)
        except NotFound:  # whom it shows has been erased meanwhile
            return verifying.track_of(manifest, "", gaps), True
        return verifying.track_of(manifest, sha256, gaps), whole and verifying.chained(manifest)

    async def _read(self, manifest: Manifest, length: int) -> tuple[str, bool]:
        total = manifest.bytes
        if length < total:
            return "", False
        whole, sizes = hashlib.sha256(), [segment.bytes for segment in manifest.segments]
        found: list[str] = []
        part, left = hashlib.sha256(), sizes[0]
        async for piece in await self._blobs.read(blob_of(manifest.track), 0, total):
            whole.update(piece)
            rest = memoryview(piece)
            while len(rest) >= left and len(found) < len(sizes):
                part.update(rest[:left])
                rest = rest[left:]
                found.append(part.hexdigest())
                part, left = hashlib.sha256(), sizes[len(found)] if len(found) < len(sizes) else 1 << 62
            part.update(rest)
            left -= len(rest)
        return whole.hexdigest(), found == [segment.sha256 for segment in manifest.segments]

    async def _destroy(self, wanted: Destroy) -> None:
        for track in wanted.tracks:
            await self._blobs.delete(blob_of(track))
        await self._manifests.forget(list(wanted.tracks))


def recording_connectors(context: RunnerContext) -> Iterable[Connector]:
    """What a runner opens."""
    yield RecordingsConnector(Manifests(context.database), context.blobs, MediaRegistry(context.database))
