"""What Carewire itself tells a meeting: what those who carry media have seen, and its own timers."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.meetings.state import Integrity, Provider, Source


class Connected(Command[None], frozen=True, tag="connected"):
    """Their media flows, says who carries it at `epoch`."""

    participant: str
    epoch: int


class Lost(Command[None], frozen=True, tag="lost"):
    """There is no sign of life of them since `seen`."""

    participant: str
    epoch: int
    seen: int


class ReportConnected(Command[None], frozen=True, tag="seen"):
    """These are still connected."""

    participants: tuple[str, ...]
    epoch: int


class SeenElsewhere(Command[None], frozen=True, kw_only=True, tag="seen_elsewhere"):
    """A partner says that they came into the room of this epoch, or (not `there`) went at `at` (ms, of a whole second).
    `arrival`: which event of theirs says so; it hears that it was taken."""

    participant: str
    epoch: int
    there: bool
    at: int
    arrival: str


class Stalled(Command[None], frozen=True, tag="stalled"):
    """Of these, which are on, nothing comes."""

    participant: str
    epoch: int
    sources: tuple[Source, ...]


class Speaks(Command[None], frozen=True, tag="speaks"):
    """Who speaks now; "": nobody."""

    epoch: int
    participant: str = ""


class ReportSlots(Command[None], frozen=True, tag="slots"):
    """What is in all slots of theirs: a JSON array."""

    participant: str
    epoch: int
    slots: bytes


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """How it is for one, as the unit measured it."""

    participant: str
    score: int
    cause: Literal["none", "uplink", "downlink", "cpu", "relay"] = "none"
    rtt_ms: float = 0.0
    loss: float = 0.0
    up_bps: float = 0.0
    down_bps: float = 0.0


class Measured(Command[None], frozen=True, tag="measured"):
    """Samples of the last seconds."""

    epoch: int
    samples: tuple[Sample, ...]


class SocketGone(Command[None], frozen=True, tag="socket_gone"):
    """This socket has closed."""

    connection: str


class RecorderSays(Command[None], frozen=True, tag="recorder"):
    """It has begun; has been stopped; has stored all of it (how whole: `integrity`), or failed to; is no more."""

    recording: str
    epoch: int
    said: Literal["started", "stopped", "ready", "failed", "deleted"]
    reason: str = ""
    integrity: Integrity = "pending"


class MoveMedia(Command[None], frozen=True, tag="move_media"):
    """Media of `epoch` cannot go on where it is. `provider` None: wherever else there is."""

    epoch: int
    reason: str
    provider: Provider | None = None
    worker: str = ""


class PlaceMedia(Command[None], frozen=True, tag="place_media"):
    """The worker that has it."""

    epoch: int
    worker: str


class OpenRoom(Command[None], frozen=True, tag="timer.open"):
    """The window of this revision opens."""

    revision: int


class CloseRoom(Command[None], frozen=True, tag="timer.close"):
    """The window of this revision closes."""

    revision: int


class WarnOfEnd(Command[None], frozen=True, tag="timer.warn"):
    """`end` is near."""

    revision: int
    end: int


class EndEmpty(Command[None], frozen=True, tag="timer.empty"):
    """Nobody has been in it since `emptied`."""

    emptied: int


class LapseSeat(Command[None], frozen=True, tag="timer.seat"):
    """They have not come back since `since`."""

    participant: str
    since: int


class LapseConsent(Command[None], frozen=True, tag="timer.consent"):
    """Not everybody has answered in time."""

    recording: str


class SocketStaysGone(Command[None], frozen=True, tag="timer.socket"):
    """This socket closed a while ago."""

    connection: str


class Silence(Command[None], frozen=True, tag="timer.silence"):
    """Have they said anything since?"""

    participant: str
    begin: int


class MeshOverdue(Command[None], frozen=True, tag="timer.mesh"):
    """Two should be connected by now."""

    epoch: int


class PlaceAgain(Command[None], frozen=True, tag="timer.place"):
    """Is there a worker by now?"""

    epoch: int


class CloseEvidence(Command[None], frozen=True, tag="timer.evidence"):
    """What has not arrived by now does not count."""


Report = (
    Connected
    | Lost
    | ReportConnected
    | SeenElsewhere
    | Stalled
    | Speaks
    | ReportSlots
    | Measured
    | SocketGone
    | RecorderSays
    | MoveMedia
    | PlaceMedia
    | OpenRoom
    | CloseRoom
    | WarnOfEnd
    | EndEmpty
    | LapseSeat
    | LapseConsent
    | SocketStaysGone
    | Silence
    | MeshOverdue
    | PlaceAgain
    | CloseEvidence
)
