"""Whether people are still there: what those who carry media say, their sockets, and their own reports."""

from typing import Final

from msgspec.structs import replace

from actors.meetings.commands import Watch
from actors.meetings.events import ElsewhereHeard, PresenceSeen
from actors.meetings.reports import (
    Connected,
    LapseSeat,
    Lost,
    ReportConnected,
    SeenElsewhere,
    Silence,
    SocketGone,
    SocketStaysGone,
    Stalled,
)
from actors.meetings.rules import consent, gates
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.presence import begun, ended, open_interval
from actors.meetings.state import Seat

_SECOND_MS: Final = 1000  # as exact as a partner's clock is


def connected(draft: MeetingDraft, command: Connected) -> None:
    """Their media flows, says who carries it. The words of an epoch that has passed are void."""
    seat = draft.record.seat(command.participant)
    if seat is None or not seat.inside or command.epoch != draft.record.media.epoch or draft.record.over:
        return
    if seat.state != "connected":
        seat = draft.turn(seat, "connected")
        begun(draft, seat.participant)
        if draft.record.media.provider != "sfu":
            _listen(draft, seat.participant)
        if draft.record.status == "open":
            draft.change("live", status="live")
    consent.came(draft, seat)


def _listen(draft: MeetingDraft, participant: str) -> None:
    """Nobody else tells that they have fallen silent."""
    interval = open_interval(draft.record, participant)
    if interval is not None:
        due = interval.seen + draft.terms.silence
        draft.at(f"silence:{participant}:{due}", due, Silence(participant, interval.begin))


def silence(draft: MeetingDraft, command: Silence) -> None:
    """They have said nothing for too long, or are listened to on."""
    interval = open_interval(draft.record, command.participant)
    if interval is None or interval.begin != command.begin:
        return
    if draft.now_ms < interval.seen + draft.terms.silence:
        _listen(draft, command.participant)
    else:
        lost(draft, Lost(command.participant, draft.record.media.epoch, interval.seen))


def lost(draft: MeetingDraft, command: Lost) -> None:
    """There is no sign of life of them. Their seat is kept for a while."""
    seat = draft.record.seat(command.participant)
    if seat is None or command.epoch != draft.record.media.epoch:
        return
    ended(draft, seat.participant, "lost", seen=command.seen)
    if seat.state == "connected":
        _reconnects(draft, seat)


def seen(draft: MeetingDraft, command: ReportConnected) -> None:
    """These are still there."""
    here = {each.participant for each in draft.record.intervals if not each.end}
    participants = tuple(each for each in command.participants if each in here)
    if command.epoch == draft.record.media.epoch and participants:
        draft.say(PresenceSeen(participants=participants))


def elsewhere(draft: MeetingDraft, command: SeenElsewhere) -> None:
    """A partner has seen them. Its words come late, and in any order: of a stay that is over they say nothing."""
    draft.say(ElsewhereHeard(arrival=command.arrival))
    stays = (each for each in draft.record.intervals if each.participant == command.participant)
    latest = max(stays, default=None, key=lambda each: each.begin)
    until = command.at + _SECOND_MS
    if command.there and (latest is None or latest.end < until):
        connected(draft, Connected(command.participant, command.epoch))
    elif not command.there and latest is not None and latest.begin < until:
        lost(draft, Lost(command.participant, command.epoch, command.at))


def stalled(draft: MeetingDraft, command: Stalled) -> None:
    """What is on and does not come, or comes again."""
    seat = draft.record.seat(command.participant)
    if seat is not None and seat.inside and command.epoch == draft.record.media.epoch:
        draft.seat(replace(seat, stalled=tuple(each for each in command.sources if each in seat.on)), "media")


def all_reconnect(draft: MeetingDraft) -> None:
    """Media has moved: nobody is connected there yet."""
    for seat in draft.record.seats:
        if seat.state == "connected":
            _reconnects(draft, seat)


def _reconnects(draft: MeetingDraft, seat: Seat) -> None:
    keep_for_a_while(draft, draft.turn(seat, "reconnecting"))


def keep_for_a_while(draft: MeetingDraft, seat: Seat) -> None:
    """Their place is kept for so long."""
    key = f"seat:{seat.participant}:{seat.since}"
    draft.at(key, draft.now_ms + draft.terms.seat, LapseSeat(seat.participant, seat.since))


def lapse(draft: MeetingDraft, command: LapseSeat) -> None:
    """They did not come back, or never came. Whose socket is there, and who only waits for somebody to talk to, or for
    media, stays."""
    seat = draft.record.seat(command.participant)
    if seat is None or seat.since != command.since:
        return
    if seat.state == "reconnecting" or (seat.state == "seated" and not seat.connection):
        gates.leave(draft, seat, "timeout")


def socket_gone(draft: MeetingDraft, command: SocketGone) -> None:
    """A reload is no absence: it is looked at again in a moment."""
    if any(seat.connection == command.connection for seat in draft.record.seats):
        due = draft.now_ms + draft.terms.socket
        draft.at(f"socket:{command.connection}", due, SocketStaysGone(command.connection))


def socket_stays_gone(draft: MeetingDraft, command: SocketStaysGone) -> None:
    """They have not come back with another one. In our own unit media may flow on: it says itself when it does not."""
    for seat in draft.record.seats:
        if seat.connection != command.connection:
            continue
        gone = replace(seat, connection="")
        if not seat.inside or seat.state == "reconnecting":
            draft.seat(gone, "state")
        else:
            if draft.record.media.provider != "sfu":
                ended(draft, seat.participant, "lost", seen=draft.now_ms - draft.terms.socket)
            _reconnects(draft, gone)


def watches(draft: MeetingDraft, command: Watch, seat: Seat) -> None:
    """A socket of the seat's device: it is reached there from now on."""
    held = seat.inside or seat.state == "waiting"
    if not command.connection or not held or (seat.connection and seat.device != command.device):
        return
    seat = replace(seat, connection=command.connection)
    flows = open_interval(draft.record, seat.participant) is not None
    if seat.state == "reconnecting" and flows:
        draft.turn(seat, "connected")
    else:
        draft.seat(seat, "state")
