"""What host and cohosts ask for."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Principal
from actors.meetings import commands as asked
from actors.meetings.answers import MeetingAnswers, QualityOf, Ready
from actors.meetings.commands import MeetingCommand
from actors.meetings.rules import consent, gates, seats, windows
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.evidence import evidence_of
from actors.meetings.shown_evidence import EndReply, shown_evidence
from actors.meetings.state import STAFF, Record, Seat
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

COMMANDS: Final = (
    asked.EndMeeting,
    asked.UpdateMeeting,
    asked.CancelMeeting,
    asked.MakeRoom,
    asked.Admit,
    asked.Deny,
    asked.ToLobby,
    asked.Mute,
    asked.AllowUnmute,
    asked.AskUnmute,
    asked.Kick,
    asked.Readmit,
    asked.SetRole,
    asked.AllowScreen,
    asked.GetQuality,
    asked.StartRecording,
    asked.StopRecording,
)
_ALSO_AFTERWARDS: Final = (asked.EndMeeting, asked.StartRecording, asked.StopRecording, asked.GetQuality)
_HOST_ALONE: Final = (asked.SetRole, asked.GetQuality)
_ALSO_ADMIN: Final = (asked.GetQuality, asked.CancelMeeting, asked.EndMeeting)
Later = Callable[[], object]


def require(record: Record, by: Principal, *, host: bool = False) -> Seat | None:
    """The seat of host or cohost; None where the host has none yet, or Carewire asks.

    Raises:
        NotFound: it is nothing to them.
        PermissionDenied: they do not run it.
    """
    seat = record.seat_of(by.user)
    if by.is_system or by.user == record.host:
        return seat
    if not record.has_part(by.user):
        raise NotFound("There is no such meeting.")
    if seat is None or seat.role not in STAFF or host or seat.state == "kicked":
        raise PermissionDenied("Only the host may do this." if host else "Only host and cohosts may do this.")
    return seat


def other(record: Record, participant: str) -> Seat:
    """Somebody of this meeting. Raises NotFound."""
    seat = record.seat(participant)
    if seat is None:
        raise NotFound("There is no such participant.")
    return seat


def decide(draft: MeetingDraft, answers: MeetingAnswers, command: MeetingCommand, by: Principal) -> Later:
    """What to answer, once all is decided.

    Raises:
        CarewireError: as the rules do.
    """
    record = draft.record
    own = None
    if not (by.role == "admin" and isinstance(command, _ALSO_ADMIN)):
        own = require(record, by, host=isinstance(command, _HOST_ALONE))
    if record.over and not isinstance(command, _ALSO_AFTERWARDS):
        raise FailedPrecondition("This meeting is over.", details={"reason": record.status})
    match command:
        case asked.EndMeeting():
            windows.end(draft, command.reason, by_hand=True)
            return lambda: Ready(_ended(draft, answers))
        case asked.UpdateMeeting():
            windows.require_version(command.versions, draft.version)
            windows.update(draft, command)
        case asked.CancelMeeting():
            windows.require_version(command.versions, draft.version)
            if record.booking and not by.is_system:
                raise FailedPrecondition("It follows its booking.", details={"reason": "follows_booking"})
            windows.end(draft, command.reason or "cancelled", cancelled=True)
        case asked.MakeRoom():
            windows.make_room(draft)
            return answers.room
        case asked.GetQuality():
            return QualityOf
        case asked.StartRecording():
            if own is None:
                raise FailedPrecondition("Join first.", details={"reason": "not_live"})
            consent.start(draft, command, own)
        case asked.StopRecording():
            consent.stop_by(draft, command)
        case _:
            return _about_others(draft, answers, command)
    return answers.just_meeting


def _ended(draft: MeetingDraft, answers: MeetingAnswers) -> EndReply:
    evidence = evidence_of(draft.record, draft.terms.bridge)
    return EndReply(meeting=answers.meeting(), evidence=shown_evidence(evidence, draft.record.final))


def _about_others(draft: MeetingDraft, answers: MeetingAnswers, command: MeetingCommand) -> Later:
    record = draft.record
    match command:
        case asked.Admit(participant=""):
            for seat in record.waiting:
                seats.admit(draft, seat)
        case asked.Admit():
            seats.admit(draft, other(record, command.participant))
        case asked.Deny():
            seats.deny(draft, other(record, command.participant))
        case asked.ToLobby():
            seats.to_lobby(draft, other(record, command.participant))
        case asked.AskUnmute(participant=participant) | asked.Mute(participant=participant):
            _silence(draft, command, other(record, participant), answers.by.user)
            return lambda: answers.of(participant)
        case (
            asked.AllowUnmute(participant=participant)
            | asked.Kick(participant=participant)
            | asked.Readmit(participant=participant)
            | asked.SetRole(participant=participant)
            | asked.AllowScreen(participant=participant)
        ):
            _change(draft, command, other(record, participant))
            return lambda: answers.of(participant)
    return lambda: Ready(answers.lists())


def _silence(draft: MeetingDraft, command: MeetingCommand, seat: Seat, by: str) -> None:
    if isinstance(command, asked.Mute):
        gates.mute(draft, seat, command.source)
        return
    if not seat.inside:
        raise FailedPrecondition("They are not in this meeting now.", details={"reason": "not_seated"})
    asks = draft.record.seat_of(by)
    draft.whisper(seat, "unmute_requested", by=asks.participant if asks is not None else "")


def _change(draft: MeetingDraft, command: MeetingCommand, seat: Seat) -> None:
    match command:
        case asked.AllowUnmute():
            draft.seat(replace(seat, may_unmute=True), "muted")
        case asked.Kick():
            gates.kick(draft, seat)
        case asked.Readmit():
            if seat.state in ("kicked", "denied"):
                draft.turn(replace(seat, admitted=True), "left")
        case asked.SetRole():
            _set_role(draft, seat, command)
        case asked.AllowScreen():
            gates.allow_screen(draft, seat, allow=command.allow)


def _set_role(draft: MeetingDraft, seat: Seat, command: asked.SetRole) -> None:
    if seat.role == "host":
        raise FailedPrecondition("The host stays the host.", details={"reason": "host"})
    if command.role not in ("cohost", "guest"):
        raise InvalidArgument("A role is cohost or guest.", details={"field": "role"})
    draft.seat(replace(seat, role=command.role), "role")
