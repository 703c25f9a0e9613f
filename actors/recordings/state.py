"""A recording as data. Times in ms; 0: none. Members are added at the end, with defaults."""

from typing import Final, Literal

import msgspec

Status = Literal["consenting", "refused", "starting", "recording", "stopping", "ready", "failed", "deleted"]
Integrity = Literal["pending", "verified", "gaps", "broken"]
Answer = Literal["granted", "refused", "pending", "withdrawn"]
Source = Literal["microphone", "camera", "screen"]

OVER: Final = frozenset({"refused", "ready", "failed", "deleted"})
KEPT: Final = frozenset({"ready", "failed"})  # of which there may be something to read


class ParticipantConsent(msgspec.Struct, frozen=True, array_like=True):
    """What one participant said."""

    participant: str
    answer: Answer
    text_version: str
    at: int = 0


class StreamGap(msgspec.Struct, frozen=True, array_like=True):
    """Something is missing. `reason`: "lost" on its way, "changed" stream, "killed" worker, "moved", "storage"."""

    begin: int
    end: int
    reason: str


class Track(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What came of one source of one person, without a break in its stream. `sha256` is of the whole; `chain` of the
    segments, each over the one before."""

    id: str
    participant: str
    user: str
    source: Source
    codec: str
    begin: int
    end: int
    bytes: int
    sha256: str
    chain: str
    gaps: tuple[StreamGap, ...] = ()


class RecordingState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One recording. `people`: the participants of its meeting, and who they are. `shared`: each who is in it may
    read it, and not the host alone."""

    id: str
    meeting: str
    host: str
    by: str
    status: Status
    text_version: str
    audio_only: bool = False
    shared: bool = False
    reason: str = ""
    people: tuple[tuple[str, str], ...] = ()
    consents: tuple[ParticipantConsent, ...] = ()
    asked: int = 0
    started: int = 0
    stopped: int = 0
    integrity: Integrity = "pending"
    tracks: tuple[Track, ...] = ()
    keep_until: int = 0
    held: bool = False
    hold_reason: str = ""

    @property
    def shown(self) -> frozenset[str]:
        """The users who are in it: who agreed, or of whom there is a track."""
        granted = {each.participant for each in self.consents if each.answer in ("granted", "withdrawn")}
        return frozenset(user for participant, user in self.people if participant in granted) | {
            track.user for track in self.tracks
        }

    def read_by(self, user: str) -> bool:
        """Whether they may read it without anybody's grant."""
        return user == self.host or (self.shared and user in self.shown)
