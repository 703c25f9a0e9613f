"""Letters to a desk: they stand apart, for those who write them need nothing else of worksheets."""

from actors.kernel.contract.entity import Command


class WorkBegun(Command[None], frozen=True, kw_only=True, tag="begun"):
    """A letter: this was given. `follows`: its due time follows where the person is."""

    assignment: str
    therapist: str
    follows: bool = False


class WorkOver(Command[None], frozen=True, tag="over"):
    """A letter: nothing is to be done there any more."""

    assignment: str


class NoteSeries(Command[None], frozen=True, kw_only=True, tag="series"):
    """A letter: this recurs. `each_session`: when a session of the two is over."""

    series: str
    therapist: str
    each_session: bool = False


class SeriesOver(Command[None], frozen=True, tag="series_over"):
    """A letter: it recurs no more."""

    series: str


class SessionOver(Command[None], frozen=True, kw_only=True, tag="session"):
    """A letter: a session of the person with this therapist has taken place."""

    therapist: str
    booking: str


class CareOver(Command[None], frozen=True, tag="care_over"):
    """A letter: this therapist cares for the person no more."""

    therapist: str


class CareRests(Command[None], frozen=True, tag="care_rests"):
    """A letter: their care rests, or goes on."""

    therapist: str
    stopped: bool


class ZoneIs(Command[None], frozen=True, tag="zone"):
    """A letter: the person's clocks are those of this zone."""

    zone: str


class ForgetDesk(Command[None], frozen=True, tag="forget"):
    """The person is being erased: all that is open ends. Idempotent."""
