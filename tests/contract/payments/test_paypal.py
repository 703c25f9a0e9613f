"""The connector `paypal`, against an account of our own on the wire: as every connector, and as every provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from pydantic import SecretStr
from typing_extensions import override

from actors.payments.activities import Begin, Capture, PaymentSeen, encode
from common.clock import SystemClock
from config.capabilities.payments import PaymentSettings, PaypalSettings
from serve_app.activities.connector import Connector
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.connectors.paypal.provider import KEY_LIFE_S, PaypalProvider
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen
from tests.contract.providers import Bench, Forgetful, ProviderSuite, Runner, begin, paid
from tests.fakes.paypal.account import cents
from tests.fakes.paypal.server import CLIENT_ID, CLIENT_SECRET, PaypalServer


def connected(server: PaypalServer, *, secret: str = CLIENT_SECRET) -> ProviderConnector:
    paypal = PaypalSettings(client_id=CLIENT_ID, client_secret=SecretStr(secret), base_url=server.url)
    provider = PaypalProvider(paypal, SystemClock(), 5.0)
    return ProviderConnector(provider, PaymentSettings(paypal=paypal), key_life_s=KEY_LIFE_S)


@asynccontextmanager
async def listening(server: PaypalServer) -> AsyncIterator[PaypalServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class PaypalPartner(Partner):
    def __init__(self, server: PaypalServer) -> None:
        self.server = server

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return connected(self.server, secret=CLIENT_SECRET if credentials else "wrong")

    @override
    def payload(self, number: int) -> bytes:
        return encode(Begin(bill=f"bil_{CANARY}-{number}", amount=1000 + number, currency="EUR"))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.server.mishaps.next.extend(mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [Seen(one.key, one.text.encode()) for one in self.server.seen if one.method == "POST"]


class TestPaypalConnector(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with listening(PaypalServer()) as server:
            yield PaypalPartner(server)


class PaypalBench(Bench):
    def __init__(self, server: PaypalServer) -> None:
        self.server, self.account = server, server.account

    @override
    def connector(self) -> ProviderConnector:
        return connected(self.server)

    @override
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.account.approve(seen.ref)
        return {"order_id": seen.ref}

    @override
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.account.declines.add(seen.ref)
        return self.pays(seen)

    @override
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        order = self.account.order(seen.ref)
        capture = order["purchase_units"][0]["payments"]["captures"][0]
        value = f"{amount // 100}.{amount % 100:02d}"
        self.account.refund(capture["id"], {"amount": {"currency_code": "EUR", "value": value}})

    @override
    def twist(self, seen: PaymentSeen) -> None:
        self.account.orders[seen.ref] |= {"status": "ORBITING", "orbit": {"moons": 2}}

    @override
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        self.server.mishaps.random.seed(seed)
        self.server.mishaps.chance, self.server.mishaps.forgets = 0.5, forgets

    @override
    def peace(self) -> None:
        self.server.mishaps.chance, self.server.mishaps.forgets = 0.0, 0.0

    @override
    def taken(self) -> list[int]:
        return [cents(one["amount"]) for one in self.account.captures.values()]

    @override
    def returned(self) -> list[int]:
        return [cents(one["amount"]) for one in self.account.refunds.values()]

    @override
    def begun(self) -> int:
        return len(self.account.orders)


class TestPaypal(ProviderSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Bench]:
        async with listening(PaypalServer()) as server:
            yield PaypalBench(server)

    async def test_who_leaps_without_looking_refunds_twice(self, bench: Bench) -> None:
        """The twin of `test_a_key_that_was_forgotten_does_nothing_twice`."""
        right = bench.connector()
        twice = await self._old_refunds(bench, Forgetful(right.provider, right.settings))
        await right.close()
        assert twice > 0

    async def test_what_paypal_does_not_promise_any_more_is_asked_for_anew(self, bench: Bench, run: Runner) -> None:
        assert isinstance(bench, PaypalBench)
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        (hold,) = bench.account.holds.values()
        hold["create_time"] = "2026-01-01T00:00:00Z"
        seen = await run(3, Capture(ref=seen.ref, amount=2000, currency="EUR"))
        assert (seen.status, seen.captured, bench.taken()) == ("succeeded", 2000, [2000])
        assert [one["status"] for one in bench.account.holds.values()] == ["VOIDED", "CAPTURED"]

    async def test_a_token_that_was_revoked_is_fetched_anew(self, bench: Bench, run: Runner) -> None:
        assert isinstance(bench, PaypalBench)
        await run(1, begin(2000))
        bench.server.tokens.clear()
        await run(2, begin(2000))
        assert bench.begun() == 2

    async def test_what_paypal_is_told_is_an_id_and_a_sum(self, bench: Bench, run: Runner) -> None:
        assert isinstance(bench, PaypalBench)
        await run(1, begin(2000))
        (unit,) = next(iter(bench.account.orders.values()))["purchase_units"]
        assert unit == {
            "reference_id": "bil_1",
            "custom_id": "atv_aaaaaaaaaaaaaaaaaaaaaaaaae",
            "description": "Invoice bil_1",
            "amount": {"currency_code": "EUR", "value": "20.00"},
        }
