"""The fake of Stripe as a process of its own: `python -m tests.demo.stripe [--delay-ms 0] [--payments 0]`.

Says where it is, as a line of JSON (`{"url", "secret_key", "publishable_key", "webhook_secret"}`), obeys lines of JSON
in the pipe that is its standard input, and ends with that. `{"webhooks": url}`: its events go there from now on.
`{"back": intent, "amount": n}`: staff gives so much back at the dashboard. With `--payments` so many are made at first,
and a second line holds their events.
"""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlencode

from tests.fakes.delivering import posting
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY, TRUSTED, Account
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, deliver
from tests.fakes.wire import Asked


def payments(account: Account, count: int) -> list[Any]:
    """The events of so many payments by a saved card."""
    events: list[Any] = []

    def made(path: str, **form: str) -> Any:
        key = f"{path}-{len(account.seen)}"
        answer = account.answer(Asked("POST", path, urlencode(form), {**TRUSTED, "Idempotency-Key": key}, key))
        assert answer.status == 200, answer.body
        return answer.body

    customer = made("/v1/customers")["id"]
    method = made("/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    account.books.listeners.append(lambda event: events.append(json.loads(json.dumps(event))))
    for _ in range(count):
        made(
            "/v1/payment_intents",
            amount="10000",
            currency="eur",
            confirm="true",
            customer=customer,
            payment_method=method,
            **{"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"},
        )
    account.books.listeners.clear()
    return events


async def serve(delay_s: float, count: int) -> None:
    """Until nobody says anything any more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with AsyncExitStack() as stack:
        server = StripeServer()
        await server.start()
        stack.push_async_callback(server.stop)
        server.delay_s = delay_s
        keys = {"secret_key": SECRET_KEY, "publishable_key": PUBLISHABLE_KEY, "webhook_secret": WEBHOOK_SECRET}
        print(json.dumps({"url": server.url, **keys}), flush=True)
        if count:
            print(json.dumps(payments(server.account, count)), flush=True)
        async for line in reader:
            told = json.loads(line)
            if "webhooks" in told:
                post = await stack.enter_async_context(posting(told["webhooks"]))
                stack.push_async_callback(deliver(server.account, post).close)
            else:
                Others(server.account).gives_back(told["back"], told["amount"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--payments", type=int, default=0)
    asked = parser.parse_args()
    asyncio.run(serve(asked.delay_ms / 1000, asked.payments))
