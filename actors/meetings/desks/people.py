"""What people of a meeting ask for, about it and about themselves."""

from collections.abc import Callable
from typing import Final

from actors.kernel.contract.entity import Principal
from actors.meetings import commands as asked
from actors.meetings.answers import MeetingAnswers, Ready
from actors.meetings.commands import MeetingCommand
from actors.meetings.desks.staff import other, require
from actors.meetings.replies import WatchReply
from actors.meetings.reports import Connected, ReportConnected
from actors.meetings.rules import consent, gates, links, quality, signalling
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.evidence import evidence_of
from actors.meetings.rules.names import hides
from actors.meetings.shown_evidence import MeetingEvidence, shown_evidence
from actors.meetings.state import Record, Seat
from common.errors import FailedPrecondition, NotFound, PermissionDenied

_READS: Final = (asked.GetMeeting, asked.ListParticipants, asked.GetEvidence, asked.Watch)
COMMANDS: Final = (
    *_READS,
    asked.RefreshTicket,
    asked.GetIce,
    asked.LeaveSeat,
    asked.SetMedia,
    asked.ShareScreen,
    asked.RequestScreen,
    asked.StopScreen,
    asked.SendSignal,
    asked.ReportQuality,
    asked.AnswerConsent,
)
Later = Callable[[], object]


def decide(draft: MeetingDraft, answers: MeetingAnswers, command: MeetingCommand, by: Principal) -> Later | None:
    """What to answer, once all is decided.

    Raises:
        CarewireError: as the rules do.
    """
    record = draft.record
    if isinstance(command, _READS):
        return _read(draft, answers, command, by)
    seat = record.seat_of(by.user)
    if isinstance(command, asked.StopScreen) and command.participant not in ("", seat and seat.participant):
        require(record, by)
        gates.stop_share(draft, other(record, command.participant))
        return lambda: answers.of(command.participant)
    if seat is None:
        if record.has_part(by.user):
            raise _not_seated()
        raise NotFound("There is no such meeting.")
    if seat.state == "kicked" and isinstance(command, asked.RefreshTicket | asked.GetIce):
        raise _kicked()
    if isinstance(command, asked.LeaveSeat):
        if seat.inside or seat.state == "waiting":
            gates.leave(draft, seat, "left")
        return answers.left
    if isinstance(command, asked.SendSignal):
        signalling.signal(draft, command, by.user)
        return None
    if not seat.inside:
        raise _not_seated()
    return _of_seat(draft, answers, command, seat)


def _not_seated() -> FailedPrecondition:
    return FailedPrecondition("You are not in this meeting now: join first.", details={"reason": "not_seated"})


def _kicked() -> PermissionDenied:
    return PermissionDenied("You were removed from this meeting.", details={"reason": "kicked"})


def _read(draft: MeetingDraft, answers: MeetingAnswers, command: MeetingCommand, by: Principal) -> Later:
    record = draft.record
    if not (by.is_system or by.role == "admin" or record.has_part(by.user)):
        raise NotFound("There is no such meeting.")
    seat = record.seat_of(by.user)
    match command:
        case asked.ListParticipants():
            return lambda: Ready(answers.lists())
        case asked.GetEvidence():
            _check_evidence(record, by)
            evidence = evidence_of(record, draft.terms.bridge)
            shown = shown_evidence(evidence, record.final, _hidden(record, by))
            return lambda: Ready(MeetingEvidence(evidence=shown))
        case asked.Watch():
            if seat is not None and seat.state == "kicked":
                raise _kicked()
            if seat is not None:
                links.watches(draft, command, seat)
            return lambda: Ready(_watched(answers), command.since, by.user)
    return answers.just_meeting


def _watched(answers: MeetingAnswers) -> WatchReply:
    return WatchReply(meeting=answers.meeting(), participants=answers.participants(), seq=answers.draft.seq, events=[])


def _hidden(record: Record, by: Principal) -> frozenset[str]:
    """The participants who are not to be known to them."""
    if by.is_system or by.role == "admin":
        return frozenset()
    return frozenset(seat.participant for seat in record.seats if hides(record, seat, by.user))


def _check_evidence(record: Record, by: Principal) -> None:
    client = record.client or next((user for user in record.people if user != record.host), "")
    alone = record.kind != "group" and by.user == client
    if not (by.is_system or by.role == "admin" or by.user == record.host or alone):
        raise PermissionDenied("Only its host and its client see what took place.")


def _of_seat(draft: MeetingDraft, answers: MeetingAnswers, command: MeetingCommand, seat: Seat) -> Later | None:
    match command:
        case asked.RefreshTicket():
            return answers.another_ticket
        case asked.GetIce():
            return answers.ice
        case asked.SetMedia():
            gates.set_media(draft, seat, command)
        case asked.ShareScreen():
            gates.share(draft, seat)
        case asked.RequestScreen():
            gates.ask_to_share(draft, seat)
            return None
        case asked.StopScreen():
            gates.stop_share(draft, seat)
        case asked.AnswerConsent():
            consent.answer(draft, command, seat)
            return answers.just_meeting
        case asked.ReportQuality():
            _report(draft, answers, command, seat)
            return None
    return lambda: answers.of(seat.participant)


def _report(draft: MeetingDraft, answers: MeetingAnswers, command: asked.ReportQuality, seat: Seat) -> None:
    """In a mesh, and elsewhere, it is also the sign of life. Our own unit measures by itself."""
    media = draft.record.media
    if media.provider == "sfu":
        return
    links.connected(draft, Connected(seat.participant, media.epoch))
    links.seen(draft, ReportConnected((seat.participant,), media.epoch))
    sample = quality.sample_of(seat.participant, command, relayed=draft.record.config.relay_only)
    quality.measured(draft, answers.pulse, (sample,))
