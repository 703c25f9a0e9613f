"""Packages: a session that a subscription includes costs nothing, and takes a unit of it once."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.payments.plan.entity import Feature, PlanBody
from actors.payments.subscription.commands import (
    BillTold,
    Means,
    ReadSubscription,
    Subscribe,
    SubscriptionCommand,
    SubscriptionView,
)
from actors.payments.subscription.state import Subscription, Tax
from common.money import QuoteRequest
from common.timeline import HOUR_MS
from tests.unit.calendars.rig import ADMIN, ANN, DOC, at
from tests.unit.payments.shop import Shop

COVERED = {"services": [{"service_id": "talk", "amount": 10_000, "covered_by": "sessions"}]}


async def subscribed(shop: Shop, included: int = 1, **more: Any) -> None:
    """`ann` has paid for a package with so many sessions."""
    feature = Feature(feature="sessions", included=included, **more)
    plan = PlanBody(title="Package", currency="EUR", amount=8_000, interval="month", features=(feature,))
    subscribe = Subscribe(
        plan_id="pln_1",
        plan=plan,
        plan_version=1,
        quantity=1,
        payer="ann",
        client="ann",
        tax=Tax(),
        means=Means(),
    )
    record = await told(shop, subscribe)
    await shop.region.submit("subscription:sub_1", BillTold(bill=record.latest_bill, paid=True), by=SYSTEM)


async def told(shop: Shop, command: SubscriptionCommand) -> Subscription:
    """The subscription after a command."""
    reply = await shop.region.submit("subscription:sub_1", command, by=SYSTEM)
    return msgspec.json.decode(reply.data, type=SubscriptionView).record


async def units(shop: Shop) -> tuple[int, int]:
    """How many are used, and kept."""
    record = await told(shop, ReadSubscription())
    return len(record.used), len(record.reserved)


def test_a_session_that_a_package_pays_for_is_confirmed_at_once_and_takes_a_unit_when_it_is_over() -> None:
    async def scenario(shop: Shop) -> None:
        await subscribed(shop)
        covered = await shop.reserve(at(10))
        paid = await shop.reserve(at(12))  # without units the price counts
        await asyncio.sleep(5)
        assert (await shop.booking(covered.id)).status == "confirmed"
        assert (await shop.booking(paid.id)).status == "held"
        bill = (await shop.bill(covered.bill_id)).record
        assert (bill.total, bill.status, (await shop.bill(paid.bill_id)).record.total) == (0, "paid", 10_000)
        assert await units(shop) == (0, 1)
        await shop.until(at(13))
        await shop.bookings.finish(covered.id, "completed", by=DOC)
        await asyncio.sleep(5)
        assert await units(shop) == (1, 0)

    Shop(COVERED).open(scenario)


@pytest.mark.parametrize(
    ("hours", "by", "kept"), [(30, ANN, (0, 0)), (10, ANN, (0, 0)), (1, ANN, (1, 0)), (1, ADMIN, (0, 0))]
)
def test_who_cancels_has_the_unit_back_unless_the_terms_return_nothing(hours: int, by: Any, kept: object) -> None:
    async def scenario(shop: Shop) -> None:
        await subscribed(shop)
        booking = await shop.reserve(at(10, 2))
        await asyncio.sleep(5)
        await shop.until(at(10, 2) - hours * HOUR_MS)
        await shop.bookings.cancel(booking.id, by=by)
        await asyncio.sleep(5)
        assert await units(shop) == kept

    Shop(COVERED).open(scenario)


@pytest.mark.parametrize(("percent", "kept"), [(80, (1, 0)), (0, (0, 0))])
def test_who_does_not_come_loses_the_unit_where_that_is_charged(percent: int, kept: object) -> None:
    async def scenario(shop: Shop) -> None:
        await subscribed(shop)
        booking = await shop.reserve(at(10))
        await asyncio.sleep(5)
        await shop.until(at(11))
        await shop.bookings.finish(booking.id, "no_show", by=DOC)
        await asyncio.sleep(5)
        assert await units(shop) == kept

    Shop(COVERED | {"no_show_percent": percent}).open(scenario)


def test_a_soft_limit_pays_for_no_session_beyond_it_and_a_tariff_without_payments_takes_units_too() -> None:
    async def scenario(shop: Shop) -> None:
        await subscribed(shop, included=1, limit="soft", unit_amount=100)
        first, second = await shop.reserve(at(10)), await shop.reserve(at(12))
        assert (first.bill_id != "", second.bill_id) == (True, "")
        assert await units(shop) == (0, 1)

    Shop({**COVERED, "payment": {"when": "none"}}).open(scenario)


def test_a_time_that_is_taken_meanwhile_keeps_no_unit() -> None:
    async def scenario(shop: Shop) -> None:
        await subscribed(shop)
        quoted = await shop.pricing.quote(_request())
        assert quoted is not None
        assert await units(shop) == (0, 1)
        await shop.pricing.lapse(quoted)
        assert await units(shop) == (0, 0)

    Shop(COVERED).open(scenario)


def _request() -> QuoteRequest:
    return QuoteRequest(
        booking="bkg_1",
        therapist="doc",
        client="ann",
        service="talk",
        start=at(10),
        end=at(11),
        tz="Europe/Berlin",
    )
