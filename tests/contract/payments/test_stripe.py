"""Stripe as every payment provider, and as itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import pytest_asyncio
from typing_extensions import override

from actors.payments.activities import (
    AccountSeen,
    Ask,
    AttachMethod,
    Begin,
    CustomerSeen,
    Detach,
    EraseCustomer,
    Observed,
    OpenAccount,
    OpenCustomer,
    PaymentSeen,
    Read,
    ReadMethods,
    ReverseTransfer,
    SetUp,
    Transfer,
    TransferSeen,
    decode_observed,
    encode,
)
from serve_app.activities.connector import Call, Later
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.providers import Statements
from tests.contract.payments.test_stripe_connector import connected, listening
from tests.contract.providers import NOW, Bench, Forgetful, ProviderSuite, Runner, begin, paid
from tests.fakes.stripe.account import PUBLISHABLE_KEY
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer


class StripeBench(Bench):
    def __init__(self, server: StripeServer) -> None:
        self.server = server
        self.account = server.account
        self.others = Others(server.account)

    @override
    def connector(self) -> ProviderConnector:
        return connected(self.server)

    @override
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.others.types_card(seen.client["client_secret"])
        return None

    @override
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.others.types_card(seen.client["client_secret"], "pm_card_visa_chargeDeclined")
        return None

    @override
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        self.others.gives_back(seen.ref, amount)

    @override
    def twist(self, seen: PaymentSeen) -> None:
        self.account.books.objects[seen.ref] |= {"status": "orbiting", "orbit": {"moons": 2}}

    @override
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        self.account.mishaps.random.seed(seed)
        self.account.mishaps.chance, self.account.mishaps.forgets = 0.5, forgets

    @override
    def peace(self) -> None:
        self.account.mishaps.chance, self.account.mishaps.forgets = 0.0, 0.0
        self.account.mishaps.next.clear()

    @override
    def taken(self) -> list[int]:
        return [one["amount"] for one in self.account.books.movements if one["type"] == "charge"]

    @override
    def returned(self) -> list[int]:
        return [-one["amount"] for one in self.account.books.movements if one["type"] == "refund"]

    @override
    def begun(self) -> int:
        return len(list(self.account.books.all("payment_intent")))


class TestStripe(ProviderSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Bench]:
        async with listening(StripeServer()) as server:
            yield StripeBench(server)

    async def test_who_leaps_without_looking_refunds_twice(self, bench: Bench) -> None:
        """The twin of `test_a_key_that_was_forgotten_does_nothing_twice`."""
        right = bench.connector()
        twice = await self._old_refunds(bench, Forgetful(right.provider, right.settings))
        await right.close()
        assert twice > 0


@pytest_asyncio.fixture
async def stripe() -> AsyncIterator[StripeBench]:
    async with listening(StripeServer()) as server:
        yield StripeBench(server)


async def seen_of(connector: ProviderConnector, number: int, ask: Ask) -> Observed:
    """What one attempt brings."""
    call = Call(PartnerKey(number.to_bytes(16)), encode(ask), "", 1, NOW)
    found: Observed = decode_observed(await connector.carry_out(call))
    return found


async def customer_of(connector: ProviderConnector, number: int, ask: Ask) -> CustomerSeen:
    seen = await seen_of(connector, number, ask)
    assert isinstance(seen, CustomerSeen)
    return seen


async def test_a_payer_has_a_record_without_a_person_and_methods_that_come_and_go(
    stripe: StripeBench,
) -> None:
    connector = stripe.connector()
    customer = await customer_of(connector, 1, OpenCustomer(payer="usr_canary"))
    assert (await customer_of(connector, 1, OpenCustomer(payer="usr_canary"))).ref == customer.ref
    assert "canary" not in str(stripe.account.books.objects[customer.ref])
    found = await connector.find(
        Call(PartnerKey((1).to_bytes(16)), encode(OpenCustomer(payer="usr_canary")), "", 1, NOW)
    )
    assert found is not None
    assert decode_observed(found) == CustomerSeen(ref=customer.ref)
    attached = await customer_of(connector, 2, AttachMethod(customer=customer.ref, token="pm_card_visa"))
    (method,) = attached.methods or ()
    assert (method.type, method.brand, method.last4, method.exp_year) == ("card", "visa", "4242", 2031)
    setup = await customer_of(connector, 3, SetUp(customer=customer.ref))
    assert setup.client["publishable_key"] == PUBLISHABLE_KEY
    stripe.others.types_card(setup.client["client_secret"], "pm_card_mastercard")
    assert len((await customer_of(connector, 4, ReadMethods(customer=customer.ref))).methods or ()) == 2
    await customer_of(connector, 5, Detach(method=method.ref))
    (left,) = (await customer_of(connector, 6, ReadMethods(customer=customer.ref))).methods or ()
    assert left.brand == "mastercard"
    for number in (7, 8):
        assert (await customer_of(connector, number, EraseCustomer(customer=customer.ref))).gone
    await connector.close()


async def test_a_saved_method_pays_while_nobody_is_there_and_a_bank_that_asks_is_a_decline(stripe: StripeBench) -> None:
    run = Runner(connector := stripe.connector())
    customer = (await customer_of(connector, 1, OpenCustomer(payer="usr_canary"))).ref
    setup = await run(2, Begin(bill="bil_1", amount=0, currency="EUR", setup=True, customer=customer))
    assert (setup.setup, setup.amount, setup.status) == (True, 0, "requires_payment_method")
    stripe.others.types_card(setup.client["client_secret"])
    setup = await run(3, Read(ref=setup.ref))
    assert setup.status == "succeeded"
    assert setup.method is not None
    away = {"bill": "bil_1", "amount": 2000, "currency": "EUR", "customer": customer, "off_session": True}
    held = await run(4, Begin(method=setup.method.ref, hold=True, **away))  # type: ignore[arg-type] # of a Struct
    assert (held.status, held.authorized) == ("requires_capture", 2000)
    asks = await run(5, Begin(method="pm_card_authenticationRequired", **away))  # type: ignore[arg-type]
    assert asks.error is not None
    assert (asks.status, asks.error.decline_code) == ("requires_payment_method", "authentication_required")
    lost = await run(6, Begin(method="pm_card_visa_chargeDeclinedLostCard", **away))  # type: ignore[arg-type]
    assert lost.error is not None
    assert (lost.error.decline_code, lost.error.retryable) == ("lost_card", False)
    await connector.close()


async def test_a_share_is_paid_out_once_and_can_be_taken_back(stripe: StripeBench) -> None:
    run = Runner(connector := stripe.connector())
    await paid(stripe, run, await run(1, begin(5000)), number=2)
    url = "https://app.carewire.test/"
    account = await seen_of(connector, 3, OpenAccount(payee="tess", return_url=url))
    assert isinstance(account, AccountSeen)
    assert (account.payouts_enabled, bool(account.requirements), bool(account.url)) == (False, True, True)
    stripe.account.connect.complete(account.ref)
    account = await seen_of(connector, 4, OpenAccount(payee="tess", account=account.ref, return_url=url))
    assert account == AccountSeen(ref=account.ref, payouts_enabled=True)
    transfer = Transfer(payout="pot_1", account=account.ref, amount=1000, currency="EUR")
    stripe.account.mishaps.next.append("lost_answer")
    with pytest.raises(Later):
        await seen_of(connector, 5, transfer)
    stripe.account.forget_keys()
    found = await connector.find(Call(PartnerKey((5).to_bytes(16)), encode(transfer), "", 2, NOW))
    assert found is not None
    paid_out = decode_observed(found)
    back = await seen_of(connector, 6, ReverseTransfer(payout="pot_1", ref=paid_out.ref, amount=400))
    assert back == TransferSeen(ref=paid_out.ref, amount=1000, reversed=400)
    again = encode(ReverseTransfer(payout="pot_1", ref=paid_out.ref, amount=400))
    assert await connector.find(Call(PartnerKey((6).to_bytes(16)), again, "", 2, NOW)) is not None
    await connector.close()


async def test_the_statement_is_all_that_moved_page_by_page(stripe: StripeBench) -> None:
    connector = stripe.connector()
    run = Runner(connector)
    seen = await paid(stripe, run, await run(1, begin(50_000)), number=2)
    for _ in range(120):
        stripe.others.gives_back(seen.ref, 100)
    provider = connector.provider
    assert isinstance(provider, Statements)
    moved = [one async for one in provider.movements(NOW - 60_000, NOW + 3_600_000)]
    assert len(moved) == len({one.ref for one in moved}) == 121
    assert sum(one.amount - one.fee for one in moved) == await provider.balance("EUR")
    assert {one.currency for one in moved} == {"EUR"}
    assert [one async for one in provider.movements(NOW + 3_600_000, NOW + 7_200_000)] == []
    await connector.close()
