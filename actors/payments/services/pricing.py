"""Prices for those who serve clients, and the bills that they become. One pure function quotes and bills."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.bill.by_time import ByTime
from actors.payments.bill.commands import OpenBill
from actors.payments.bill.rules.timing import LINE, line_by_time, minutes_of
from actors.payments.bill.state import Line, Terms
from actors.payments.coupon.entity import ReleaseCoupon, ReserveCoupon, coupon_of
from actors.payments.payer.commands import PayerView, ReadPayer
from actors.payments.pricing.quote import Discount, Moment, PriceBreakdown, billed_minutes, by_time, priced
from actors.payments.services.packages import Packages
from actors.payments.tariff.body import ServicePrice, TariffBody
from actors.payments.tariff.entity import ReadTariff, TariffView
from actors.payments.taxes import TaxRule
from actors.payments.taxtable.entity import TABLE, ReadTaxes
from common.clock import Clock, to_rfc3339
from common.errors import NotFound
from common.money import Quoted, QuoteRequest
from common.timeline import MINUTE_MS, wall_of
from store.ports.views import ViewQuery

BOOKINGS: Final = "bookings"
"""The read model of bookings, of which only this is asked: has a client booked before?"""
_LATER_MS: Final = 10 * MINUTE_MS
_pack: Final = msgspec.msgpack.Encoder().encode


class PriceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a price is wanted of. `minutes`: those that count, where they are known."""

    therapist: str
    service: str
    start: int
    tz: str
    client: str = ""
    codes: tuple[str, ...] = ()
    planned_minutes: int = 0
    minutes: int | None = None
    bill: str = ""
    until: int = 0


class Pricing:
    """One a process."""

    def __init__(self, entities: EntityClient, views: ViewFinder, clock: Clock) -> None:
        self._entities, self._views, self._clock = entities, views, clock
        self._packages = Packages(entities, views)

    async def tariff(self, therapist: str, client: str = "") -> TariffView:
        """The tariff of a therapist, and the tier of a client in it."""
        return await self._entities.ask(f"tariff:{therapist}", ReadTariff(client=client), by=SYSTEM)

    async def price(self, wanted: PriceRequest, view: TariffView) -> PriceBreakdown:
        """What it costs, and why; with a `bill`, its codes are reserved for that.

        Raises:
            NotFound: there is no price for this service, or no such code.
            FailedPrecondition: a code is used up or not for this.
        """
        factors = await self._factors(wanted, view)
        service = factors.service
        known = service.unit == "minute" and wanted.minutes is not None
        minutes = billed_minutes(service, (wanted.minutes or 0) * 60)
        return factors.price(minutes if known else _minutes(service, wanted.planned_minutes))

    async def formula(self, wanted: PriceRequest, view: TariffView) -> ByTime | None:
        """By what it prices itself once its minutes are known. None: it does not cost by the minute. Raises as `price`
        does."""
        return (await self._factors(wanted, view)).by_time()

    async def quote(self, wanted: QuoteRequest) -> Quoted | None:
        """See `Quotes`."""
        view = await self.tariff(wanted.therapist, wanted.client)
        tariff = view.tariff
        terms = tariff.payment if tariff else None
        service = tariff.service(wanted.service) if tariff else None
        if tariff is None or service is None:
            return None
        if service.covered_by is not None:
            reserved = await self._packages.reserve(wanted.client, service.covered_by, wanted.booking, wanted.end)
            if reserved:
                return await self._quoted(wanted, tariff, _covered(wanted, tariff, reserved))
        if terms is None or terms.when == "none":
            return None
        factors = await self._factors(self._asked(wanted, terms.hold_minutes * MINUTE_MS), view)
        minutes = (wanted.end - wanted.start) // MINUTE_MS
        price, formula = factors.price(_minutes(service, minutes)), factors.by_time()
        late = formula is not None or terms.when == "on_completion"
        opening = msgspec.structs.replace(
            _opening(wanted, tariff, line_of(price)),
            capture="on_completion" if late else terms.capture,
            codes=wanted.codes,
            by_time=formula is not None,
            planned=(line_by_time(formula, minutes_of(formula, minutes * 60)),) if formula else (),
            formula=formula,
        )
        return await self._quoted(wanted, tariff, opening)

    async def open(self, quoted: Quoted) -> None:
        """See `Quotes`."""
        opening = msgspec.msgpack.decode(quoted.opening, type=OpenBill)
        command = msgspec.structs.replace(opening, secret=quoted.texts)
        await self._entities.submit(f"bill:{quoted.bill}", command, by=SYSTEM, command_id="open")

    async def lapse(self, quoted: Quoted) -> None:
        """See `Quotes`."""
        for code in quoted.codes:
            await self._entities.submit(coupon_of(code), ReleaseCoupon(quoted.bill), by=SYSTEM)
        if quoted.reserved:
            await self._packages.release(quoted.reserved, quoted.booking)

    def _asked(self, wanted: QuoteRequest, hold_ms: int) -> PriceRequest:
        """What its price is wanted of, with its codes kept a little longer than its time."""
        return PriceRequest(
            therapist=wanted.therapist,
            service=wanted.service,
            start=wanted.start,
            tz=wanted.tz,
            client=wanted.client,
            codes=wanted.codes,
            bill=bill_of_booking(wanted.booking),
            until=self._clock.platform_ms() + hold_ms + _LATER_MS,
        )

    async def _quoted(self, wanted: QuoteRequest, tariff: TariffBody, opening: OpenBill) -> Quoted:
        """The price with the bill that it becomes, for whoever pays for the client."""
        terms = tariff.payment
        payer: PayerView = await self._entities.ask(f"payer:{wanted.client}", ReadPayer(), by=SYSTEM)
        opening = msgspec.structs.replace(opening, payer=payer.record.guarantor or payer.record.merged or wanted.client)
        return Quoted(
            bill=bill_of_booking(wanted.booking),
            amount=sum(line.total for line in opening.lines),
            currency=opening.currency,
            opening=_pack(opening),
            texts=_pack({LINE: wanted.service}),
            prepaid=opening.waits,
            hold_ms=terms.hold_minutes * MINUTE_MS if terms else 0,
            codes=opening.codes,
            booking=wanted.booking,
            reserved=opening.reserved,
        )

    async def _factors(self, wanted: PriceRequest, view: TariffView) -> "_Factors":
        """All that its price follows from, as it is now."""
        tariff, service = _of_service(view, wanted)
        now = self._clock.platform_ms()
        discounts = await self._discounts(wanted, tariff, now)
        wall = wall_of(ZoneInfo(wanted.tz), wanted.start)
        moment = Moment(
            day=f"{wall:%Y-%m-%d}", time=f"{wall:%H:%M}", lead_minutes=max(0, wanted.start - now) // MINUTE_MS
        )
        taxes = (await self._entities.ask(TABLE, ReadTaxes(), by=SYSTEM)).rules
        return _Factors(
            tariff=tariff,
            service=service,
            moment=moment,
            tier=view.tier,
            discounts=discounts,
            taxes=taxes,
            at=to_rfc3339(now),
        )

    async def _discounts(self, wanted: PriceRequest, tariff: TariffBody, now: int) -> Sequence[Discount]:
        first = bool(wanted.codes) and await self._is_first(wanted.client)
        found: list[Discount] = []
        for code in dict.fromkeys(wanted.codes):
            command = ReserveCoupon(
                bill=wanted.bill,
                client=wanted.client,
                currency=tariff.currency,
                until=wanted.until,
                now=to_rfc3339(now),
                therapist=wanted.therapist,
                service=wanted.service,
                first=first,
                dry=not wanted.bill,
            )
            found.append(await self._entities.ask(coupon_of(code), command, by=SYSTEM))
        return found

    async def _is_first(self, client: str) -> bool:
        """Has this client never booked before?"""
        query = ViewQuery(collection=BOOKINGS, equal={"client": client}, order_by="order", limit=50)
        gone = ("cancelled", "expired")
        return all(view.fields["status"] in gone for view in await self._views.find(query))


class _Factors(NamedTuple):
    tariff: TariffBody
    service: ServicePrice
    moment: Moment
    tier: str
    discounts: Sequence[Discount]
    taxes: Sequence[TaxRule]
    at: str

    def price(self, minutes: int) -> PriceBreakdown:
        return priced(
            self.tariff,
            self.service,
            self.moment,
            tier=self.tier,
            minutes=minutes,
            discounts=self.discounts,
            taxes=self.taxes,
            at=self.at,
        )

    def by_time(self) -> ByTime | None:
        if self.service.unit != "minute":
            return None
        tariff, service, moment = self.tariff, self.service, self.moment
        return by_time(tariff, service, moment, tier=self.tier, discounts=self.discounts, taxes=self.taxes, at=self.at)


def line_of(price: PriceBreakdown) -> Line:
    """The line of a bill that a price becomes."""
    return Line(
        id=LINE,
        quantity=price.quantity,
        unit_amount=price.unit_amount,
        amount=price.adjusted,
        discount=price.discount,
        tax=price.tax,
        tax_rate=price.tax_rate,
        tax_reason=price.tax_reason or "",
        tax_category=price.tax_category or "",
        jurisdiction=price.jurisdiction or "",
        inclusive=price.inclusive,
    )


def terms_of(tariff: TariffBody) -> Terms:
    """What a bill keeps of a tariff."""
    payment, split = tariff.payment, tariff.split
    rows = tariff.cancellation
    return Terms(
        cancellation=None if rows is None else tuple((one.notice_minutes, one.refund_percent) for one in rows),
        no_show_percent=tariff.no_show_percent,
        on_failure=payment.on_failure if payment else "release",
        grace=payment.grace_minutes * MINUTE_MS if payment else 0,
        platform_percent=str(split.platform_percent) if split else "0",
        release_days=split.release_days if split else 0,
    )


def bill_of_booking(booking: str) -> str:
    """The id of the bill of a booking."""
    return f"bil_{booking.partition('_')[2] or booking}"


def _of_service(view: TariffView, wanted: PriceRequest) -> tuple[TariffBody, ServicePrice]:
    if view.tariff is None:
        raise NotFound("There is no pricing for this calendar.", therapist=wanted.therapist)
    return view.tariff, _service(view.tariff, wanted.service)


def _service(tariff: TariffBody, service_id: str) -> ServicePrice:
    service = tariff.service(service_id)
    if service is None:
        raise NotFound("There is no price for this service.", details={"field": "service_id"})
    return service


def _minutes(service: ServicePrice, planned: int) -> int:
    """The most minutes that there may be of so many that are planned."""
    if service.unit != "minute":
        return 0
    return service.maximum_minutes or billed_minutes(service, planned * 60)


def _opening(wanted: QuoteRequest, tariff: TariffBody, line: Line) -> OpenBill:
    terms = tariff.payment
    ahead = terms is not None and terms.when == "at_booking"
    return OpenBill(
        kind="booking",
        payer=wanted.client,
        client=wanted.client,
        currency=tariff.currency,
        lines=(line,),
        beneficiary=wanted.therapist,
        booking=wanted.booking,
        service=wanted.service,
        start=wanted.start,
        end=wanted.end,
        waits=wanted.waits and ahead,
        terms=terms_of(tariff),
        first=bill_of_booking(wanted.first) if wanted.first and ahead else "",
        saves=wanted.saves and ahead,
    )


def _covered(wanted: QuoteRequest, tariff: TariffBody, subscription: str) -> OpenBill:
    """The bill of a session that a package pays for: of nothing."""
    line = Line(id=LINE, quantity=1, unit_amount=0, amount=0)
    return msgspec.structs.replace(_opening(wanted, tariff, line), reserved=subscription)
