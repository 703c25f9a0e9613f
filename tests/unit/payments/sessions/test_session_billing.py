"""Sessions that cost by the minute: by the time in which both sides were there, once; a day later what was planned."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.calendars.booking.answers import BookingReply
from actors.kernel.contract.entity import SYSTEM
from actors.payments.bill.letters import SessionSeen
from actors.payments.bill.rules.evidence import overlap
from actors.payments.bill.rules.timing import line_by_time, minutes_of
from actors.payments.coupon.entity import CouponBody, SetCoupon
from actors.payments.pricing.quote import Discount, Moment, by_time, priced
from actors.payments.services.pricing import line_of
from actors.payments.tariff.body import Cap, PriceRule, ServicePrice, TariffBody, TaxOf, When
from actors.payments.tariff.entity import SetTariff
from actors.payments.taxes import Exemption, TaxRule
from common.clock import to_rfc3339
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, PermissionDenied
from common.timeline import DAY_MS, HOUR_MS, MINUTE_MS, parse_instant
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.bills.sessions import BillSession, SessionBilling, Stay
from serve_app.capabilities.payments.ledger.taxes import Taxes
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.shared import Options
from serve_app.edge.operation import Caller, Result
from tests.unit.calendars.rig import ADMIN, ANN, DOC, at
from tests.unit.payments.shop import TARIFF, Shop

PER_MINUTE: Final[dict[str, Any]] = {
    **TARIFF,
    "services": [
        {
            "service_id": "talk",
            "amount": 200,
            "unit": "minute",
            "minimum_minutes": 15,
            "step_minutes": 5,
            "maximum_minutes": 90,
        }
    ],
}
Interval = tuple[int, int]


def till(shop: Shop) -> SessionBilling:
    payers, taxes = Payers(shop.region, shop.clock), Taxes(shop.region)
    options = Options(providers=("stripe",), default_provider="stripe", public={})
    bills = Bills(shop.region, shop.stores.views, payers, taxes, options, shop.clock)
    return SessionBilling(bills, shop.pricing, shop.bookings, shop.region)


def stays(booking: BookingReply, *minutes: tuple[str, int, int]) -> list[Stay]:
    start = parse_instant(booking.start, "start")
    return [
        Stay(user_id=who, begin=to_rfc3339(start + since * MINUTE_MS), end=to_rfc3339(start + until * MINUTE_MS))
        for who, since, until in minutes
    ]


async def bill(shop: Shop, booking: BookingReply, by: Any, *minutes: tuple[str, int, int], dry: bool = False) -> Any:
    asked = BillSession(booking_id=booking.id, presence=stays(booking, *minutes), dry_run=dry)
    (operation,) = till(shop)
    result = await operation.call(asked, Caller(by, "t"))
    assert isinstance(result, Result)
    return result.body


async def confirmed(shop: Shop) -> BookingReply:
    booking = await shop.reserve(at(10))
    await shop.pay(booking.bill_id)
    await asyncio.sleep(5)
    return await shop.booking(booking.id)


def test_it_holds_the_most_and_takes_what_the_time_cost_rounded_to_the_step() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await confirmed(shop)
        held = (await shop.bill(booking.bill_id)).record
        assert (held.status, held.total, held.by_time) == ("authorized", 18_000, True)
        await shop.until(parse_instant(booking.end, "end") + MINUTE_MS)
        await shop.bookings.finish(booking.id, "completed", by=DOC)
        await asyncio.sleep(5)
        assert (await shop.bill(booking.bill_id)).record.captured == 0
        there = [("doc", 0, 52), ("ann", 1, 20), ("ann", 22, 60)]
        dry = await bill(shop, booking, DOC, *there, dry=True)
        assert (dry.total, dry.evidence.overlap_s) == (10_000, 49 * 60)
        assert not (await shop.bill(booking.bill_id)).record.evidence
        billed = await bill(shop, booking, DOC, *there)
        assert (billed.total, billed.evidence.billed_minutes, billed.evidence.source) == (10_000, 50, "staff")
        assert len(billed.evidence.intervals) == 2
        await asyncio.sleep(5)
        record = (await shop.bill(booking.bill_id)).record
        assert (record.status, record.captured) == ("paid", 10_000)
        assert await shop.balance("payable:doc") == -8000
        again = await bill(shop, booking, DOC, *there)
        assert again.total == 10_000
        with pytest.raises(FailedPrecondition) as refused:
            await bill(shop, booking, DOC, ("doc", 0, 60), ("ann", 0, 60))
        assert refused.value.details == {"reason": "billed", "bill_id": booking.bill_id}

    Shop(PER_MINUTE).open(scenario)


def saw(booking: BookingReply, *minutes: tuple[str, int, int]) -> SessionSeen:
    start = parse_instant(booking.start, "start")
    stays = tuple((who, start + since * MINUTE_MS, start + until * MINUTE_MS) for who, since, until in minutes)
    return SessionSeen(meeting="mtg_1", stays=stays, hash="seal")


def test_what_its_meeting_saw_prices_it_by_itself_as_it_was_booked_once() -> None:
    """Of therapist and client alone, by the tariff and the codes of the day of booking, whatever came since."""

    async def scenario(shop: Shop) -> None:
        body = CouponBody(code="HALF", percent=50, max_uses=1)
        await shop.region.submit("coupon:HALF", SetCoupon(coupon=body, new=True), by=ADMIN)
        booking = await shop.reserve(at(10), codes=("HALF",))
        await shop.pay(booking.bill_id)
        await asyncio.sleep(5)
        dearer = {**shop.tariff, "services": [{**PER_MINUTE["services"][0], "amount": 900}]}
        await shop.region.submit("tariff:doc", SetTariff(tariff=msgspec.convert(dearer, TariffBody)), by=DOC)
        await shop.until(parse_instant(booking.end, "end") + MINUTE_MS)
        await shop.bookings.finish(booking.id, "completed", by=DOC)
        met = [("doc", 0, 52), ("ann", 1, 20), ("ann", 22, 60), ("ben", 0, 60)]
        for presence in (met, [("doc", 0, 60), ("ann", 0, 60)]):
            await shop.region.submit(f"bill:{booking.bill_id}", saw(booking, *presence), by=SYSTEM)
        await asyncio.sleep(5)
        record = (await shop.bill(booking.bill_id)).record
        assert (record.status, record.captured, record.meeting) == ("paid", 5_000, "mtg_1")
        again = await bill(shop, booking, DOC, *met[:3])
        assert (again.total, again.evidence.billed_minutes, again.evidence.source) == (5_000, 50, "meeting")
        assert shop.provider.balance == await shop.balance("provider:stripe")

    Shop(PER_MINUTE).open(scenario)


def test_where_both_never_met_there_it_waits_for_staff_and_a_price_of_the_session_stays_what_it_is() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await confirmed(shop)
        seen = saw(booking, ("doc", 0, 30), ("ben", 0, 30))
        await shop.region.submit(f"bill:{booking.bill_id}", seen, by=SYSTEM)
        assert not (await shop.bill(booking.bill_id)).record.evidence
        billed = await bill(shop, booking, DOC, ("doc", 0, 20), ("ann", 0, 20))
        assert (billed.total, billed.evidence.source) == (4_000, "staff")

    async def by_session(shop: Shop) -> None:
        booking = await confirmed(shop)
        seen = saw(booking, ("doc", 0, 30), ("ann", 10, 30))
        await shop.region.submit(f"bill:{booking.bill_id}", seen, by=SYSTEM)
        billed = await bill(shop, booking, DOC, ("doc", 10, 30), ("ann", 10, 30))
        assert (billed.total, billed.evidence.overlap_s, billed.evidence.source) == (10_000, 1_200, "meeting")

    Shop(PER_MINUTE).open(scenario)
    Shop().open(by_session)


@given(
    st.integers(0, 2_000),
    st.lists(st.tuples(st.integers(-100, 200) | st.none(), st.integers(-5_000, 5_000)), max_size=3),
    st.sampled_from([None, Cap(min_percent=80, max_percent=120)]),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 3_000)), max_size=2),
    st.sampled_from(["0", "7", "19", "7.7"]),
    st.booleans(),
    st.integers(0, 180),
)
def test_what_a_bill_prices_itself_is_what_the_quote_says(
    unit: int,
    rules: list[tuple[int | None, int]],
    cap: Cap | None,
    codes: list[tuple[int, int]],
    rate: str,
    inclusive: bool,
    minutes: int,
) -> None:
    service = ServicePrice(service_id="talk", amount=unit, unit="minute", minimum_minutes=10, step_minutes=5)
    tariff = TariffBody(
        currency="EUR",
        services=[service],
        tax=TaxOf(jurisdiction="DE", category="care"),
        rules=[
            PriceRule(rule_id=f"r{n}", label="x", when=When(), percent=percent, amount=None if percent else amount)
            for n, (percent, amount) in enumerate(rules)
        ],
        cap=cap,
    )
    exempt = Exemption("VATEX-EU-132-1C", "Care") if rate == "0" else None
    taxes = [TaxRule(jurisdiction="DE", category="care", rate=rate, inclusive=inclusive, exempt=exempt)]
    discounts = [Discount(code=f"c{n}", percent=p, amount=a, stackable=True) for n, (p, a) in enumerate(codes)]
    moment = Moment(day="2026-11-20", time="10:00", lead_minutes=0)
    formula = by_time(tariff, service, moment, discounts=discounts, taxes=taxes)
    counted = minutes_of(formula, minutes * 60)
    price = priced(tariff, service, moment, minutes=counted, discounts=discounts, taxes=taxes)
    line = line_by_time(formula, counted)
    assert line == line_of(price)
    assert line.total == price.total


def test_where_nobody_says_how_long_it_was_it_costs_a_day_later_what_was_planned() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await confirmed(shop)
        end = parse_instant(booking.end, "end")
        await shop.until(end + MINUTE_MS)
        await shop.bookings.finish(booking.id, "completed", by=DOC)
        await asyncio.sleep(5)
        assert (await shop.bill(booking.bill_id)).record.captured == 0
        await shop.until(end + DAY_MS + HOUR_MS)
        await asyncio.sleep(60)
        record = (await shop.bill(booking.bill_id)).record
        planned = (end - parse_instant(booking.start, "start")) // MINUTE_MS * 200
        assert (record.status, record.captured) == ("paid", planned)

    Shop(PER_MINUTE).open(scenario)


def test_a_client_who_does_not_come_pays_the_no_show_and_waits_for_nobody() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await confirmed(shop)
        await shop.until(parse_instant(booking.end, "end") + MINUTE_MS)
        await shop.bookings.finish(booking.id, "no_show", by=DOC)
        await asyncio.sleep(5)
        assert (await shop.bill(booking.bill_id)).record.captured == 18_000 * 80 // 100

    Shop(PER_MINUTE).open(scenario)


@pytest.mark.parametrize(
    ("by", "presence", "error"),
    [
        (ANN, [("doc", 0, 50), ("ann", 0, 50)], PermissionDenied),
        (DOC, [("doc", 50, 0), ("ann", 0, 50)], InvalidArgument),
        (DOC, [("doc", 0, 2000), ("ann", 0, 50)], InvalidArgument),
    ],
)
def test_who_may_not_say_so_or_says_what_cannot_be_changes_nothing(
    by: Any, presence: Sequence[tuple[str, int, int]], error: type[CarewireError]
) -> None:
    async def scenario(shop: Shop) -> None:
        booking = await confirmed(shop)
        with pytest.raises(error):
            await bill(shop, booking, by, *presence)
        assert not (await shop.bill(booking.bill_id)).record.evidence

    Shop(PER_MINUTE).open(scenario)


INTERVALS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 60)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6
)


@given(INTERVALS, INTERVALS)
def test_the_time_of_both_is_that_of_every_moment_at_which_both_are_there(
    one: list[Interval], other: list[Interval]
) -> None:
    def there(moment: int, intervals: Sequence[Interval]) -> bool:
        return any(begin <= moment < end for begin, end in intervals)

    both = overlap(one, other)
    assert sum(end - begin for begin, end in both) == sum(there(t, one) and there(t, other) for t in range(261))
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(both))
