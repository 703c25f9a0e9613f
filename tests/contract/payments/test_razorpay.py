"""The connector `razorpay`, against an account of our own on the wire: as every connector, and as every provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from pydantic import SecretStr
from typing_extensions import override

from actors.payments.activities import Capture, Confirm, PaymentSeen, Read, Refund, encode
from config.capabilities.payments import PaymentSettings, RazorpaySettings
from serve_app.activities.connector import Connector
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.connectors.razorpay.provider import RazorpayProvider
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen
from tests.contract.providers import Bench, Forgetful, ProviderSuite, Runner, begin, paid
from tests.fakes.razorpay.account import KEY_ID, KEY_SECRET, OrderBody, RefundBody
from tests.fakes.razorpay.server import RazorpayServer


def connected(server: RazorpayServer, *, secret: str = KEY_SECRET) -> ProviderConnector:
    razorpay = RazorpaySettings(key_id=KEY_ID, key_secret=SecretStr(secret), base_url=server.url)
    return ProviderConnector(RazorpayProvider(razorpay, 5.0), PaymentSettings(razorpay=razorpay))


@asynccontextmanager
async def listening(server: RazorpayServer) -> AsyncIterator[RazorpayServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class RazorpayPartner(Partner):
    """Asked for refunds: the only calls of Razorpay's that know a key."""

    def __init__(self, server: RazorpayServer) -> None:
        self.server = server
        order = server.account.create(OrderBody(amount=1_000_000, currency="EUR"))
        self.order = order["id"]
        self.payment = server.account.attempt(self.order)["razorpay_payment_id"]
        server.account.payments[self.payment] |= {"captured": True, "status": "captured", "fee": 0}

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return connected(self.server, secret=KEY_SECRET if credentials else "wrong")

    @override
    def payload(self, number: int) -> bytes:
        bill = f"bil_{CANARY}-{number}"
        return encode(Refund(ref=self.order, refund=f"ref_{number}", amount=100, currency="EUR", bill=bill))

    @override
    def next(self, *mishaps: Mishap) -> None:
        for mishap in mishaps:  # before each refund one reads
            self.server.mishaps.next.extend(("", mishap))

    @override
    def seen(self) -> list[Seen]:
        return [Seen(one.key, one.text.encode()) for one in self.server.seen if one.key]


class TestRazorpayConnector(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with listening(RazorpayServer()) as server:
            yield RazorpayPartner(server)


class RazorpayBench(Bench):
    told_to_give_up = False

    def __init__(self, server: RazorpayServer) -> None:
        self.server, self.account = server, server.account

    @override
    def connector(self) -> ProviderConnector:
        return connected(self.server)

    @override
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        return self.account.attempt(seen.ref)

    @override
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.account.attempt(seen.ref, well=False)
        return None

    @override
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        self.account.refund(self._payments(seen.ref)[-1], RefundBody(amount=amount))

    @override
    def twist(self, seen: PaymentSeen) -> None:
        self.account.attempt(seen.ref)
        for id_ in self._payments(seen.ref):
            self.account.payments[id_] |= {"status": "orbiting", "captured": False, "orbit": {"moons": 2}}

    @override
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        self.server.mishaps.random.seed(seed)
        self.server.mishaps.chance, self.server.mishaps.forgets = 0.4, forgets

    @override
    def peace(self) -> None:
        self.server.mishaps.chance, self.server.mishaps.forgets = 0.0, 0.0

    @override
    def taken(self) -> list[int]:
        """Less the rest that was never ours."""
        rest = {one["payment_id"]: one["amount"] for one in self.account.refunds.values() if _is_rest(one)}
        return [one["amount"] - rest.get(id_, 0) for id_, one in self.account.payments.items() if one["captured"]]

    @override
    def returned(self) -> list[int]:
        return [one["amount"] for one in self.account.refunds.values() if not _is_rest(one)]

    @override
    def begun(self) -> int:
        return len(self.account.orders)

    def _payments(self, order: str) -> list[str]:
        return [id_ for id_, one in self.account.payments.items() if one["order_id"] == order]


class TestRazorpay(ProviderSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Bench]:
        async with listening(RazorpayServer()) as server:
            yield RazorpayBench(server)

    async def test_who_leaps_without_looking_refunds_twice(self, bench: Bench) -> None:
        """The twin of `test_a_key_that_was_forgotten_does_nothing_twice`."""
        right = bench.connector()
        twice = await self._old_refunds(bench, Forgetful(right.provider, right.settings))
        await right.close()
        assert twice > 0

    async def test_a_signature_of_the_window_that_is_not_razorpays_is_refused(self, bench: Bench, run: Runner) -> None:
        seen = await run(1, begin(2000))
        result = dict(bench.pays(seen) or {})
        for wrong in ({"razorpay_signature": "0" * 64}, {"razorpay_payment_id": "pay_x"}, {"razorpay_order_id": "o"}):
            ending = await run.ends(2, Confirm(ref=seen.ref, result=result | wrong))
            assert ending.outcome == "refused"
        assert (await run(3, Confirm(ref=seen.ref, result=result))).status == "succeeded"

    async def test_what_razorpay_returns_of_itself_is_no_refund_of_ours(self, bench: Bench, run: Runner) -> None:
        assert isinstance(bench, RazorpayBench)
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        bench.account.lets_go(bench._payments(seen.ref)[0])
        seen = await run(3, Read(ref=seen.ref))
        assert (seen.status, seen.captured, seen.refunds) == ("canceled", 0, ())

    async def test_a_late_second_payment_of_one_order_counts(self, bench: Bench, run: Runner) -> None:
        seen = await run(1, begin(2000))
        for _ in range(2):
            bench.pays(seen)
        seen = await run(2, Read(ref=seen.ref))
        assert (seen.status, seen.captured, seen.amount) == ("succeeded", 4000, 2000)

    async def test_what_is_held_is_captured_once_though_there_are_no_keys(self, bench: Bench, run: Runner) -> None:
        assert isinstance(bench, RazorpayBench)
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        bench.server.mishaps.next.extend(("", "lost_answer"))
        seen = await run(3, Capture(ref=seen.ref, amount=1500, currency="EUR"))
        assert (seen.captured, bench.taken()) == (1500, [1500])
        receipts = [msgspec.json.decode(one.text)["receipt"] for one in bench.server.seen if one.path == "/v1/orders"]
        assert all(len(receipt) <= 40 for receipt in receipts)


def _is_rest(refund: Mapping[str, object]) -> bool:
    notes = refund["notes"]
    return isinstance(notes, Mapping) and "carewire_rest" in notes
