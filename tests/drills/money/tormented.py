"""A whole program beside a Stripe on the wire, while everything that can die dies at random times: what the drills of
money share. The seed decides what happens, in which order and when."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.fakes.delivering import Deliveries, Weather, posting
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, deliver
from tests.system.harness import System, wait_until

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 100
LASTS_S: Final = min(400.0, 60.0 + SIZE / 5)
"""For so long what is drilled is begun, evenly."""
VICTIMS: Final = ("activities-", "care-0", "mongod", "api-")
DEATHS: Final = 3  # of each
AWAY_S: Final = 6.0
PATIENCE_S: Final = 180.0


@dataclass
class Torment:
    """What is drilled, and what happened to it."""

    system: System
    stripe: StripeServer
    deliveries: Deliveries
    dice: random.Random
    happened: Counter[str] = field(default_factory=Counter)

    def deeds(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """All that is done to it, in the order of the seed."""
        deeds: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            (f"kill {victim}", lambda victim=victim: self.kill(victim))  # type: ignore[misc]
            for victim in VICTIMS
            for _ in range(DEATHS)
        ]
        deeds += [("partner away", self.away), ("partner away", self.away), ("partner slow", self.slow)]
        self.dice.shuffle(deeds)
        return deeds

    async def torment(self) -> None:
        """All of it, one after the other, over the time in which payments are made."""
        for what, deed in self.deeds():
            await asyncio.sleep(self.dice.uniform(0.2, LASTS_S / 20))
            await deed()
            self.happened[what] += 1

    async def kill(self, name: str) -> None:
        """Once the API tells where it is: the one before may have been the API."""

        async def found() -> int | None:
            with suppress(httpx.HTTPError):
                for row in await self.system.status():
                    if row["name"].startswith(name) and row["status"] != "unreachable":
                        return int(row["pid"])
            return None

        pid: int = await wait_until(found, within_s=90.0, what=f"{name} is found", every_s=0.3)
        with suppress(ProcessLookupError):  # it has ended since
            os.kill(pid, signal.SIGKILL)

    async def away(self) -> None:
        """The partner refuses every connection."""
        await self.stripe.stop()
        await asyncio.sleep(AWAY_S)
        await self.stripe.start()

    async def slow(self) -> None:
        """Every answer of the partner takes its time."""
        self.stripe.delay_s = 1.0
        await asyncio.sleep(AWAY_S)
        self.stripe.delay_s = 0.0


@asynccontextmanager
async def tormented(folder: Path) -> AsyncIterator[Torment]:
    """A program that runs in a folder, and its Stripe, whose answers are lost and whose webhooks are late."""
    async with AsyncExitStack() as stack:
        stripe = StripeServer()
        await stripe.start()
        stack.push_async_callback(stripe.stop)
        stripe.account.mishaps.chance = 0.05
        system = System(
            folder / "data",
            PAYMENTS__STRIPE__SECRET_KEY=SECRET_KEY,
            PAYMENTS__STRIPE__PUBLISHABLE_KEY=PUBLISHABLE_KEY,
            PAYMENTS__STRIPE__WEBHOOK_SECRETS=WEBHOOK_SECRET,
            PAYMENTS__STRIPE__BASE_URL=stripe.url,
            PAYMENTS__POLL_S=10,
            ACTIVITIES__LONGEST_RETRY_S=2,
            ACTIVITIES__BREAKER_PAUSE_S=0.5,
        )
        post = await stack.enter_async_context(posting(f"{system.http_url}/api/webhooks/stripe"))
        weather = Weather(doubled=0.2, lost=0.2, longest_s=2.0, tries=100)
        deliveries = deliver(stripe.account, post, seed=SEED, weather=weather)
        stack.push_async_callback(deliveries.close)
        stack.callback(system.stop)
        await asyncio.to_thread(system.start)
        yield Torment(system, stripe, deliveries, random.Random(SEED))


async def asked(
    http: httpx.AsyncClient, method: str, path: str, body: object = None, *, key: str = "", ready: Any = None
) -> dict[str, Any]:
    """The answer, once there is one, whatever dies meanwhile: the key makes a repeat the same deed."""
    headers = {"Idempotency-Key": key} if key else {}
    said: list[object] = []

    async def done() -> Any:
        try:
            answer = await http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            said.append(repr(error))
            return None
        said.append((answer.status_code, answer.text))
        fits = answer.status_code < 300 and (ready is None or ready(answer.json()))
        return answer.json() if fits else None

    try:
        found: dict[str, Any] = await wait_until(done, within_s=PATIENCE_S, what=f"{method} {path}", every_s=0.3)
    except AssertionError as error:
        raise AssertionError(f"{error}: {said[-1]}") from None
    return found
