"""What happens to work that recurs. What is stored is stored for ever: new members stand at the end, with defaults."""

import msgspec

from actors.kernel.contract.entity import Event
from actors.worksheets.assignment.commands import Assign


class AssignmentSeries(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Work that recurs, at one moment. `last`: the time, or the moment of the session, of the newest one."""

    id: str
    template: Assign
    zone: str
    start: int
    times: tuple[int, ...] = ()
    each_session: bool = False
    most: int = 0
    until: int = 0
    made: int = 1
    last: int = 0
    over: bool = False
    sessions: tuple[str, ...] = ()


class SeriesBegan(Event, frozen=True, kw_only=True, array_like=True, tag="began"):
    """It recurs, and the first is made. The secret is `Given`, under the client's key."""

    series: AssignmentSeries
    first: str


class Occurred(Event, frozen=True, kw_only=True, array_like=True, tag="occurred"):
    """One more is made. The secret is that of the beginning."""

    series: AssignmentSeries
    assignment: str
    command: Assign


class SeriesEnded(Event, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """No more of them."""

    series: AssignmentSeries


SeriesEvent = SeriesBegan | Occurred | SeriesEnded
