"""A series: bookings that belong together. The entity has the last word on whether all of them are made.

Under the policy `all` the bookings are first held, then the series begins (one event), then letters confirm them. A
hold of a series that lapses asks here first: before the decision it is renounced, which makes the decision
impossible; after it, it is confirmed once more.

Where the first booking has to be paid, the others wait for that: they are confirmed by it, or go with it.
"""

from typing import Final, assert_never

from actors.calendars.booking.keyed import AssignId, IdAssigned, assign
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import is_staff, require_party
from actors.calendars.series.answers import SeriesRecord
from actors.calendars.series.commands import (
    BeginSeries,
    ExtendSeries,
    FirstTold,
    GetSeries,
    QuerySeriesOutcome,
    SeriesCommand,
    SetStatus,
)
from actors.calendars.series.events import (
    FirstDecided,
    SeriesBegun,
    SeriesEvent,
    SeriesExtended,
    SeriesOutcomeDecided,
    StatusSet,
)
from actors.calendars.series.state import Definition
from actors.kernel.contract.entity import Context, Decision, Principal
from common.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

MOST_BOOKINGS: Final = 2000


class Series:
    """State: the definition (None until it begins), its bookings, and those that it renounced; or else, under the mark
    of a key, the id that the key has (`keyed`)."""

    def __init__(self, series_id: str) -> None:
        self.id = series_id
        self.definition: Definition | None = None
        self.bookings: list[str] = []
        self.renounced: list[str] = []
        self.status = "active"
        self.staff = False
        self.assigned = ""
        self.first = ""
        self.told: dict[str, bool] = {}

    def decide(self, command: SeriesCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such series, or not for the caller.
            Conflict: a hold of it has lapsed before the decision.
            FailedPrecondition: it is over.
        """
        if isinstance(command, AssignId):
            return assign(self.assigned if self.definition is None else self.id, command)
        if isinstance(command, BeginSeries):
            return self._begin(command, context)
        if isinstance(command, QuerySeriesOutcome):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself asks that.")
            needed = command.booking in self.bookings and self.status == "active"
            if needed and self._waits:
                return Decision(NOTHING)
            return Decision(
                NOTHING, events=[SeriesOutcomeDecided(booking=command.booking, needed=needed, staff=self.staff)]
            )
        if isinstance(command, FirstTold):
            return self._first_told(command, context)
        definition = self.definition
        if definition is None or not self._concerns(context.by, definition):
            raise NotFound("There is no such series.")
        if isinstance(command, GetSeries):
            return Decision(SeriesRecord(definition=definition, bookings=list(self.bookings), status=self.status))
        if self.status == "ended":
            raise FailedPrecondition("This series is over. Begin a new one.", details={"status": "ended", "legal": []})
        if isinstance(command, SetStatus):
            return Decision(NOTHING, events=[StatusSet(status=command.status)] if command.status != self.status else ())
        if isinstance(command, ExtendSeries):
            if len(self.bookings) + len(command.bookings) - len(command.instead) > MOST_BOOKINGS:
                raise InvalidArgument(f"A series has at most {MOST_BOOKINGS} bookings.")
            return Decision(NOTHING, events=[SeriesExtended(bookings=command.bookings, instead=command.instead)])
        assert_never(command)

    def apply(self, event: SeriesEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case SeriesBegun():
                self.definition, self.bookings, self.staff = event.definition, list(event.bookings), event.staff
                self.first = event.first
            case FirstDecided():
                self.told = {**self.told, event.booking: event.paid}
                if self._is_first(event.booking) and not event.paid:
                    self.status = "ended"
            case SeriesExtended():
                self.bookings = [booking for booking in self.bookings if booking not in event.instead] + list(
                    event.bookings
                )
            case IdAssigned():
                self.assigned = event.id
            case StatusSet():
                self.status = event.status
            case SeriesOutcomeDecided() if not event.needed:
                self.renounced.append(event.booking)

    def _begin(self, command: BeginSeries, context: Context) -> Decision:
        require_party(context.by, command.definition.client, command.definition.therapist)
        if self.definition is not None:
            raise AlreadyExists("There is a series with this id.")
        if self.assigned:
            raise AlreadyExists("This stands for a key, whose series has another id.")
        if set(self.renounced) & set(command.bookings):
            raise Conflict("Some of the times that were held have lapsed. Please try again.", details={"lapsed": True})
        staff = is_staff(context.by, command.definition.therapist)
        paid = self.told.get(command.first)
        if command.first and paid is False:
            raise Conflict("The first of the times was not paid. Please try again.", details={"lapsed": True})
        begun = SeriesBegun(
            definition=command.definition,
            bookings=command.bookings,
            held=command.held,
            staff=staff,
            first="" if paid else command.first,
        )
        return Decision(NOTHING, events=[begun])

    @property
    def _waits(self) -> bool:
        """Is it not known yet whether its first booking is paid?"""
        return bool(self.first) and self.first not in self.told

    def _is_first(self, booking: str) -> bool:
        return bool(self.first) and booking == self.first

    def _first_told(self, command: FirstTold, context: Context) -> Decision:
        """Only the first word counts: what becomes of the booking afterwards is its own affair."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself says that.")
        if command.booking in self.told:
            return Decision(NOTHING)
        others = (
            tuple(booking for booking in self.bookings if booking != command.booking)
            if self._is_first(command.booking)
            else ()
        )
        decided = FirstDecided(booking=command.booking, paid=command.paid, others=others, staff=self.staff)
        return Decision(NOTHING, events=[decided])

    def _concerns(self, by: Principal, definition: Definition) -> bool:
        return by.user == definition.client or is_staff(by, definition.therapist)
