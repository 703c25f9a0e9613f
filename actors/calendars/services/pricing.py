"""The price of a booking that is being made: asked for once its time is taken, billed once it is made."""

from msgspec import UNSET

from actors.calendars.booking.commands import OpenBooking
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.services.booking_commands import record_of
from actors.calendars.services.times.reserving import ReservedTime, TimeRequest
from common.money import Quoted, QuoteRequest, Quotes


class Priced:
    """One for each attempt to book. `waits`: a payment confirms it, where the tariff wants that."""

    def __init__(self, quotes: Quotes | None, booking: str, request: BookingRequest, *, waits: bool) -> None:
        self._quotes, self._booking, self._request = quotes, booking, request
        self._first = request.first if waits else ""
        self._waits = waits and not request.first
        self._quoted: Quoted | None = None

    async def opening(self, taken: ReservedTime, wanted: TimeRequest) -> OpenBooking:
        """The command that makes the booking, on the price that is asked for now.

        Raises:
            NotFound, FailedPrecondition: one of the codes is none, or cannot be used.
        """
        request = self._request
        quoted = self._quoted = await self._ask(taken, wanted)
        held = request.hold or (quoted is not None and quoted.prepaid)
        return OpenBooking(
            record=record_of(booking=self._booking, request=request, wanted=wanted, taken=taken, quoted=quoted),
            wants="held" if held else "confirmed",
            hold_ms=quoted.hold_ms if quoted is not None and quoted.prepaid else request.hold_ms,
            notes=request.notes,
            override_reason=request.override_reason,
            bill=UNSET if quoted is None else quoted.opening,
            bill_texts=UNSET if quoted is None else quoted.texts,
        )

    async def open(self) -> None:
        """The bill is there on return. Raises Unavailable."""
        if self._quotes is not None and self._quoted is not None:
            await self._quotes.open(self._quoted)

    async def lapse(self) -> None:
        """Nothing came of it: what was reserved for its price is free again."""
        if self._quotes is not None and self._quoted is not None:
            await self._quotes.lapse(self._quoted)

    async def _ask(self, taken: ReservedTime, wanted: TimeRequest) -> Quoted | None:
        if self._quotes is None:
            return None
        plan = taken.plan
        return await self._quotes.quote(
            QuoteRequest(
                booking=self._booking,
                therapist=wanted.therapist,
                client=wanted.client,
                service=plan.service,
                start=plan.start,
                end=plan.end,
                tz=plan.tz,
                codes=self._request.codes,
                waits=self._waits,
                first=self._first,
                saves=self._waits and bool(self._request.series),
            )
        )
