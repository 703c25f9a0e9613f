"""`make demo-payments`: Carewire beside a Stripe of our own, and a page on which one does what others do there."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.fakes.delivering import posting
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY, Account
from tests.fakes.stripe.books import Object
from tests.fakes.stripe.faults import StripeFault
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, deliver

PORT: Final = int(os.environ.get("DEMO_PORT", "8090"))
_PAGE: Final = Path(__file__).with_name("payments.html")
_BY_HAND: Final = 1000


def deeds(others: Others) -> Mapping[str, Callable[[Object], object]]:
    """What can be done with a payment, by name."""

    def dispute_of(intent: Object) -> str:
        return str(next(others.account.books.all("dispute", payment_intent=intent["id"]), {"id": ""})["id"])

    return {
        "card": lambda intent: others.types_card(intent["client_secret"]),
        "declined": lambda intent: others.types_card(intent["client_secret"], "pm_card_visa_chargeDeclined"),
        "secure": lambda intent: others.types_card(intent["client_secret"], "pm_card_authenticationRequired"),
        "proves": lambda intent: others.proves(intent["id"]),
        "fails": lambda intent: others.proves(intent["id"], well=False),
        "refund": lambda intent: others.gives_back(intent["id"], _BY_HAND),
        "dispute": lambda intent: others.disputes(intent["id"]),
        "won": lambda intent: others.account.returns.close(dispute_of(intent), "won"),
        "lost": lambda intent: others.account.returns.close(dispute_of(intent), "lost"),
    }


@dataclass
class Page:
    """The page and its requests. `api` is Carewire's address. `tokens` of a therapist and a client are made when they
    are needed: the secret that they are signed with is Carewire's, who may be about to start for the first time."""

    account: Account
    api: str
    tokens: dict[str, str] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._show),
            web.get("/demo/payments", self._payments),
            web.post("/demo/payments/{id}/{deed}", self._do),
            web.post("/demo/bills", self._bill),
        ]

    async def _show(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGE.read_text(), content_type="text/html")

    async def _payments(self, _: web.Request) -> web.Response:
        rows = [
            {name: one[name] for name in ("id", "amount", "currency", "status")}
            | {"bill": one["metadata"].get("carewire_bill", "")}
            for one in self.account.books.all("payment_intent")
        ]
        for row in rows:
            row["bill"] = await self._standing(row["bill"])
        return web.json_response({"payments": rows})

    async def _do(self, request: web.Request) -> web.Response:
        try:
            intent = self.account.books.get("payment_intent", request.match_info["id"])
            deeds(Others(self.account))[request.match_info["deed"]](intent)
        except (StripeFault, KeyError, AssertionError) as fault:
            return web.json_response({"error": f"not now: {fault}"}, status=409)
        return web.json_response({})

    async def _bill(self, request: web.Request) -> web.Response:
        amount = int((json.loads(await request.text()))["amount"])
        line = {"description": "Session", "quantity": 1, "unit_amount": amount}
        body = {"payer_id": "client-demo", "currency": "EUR", "lines": [line]}
        status, bill = await self._ask("POST", "/api/bills", "therapist", body)
        if status < 300:
            status, bill = await self._ask("POST", "/api/payments/intent", "client", {"bill_id": bill["bill_id"]})
        return web.json_response(bill, status=status)

    async def _standing(self, bill: str) -> str:
        if not bill:
            return ""
        status, found = await self._ask("GET", f"/api/bills/{bill}", "client")
        return f"{bill}: {found['status']}" if status == 200 else f"{bill}: {status}"

    async def _ask(self, method: str, path: str, who: str, body: object = None) -> tuple[int, Any]:
        try:
            if who not in self.tokens:
                self.tokens[who] = await asyncio.to_thread(_token, f"{who}-demo", who)
            headers = {"Authorization": f"Bearer {self.tokens[who]}"}
            async with (
                aiohttp.ClientSession() as session,
                session.request(method, self.api + path, json=body, headers=headers) as answer,
            ):
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, subprocess.CalledProcessError) as error:
            return 503, {"error": f"Carewire does not answer ({type(error).__name__})"}


async def main() -> int:
    """Run both until Carewire ends, or one is interrupted."""
    api = f"http://127.0.0.1:{os.environ.get('CAREWIRE_HTTP__PORT', '8000')}"
    server = StripeServer(port=PORT)
    async with posting(f"{api}/api/webhooks/stripe") as post:
        deliveries = deliver(server.account, post)
        await server.start(*Page(server.account, api).routes())
        print(f"What others do at Stripe: {server.url}/", flush=True)
        try:
            return await _carewire(server.url)
        finally:
            await deliveries.close()
            await server.stop()


async def _carewire(stripe_url: str) -> int:
    """`carewire up` with this Stripe: its exit code."""
    told = {
        "CAREWIRE_PAYMENTS__STRIPE__SECRET_KEY": SECRET_KEY,
        "CAREWIRE_PAYMENTS__STRIPE__PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "CAREWIRE_PAYMENTS__STRIPE__WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "CAREWIRE_PAYMENTS__STRIPE__BASE_URL": stripe_url,
    }
    process = await asyncio.create_subprocess_exec(_program(), "up", env={**os.environ, **told})
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, process.terminate)
    return await process.wait()


def _token(user: str, role: str) -> str:
    command = [_program(), "token", "--user", user, "--role", role]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return made.stdout.strip()


def _program() -> str:
    return str(Path(sys.executable).with_name("carewire"))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
