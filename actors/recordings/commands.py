"""What can be asked of a recording."""

from actors.kernel.contract.entity import Command
from actors.recordings.state import ParticipantConsent, RecordingState, Status


class Follow(Command[None], frozen=True, tag="follow"):
    """Its meeting says how it stands. What a meeting said earlier comes earlier: letters keep their order, and a
    recording that is over stays so."""

    meeting: str
    host: str
    by: str
    status: Status
    text_version: str
    audio_only: bool
    shared: bool
    reason: str
    people: tuple[tuple[str, str], ...]
    consents: tuple[ParticipantConsent, ...]
    asked: int
    started: int
    stopped: int


class Look(Command[RecordingState], frozen=True, tag="look"):
    """The recording, for whoever may read it. `granted`: under a break-glass grant over one who is in it."""

    granted: bool = False


class RetainRecording(Command[RecordingState], frozen=True, tag="hold"):
    """Keep it, whatever becomes due; or not any more."""

    held: bool
    reason: str = ""


class DestroyRecording(Command[RecordingState], frozen=True, tag="delete"):
    """Destroy it."""

    reason: str = ""


class ExpireRecording(Command[None], frozen=True, tag="timer.expire"):
    """It has been kept for as long as was said."""

    keep_until: int


RecordingCommand = Follow | Look | RetainRecording | DestroyRecording | ExpireRecording
