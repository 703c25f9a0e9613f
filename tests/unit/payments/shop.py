"""Calendars, bookings and money on real shards and a real runner, in one process and in virtual time, beside a provider
that keeps accounts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from typing_extensions import override

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.services.bookings import Bookings
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.activities import decode_ask, encode
from actors.payments.bill.commands import BillView, Pay, ReadBill
from actors.payments.kinds import payment_kinds
from actors.payments.ledger import POSTINGS, PostedRow
from actors.payments.services.pricing import Pricing
from actors.payments.tariff.body import TariffBody
from actors.payments.tariff.entity import SetTariff
from config.settings import ActivitySettings
from serve_app.activities.connector import Call, Capacity, Connector, Later
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from store.ports.views import ViewQuery
from tests.local_activities import LocalActivities
from tests.unit.calendars.rig import ADMIN, ANN, DOC, KINDS, Rig
from tests.unit.payments.till import Provider

T = TypeVar("T")
TARIFF: Final[dict[str, Any]] = {
    "currency": "EUR",
    "services": [{"service_id": "talk", "amount": 10_000}],
    "payment": {"when": "at_booking", "hold_minutes": 15},
    "cancellation": [
        {"notice_minutes": 1440, "refund_percent": 100},
        {"notice_minutes": 120, "refund_percent": 50},
    ],
    "no_show_percent": 80,
    "split": {"platform_percent": 20, "release_days": 7},
}
QUICK: Final = ActivitySettings(keep_s=5.0, first_retry_s=0.1, longest_retry_s=2.0)


class ModelConnector(Connector):
    """The provider, as a runner calls it. `lose`: of every ten answers, so many are lost."""

    capacity = Capacity(at_once=8, call_s=10.0)
    remembers_s = 10**9

    def __init__(self, provider: Provider, chance: random.Random, lose: int = 0) -> None:
        self.name, self.provider, self.chance, self.lose = provider.name, provider, chance, lose

    @override
    async def carry_out(self, call: Call) -> bytes:
        await asyncio.sleep(self.chance.uniform(0.0, 0.5))
        if self.provider.down:
            raise Later("unreachable", "The provider is down.")
        seen = self.provider.answer(str(call.key), decode_ask(call.payload))
        if self.chance.randrange(10) < self.lose:
            raise Later("connection_lost", "The answer is lost.", only_this=True)
        return encode(seen)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        """Nothing to hang up."""


class Shop(Rig):
    """One run of a scenario. `doc` has a tariff; `ann` books and pays with `stripe`."""

    def __init__(self, tariff: dict[str, Any] | None = None, *, seed: int = 1, lose: int = 0) -> None:
        super().__init__([*KINDS, *payment_kinds(60.0)])
        self.provider = Provider()
        self.tariff = TARIFF | (tariff or {})
        self.chance = random.Random(seed)
        self.lose = lose
        self.runner: Runner

    def open(self, scenario: Callable[["Shop"], Awaitable[T]]) -> T:
        """Run a scenario with a runner."""

        async def inside(_: Rig) -> T:
            body = msgspec.convert(self.tariff, TariffBody)
            await self.region.submit("tariff:doc", SetTariff(tariff=body), by=DOC)
            self.pricing = Pricing(self.region, self.stores.views, self.clock)
            self.bookings = Bookings(self.region, self.stores.views, self.clock, quotes=self.pricing)
            self.runner = await self._begun(1)
            try:
                return await scenario(self)
            finally:
                await self.runner.close(within_s=1.0)

        return self.play(inside)

    async def dies(self, life: int) -> None:
        """The runner ends with calls under way, and a shard is killed: it releases nothing. Others take their place."""
        await self.runner.close()
        name = self.chance.choice(sorted(self.cluster.shards))
        await self.cluster.shards[name].tasks.cancel()
        await self.cluster.start_shard(name, life=f"{life}")
        self.runner = await self._begun(life)

    async def _begun(self, life: int) -> Runner:
        runner = Runner(
            f"activities-{life}",
            LocalActivities(self.cluster),
            ["rooms"],
            self.region,
            Payloads(self.stores.vault),
            [ModelConnector(self.provider, self.chance, self.lose)],
            settings=QUICK,
            clock=self.clock,
        )
        await runner.start()
        return runner

    async def pay(self, bill: str, method: str = "pm_1", by: Principal = ANN) -> BillView:
        """Begin a payment."""
        return await self.bill(bill, Pay(provider="stripe", method=method), by)

    async def bill(self, bill: str, command: Any = None, by: Principal = SYSTEM) -> BillView:
        """A bill, after a command or as it is."""
        reply = await self.region.submit(f"bill:{bill}", command or ReadBill(), by=by)
        return msgspec.json.decode(reply.data, type=BillView)

    async def booking(self, booking: str) -> BookingReply:
        """A booking as it is."""
        return await self.bookings.get(booking, by=ADMIN)

    async def postings(self) -> list[PostedRow]:
        """All of the ledger."""
        query = ViewQuery(collection=POSTINGS, equal={}, order_by="order", limit=100_000)
        return [msgspec.msgpack.decode(one.data, type=PostedRow) for one in await self.stores.views.find(query)]

    async def balance(self, account: str) -> int:
        """Of one account."""
        return sum(one.amount for one in await self.postings() if one.account == account)

    async def reserve(self, start: int, **more: Any) -> BookingReply:
        """`ann` books with `doc`."""
        request = BookingRequest(therapist="doc", start=start, service="talk", **more)
        return await self.bookings.book(request, by=ANN)
