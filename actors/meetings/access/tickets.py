"""Tickets: a JWT for one meeting, seat, device and epoch, under a key of its own. What it opens is looked at with every
use; see `rules/tickets.py`."""

from typing import Any, Final

import jwt
import msgspec

from actors.meetings.access.doors import Doors
from actors.meetings.commands import CheckTicket
from actors.meetings.state import Record, Seat
from common.clock import to_rfc3339
from common.errors import Unauthenticated

_AUDIENCE: Final = "meeting"
_ALGORITHM: Final = "HS256"
_LONGEST: Final = 4096
_OPTIONS: Final[Any] = {
    "verify_exp": False,  # by the clock that we are handed
    "verify_iat": False,
    "require": ["aud", "mtg", "sub", "pid", "dev", "sep", "ep", "iat_ms", "exp"],
}


class Ticket(msgspec.Struct, frozen=True):
    """As a seat is handed it."""

    token: str
    expires_at: str


class _Claims(msgspec.Struct, frozen=True):
    mtg: str
    sub: str
    pid: str
    dev: str
    sep: int
    ep: int
    iat_ms: int
    exp: int


def issued(doors: Doors, record: Record, seat: Seat, now_ms: int) -> Ticket:
    """For this seat, as media goes now. Raises LookupError: there is nothing to sign with."""
    if not doors.key:
        raise LookupError("there is no secret that tickets are signed with")
    at_ms = max(now_ms, seat.tickets_from)
    expires_ms = (at_ms + doors.ticket_ms + 999) // 1000 * 1000
    claims = {
        "aud": _AUDIENCE,
        "mtg": record.id,
        "sub": seat.user,
        "pid": seat.participant,
        "dev": seat.device,
        "sep": seat.epoch,
        "ep": record.media.epoch,
        "iat": at_ms // 1000,
        "iat_ms": at_ms,
        "exp": expires_ms // 1000,
    }
    return Ticket(jwt.encode(claims, doors.key, algorithm=_ALGORITHM), to_rfc3339(expires_ms))


def read(doors: Doors, meeting: str, user: str, token: str, now_ms: int) -> CheckTicket:
    """What a ticket says of itself: to be put to its meeting.

    Raises:
        Unauthenticated: reason `ticket`: expired, another's, altered.
    """
    try:
        if len(token) > _LONGEST or not doors.key:
            raise ValueError
        said = jwt.decode(token, doors.key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=_OPTIONS)
        claims = msgspec.convert(said, _Claims)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
        raise _not_good() from None
    if claims.mtg != meeting or claims.sub != user or now_ms >= claims.exp * 1000:
        raise _not_good()
    return CheckTicket(
        participant=claims.pid, device=claims.dev, seat_epoch=claims.sep, epoch=claims.ep, issued_at=claims.iat_ms
    )


def _not_good() -> Unauthenticated:
    return Unauthenticated("This ticket is not good here. Ask for another.", details={"reason": "ticket"})
