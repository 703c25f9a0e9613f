"""The peer of payments, run by a Python of its own: what its webhooks come to."""

import asyncio
import os
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp

from loadtests.lib.servers import ROOT, free_ports
from tests.fakes.stripe.account import SECRET_KEY
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, signed

_SCRIPT = ROOT / "loadtests/peers/peer_djstripe.py"
_START_S = 180.0
_AT_ONCE = 4
_LONGEST_S = 60.0


async def peer_rate(
    python: Path, bodies: Sequence[bytes], stripe: StripeServer, cpus: Collection[int]
) -> dict[str, float]:
    """Webhooks and payments a second of dj-stripe, and how many of these webhooks it refused."""
    payments = sum(b'"type": "payment_intent.succeeded"' in body for body in bodies)
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="carewire-peer-") as directory:
        process = await asyncio.create_subprocess_exec(
            str(python), str(_SCRIPT), f"{port}", directory, stripe.url, SECRET_KEY, WEBHOOK_SECRET,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )  # fmt: skip
        try:
            async with aiohttp.ClientSession() as session:
                url = await _address(session, port)
                taken, refused, lasted_s = await _sent(session, url, bodies)
        finally:
            process.terminate()
            await process.wait()
    rate = taken / lasted_s
    return {
        "peer_webhooks_per_s": round(rate, 1),
        "peer_refused": refused,
        "webhooks_per_payment": round(len(bodies) / payments, 2),
        "peer_payments_per_s": round(rate * payments / len(bodies), 1),
    }


async def _address(session: aiohttp.ClientSession, port: int) -> str:
    """Of its endpoint, once it is there."""
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s:
        with suppress(aiohttp.ClientError):
            async with session.get(f"http://127.0.0.1:{port}/where") as found:
                return f"http://127.0.0.1:{port}{await found.text()}"
        await asyncio.sleep(0.2)
    raise TimeoutError("dj-stripe does not start")


async def _sent(session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]) -> tuple[int, int, float]:
    """All of them, some at a time: taken, refused, and for how long."""
    waiting, statuses, began_s = iter(bodies), list[int](), time.perf_counter()

    async def worker() -> None:
        for body in waiting:
            if time.perf_counter() - began_s > _LONGEST_S:
                return
            headers = {"Content-Type": "application/json", **signed(body)}
            async with session.post(url, data=body, headers=headers) as found:
                await found.read()
                statuses.append(found.status)

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))
    taken = sum(status == 200 for status in statuses)
    return taken, len(statuses) - taken, time.perf_counter() - began_s
