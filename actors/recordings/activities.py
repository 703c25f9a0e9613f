"""What a recording owes: its manifest once it was stopped, and the end of its bytes. The connector is `recordings`."""

from typing import Final

import msgspec

from actors.recordings.state import Integrity, Track

RECORDINGS: Final = "recordings"
FINISH: Final = "finish"
DELETE: Final = "delete"


class FinishRecording(msgspec.Struct, frozen=True, kw_only=True, tag="finish"):
    """Wait for what is still being stored, and look through all of it."""

    recording: str
    stopped: int


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What there is."""

    tracks: tuple[Track, ...]
    integrity: Integrity


class Destroy(msgspec.Struct, frozen=True, kw_only=True, tag="destroy"):
    """Destroy the keys of these tracks, then their bytes."""

    recording: str
    tracks: tuple[str, ...]
