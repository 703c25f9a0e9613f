"""What Carewire itself tells a meeting: what those who carry media have seen, its timers, its booking, its people."""

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Principal
from actors.meetings import commands as asked
from actors.meetings import reports
from actors.meetings.activities import RoomPlaced
from actors.meetings.commands import MeetingCommand
from actors.meetings.events import EvidenceClosed
from actors.meetings.rules import consent, gates, links, moves, quality, windows
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.evidence import evidence_of, hash_of
from actors.meetings.rules.quality import Pulse


def decide(draft: MeetingDraft, pulse: Pulse, command: MeetingCommand, by: Principal) -> None:
    """What follows from it."""
    match command:
        case asked.FollowBooking():
            windows.follow(draft, command)
        case asked.ForgetParticipant():
            _forget(draft, command)
        case reports.RecorderSays():
            consent.heard(draft, command, by)
        case reports.MoveMedia():
            moves.moved(draft, command)
        case reports.PlaceMedia():
            moves.placed(draft, command)
        case reports.Measured() if command.epoch == draft.record.media.epoch:
            quality.measured(draft, pulse, command.samples)
        case reports.Speaks() if command.epoch == draft.record.media.epoch:
            draft.tell("active_speaker", participant_id=command.participant or None)
        case reports.ReportSlots():
            _slots(draft, command)
        case _:
            _of_links(draft, command)


def _of_links(draft: MeetingDraft, command: MeetingCommand) -> None:
    match command:
        case reports.Connected():
            links.connected(draft, command)
        case reports.Lost():
            links.lost(draft, command)
        case reports.ReportConnected():
            links.seen(draft, command)
        case reports.SeenElsewhere():
            links.elsewhere(draft, command)
        case reports.Stalled():
            links.stalled(draft, command)
        case reports.SocketGone():
            links.socket_gone(draft, command)
        case reports.SocketStaysGone():
            links.socket_stays_gone(draft, command)
        case reports.Silence():
            links.silence(draft, command)
        case _:
            _of_time(draft, command)


def _of_time(draft: MeetingDraft, command: MeetingCommand) -> None:
    match command:
        case reports.OpenRoom():
            windows.opens(draft, command)
        case reports.CloseRoom():
            if windows.closes(draft, command):
                windows.end(draft, "closed")
        case reports.WarnOfEnd():
            windows.warns(draft, command)
        case reports.EndEmpty():
            if windows.stayed_empty(draft, command):
                windows.end(draft, "empty")
        case reports.LapseSeat():
            links.lapse(draft, command)
        case reports.LapseConsent():
            consent.lapse(draft, command)
        case reports.MeshOverdue():
            moves.mesh_overdue(draft, command)
        case reports.PlaceAgain():
            moves.place_again(draft, command)
        case reports.CloseEvidence():
            _close_evidence(draft)


def _slots(draft: MeetingDraft, command: reports.ReportSlots) -> None:
    seat = draft.record.seat(command.participant)
    if seat is not None and seat.inside and command.epoch == draft.record.media.epoch:
        draft.whisper(seat, "meeting_slots", epoch=command.epoch, slots=msgspec.Raw(command.slots))


def _forget(draft: MeetingDraft, command: asked.ForgetParticipant) -> None:
    seat = draft.record.seat_of(command.user)
    if seat is not None and (seat.inside or seat.state == "waiting"):
        gates.put_out(draft, seat)


def _close_evidence(draft: MeetingDraft) -> None:
    record = draft.record
    if record.over and not record.final:
        evidence = evidence_of(record, draft.terms.bridge)
        draft.say(EvidenceClosed(evidence=evidence, hash=hash_of(evidence), host=record.host, bill=record.bill))


def answered(draft: MeetingDraft, answer: Answered) -> None:
    """What became of looking for a worker at this epoch."""
    epoch = int(answer.key.split(":")[1])
    if answer.outcome == "done":
        placed = msgspec.msgpack.decode(answer.result, type=RoomPlaced)
        moves.placed(draft, reports.PlaceMedia(epoch, placed.worker))
    else:
        moves.not_placed(draft, answer, epoch)
