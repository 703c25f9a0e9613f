"""What REST costs at the generated door beside a route written by hand: `python -m loadtests.parts.bench_doors`.

One process, no server and no entity: requests are handed to the application as ASGI, and answered with a document that
is ready. A GET with a query and a POST with a body, both with an id in the address and a permit, in turns. CPU time of
a request, the best of the rounds and their spread; the last line of each is the ratio, generated to written.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from starlette.types import ASGIApp, Message

from actors.calendars.contract.queries import ListQuery
from actors.calendars.contract.requests import RescheduleBody
from actors.kernel.contract.entity import Principal
from common.auth.tokens import Verified
from common.decoding import decode
from common.ids import ID_PATTERN
from serve_app.capabilities.calendars.requests import BookingsAddress, RescheduleBooking
from serve_app.edge.conventions.callers import Callers
from serve_app.edge.conventions.permits import permit
from serve_app.edge.operation import Caller, Operation, Rest
from serve_app.edge.rest import router_of

_REQUESTS, _ROUNDS = 1000, 11
_DOCUMENT: Final = {"id": "bkg_1", "status": "confirmed", "version": 7}
_BODY: Final = b'{"start":"2026-11-20T09:00:00.000Z","duration_minutes":60}'
_QUERY: Final = b"therapist_id=tess&from=2026-11-20T00:00:00.000Z&to=2026-11-21T00:00:00.000Z&limit=20"
_MAY: Final[tuple[str, ...]] = ("booking.reschedule", "booking.read")


def written() -> ASGIApp:
    """Both routes by hand, as FastAPI has them."""
    router = APIRouter(prefix="/api/bookings")
    mover, reader = (Annotated[Principal, permit(action)] for action in _MAY)
    id_in_path, maybe_id = Annotated[str, Path(pattern=ID_PATTERN)], Annotated[str | None, Query(pattern=ID_PATTERN)]

    async def reschedule(request: Request, by: mover, booking_id: id_in_path) -> Response:  # type: ignore[valid-type]
        raw = await request.body()
        decode([msgspec.Raw(raw)] if raw else [], RescheduleBody, sys.maxsize)
        return Response(msgspec.json.encode(_DOCUMENT), media_type="application/json")

    async def listing(
        by: reader,  # type: ignore[valid-type]
        therapist_id: maybe_id = None,  # type: ignore[valid-type]
        since: Annotated[str | None, Query(alias="from")] = None,
        until: Annotated[str | None, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        ListQuery(therapist_id=therapist_id, since=since, until=until, limit=limit)
        return Response(msgspec.json.encode(_DOCUMENT), media_type="application/json")

    router.add_api_route("/{booking_id}/reschedule", reschedule, methods=["POST"])
    router.add_api_route("", listing, methods=["GET"])
    return _application(router)


def generated() -> ASGIApp:
    """The same two, declared."""

    async def told(_: Any, __: Caller) -> Any:
        return _DOCUMENT

    path = "/api/bookings/{booking_id}/reschedule"
    moving, listing = Rest("POST", path), Rest("GET", "/api/bookings", request=BookingsAddress)
    return _application(
        router_of(
            [
                Operation(
                    name="reschedule_booking",
                    action=_MAY[0],
                    request=RescheduleBooking,
                    call=told,
                    rest=moving,
                    limit="write",
                ),
                Operation(
                    name="list_bookings", action=_MAY[1], request=ListQuery, call=told, rest=listing, limit="read"
                ),
            ]
        )
    )


def _application(router: APIRouter) -> ASGIApp:
    async def verify(_: object) -> Verified:
        return Verified(user="ada", role="client", device="", expires_ms=2**53, jti="")

    app = FastAPI()
    app.include_router(router)
    return Callers(app, verify)


async def _ask(app: ASGIApp, method: str, path: str, query: bytes, body: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200, message

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer x"), (b"content-type", b"application/json")],
        "client": ("10.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "root_path": "",
        "request_id": "req_1",
    }
    await app(scope, receive, send)


async def _cost_us(ask: Callable[[], Awaitable[None]], requests: int) -> float:
    begun = time.process_time()
    for _ in range(requests):
        await ask()
    return (time.process_time() - begun) / requests * 1e6


async def measure(requests: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Microseconds of CPU a request, round by round: by what is asked, then by who made the door."""
    apps = {"written": written(), "generated": generated()}
    asked = {
        "POST with a body": ("POST", "/api/bookings/bkg_1/reschedule", b"", _BODY),
        "GET with a query": ("GET", "/api/bookings", _QUERY, b""),
    }
    costs: dict[str, dict[str, list[float]]] = {title: {name: [] for name in apps} for title in asked}
    for _ in range(rounds):
        for title, request in asked.items():
            for name, app in apps.items():
                costs[title][name].append(await _cost_us(partial(_ask, app, *request), requests))
    return costs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=_REQUESTS, help="a round")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    given = parser.parse_args()
    for title, doors in asyncio.run(measure(given.requests, given.rounds)).items():
        for name, costs in doors.items():
            spread = f"median {statistics.median(costs):.0f}, worst {max(costs):.0f}"
            print(f"{title}, {name}: {min(costs):.0f} us ({spread})")
        ratio = min(doors["generated"]) / min(doors["written"])
        print(f"{title}, generated to written: {ratio:.2f}")


if __name__ == "__main__":
    main()
