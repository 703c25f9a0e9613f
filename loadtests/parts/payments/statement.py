"""A Stripe that has moved money so and so often in a day, for `bench_books`: pages of balance transactions, made by
their numbers, so that nothing is kept.

    python -m loadtests.parts.payments.statement COUNT END_S

Prints its port, and ends with its standard input.
"""

import asyncio
import sys
from typing import Any, Final

from aiohttp import web

DAY_S: Final = 86_400
AMOUNT: Final = 10_000
FEE: Final = 175


def source_of(number: int) -> str:
    """The payment of a movement."""
    return f"pi_{number:09d}"


def moved_s(number: int, count: int, end_s: int) -> int:
    """When it moved: evenly over the day before `end_s`."""
    return end_s - DAY_S + number * DAY_S // count


def movement(number: int, count: int, end_s: int) -> dict[str, Any]:
    """As Stripe lists it, with its source."""
    charge = {"id": f"ch_{number:09d}", "object": "charge", "payment_intent": source_of(number)}
    return {
        "id": f"txn_{number:09d}",
        "object": "balance_transaction",
        "amount": AMOUNT,
        "available_on": end_s,
        "created": moved_s(number, count, end_s),
        "currency": "eur",
        "description": None,
        "exchange_rate": None,
        "fee": FEE,
        "fee_details": [],
        "net": AMOUNT - FEE,
        "reporting_category": "charge",
        "source": charge,
        "status": "pending",
        "type": "charge",
    }


async def serve(count: int, end_s: int) -> None:
    """Until nobody wants it any more."""

    async def page(request: web.Request) -> web.Response:
        since, until = int(request.query["created[gte]"]), int(request.query["created[lt]"])
        limit = int(request.query.get("limit", "10"))
        first = max(0, -(-(since - end_s + DAY_S) * count // DAY_S))
        newest = min(count, -(-(until - end_s + DAY_S) * count // DAY_S)) - 1
        if after := request.query.get("starting_after"):
            newest = int(after.removeprefix("txn_")) - 1
        numbers = range(newest, first - 1, -1)
        rows = [movement(number, count, end_s) for number in numbers[:limit]]
        body = {"object": "list", "url": "/v1/balance_transactions", "has_more": len(numbers) > limit, "data": rows}
        return web.json_response(body)

    async def balance(_: web.Request) -> web.Response:
        pending = [{"amount": count * (AMOUNT - FEE), "currency": "eur", "source_types": {}}]
        return web.json_response({"object": "balance", "livemode": False, "available": [], "pending": pending})

    app = web.Application()
    app.add_routes([web.get("/v1/balance_transactions", page), web.get("/v1/balance", balance)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
