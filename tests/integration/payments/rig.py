"""A house with a till: shards over a real mongod, the API, a runner, and providers on the wire that tell by webhook."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import SecretStr

from actors.payments.ledger import POSTINGS, PostedRow
from config.capabilities.payments import PaymentSettings, PaypalSettings, RazorpaySettings, StripeSettings
from config.settings import ActivitySettings
from store.ports.views import ViewQuery
from tests.activity_rig import a_runner
from tests.fakes.delivering import Deliveries, Weather
from tests.fakes.paypal.server import CLIENT_ID, CLIENT_SECRET, PaypalServer
from tests.fakes.paypal.signing import WEBHOOK_ID, Signing
from tests.fakes.razorpay.account import KEY_ID, KEY_SECRET
from tests.fakes.razorpay.server import WEBHOOK_SECRET as RAZORPAY_SECRET
from tests.fakes.razorpay.server import RazorpayServer
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, deliver
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

QUICK: Final = ActivitySettings(first_retry_s=0.05, longest_retry_s=0.3, breaker_failures=1000, breaker_pause_s=0.1)


@dataclass
class Till:
    """Everything, and what people do."""

    home: House
    stripe: StripeServer
    paypal: PaypalServer
    razorpay: RazorpayServer
    deliveries: list[Deliveries]

    @property
    def others(self) -> Others:
        """Payers, staff and banks at Stripe."""
        return Others(self.stripe.account)

    async def bill(self, payer: str, amount: int = 10_000, **more: Any) -> str:
        """A bill that a therapist writes."""
        line = {"description": "Session", "quantity": 1, "unit_amount": amount}
        body = {"payer_id": payer, "currency": "EUR", "lines": [line], **more}
        made = await self.home.ok("POST", "/api/bills", body, bearer=token("tess", "therapist"))
        return str(made["bill_id"])

    async def pay(self, payer: str, bill: str, **more: Any) -> dict[str, Any]:
        """The payer begins, or goes on: the payment, with what their browser needs."""
        body = {"bill_id": bill, **more}
        made = await self.home.ok("POST", "/api/payments/intent", body, bearer=token(payer, "client"))

        async def ready() -> bool:
            nonlocal made
            made = await self.home.ok("GET", f"/api/payments/{made['payment_id']}", bearer=token(payer, "client"))
            return bool(made["status"] != "creating")

        await eventually(ready, f"the payment of {bill} is not begun")
        return dict(made)

    async def paid(self, payer: str, amount: int = 10_000) -> tuple[str, str]:
        """A bill that is paid and invoiced: its id, and that of the payment."""
        bill = await self.bill(payer, amount)
        payment = await self.pay(payer, bill, provider="stripe")
        self.others.types_card(payment["client"]["client_secret"])
        await self.becomes(bill, status="paid")

        async def invoiced() -> bool:
            return "invoice_id" in await self.seen(bill)

        await eventually(invoiced, "no invoice was issued")
        return bill, str(payment["payment_id"])

    async def seen(self, bill: str) -> dict[str, Any]:
        """The bill, as an administrator sees it."""
        return dict(await self.home.ok("GET", f"/api/bills/{bill}", bearer=token("root", "admin")))

    async def becomes(self, bill: str, *, within_s: float = 90.0, **wanted: Any) -> dict[str, Any]:
        """The bill, once it is so."""
        found: dict[str, Any] = {}

        async def met() -> bool:
            nonlocal found
            found = await self.seen(bill)
            return all(found[name] == value for name, value in wanted.items())

        try:
            await eventually(met, "", timeout_s=within_s)
        except AssertionError:
            raise AssertionError(f"{bill} does not become {wanted}: {found}") from None
        return found

    async def balances(self) -> Mapping[str, int]:
        """Of all accounts, but for those with nothing in them."""
        sums: dict[str, int] = {}
        query = ViewQuery(collection=POSTINGS, equal={}, order_by="order", limit=100_000)
        for view in await self.home.stores.views.find(query):
            row = msgspec.msgpack.decode(view.data, type=PostedRow)
            sums[row.account] = sums.get(row.account, 0) + row.amount
        return {account: amount for account, amount in sums.items() if amount}

    async def balanced(self) -> None:
        """At rest the books sum to zero, and hold of each provider what it holds for us."""
        for deliveries in self.deliveries:
            await deliveries.settled()
        balances: Mapping[str, int] = {}

        async def met() -> bool:
            nonlocal balances
            balances = await self.balances()
            held = (
                self.stripe.account.books.balance("eur"),
                self.paypal.account.balance(),
                self.razorpay.account.balance(),
            )
            return tuple(balances.get(f"provider:{name}", 0) for name in ("stripe", "paypal", "razorpay")) == held

        await eventually(met, f"the books are not those of the providers: {balances}")
        assert sum(balances.values()) == 0


@asynccontextmanager
async def a_till(
    mongo_port: int, tmp: Path, *, weather: Weather | None = None, poll_s: float = 60.0
) -> AsyncIterator[Till]:
    """One that is open. `weather`: of the webhooks."""
    async with AsyncExitStack() as stack:
        stripe, paypal, razorpay = StripeServer(), PaypalServer(signing=Signing()), RazorpayServer()
        for server in (stripe, paypal, razorpay):
            await server.start()
            stack.push_async_callback(server.stop)
        (tmp / "root.pem").write_bytes(paypal.signing.root if paypal.signing else b"")
        settings = PaymentSettings(
            stripe=StripeSettings(
                secret_key=SecretStr(SECRET_KEY),
                publishable_key=PUBLISHABLE_KEY,
                webhook_secrets=(SecretStr(WEBHOOK_SECRET),),
                base_url=stripe.url,
            ),
            paypal=PaypalSettings(
                client_id=CLIENT_ID,
                client_secret=SecretStr(CLIENT_SECRET),
                webhook_id=WEBHOOK_ID,
                base_url=paypal.url,
                ca_file=str(tmp / "root.pem"),
            ),
            razorpay=RazorpaySettings(
                key_id=KEY_ID,
                key_secret=SecretStr(KEY_SECRET),
                webhook_secrets=(SecretStr(RAZORPAY_SECRET),),
                base_url=razorpay.url,
            ),
            poll_s=poll_s,
        )
        name = f"test_{uuid.uuid4().hex}"
        home = await stack.enter_async_context(
            house(url_of(mongo_port), name, tmp, activities=QUICK, payments=settings)
        )
        http = await stack.enter_async_context(home.http())

        def poster(path: str) -> Any:
            async def post(body: bytes, headers: Mapping[str, str]) -> int:
                return (await http.post(path, content=body, headers=dict(headers))).status_code

            return post

        made = [
            deliver(stripe.account, poster("/api/webhooks/stripe"), weather=weather),
            paypal.deliver(poster("/api/webhooks/paypal"), weather=weather),
            razorpay.deliver(poster("/api/webhooks/razorpay"), weather=weather),
        ]
        for deliveries in made:
            stack.push_async_callback(deliveries.close)
        await stack.enter_async_context(a_runner(home))
        yield Till(home, stripe, paypal, razorpay, made)
