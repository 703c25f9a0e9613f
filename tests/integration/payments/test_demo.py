"""The page of `make demo-payments`, without Carewire behind it: what is done there is done at the fake."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.demo.payments import Page, deeds
from tests.fakes.stripe.account import TRUSTED
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.wire import Asked

NOBODY = "http://127.0.0.1:9"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[StripeServer]:
    made = StripeServer()
    await made.start(*Page(made.account, NOBODY, {"client": "t", "therapist": "t"}).routes())
    yield made
    await made.stop()


async def ask(server: StripeServer, method: str, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(method, server.url + path) as answer:
        return answer.status, await answer.text() if path == "/" else await answer.json()


def begun(server: StripeServer) -> str:
    text = "amount=9000&currency=eur&metadata[carewire_bill]=bil_1"
    return str(server.account.answer(Asked("POST", "/v1/payment_intents", text, TRUSTED, "k1")).body["id"])


async def test_the_page_has_a_button_for_everything_that_can_be_done(server: StripeServer) -> None:

    _, page = await ask(server, "GET", "/")
    for deed in deeds(Others(server.account)):
        assert f'"{deed}"' in page


@pytest.mark.parametrize(
    ("done", "status", "movements"),
    [
        (["card"], "succeeded", ["charge"]),
        (["declined"], "requires_payment_method", []),
        (["secure", "fails"], "requires_payment_method", []),
        (["secure", "proves", "refund"], "succeeded", ["charge", "refund"]),
        (["card", "dispute", "won"], "succeeded", ["charge", "adjustment", "adjustment"]),
        (["card", "dispute", "lost"], "succeeded", ["charge", "adjustment"]),
    ],
)
async def test_what_is_done_there_is_done(
    server: StripeServer, done: list[str], status: str, movements: list[str]
) -> None:
    payment = begun(server)
    for deed in done:
        assert (await ask(server, "POST", f"/demo/payments/{payment}/{deed}"))[0] == 200, deed
    _, shown = await ask(server, "GET", "/demo/payments")
    assert [(one["id"], one["status"]) for one in shown["payments"]] == [(payment, status)]
    assert [one["type"] for one in server.account.books.movements] == movements


@pytest.mark.parametrize("deed", ["won", "refund", "proves", "nothing"])
async def test_what_is_not_possible_now_says_so(server: StripeServer, deed: str) -> None:
    assert (await ask(server, "POST", f"/demo/payments/{begun(server)}/{deed}"))[0] == 409
