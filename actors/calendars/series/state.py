"""The state of a series, and its form in a snapshot."""

import msgspec


class Definition(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The definition of a series. `start` in ms; `rule` as in `recurrence`."""

    therapist: str
    client: str
    service: str
    duration: int | None
    start: int
    tz: str
    rule: str
    exceptions: tuple[str, ...] = ()


class SeriesState(msgspec.Struct, array_like=True, kw_only=True):
    """A series as a snapshot of it."""

    definition: Definition | None
    bookings: list[str]
    renounced: list[str]
    status: str
    staff: bool
    assigned: str = ""
    first: str = ""
    told: dict[str, bool] = {}
