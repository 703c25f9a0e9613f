"""What happens to a desk. What is stored is stored for ever: new members stand at the end, with defaults."""

from typing import Literal

from actors.kernel.contract.entity import Event

Why = Literal["care", "erased"]


class Laid(Event, frozen=True, kw_only=True, array_like=True, tag="laid"):
    """An assignment lies there."""

    assignment: str
    therapist: str
    follows: bool = False


class Cleared(Event, frozen=True, kw_only=True, array_like=True, tag="cleared"):
    """It does not any more."""

    assignment: str


class Recurs(Event, frozen=True, kw_only=True, array_like=True, tag="recurs"):
    """Something recurs."""

    series: str
    therapist: str
    each_session: bool = False


class RecursNoMore(Event, frozen=True, kw_only=True, array_like=True, tag="recurs_no_more"):
    """It does not any more."""

    series: str


class SessionHeld(Event, frozen=True, kw_only=True, array_like=True, tag="session"):
    """A session took place: these are due for another."""

    booking: str
    series: tuple[str, ...]


class Dropped(Event, frozen=True, kw_only=True, array_like=True, tag="dropped"):
    """All of this ends."""

    assignments: tuple[str, ...]
    series: tuple[str, ...]
    why: Why = "care"


class Rested(Event, frozen=True, kw_only=True, array_like=True, tag="rested"):
    """The clocks of these stand, or go on."""

    assignments: tuple[str, ...]
    stopped: bool


class Moved(Event, frozen=True, kw_only=True, array_like=True, tag="moved"):
    """The person is in another zone: these are due when its clocks show it."""

    zone: str
    assignments: tuple[str, ...] = ()


DeskEvent = Laid | Cleared | Recurs | RecursNoMore | SessionHeld | Dropped | Rested | Moved
