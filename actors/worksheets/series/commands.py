"""What can be asked of work that recurs."""

import msgspec

from actors.kernel.contract.entity import Command
from actors.worksheets.assignment.commands import Assign


class AssignmentSeriesReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Work that recurs. `next_at`: when the next one is made, where that is known."""

    series_id: str
    over: bool
    made: int
    next_at: str | None = None


class BeginAssignmentSeries(Command[AssignmentSeriesReply], frozen=True, kw_only=True, tag="begin"):
    """It recurs. Only Carewire itself asks. `template` is what each is made of, without its secret; `first` the id of
    the one that is made at once. `times`: when others are (ms), or `each_session`. `most`: how many in all (0: any
    number). `until` in ms. `secret` is a packed `Given`. Idempotent."""

    template: Assign
    first: str
    zone: str
    times: tuple[int, ...] = ()
    each_session: bool = False
    most: int = 0
    until: int = 0
    secret: bytes | None = None


class EndSeries(Command[AssignmentSeriesReply], frozen=True, tag="end"):
    """No more of them. Idempotent."""


class SessionTook(Command[None], frozen=True, tag="session"):
    """A letter: a session of the two is over."""

    booking: str


class TimeCame(Command[None], frozen=True, tag="time"):
    """A timer: the next one was due at `at`."""

    at: int


SeriesCommand = BeginAssignmentSeries | EndSeries | SessionTook | TimeCame
