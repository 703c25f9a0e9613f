"""Bills by the time in which both sides were there: from the evidence of the meeting, or as staff says."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, field

from actors.calendars.booking.answers import BookingReply
from actors.calendars.services.bookings import Bookings
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.commands import GetEvidence
from actors.meetings.shown_evidence import MeetingEvidence
from actors.payments.bill.answers import bill_reply, viewer_of
from actors.payments.bill.by_time import ByTime
from actors.payments.bill.commands import BillTime, BillView, OpenBill
from actors.payments.bill.replies import BillReply
from actors.payments.bill.rules.evidence import Interval, overlap, presence, seconds
from actors.payments.bill.rules.opening import opened, totals
from actors.payments.bill.rules.timing import LINE, line_by_time, minutes_of
from actors.payments.bill.state import Line
from actors.payments.pricing.quote import billed_minutes
from actors.payments.services.pricing import PriceRequest, Pricing, bill_of_booking, line_of, terms_of
from actors.payments.tariff.entity import TariffView
from common.decoding import Id, Request
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.timeline import DAY_MS, parse_instant
from serve_app.capabilities.payments.bills import examples
from serve_app.capabilities.payments.bills.requests import Instant
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.shared import REFUSES
from serve_app.edge.operation import Caller, Operation, Repeatable, Rest, Result

_MOST_STAYS: Final = 200
_pack: Final = msgspec.msgpack.Encoder().encode


class Stay(Request, frozen=True, kw_only=True):
    """Somebody was there: the therapist, or the client."""

    user_id: Id
    begin: Instant = field(name="from")
    end: Instant = field(name="to")


class BillSession(Request, Repeatable, frozen=True, kw_only=True):
    """Which session, by its meeting or its booking. `presence`: who was there when, as staff says; without it, as the
    meeting saw it. `dry_run`: what it would cost."""

    meeting_id: Id | None = None
    booking_id: Id | None = None
    presence: Annotated[list[Stay], Meta(max_length=_MOST_STAYS)] | None = None
    dry_run: bool = False


class SessionBilling:
    """Of one process."""

    def __init__(self, bills: Bills, pricing: Pricing, bookings: Bookings, entities: EntityClient) -> None:
        self._bills, self._pricing, self._bookings, self._entities = bills, pricing, bookings, entities

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="bill_session",
            action="bill.change",
            request=BillSession,
            call=self._bill,
            rest=Rest("POST", "/api/payments/session-billing", tag="payments"),
            limit="write",
            response=BillReply,
            resource=("booking_id", "meeting_id"),
            refuses=REFUSES,
            example=examples.BILL_SESSION,
            description="Bill a session by the time in which therapist and client were both there; once.",
        )

    async def _bill(self, request: BillSession, caller: Caller) -> Result:
        seen = await self._evidence(request.meeting_id, caller) if request.meeting_id else None
        of_meeting = seen.evidence.booking_id if seen is not None else msgspec.UNSET
        booking_id = request.booking_id or (of_meeting if isinstance(of_meeting, str) else "")
        if not booking_id:
            raise InvalidArgument("Name the session: booking_id, or a meeting of one.", details={"field": "booking_id"})
        booking = await self._bookings.get(booking_id, by=caller.by, trace=caller.trace)
        if request.presence is not None:
            stays, source = _stays(request.presence), "staff"
        elif seen is not None:
            if not seen.evidence.final:
                raise FailedPrecondition(
                    "What took place is not final yet. Try again in a minute.", details={"reason": "not_final"}
                )
            told = seen.evidence.presence
            stays = [(one.user_id, _interval(one.begin, one.end)) for one in told if isinstance(one.user_id, str)]
            source = "meeting"
        else:
            raise InvalidArgument("Say who was there when, or name the meeting.", details={"field": "presence"})
        both = overlap(_of(stays, booking.therapist_id), _of(stays, booking.client_id))
        return await self._priced(booking=booking, both=both, source=source, request=request, caller=caller)

    async def _priced(
        self, booking: BookingReply, both: Sequence[Interval], source: str, request: BillSession, caller: Caller
    ) -> Result:
        view = await self._pricing.tariff(booking.therapist_id, booking.client_id)
        service = view.tariff.service(booking.service_id or "") if view.tariff else None
        if view.tariff is None or service is None:
            raise NotFound("There is no price for this service.", therapist=booking.therapist_id)
        bill_id = bill_of_booking(booking.id)
        made = await self._made(bill_id, caller)
        wanted = PriceRequest(
            therapist=booking.therapist_id,
            service=booking.service_id or "",
            start=parse_instant(booking.start, "start"),
            tz=booking.tz,
            client=booking.client_id,
        )
        formula = made.record.formula if made else await self._pricing.formula(wanted, view)
        minutes = minutes_of(formula, seconds(both)) if formula else billed_minutes(service, seconds(both))
        lines = await self._lines(made=made, formula=formula, minutes=minutes, wanted=wanted, view=view)
        evidence = presence(both, minutes, source)
        command = BillTime(lines=lines, evidence=_pack(evidence), secret=_pack({LINE: wanted.service}))
        opening = self._opening(booking, view, command, formula)
        if request.dry_run:
            return await self._shown_dry(made=made, bill_id=bill_id, opening=opening, command=command, caller=caller)
        await self._bills.open(bill_id, opening, SYSTEM, caller.trace)
        billed = await self._bills.ask(bill_id, command, caller.by, caller.trace)
        return _result(billed, caller)

    async def _made(self, bill_id: str, caller: Caller) -> BillView | None:
        """The bill that it has already: with the price on which it was booked."""
        try:
            return await self._bills.read(bill_id, caller.by, caller.trace)
        except NotFound:
            return None

    async def _lines(
        self, made: BillView | None, formula: ByTime | None, minutes: int, wanted: PriceRequest, view: TariffView
    ) -> tuple[Line, ...]:
        """What it costs: as it was agreed, else by today's tariff."""
        if formula is not None:
            return (line_by_time(formula, minutes),)
        if made is not None and not made.record.by_time:
            return made.record.lines
        return (line_of(await self._pricing.price(msgspec.structs.replace(wanted, minutes=minutes), view)),)

    def _opening(self, booking: BookingReply, view: TariffView, command: BillTime, formula: ByTime | None) -> OpenBill:
        """The bill of a session that has none yet."""
        assert view.tariff is not None
        return OpenBill(
            kind="booking",
            payer=booking.client_id,
            client=booking.client_id,
            currency=view.tariff.currency,
            lines=command.lines,
            capture="on_completion",
            beneficiary=booking.therapist_id,
            booking=booking.id,
            service=booking.service_id or "",
            start=parse_instant(booking.start, "start"),
            terms=terms_of(view.tariff),
            by_time=True,
            formula=formula,
            secret=command.secret,
        )

    async def _shown_dry(
        self, made: BillView | None, bill_id: str, opening: OpenBill, command: BillTime, caller: Caller
    ) -> Result:
        """The bill as it would be. Nothing is stored."""
        view = made
        if view is None:
            draft = opened(bill_id, opening, self._bills.clock.platform_ms(), 0)
            view = BillView(record=draft.record, version=0)
        record = msgspec.structs.replace(
            view.record,
            evidence=command.evidence,
            **totals(view.record, command.lines),
        )
        return _result(msgspec.structs.replace(view, record=record), caller)

    async def _evidence(self, meeting_id: str, caller: Caller) -> MeetingEvidence:
        reply = await self._entities.submit(f"meeting:{meeting_id}", GetEvidence(), by=caller.by, trace=caller.trace)
        return msgspec.json.decode(reply.data, type=MeetingEvidence)


def _stays(presence: Sequence[Stay]) -> list[tuple[str, Interval]]:
    return [(one.user_id, _interval(one.begin, one.end)) for one in presence]


def _interval(begin: str, end: str) -> Interval:
    since, until = parse_instant(begin, "presence"), parse_instant(end, "presence")
    if not 0 <= until - since <= DAY_MS:
        raise InvalidArgument("A stay ends after it began, within a day.", details={"field": "presence"})
    return since, until


def _of(stays: Iterable[tuple[str, Interval]], user: str) -> list[Interval]:
    return [interval for who, interval in stays if who == user]


def _result(view: BillView, caller: Caller) -> Result:
    return Result(bill_reply(view, viewer_of(caller.by)), version=view.version)
