"""Pay at booking: a time is held until it is paid, confirmed by the payment alone, and nobody pays for a time that they
do not have."""

import asyncio
import os
from contextlib import suppress

import pytest

from actors.calendars.booking import views
from actors.payments.bill.commands import CancelPayment
from actors.payments.coupon.entity import CouponBody, CouponView, ReadCoupon, SetCoupon, coupon_of
from actors.payments.services import pricing
from common.errors import FailedPrecondition, NotFound
from common.timeline import DAY_MS, HOUR_MS, MINUTE_MS
from tests.unit.calendars.rig import ADMIN, ANN, DOC, at
from tests.unit.payments.shop import Shop

ROUNDS = int(os.environ.get("DRILL_SIZE", "0")) or 20
SEED = int(os.environ.get("FIRST_SEED", "0"))


def test_a_booking_is_held_billed_paid_confirmed_and_only_then_captured() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await shop.reserve(at(10))
        assert (booking.status, booking.bill_id) == ("held", f"bil_{booking.id[4:]}")
        assert booking.price is not None
        assert booking.price.amount == 10_000
        bill = await shop.bill(booking.bill_id)
        assert (bill.record.status, bill.record.gate, bill.texts) == ("open", "waiting", {"lin_1": "talk"})
        with pytest.raises(FailedPrecondition) as refused:
            await shop.bookings.confirm(booking.id, by=ANN)
        assert refused.value.details == {"reason": "payment_required", "bill_id": booking.bill_id}
        await shop.pay(booking.bill_id)
        await asyncio.sleep(5)
        assert (await shop.booking(booking.id)).status == "confirmed"
        record = (await shop.bill(booking.bill_id)).record
        assert (record.status, record.captured) == ("paid", 10_000)
        assert shop.provider.balance == await shop.balance("provider:stripe")
        told = [(name, data["change"]) for name, data in await shop.mail("ann") if name == "booking_updated"]
        assert told == [("booking_updated", "created"), ("booking_updated", "confirmed")]

    Shop().open(scenario)


def test_a_hold_that_lapses_closes_its_bill_and_a_payment_that_comes_then_is_given_back() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await shop.reserve(at(10))
        await shop.pay(booking.bill_id, method="")
        await asyncio.sleep(5)
        shop.provider.down = True  # neither the void nor anything else reaches it
        await shop.until(shop.clock.now_ms() + 16 * MINUTE_MS)
        assert (await shop.booking(booking.id)).status == "expired"
        assert (await shop.bill(booking.bill_id)).record.status == "void"
        shop.provider._confirm("stripe_1", "pm_1")  # in the tab that was open all the time
        shop.provider.down = False
        await asyncio.sleep(120)
        assert shop.provider.payments["stripe_1"].status == "canceled"
        assert shop.provider.balance == 0
        with pytest.raises(FailedPrecondition):
            await shop.pay(booking.bill_id)

    Shop().open(scenario)


def test_with_confirmation_by_the_therapist_the_money_waits_for_it() -> None:
    async def scenario(shop: Shop) -> None:
        from actors.calendars.hours.schedule import Limits
        from tests.unit.calendars.rig import a_schedule

        schedule = a_schedule(rules=Limits(requires_confirmation=True))
        await shop.calendars.configure("doc", schedule, by=ADMIN)
        kept, declined = await shop.reserve(at(10)), await shop.reserve(at(12))
        for one in (kept, declined):
            await shop.pay(one.bill_id)
        await asyncio.sleep(5)
        assert (await shop.booking(kept.id)).status == "pending"
        assert (await shop.bill(kept.bill_id)).record.status == "authorized"
        await shop.bookings.confirm(kept.id, by=DOC)
        await shop.bookings.cancel(declined.id, by=DOC)
        await asyncio.sleep(5)
        assert (await shop.bill(kept.bill_id)).record.status == "paid"
        assert (await shop.bill(declined.bill_id)).record.status == "void"
        assert shop.provider.balance == 10_000 - 230

    Shop().open(scenario)


@pytest.mark.parametrize(("hours", "kept"), [(30, 0), (10, 5_000), (1, 10_000)])
def test_who_cancels_gets_back_what_the_tariff_says(hours: int, kept: int) -> None:
    async def scenario(shop: Shop) -> None:
        booking = await shop.reserve(at(10, 2))
        await shop.pay(booking.bill_id)
        await asyncio.sleep(5)
        await shop.until(at(10, 2) - hours * HOUR_MS)
        await shop.bookings.cancel(booking.id, by=ANN)
        await asyncio.sleep(5)
        record = (await shop.bill(booking.bill_id)).record
        assert record.captured - record.refunded == kept
        assert shop.provider.balance == await shop.balance("provider:stripe")

    Shop().open(scenario)


def test_a_booking_that_is_moved_keeps_its_bill_and_is_not_paid_again() -> None:
    async def scenario(shop: Shop) -> None:
        from actors.calendars.contract.wanted import BookingChangeRequest

        booking = await shop.reserve(at(10))
        await shop.pay(booking.bill_id)
        await asyncio.sleep(5)
        moved = await shop.bookings.move(booking.id, BookingChangeRequest(start=at(14)), by=ANN)
        await asyncio.sleep(5)
        record = (await shop.bill(booking.bill_id)).record
        assert (moved.bill_id, moved.status, record.start) == (booking.bill_id, "confirmed", at(14))
        assert (record.status, len(record.payments)) == ("paid", 1)

    Shop().open(scenario)


def test_what_is_captured_on_completion_is_captured_then_and_down_to_what_a_no_show_costs() -> None:
    async def scenario(shop: Shop) -> None:
        came, missed = await shop.reserve(at(10)), await shop.reserve(at(12))
        for one in (came, missed):
            await shop.pay(one.bill_id)
        await asyncio.sleep(5)
        assert (await shop.bill(came.bill_id)).record.status == "authorized"
        await shop.until(at(13))
        await shop.bookings.finish(came.id, "completed", by=DOC)
        await shop.bookings.finish(missed.id, "no_show", by=DOC)
        await asyncio.sleep(5)
        assert (await shop.bill(came.bill_id)).record.captured == 10_000
        assert (await shop.bill(missed.bill_id)).record.captured == 8_000

    Shop({"payment": {"when": "at_booking", "capture": "on_completion"}}).open(scenario)


def test_a_session_that_is_handed_over_takes_its_share_along() -> None:
    async def scenario(shop: Shop) -> None:
        from actors.calendars.contract.wanted import BookingChangeRequest

        booking = await shop.reserve(at(10))
        await shop.pay(booking.bill_id)
        await asyncio.sleep(5)
        assert await shop.balance("payable:doc") == -8_000
        await shop.bookings.move(booking.id, BookingChangeRequest(therapist="eve", start=at(10)), by=ADMIN)
        await asyncio.sleep(5)
        record = (await shop.bill(booking.bill_id)).record
        assert (record.beneficiary, record.total) == ("eve", 10_000)
        assert (await shop.balance("payable:doc"), await shop.balance("payable:eve")) == (0, -10_000)

    Shop().open(scenario)


def test_a_code_is_reserved_with_the_hold_used_up_when_paid_and_given_back_when_it_lapses() -> None:
    async def scenario(shop: Shop) -> None:
        body = CouponBody(code="HALF", percent=50, max_uses=1)
        await shop.region.submit("coupon:HALF", SetCoupon(coupon=body, new=True), by=ADMIN)

        async def uses() -> tuple[int, int]:
            view: CouponView = await shop.region.ask(coupon_of("half"), ReadCoupon(), by=ADMIN)
            return view.uses, view.reserved

        first = await shop.reserve(at(10), codes=("half",))
        assert (await shop.bill(first.bill_id)).record.total == 5_000
        assert await uses() == (0, 1)
        with pytest.raises(FailedPrecondition) as refused:
            await shop.reserve(at(12), codes=("half",))
        assert refused.value.details == {"reason": "discount_used_up"}
        assert "2023-11-20T12:00:00.000Z" in await shop.slots(at(0), at(24))  # its time was given back
        with pytest.raises(NotFound):
            await shop.reserve(at(12), codes=("none",))
        await shop.until(shop.clock.now_ms() + 16 * MINUTE_MS)
        assert await uses() == (0, 0)
        second = await shop.reserve(at(12), codes=("half",))
        await shop.pay(second.bill_id)
        await shop.until(shop.clock.now_ms() + DAY_MS)
        assert await uses() == (1, 0)

    Shop().open(scenario)


def test_what_costs_nothing_is_confirmed_at_once() -> None:
    async def scenario(shop: Shop) -> None:
        body = CouponBody(code="FREE", percent=100)
        await shop.region.submit("coupon:FREE", SetCoupon(coupon=body, new=True), by=ADMIN)
        booking = await shop.reserve(at(10), codes=("FREE",))
        await asyncio.sleep(5)
        assert (await shop.booking(booking.id)).status == "confirmed"
        assert (await shop.bill(booking.bill_id)).record.status == "paid"

    Shop().open(scenario)


async def race(shop: Shop) -> list[tuple[str, int, int]]:
    """Payment and expiry race at random offsets, with answers lost, while runner and shards die: of each booking what
    it is at rest, what was captured and what was given back."""
    bookings = [await shop.reserve(at(9 + hour, day)) for day in range(3) for hour in range(3)]
    for one in bookings:
        if shop.chance.randrange(8):
            await shop.pay(one.bill_id, method="pm_1" if shop.chance.randrange(4) else "")
    shop.clock.ahead_ms += 15 * MINUTE_MS - shop.chance.randrange(4_000)
    await asyncio.sleep(shop.chance.uniform(0, 4))
    if shop.chance.randrange(2):
        await shop.dies(2)
    for one in bookings[::4]:
        record = (await shop.bill(one.bill_id)).record
        if record.live is not None:
            with suppress(FailedPrecondition):  # it has confirmed the booking by now
                await shop.bill(one.bill_id, CancelPayment(record.live.id), ANN)
    await asyncio.sleep(600)
    assert shop.provider.balance == await shop.balance("provider:stripe")
    assert sum(row.amount for row in await shop.postings()) == 0
    ended: list[tuple[str, int, int]] = []
    for one in bookings:
        booking, record = await shop.booking(one.id), (await shop.bill(one.bill_id)).record
        ended.append((booking.status, record.captured, record.refunded))
    return ended


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_confirmed_and_paid_never_differ_whenever_the_hold_lapses(seed: int) -> None:
    """Every round ends as booked and captured, or as neither."""
    ended = Shop(seed=SEED + seed, lose=3).open(race)
    assert set(ended) <= {("confirmed", 10_000, 0), ("expired", 0, 0)}


def test_the_read_model_that_prices_look_into_is_that_of_bookings() -> None:
    assert pricing.BOOKINGS == views.BOOKINGS
