"""A series: bookings that belong together. The entity has the last word on whether all of them are made.

Under the policy `all` the bookings are first held, then the series begins (one event), then letters confirm them. A
hold of a series that lapses asks here first: before the decision it is renounced, which makes the decision
impossible; after it, it is confirmed once more.
"""

from typing import Any, Final, Literal

import msgspec

from actors.calendars.booking.messages import CancelBooking, ConfirmBooking
from actors.calendars.contract.keyed import AssignId, IdAssigned, assign
from actors.calendars.hours.roles import is_staff, require_party
from actors.kernel.contract.entity import Context, Decision, Effects, Event, Kind, Letter, Principal, Recorded, Shown
from common.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

MOST_BOOKINGS: Final = 2000
_pack: Final = msgspec.msgpack.Encoder().encode


class Definition(msgspec.Struct, frozen=True, array_like=True):
    """What recurs. `start` in ms; `rule` as in `recurrence`."""

    therapist: str
    client: str
    service: str
    duration: int | None
    start: int
    tz: str
    rule: str
    exceptions: tuple[str, ...] = ()


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """Decide that these bookings are made. `held`: they are holds, to be confirmed now."""

    definition: Definition
    bookings: tuple[str, ...]
    held: bool = False


class Extend(msgspec.Struct, frozen=True, tag="extend"):
    """More bookings of the series, made one by one, instead of those that a pause has cancelled."""

    bookings: tuple[str, ...]
    instead: tuple[str, ...] = ()


class SetStatus(msgspec.Struct, frozen=True, tag="turn"):
    """Pause the series, let it go on, or end it. Its bookings are cancelled or made by whoever asks."""

    status: Literal["active", "paused", "ended"]


class Vouch(msgspec.Struct, frozen=True, tag="vouch"):
    """From a booking whose hold lapses: does the series need it?"""

    booking: str


class GetSeries(msgspec.Struct, frozen=True, tag="look"):
    """The series, for its client and for staff."""


SeriesCommand = Begin | Extend | SetStatus | Vouch | GetSeries | AssignId


class Begun(Event, frozen=True, kw_only=True, tag="begun"):
    """The bookings are made."""

    definition: Definition
    bookings: tuple[str, ...]
    held: bool = False
    staff: bool = False


class Extended(Event, frozen=True, kw_only=True, tag="extended"):
    """More bookings, instead of others."""

    bookings: tuple[str, ...]
    instead: tuple[str, ...] = ()


class StatusSet(Event, frozen=True, kw_only=True, tag="turned"):
    """Paused, going on, or over."""

    status: Literal["active", "paused", "ended"]


class Vouched(Event, frozen=True, kw_only=True, tag="vouched"):
    """A booking got its answer. Without `needed` it can never be part of the series."""

    booking: str
    needed: bool
    staff: bool = False


SeriesEvent = Begun | Extended | StatusSet | Vouched | IdAssigned


class _State(msgspec.Struct, array_like=True):
    definition: Definition | None
    bookings: list[str]
    renounced: list[str]
    status: str
    staff: bool
    assigned: str = ""


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

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such series, or not for the caller.
            Conflict: a hold of it has lapsed before the decision.
            FailedPrecondition: it is over.
        """
        if isinstance(command, AssignId):
            return assign(self.assigned if self.definition is None else self.id, command)
        if isinstance(command, Begin):
            return self._begin(command, context)
        if isinstance(command, Vouch):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself asks that.")
            needed = command.booking in self.bookings and self.status == "active"
            return Decision({}, events=[Vouched(booking=command.booking, needed=needed, staff=self.staff)])
        definition = self.definition
        if definition is None or not self._concerns(context.by, definition):
            raise NotFound("There is no such series.")
        if isinstance(command, GetSeries):
            return Decision({"definition": definition, "bookings": self.bookings, "status": self.status})
        if self.status == "ended":
            raise FailedPrecondition("This series is over. Begin a new one.", details={"status": "ended", "legal": []})
        if isinstance(command, SetStatus):
            return Decision({}, events=[StatusSet(status=command.status)] if command.status != self.status else ())
        if isinstance(command, Extend):
            if len(self.bookings) + len(command.bookings) - len(command.instead) > MOST_BOOKINGS:
                raise InvalidArgument(f"A series has at most {MOST_BOOKINGS} bookings.")
            return Decision({}, events=[Extended(bookings=command.bookings, instead=command.instead)])
        raise InvalidArgument("A series does not know that.")

    def apply(self, event: SeriesEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case Begun():
                self.definition, self.bookings, self.staff = event.definition, list(event.bookings), event.staff
            case Extended():
                self.bookings = [one for one in self.bookings if one not in event.instead] + list(event.bookings)
            case IdAssigned():
                self.assigned = event.id
            case StatusSet():
                self.status = event.status
            case Vouched() if not event.needed:
                self.renounced.append(event.booking)

    def _begin(self, command: Begin, context: Context) -> Decision:
        require_party(context.by, command.definition.client, command.definition.therapist)
        if self.definition is not None:
            raise AlreadyExists("There is a series with this id.")
        if self.assigned:
            raise AlreadyExists("This stands for a key, whose series has another id.")
        if set(self.renounced) & set(command.bookings):
            raise Conflict("Some of the times that were held have lapsed. Please try again.", details={"lapsed": True})
        staff = is_staff(context.by, command.definition.therapist)
        begun = Begun(definition=command.definition, bookings=command.bookings, held=command.held, staff=staff)
        return Decision({}, events=[begun])

    def _concerns(self, by: Principal, definition: Definition) -> bool:
        return by.user == definition.client or is_staff(by, definition.therapist)


class SeriesKind(Kind[Series, SeriesCommand, SeriesEvent]):
    """`series:<id>`."""

    name = "series"
    commands = SeriesCommand
    events = SeriesEvent

    def create(self, key: str) -> Series:
        return Series(key)

    def snapshot(self, entity: Series) -> bytes:
        status, staff = entity.status, entity.staff
        return _pack(_State(entity.definition, entity.bookings, entity.renounced, status, staff, entity.assigned))

    def restore(self, key: str, state: bytes) -> Series:
        series = Series(key)
        kept = msgspec.msgpack.decode(state, type=_State)
        series.definition, series.bookings, series.renounced = kept.definition, kept.bookings, kept.renounced
        series.status, series.staff, series.assigned = kept.status, kept.staff, kept.assigned
        return series

    def admit(self, entity: Series, by: Principal) -> None:
        """Raises PermissionDenied: its bookings are told one by one, in inboxes."""
        raise PermissionDenied("Series cannot be listened to.")

    def show(self, entity_id: str, recorded: Recorded[SeriesEvent], part: None) -> Shown | None:
        return None

    def effects(self, entity_id: str, recorded: Recorded[SeriesEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case Begun() if event.held:
                confirm = _pack(ConfirmBooking(staff=event.staff))
                return Effects(letters=[Letter(f"booking:{booking}", confirm) for booking in event.bookings])
            case Vouched():
                answer = _pack(ConfirmBooking(staff=event.staff) if event.needed else CancelBooking("other"))
                return Effects(letters=[Letter(f"booking:{event.booking}", answer)])
        return None
