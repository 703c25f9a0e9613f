"""Series that are paid: the first session when it is booked, the others two days before, by the same method."""

import asyncio

import pytest

from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.services.series import Policy, SeriesService
from actors.payments.bill.commands import Pay
from common.timeline import DAY_MS, MINUTE_MS
from tests.unit.calendars.rig import ANN, at
from tests.unit.payments.shop import Shop

PAID = Pay(provider="stripe", method="pm_1", customer="cus_1", save=True)


async def booked(shop: Shop, policy: Policy) -> list[str]:
    """The bookings of three weeks."""
    service = SeriesService(shop.bookings, shop.region, shop.clock)
    request = BookingRequest(therapist="doc", start=at(10), service="talk")
    made = await service.create(request, "FREQ=WEEKLY;COUNT=3", (), policy, dry_run=False, by=ANN)
    return [one.booking_id or "" for one in made.occurrences]


async def statuses(shop: Shop, bookings: list[str]) -> list[str]:
    return [(await shop.booking(one)).status for one in bookings]


@pytest.mark.parametrize(("policy", "before"), [("all", "held"), ("available", "confirmed")])
def test_the_first_is_paid_at_once_and_the_others_by_its_method_two_days_before(policy: Policy, before: str) -> None:
    async def scenario(shop: Shop) -> None:
        bookings = await booked(shop, policy)
        await asyncio.sleep(5)
        assert await statuses(shop, bookings) == ["held", before, before]
        bills = [(await shop.booking(one)).bill_id for one in bookings]
        await shop.bill(bills[0], PAID, ANN)
        await asyncio.sleep(5)
        assert await statuses(shop, bookings) == ["confirmed"] * 3
        assert len(shop.provider.payments) == 1
        for number in (1, 2):
            due = at(10) + 7 * number * DAY_MS - 2 * DAY_MS
            await shop.until(due - 60 * MINUTE_MS)
            assert len(shop.provider.payments) == number
            await shop.until(due + 5 * MINUTE_MS)
            record = (await shop.bill(bills[number])).record
            assert (record.status, len(shop.provider.payments)) == ("paid", number + 1)
        assert shop.provider.balance == await shop.balance("provider:stripe")

    Shop().open(scenario)


def test_all_of_it_is_booked_only_if_the_first_is_paid() -> None:
    async def scenario(shop: Shop) -> None:
        bookings = await booked(shop, "all")
        await shop.until(shop.clock.now_ms() + 40 * MINUTE_MS)
        await asyncio.sleep(60)
        assert await statuses(shop, bookings) == ["expired", "cancelled", "cancelled"]
        assert not shop.provider.payments

    Shop().open(scenario)


def test_what_nobody_can_pay_two_days_before_is_given_back() -> None:
    async def scenario(shop: Shop) -> None:
        bookings = await booked(shop, "available")
        await shop.until(at(10) + 5 * DAY_MS + 5 * MINUTE_MS)
        assert await statuses(shop, bookings) == ["expired", "cancelled", "confirmed"]

    Shop().open(scenario)
