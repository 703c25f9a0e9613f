"""What a worker has stored of a recording, track by track, while it runs; in MongoDB.

    recording_tracks   {_id: track, recording, meeting, participant, user, source, codec, epoch, life, began,
                        segments: [{n, begin, end, bytes, sha256}], gaps: [{begin, end, reason}], bytes, chain, done}

`chain` is the SHA-256 over the chain before it and the segment's own, so none can be taken out, put in or exchanged.
Times are in ms, of the platform.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, IndexModel

from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "recording_tracks"
INDEXES: Final = (
    IndexModel([("recording", ASCENDING)], name="recording"),
    IndexModel([("user", ASCENDING)], name="user"),
)
GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment, as it was stored."""

    n: int
    begin: int
    end: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """Something is missing."""

    begin: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A track. `life` of the worker that stores it; `done`: it will store no more of it."""

    track: str
    recording: str
    meeting: str
    participant: str
    user: str
    source: str
    codec: str
    epoch: int
    life: str
    began: int
    segments: tuple[SegmentRow, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    chain: str = GENESIS
    done: bool = False

    @property
    def bytes(self) -> int:
        """Of all segments that it names."""
        return sum(each.bytes for each in self.segments)

    @property
    def begin(self) -> int:
        """When its first segment begins."""
        return self.segments[0].begin if self.segments else self.began

    @property
    def end(self) -> int:
        """When its last segment ends."""
        return self.segments[-1].end if self.segments else self.began


def blob_of(track: str) -> str:
    """Where the bytes of a track are."""
    return track


def linked(chain: str, sha256: str) -> str:
    """The chain with one segment more."""
    return hashlib.sha256(f"{chain}{sha256}".encode()).hexdigest()


class Manifests:
    """Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._tracks = database[COLLECTION]

    async def begin(self, one: Manifest) -> None:
        """A track that has nothing yet. Idempotent."""
        members: Document = {
            "recording": one.recording,
            "meeting": one.meeting,
            "participant": one.participant,
            "user": one.user,
            "source": one.source,
            "codec": one.codec,
            "epoch": one.epoch,
            "life": one.life,
            "began": one.began,
            "segments": [],
            "gaps": [],
            "chain": GENESIS,
            "done": False,
        }
        with database_errors():
            await self._tracks.update_one({"_id": one.track}, {"$setOnInsert": members}, upsert=True)

    async def add(self, track: str, segment: SegmentRow, chain: str) -> None:
        """It is stored. Again: nothing happens."""
        row: Document = {"n": segment.n, "begin": segment.begin, "end": segment.end}
        row |= {"bytes": segment.bytes, "sha256": segment.sha256}
        with database_errors():
            await self._tracks.update_one(
                {"_id": track, "segments.n": {"$ne": segment.n}},
                {"$push": {"segments": row}, "$set": {"chain": chain}},
            )

    async def gap(self, track: str, gap: GapRow) -> None:
        """Something is missing."""
        row = {"begin": gap.begin, "end": gap.end, "reason": gap.reason}
        with database_errors():
            await self._tracks.update_one({"_id": track}, {"$addToSet": {"gaps": row}})

    async def done(self, recording: str, life: str) -> None:
        """This worker stores no more of it."""
        with database_errors():
            await self._tracks.update_many({"recording": recording, "life": life}, {"$set": {"done": True}})

    async def of(self, recording: str) -> list[Manifest]:
        """All tracks of a recording, in the order in which they began."""
        with database_errors():
            found = await self._tracks.find({"recording": recording}).sort([("began", 1), ("_id", 1)]).to_list(None)
        return [_manifest(each) for each in found]

    async def of_user(self, user: str) -> list[Manifest]:
        """All tracks that show somebody."""
        with database_errors():
            found = await self._tracks.find({"user": user}).to_list(None)
        return [_manifest(each) for each in found]

    async def forget(self, tracks: list[str]) -> None:
        """They are no more."""
        with database_errors():
            await self._tracks.delete_many({"_id": {"$in": tracks}})


def _manifest(found: Document) -> Manifest:
    return Manifest(
        track=found["_id"],
        recording=found["recording"],
        meeting=found["meeting"],
        participant=found["participant"],
        user=found["user"],
        source=found["source"],
        codec=found["codec"],
        epoch=found["epoch"],
        life=found["life"],
        began=int(found["began"]),
        segments=tuple(_segment(each) for each in sorted(found["segments"], key=lambda row: int(row["n"]))),
        gaps=tuple(GapRow(int(each["begin"]), int(each["end"]), each["reason"]) for each in found["gaps"]),
        chain=found["chain"],
        done=found["done"],
    )


def _segment(row: Document) -> SegmentRow:
    """With plain numbers: what the database gives is none that can be packed."""
    return SegmentRow(
        n=int(row["n"]), begin=int(row["begin"]), end=int(row["end"]), bytes=int(row["bytes"]), sha256=row["sha256"]
    )
