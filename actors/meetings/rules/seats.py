"""Who gets a seat: the lobby, the limit, one device at a time. Every refusal is in `REFUSALS.md`, in its order."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Principal
from actors.meetings.commands import TakeSeat
from actors.meetings.events import SeatChange
from actors.meetings.reports import MeshOverdue
from actors.meetings.rules import consent, gates, windows
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.links import keep_for_a_while
from actors.meetings.rules.moves import check_placed, make_room, move
from actors.meetings.rules.names import next_alias
from actors.meetings.rules.presence import ended, open_interval
from actors.meetings.state import STAFF, Record, Role, Seat
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied


class SeatTaken(msgspec.Struct, frozen=True):
    """What came of it."""

    state: Literal["seated", "waiting"]
    participant: str
    position: int = 0
    resumed: bool = False


def join(draft: MeetingDraft, command: TakeSeat, by: Principal) -> SeatTaken:
    """Take, or take again, a place.

    Raises:
        NotFound, PermissionDenied, FailedPrecondition, Conflict: as `REFUSALS.md` lists them.
        Unavailable: nobody can carry it right now.
    """
    record = draft.record
    seat = record.seat_of(by.user)
    _check_part(record, command, by)
    _check_person(seat, command)
    windows.check_open(record, by.user, draft.now_ms, draft.terms)
    is_host = by.user == record.host
    if not is_host:
        _check_room(record, seat, command)
    if seat is not None and seat.state == "connected" and seat.device != command.device and not command.take_over:
        details: dict[str, object] = {"reason": "joined_elsewhere", "device_id": seat.device}
        raise Conflict("You are in this meeting with another device.", details=details)
    if seat is None:
        seat = _new_seat(record, command, by)
    if not is_host and not _let_in(record, seat):
        return _wait(draft, seat, command)
    consent.check_brought(draft, seat.participant, command)
    check_placed(record)
    return _sit(draft, seat, command)


def _check_part(record: Record, command: TakeSeat, by: Principal) -> None:
    if not record.has_part(by.user) and not (command.observe and by.role == "admin"):
        raise NotFound("There is no such meeting.")


def _check_person(seat: Seat | None, command: TakeSeat) -> None:
    facts = command.facts
    for reason, refused in (
        ("kicked", seat is not None and seat.state == "kicked"),
        ("denied", seat is not None and seat.state == "denied"),
        ("restricted", facts.restricted),
        ("unreachable", facts.unreachable),
    ):
        if refused:
            raise PermissionDenied("You cannot join this meeting.", details={"reason": reason})


def _check_room(record: Record, seat: Seat | None, command: TakeSeat) -> None:
    """What holds for everybody but the host."""
    if command.facts.unpaid_bill:
        details: dict[str, object] = {"reason": "payment_required", "bill_id": command.facts.unpaid_bill}
        raise FailedPrecondition("This session is to be paid first.", details=details)
    known = seat is not None and (seat.admitted or seat.inside)
    if record.config.locked and not known:
        raise FailedPrecondition("This meeting is locked.", details={"reason": "locked"})
    if not (seat is not None and seat.inside) and _is_full(record):
        details = {"reason": "full", "max_participants": record.config.max_participants}
        raise FailedPrecondition("This meeting is full.", details=details)


def _is_full(record: Record) -> bool:
    """Whether there is no place for another guest: one is always kept for the host."""
    guests = [each for each in record.inside if each.role != "host"]
    return len(guests) >= record.config.max_participants - 1


def _new_seat(record: Record, command: TakeSeat, by: Principal) -> Seat:
    observes = command.observe or by.user not in record.people
    role: Role = "host" if by.user == record.host else "observer" if observes else "guest"
    number = 0 if role == "host" else next_alias(record)
    return Seat(participant=command.participant, user=by.user, role=role, state="left", alias=number)


def _let_in(record: Record, seat: Seat) -> bool:
    """Whether they need not wait."""
    if seat.admitted or seat.inside:
        return True
    if seat.joined:  # they were in it, and were put out: going away and coming again changes nothing
        return False
    if seat.role in STAFF or record.config.lobby == "off":
        return True
    booked = seat.user in record.people
    return record.config.lobby == "until_host" and booked and record.host_entered > 0 and seat.state != "waiting"


def _wait(draft: MeetingDraft, seat: Seat, command: TakeSeat) -> SeatTaken:
    connection = command.connection or (seat.connection if seat.device == command.device else "")
    since = seat.since if seat.state == "waiting" else draft.now_ms
    seat = replace(seat, state="waiting", device=command.device, connection=connection, since=since)
    draft.seat(seat, "state", secret=_name(command))
    place = 1 + sum(each.since < seat.since for each in draft.record.waiting)
    return SeatTaken("waiting", seat.participant, position=place)


def _sit(draft: MeetingDraft, seat: Seat, command: TakeSeat) -> SeatTaken:
    windows.open_room(draft)
    media = make_room(draft)
    resumed, another = seat.joined > 0, seat.device != command.device
    if another and seat.inside:
        ended(draft, seat.participant, "moved")
        draft.whisper(seat, "meeting_left", reason="moved")
    keeps = seat.inside and not another
    flows = keeps and open_interval(draft.record, seat.participant) is not None
    before = seat
    seat = replace(
        seat,
        state="connected" if flows else "seated",
        device=command.device,
        epoch=seat.epoch + 1 if another else seat.epoch,
        admitted=True,
        since=seat.since if flows else draft.now_ms,
        joined=seat.joined or draft.now_ms,
        connection=command.connection or ("" if another else seat.connection),
    )
    draft.seat(seat, _change(before, seat, command), secret=_name(command))
    if not flows:
        keep_for_a_while(draft, seat)
    consent.bring(draft, seat, command)
    if seat.role == "host" and draft.record.config.lobby == "until_host":
        admit_booked(draft)
    if media.provider == "mesh":
        _came_into_mesh(draft, seat, told=not flows)
    return SeatTaken("seated", seat.participant, resumed=resumed)


def _change(before: Seat, seat: Seat, command: TakeSeat) -> SeatChange:
    if not before.inside:
        return "joined"
    return "name" if command.name and before.state == seat.state else "state"


def _came_into_mesh(draft: MeetingDraft, seat: Seat, *, told: bool) -> None:
    record = draft.record
    if len(record.inside) > 2 and record.config.provider == "auto":
        move(draft, "sfu", "third_person")
    elif told and len(record.inside) > 1:
        draft.peers = (*draft.peers, *(each.participant for each in record.inside if each != seat))
        due = draft.now_ms + draft.terms.mesh
        draft.at(f"mesh:{record.media.epoch}:{draft.now_ms}", due, MeshOverdue(record.media.epoch))


def _name(command: TakeSeat) -> bytes | None:
    return command.name.encode() if command.name else None


def admit_booked(draft: MeetingDraft) -> None:
    """The host is here: whoever was booked need not wait any more."""
    for seat in draft.record.seats:
        if seat.state == "waiting" and seat.user in draft.record.people:
            admit(draft, seat)


def admit(draft: MeetingDraft, seat: Seat) -> None:
    """They may come in; they are told, and join again. Who does not wait is left alone."""
    if seat.state == "waiting":
        draft.turn(replace(seat, admitted=True), "left")
        draft.whisper(seat, "meeting_admitted")


def deny(draft: MeetingDraft, seat: Seat) -> None:
    """They may not."""
    if seat.state == "waiting":
        gates.leave(draft, seat, "denied")


def to_lobby(draft: MeetingDraft, seat: Seat) -> None:
    """Raises FailedPrecondition, reason `host`."""
    if seat.role == "host":
        raise FailedPrecondition("The host does not wait.", details={"reason": "host"})
    if seat.inside:
        gates.leave(draft, seat, "lobby")
