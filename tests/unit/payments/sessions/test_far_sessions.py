"""Sessions that lie farther off than money can be held: the method is saved at booking, and authorised later."""

import asyncio
from typing import Any

import pytest

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract.wanted import BookingChangeRequest
from actors.payments.bill.commands import Pay
from actors.payments.bill.rules.far import backed_by
from actors.payments.bill.state import BillRecord
from common.timeline import DAY_MS, HOUR_MS, MINUTE_MS, parse_instant
from tests.unit.calendars.rig import ANN, DOC, at
from tests.unit.payments.shop import Shop

FAR = 9  # days from now
LATER: dict[str, Any] = {"payment": {"when": "at_booking", "capture": "on_completion", "grace_minutes": 60}}
KEEPS: dict[str, Any] = {"payment": {**LATER["payment"], "on_failure": "keep"}}


async def booked(shop: Shop, day: int = FAR) -> BookingReply:
    """Booked and paid for by a card that the provider keeps for the payer."""
    booking = await shop.reserve(at(10, day))
    await shop.bill(booking.bill_id, Pay(provider="stripe", method="pm_1", customer="cus_1"), ANN)
    await asyncio.sleep(5)
    return await shop.booking(booking.id)


async def record(shop: Shop, booking: BookingReply) -> BillRecord:
    return (await shop.bill(booking.bill_id)).record


def start(booking: BookingReply) -> int:
    return parse_instant(booking.start, "start")


def test_the_method_is_saved_which_confirms_it_authorised_two_days_before_and_taken_at_the_end() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await booked(shop)
        saved = await record(shop, booking)
        assert (booking.status, saved.status, saved.due, backed_by(saved)) == ("confirmed", "open", 10_000, "pm_1")
        assert [(one.setup, one.status, one.captured) for one in saved.payments] == [(True, "succeeded", 0)]
        await shop.until(start(booking) - 2 * DAY_MS - MINUTE_MS)
        assert len((await record(shop, booking)).payments) == 1
        await shop.until(start(booking) - 2 * DAY_MS + MINUTE_MS)
        await asyncio.sleep(5)
        held = await record(shop, booking)
        assert (held.status, held.captured, len(held.payments)) == ("authorized", 0, 2)
        await shop.until(start(booking) + HOUR_MS)
        await shop.bookings.finish(booking.id, "completed", by=DOC)
        await asyncio.sleep(5)
        done = await record(shop, booking)
        assert (done.status, done.captured, backed_by(done)) == ("paid", 10_000, "")
        assert shop.provider.balance == await shop.balance("provider:stripe")

    Shop(LATER).open(scenario)


def test_what_is_near_or_taken_at_once_is_authorised_at_once() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await booked(shop, 0)
        assert (await record(shop, booking)).status == "authorized"

    async def at_once(shop: Shop) -> None:
        booking = await booked(shop)
        assert (await record(shop, booking)).status == "paid"

    Shop(LATER).open(scenario)
    Shop().open(at_once)


@pytest.mark.parametrize(("terms", "status", "bill"), [(LATER, "cancelled", "void"), (KEEPS, "confirmed", "open")])
def test_one_that_is_declined_may_be_repaired_for_a_while_and_is_then_given_back_or_kept(
    terms: dict[str, Any], status: str, bill: str
) -> None:
    async def scenario(shop: Shop) -> None:
        booking = await booked(shop)
        shop.provider.decline = True
        await shop.until(start(booking) - 2 * DAY_MS + MINUTE_MS)
        await asyncio.sleep(5)
        failed = await record(shop, booking)
        assert failed.live is not None
        assert failed.live.error is not None
        assert (await shop.booking(booking.id)).status == "confirmed"
        told = [data["change"] for name, data in await shop.mail("ann") if name == "bill_updated"]
        assert told.count("payment_failed") == 1
        await shop.until(start(booking) - 2 * DAY_MS + 2 * HOUR_MS)
        await asyncio.sleep(30)
        assert ((await shop.booking(booking.id)).status, (await record(shop, booking)).status) == (status, bill)
        assert shop.provider.balance == 0

    Shop(terms).open(scenario)


def test_one_that_was_repaired_stays() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await booked(shop)
        shop.provider.decline = True
        await shop.until(start(booking) - 2 * DAY_MS + MINUTE_MS)
        await asyncio.sleep(5)
        shop.provider.decline = False
        await shop.bill(booking.bill_id, Pay(provider="stripe", method="pm_2", customer="cus_1"), ANN)
        await shop.until(start(booking) - 2 * DAY_MS + 3 * HOUR_MS)
        assert (await shop.booking(booking.id)).status == "confirmed"
        assert (await record(shop, booking)).status == "authorized"

    Shop(LATER).open(scenario)


def test_one_that_is_moved_is_authorised_two_days_before_it_begins_then_and_one_that_is_cancelled_never() -> None:
    async def scenario(shop: Shop) -> None:
        moved, gone = await booked(shop), await booked(shop, FAR + 1)
        await shop.bookings.move(moved.id, BookingChangeRequest(start=at(14, FAR - 1)), by=DOC)
        await shop.bookings.cancel(gone.id, by=ANN)
        await shop.until(at(14, FAR - 1) - 2 * DAY_MS + MINUTE_MS)
        await asyncio.sleep(5)
        assert (await record(shop, moved)).status == "authorized"
        await shop.until(at(10, FAR + 1))
        assert len((await record(shop, moved)).payments) == 2
        assert [one.setup for one in (await record(shop, gone)).payments] == [True]

    Shop(LATER).open(scenario)


def test_a_card_that_is_typed_in_after_the_hold_has_lapsed_is_not_used() -> None:
    async def scenario(shop: Shop) -> None:
        booking = await shop.reserve(at(10, FAR))
        await shop.bill(booking.bill_id, Pay(provider="stripe", customer="cus_1"), ANN)
        await asyncio.sleep(5)
        await shop.until(shop.clock.now_ms() + 16 * MINUTE_MS)
        await asyncio.sleep(5)
        assert (await shop.booking(booking.id)).status == "expired"
        (payment,) = (await record(shop, booking)).payments
        assert (payment.setup, payment.status) == (True, "canceled")

    Shop(LATER).open(scenario)
