"""Who pays in a benchmark: people with a saved card and a socket, the therapist who bills them, and a Stripe in this
process that counts its own time."""

import asyncio
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec
from typing_extensions import override

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import LoadSocket
from loadtests.lib.servers import Server
from tests.fakes.delivering import Deliveries
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import signed
from tests.fakes.wire import Answered, Asked

CURRENCY: Final = "EUR"
THERAPIST: Final = "tess"
_AT_ONCE: Final = 16
_UPDATED: Final = b'42["payment_updated"'
_WEBHOOKS: Final = "/api/webhooks/stripe"


@dataclass
class TimedStripe(StripeServer):
    """Adds up, for each bill that a request names, how long it took: its own time."""

    own_ns: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @override
    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        began_ns = time.perf_counter_ns()
        answered = super().answer(asked, breaks=breaks, done=done)
        at = asked.text.find("bil_")
        if at >= 0:
            self.own_ns[asked.text[at : at + 30]] += time.perf_counter_ns() - began_ns
        return answered


class PayerSocket:
    """The socket of a payer: when each payment was heard of as succeeded, by its bill."""

    def __init__(self, token: str, heard_ns: dict[str, int]) -> None:
        self._heard_ns = heard_ns
        auth = msgspec.json.encode({"token": token})
        self.socket = LoadSocket(auth, lambda packet: None, lambda *_: None, on_event=self._hear)

    def _hear(self, packet: bytes) -> None:
        if packet.startswith(_UPDATED):
            _, told = json.loads(packet[2:])
            if told["payment"]["status"] == "succeeded":
                self._heard_ns.setdefault(told["bill_id"], time.perf_counter_ns())


class PayCounter:
    """Where they pay: requests to the API, by the people of a benchmark."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, stripe: TimedStripe, payers: int) -> None:
        self._url, self._secret = f"http://127.0.0.1:{server.http_port}", server.secret or ""
        self._port, self._session = server.port, session
        self.stripe, self.others = stripe, Others(stripe.account)
        self.payers = [f"payer{number}" for number in range(payers)]
        self.methods: dict[str, str] = {}
        self.heard_ns: dict[str, int] = {}
        self._sockets: list[PayerSocket] = []
        self._numbers = itertools.count(1)
        self._headers: dict[tuple[str, str], dict[str, str]] = {}

    async def ask(self, method: str, path: str, body: object = None, *, user: str, role: str = "client") -> Any:
        """The answer. Raises RuntimeError: it is no good one."""
        async with self._session.request(
            method, self._url + path, data=msgspec.json.encode(body) if body is not None else None,
            headers=self._of(user, role),
        ) as found:  # fmt: skip
            text = await found.read()
        if found.status >= 300:
            raise RuntimeError(f"{method} {path}: {found.status} {text[:300]!r}")
        return msgspec.json.decode(text)

    async def open(self) -> None:
        """Everybody has a card and a socket; the therapist has prices."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(payer: str) -> None:
            async with places:
                wanted = {"provider": "stripe", "token": "pm_card_visa"}
                made = await self.ask("POST", "/api/payments/methods", wanted, user=payer)
                self.methods[payer] = made["method_id"]
                socket = PayerSocket(self._token(payer, "client"), self.heard_ns)
                self._sockets.append(socket)
                await socket.socket.open(self._port)

        await asyncio.gather(*(one(payer) for payer in self.payers))
        prices: dict[str, Any] = {"currency": CURRENCY, "services": [{"service_id": "talk", "amount": 10_000}]}
        prices["rules"] = [{"rule_id": "evening", "label": "Evening", "when": {"from": "18:00"}, "percent": 20}]
        await self.ask("PUT", f"/api/pricing/{THERAPIST}", prices, user=THERAPIST, role="therapist")

    def close(self) -> None:
        """Hang up."""
        for one in self._sockets:
            one.socket.close()

    async def bills(self, count: int, *, begun: str = "") -> list[tuple[str, str]]:
        """So many open bills, one payer after the other: the payer and the bill; `begun`: with a payment at this
        provider that waits for a card."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int) -> tuple[str, str]:
            payer = self.payers[number % len(self.payers)]
            line = {"description": "Session", "quantity": 1, "unit_amount": 10_000}
            body = {"payer_id": payer, "currency": CURRENCY, "lines": [line]}
            async with places:
                made = await self.ask("POST", "/api/bills", body, user=THERAPIST, role="therapist")
                if begun:
                    wanted = {"bill_id": made["bill_id"], "provider": begun}
                    await self.ask("POST", "/api/payments/intent", wanted, user=payer)
            return payer, str(made["bill_id"])

        return await asyncio.gather(*(one(next(self._numbers)) for _ in range(count)))

    async def pay(self, payer: str, bill: str) -> str:
        """By the saved method. The status of the payment in the answer."""
        body = {"method_id": self.methods[payer], "provider": "stripe"}
        return str((await self.ask("POST", f"/api/bills/{bill}/pay", body, user=payer))["status"])

    async def quote(self) -> None:
        """What a session costs."""
        wanted = {"therapist_id": THERAPIST, "service_id": "talk", "start": "2099-11-20T19:00:00Z"}
        await self.ask("POST", "/api/pricing/quote", wanted, user=self.payers[0])

    async def webhook(self, body: bytes) -> int:
        """The status of the answer."""
        headers = {"Content-Type": "application/json", **signed(body)}
        async with self._session.post(self._url + _WEBHOOKS, data=body, headers=headers) as found:
            await found.read()
        return found.status

    def intents(self) -> Mapping[str, str]:
        """Stripe's payment of each bill."""
        return {one["metadata"]["carewire_bill"]: one["id"] for one in self.stripe.account.books.all("payment_intent")}

    def _of(self, user: str, role: str) -> dict[str, str]:
        key = (user, role)
        if key not in self._headers:
            token = self._token(user, role)
            self._headers[key] = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._headers[key]

    def _token(self, user: str, role: str) -> str:
        return mint(self._secret, user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=3600)


def delivering(counter: PayCounter) -> tuple[Deliveries, list[bytes]]:
    """From now on the events of the account are webhooks; and the bodies of all that were sent."""
    made, bodies = Deliveries(lambda body, _: counter.webhook(body), signed), list[bytes]()

    def told(event: Mapping[str, Any]) -> None:
        bodies.append(json.dumps(event).encode())
        made.send(bodies[-1])

    counter.stripe.account.books.listeners.append(told)
    return made, bodies
