"""The peer of payments, run by a Python of its own: what its webhooks come to."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from aiohttp import web

from loadtests.lib.servers import ROOT, free_ports
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
    async with reading(stripe) as url, AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="carewire-peer-"))
        process = await asyncio.create_subprocess_exec(
            *(str(python), str(_SCRIPT), f"{port}", directory, url, WEBHOOK_SECRET),
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        try:
            async with aiohttp.ClientSession() as session:
                address = await _address(session, port)
                taken, refused, lasted_s = await _sent(session, address, bodies)
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


@asynccontextmanager
async def reading(stripe: StripeServer) -> AsyncIterator[str]:
    """The address at which the objects of an account can be read, by whoever asks in whatever version."""

    async def read(request: web.Request) -> web.Response:
        found = stripe.account.books.objects.get(request.match_info["id"])
        gone = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such object"}}
        return web.json_response(found or gone, status=200 if found else 404)

    app = web.Application()
    app.add_routes([web.get("/v1/{kind}/{id}", read)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


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
