"""Nothing is kept of anybody before all who are connected have agreed, and nothing more once one of them takes it back,
or somebody is there who has not."""

from collections.abc import Iterable

from msgspec.structs import replace

from actors.kernel.contract.entity import Principal
from actors.meetings.commands import AnswerConsent, StartRecording, StopRecording, TakeSeat
from actors.meetings.events import RecordingChanged
from actors.meetings.reports import LapseConsent, RecorderSays
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.moves import enforce
from actors.meetings.state import FALLBACKS, KEEPING, UNDER_WAY, Answer, ConsentAnswer, Record, Recording, Seat
from common.clock import to_rfc3339
from common.errors import Conflict, FailedPrecondition, NotFound


def start(draft: MeetingDraft, command: StartRecording, by: Seat) -> None:
    """Ask everybody who is inside.

    Raises:
        Conflict: there is one under way.
        FailedPrecondition: reason `off`, `e2ee`, `provider` or `not_live`.
    """
    record = draft.record
    if record.recording is not None and record.recording.status in UNDER_WAY:
        raise Conflict("A recording is under way.", details={"recording_id": record.recording.id})
    for reason, refused in (
        ("off", record.config.recording == "off"),
        ("e2ee", record.config.e2ee),
        ("provider", record.media.provider in FALLBACKS or record.config.provider == "mesh"),
        ("not_live", record.status != "live"),
    ):
        if refused:
            raise FailedPrecondition("This meeting cannot be recorded now.", details={"reason": reason})
    recording = Recording(
        id=command.recording,
        status="consenting",
        by=by.participant,
        text_version=command.text_version,
        audio_only=command.audio_only,
        consents=tuple(ConsentAnswer(seat.participant, "pending", command.text_version) for seat in record.inside),
        asked=draft.now_ms,
    )
    _say(draft, recording)
    draft.at(f"consent:{recording.id}", draft.now_ms + draft.terms.consent, LapseConsent(recording.id))
    for seat in record.inside:
        _ask(draft, recording, seat)


def _ask(draft: MeetingDraft, recording: Recording, seat: Seat) -> None:
    draft.whisper(
        seat,
        "recording_consent_requested",
        recording_id=recording.id,
        text=draft.terms.consent_text,
        text_version=recording.text_version,
        expires_at=to_rfc3339(recording.asked + draft.terms.consent),
    )


def answer(draft: MeetingDraft, command: AnswerConsent, seat: Seat) -> None:
    """One answers for themselves. The same answer again changes nothing.

    Raises:
        NotFound: there is no such recording.
        Conflict: they answer to other words than were asked.
        FailedPrecondition: nobody is asked any more.
    """
    recording = known(draft.record, command.recording)
    if command.text_version != recording.text_version:
        raise Conflict("The words have changed: read them again.", details={"text_version": recording.text_version})
    before = next((each.answer for each in recording.consents if each.participant == seat.participant), "pending")
    wanted: Answer = "granted" if command.granted else ("withdrawn" if recording.status in KEEPING else "refused")
    if before == wanted:
        return
    if recording.status not in ("consenting", *KEEPING) or (wanted == "granted" and before != "pending"):
        raise FailedPrecondition("Nobody is asked any more.", details={"reason": recording.status})
    given = ConsentAnswer(seat.participant, wanted, command.text_version, draft.now_ms)
    _say(draft, replace(recording, consents=_with(recording.consents, given)))
    if wanted == "withdrawn":
        stop(draft, "withdrawn")
    elif wanted == "refused":
        _refuse(draft, "refused")
    begin_if_all_agree(draft)


def begin_if_all_agree(draft: MeetingDraft) -> None:
    """The last one who had to has agreed, or those who had not have gone."""
    recording, connected = draft.record.recording, draft.record.connected
    if recording is None or recording.status != "consenting" or not connected:
        return
    if all(seat.participant in recording.granted for seat in connected):
        enforce(draft, "recording")
        _say(draft, replace(recording, status="starting"))


def came(draft: MeetingDraft, seat: Seat) -> None:
    """Somebody is connected: they are asked too; what is being kept without their consent ends."""
    recording = draft.record.recording
    if recording is None or seat.participant in recording.granted:
        return
    if recording.status in KEEPING:
        stop(draft, "consent")
    elif recording.status == "consenting" and seat.participant not in {each.participant for each in recording.consents}:
        asked = ConsentAnswer(seat.participant, "pending", recording.text_version)
        _say(draft, replace(recording, consents=(*recording.consents, asked)))
        _ask(draft, recording, seat)


def bring(draft: MeetingDraft, seat: Seat, command: TakeSeat) -> None:
    """Whoever comes in while it runs brings their consent. See `check_brought`."""
    recording = draft.record.recording
    if recording is None or recording.status not in KEEPING or seat.participant in recording.granted:
        return
    given = ConsentAnswer(seat.participant, "granted", recording.text_version, draft.now_ms)
    _say(draft, replace(recording, consents=_with(recording.consents, given)))


def check_brought(draft: MeetingDraft, participant: str, command: TakeSeat) -> None:
    """Raises FailedPrecondition, reason `recording_consent`: it is being recorded, and they have not agreed."""
    recording = draft.record.recording
    if recording is None or recording.status not in KEEPING or participant in recording.granted:
        return
    if command.consent != (recording.id, recording.text_version):
        details: dict[str, object] = {
            "reason": "recording_consent",
            "recording_id": recording.id,
            "text": draft.terms.consent_text,
            "text_version": recording.text_version,
        }
        raise FailedPrecondition("This meeting is being recorded: it takes your consent to come in.", details=details)


def stop(draft: MeetingDraft, reason: str) -> None:
    """Keep nothing more."""
    recording = draft.record.recording
    if recording is not None and recording.status in KEEPING:
        _say(draft, replace(recording, status="stopping", reason=reason, stopped=draft.now_ms))
    elif recording is not None and recording.status == "consenting":
        _refuse(draft, reason)


def stop_by(draft: MeetingDraft, _command: StopRecording) -> None:
    """Raises FailedPrecondition: nothing runs."""
    recording = draft.record.recording
    if recording is None or recording.status not in ("consenting", *KEEPING):
        raise FailedPrecondition("Nothing is being recorded.", details={"reason": "not_recording"})
    stop(draft, "stopped")


def lapse(draft: MeetingDraft, command: LapseConsent) -> None:
    """Silence is no consent."""
    recording = draft.record.recording
    if recording is not None and recording.id == command.recording and recording.status == "consenting":
        _refuse(draft, "silence")


def heard(draft: MeetingDraft, command: RecorderSays, by: Principal) -> None:
    """What the recorder says of it."""
    recording = draft.record.recording
    if recording is None or recording.id != command.recording:
        return
    match command.said, recording.status:
        case "started", "starting" if command.epoch == draft.record.media.epoch:
            _say(draft, replace(recording, status="recording", started=draft.now_ms))
        case "stopped", "starting" | "recording" if command.epoch == draft.record.media.epoch:
            stop(draft, command.reason or "recorder")
        case "ready", "stopping":
            _say(draft, replace(recording, status="ready", integrity=command.integrity))
        case "failed", "starting" | "recording" | "stopping":
            _say(draft, replace(recording, status="failed", reason=command.reason, stopped=draft.now_ms))
        case "deleted", "ready" | "failed":
            _say(draft, replace(recording, status="deleted", reason=command.reason))


def known(record: Record, recording: str) -> Recording:
    """Raises NotFound."""
    if record.recording is None or record.recording.id != recording:
        raise NotFound("There is no such recording.")
    return record.recording


def _refuse(draft: MeetingDraft, reason: str) -> None:
    recording = draft.record.recording
    if recording is not None:
        _say(draft, replace(recording, status="refused", reason=reason, stopped=draft.now_ms))


def _say(draft: MeetingDraft, recording: Recording) -> None:
    record = draft.record
    draft.say(
        RecordingChanged(
            recording=recording,
            host=record.host,
            access=record.config.recording_access,
            people=tuple((seat.participant, seat.user) for seat in record.seats),
        )
    )


def _with(consents: Iterable[ConsentAnswer], given: ConsentAnswer) -> tuple[ConsentAnswer, ...]:
    return (*(each for each in consents if each.participant != given.participant), given)
