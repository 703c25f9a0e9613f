"""A ticket is good for one meeting, seat, device and epoch. It is judged by whose it is and when it was issued, never
by a list of tickets."""

from actors.meetings.activities import room_of
from actors.meetings.commands import Admission, CheckTicket
from actors.meetings.rules.moves import check_placed
from actors.meetings.state import Record, Seat
from common.errors import FailedPrecondition, PermissionDenied, Unauthenticated


def holder(record: Record, ticket: CheckTicket) -> Seat:
    """Whose seat this ticket opens.

    Raises:
        PermissionDenied: reason `kicked`.
        Unauthenticated: reason `ticket`: the seat, the device or the take-over is another's, or it is too old.
        FailedPrecondition: reason `over`, or `epoch` with `details.epoch`: media goes another way by now.
    """
    seat = record.seat(ticket.participant)
    if seat is not None and seat.state == "kicked":
        raise PermissionDenied("You were removed from this meeting.", details={"reason": "kicked"})
    if record.over:
        raise FailedPrecondition("This meeting is over.", details={"reason": "over"})
    if (
        seat is None
        or not seat.inside
        or (seat.device, seat.epoch) != (ticket.device, ticket.seat_epoch)
        or ticket.issued_at < seat.tickets_from
    ):
        raise Unauthenticated("This ticket is not good here. Join again.", details={"reason": "ticket"})
    if ticket.epoch != record.media.epoch:
        raise another_epoch(record)
    return seat


def another_epoch(record: Record) -> FailedPrecondition:
    """What was said is of an epoch that has passed."""
    return epoch_passed(record.media.epoch)


def epoch_passed(epoch: int) -> FailedPrecondition:
    """Media is at this epoch now."""
    details: dict[str, object] = {"reason": "epoch", "epoch": epoch}
    return FailedPrecondition("Media goes another way by now: ask for the new one.", details=details)


def admitted(record: Record, ticket: CheckTicket) -> Admission:
    """Raises as `holder`; Unavailable: nobody can carry it right now."""
    seat = holder(record, ticket)
    check_placed(record)
    return Admission(seat.participant, seat.role, room_of(record))
