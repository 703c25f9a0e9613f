"""One winner: many want one hour, over sockets and REST, through two gateways, while the calendars' shard is killed."""

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
import pytest

from tests.system.harness import LEAN, Client, System

SETTINGS: Final = LEAN | {"GATEWAY__REPLICAS": 2}
ROUNDS: Final = int(os.environ.get("CAREWIRE_TEST_BOOKING_ROUNDS", "3"))
RACERS: Final = int(os.environ.get("CAREWIRE_TEST_BOOKING_RACERS", "120"))
SOCKETS: Final = 20
pytestmark = pytest.mark.timeout(600 + 15 * ROUNDS)  # it starts the whole program, on a machine that may be busy
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SCHEDULE: Final = {
    "tz": "UTC",
    "weekly": {day: [["00:00", "24:00"]] for day in DAYS},
    "slot_minutes": 60,
    "services": [{"service_id": "talk", "title": "Talk", "duration_minutes": 60}],
}


async def insist_rest(http: httpx.AsyncClient, body: dict[str, Any], key: str) -> dict[str, Any]:
    """As a client does that is told `unavailable`: the same again, with the same key."""
    while True:
        response = await http.post("/api/bookings", json=body, headers={"Idempotency-Key": key})
        found: dict[str, Any] = response.json()
        if response.status_code != 503:
            return found


async def insist_socket(client: Client, body: dict[str, Any], key: str) -> dict[str, Any]:
    """The same over a socket."""
    while True:
        ack = await client.sio.call("request_booking", body | {"request_id": key}, timeout=30)
        if ack["ok"]:
            found: dict[str, Any] = ack["data"]
            return found
        if ack["error"]["code"] != "unavailable":
            return {"code": ack["error"]["code"], **ack["error"].get("details", {})}


async def a_round(
    number: int, victim: System, doc: httpx.AsyncClient, https: Sequence[httpx.AsyncClient], clients: Sequence[Client]
) -> None:
    hour = f"2031-03-{3 + number:02}T10:00:00.000Z"
    body = {"therapist_id": "doc", "service_id": "talk", "start": hour}
    calls = []
    for racer in range(RACERS):
        key = f"round-{number}-{racer}"
        if racer % 2:
            calls.append(insist_rest(https[racer % len(https)], body, key))
        else:
            calls.append(insist_socket(clients[racer % len(clients)], body, key))
    racing = asyncio.gather(*calls)
    await asyncio.sleep(0.05 * (number % 4))
    await victim.kill("calendars-0")
    answers = await racing
    losers = [one for one in answers if "id" not in one]
    winners = {one["id"] for one in answers if "id" in one}
    assert len(winners) == 1, json.dumps(answers)[:2000]
    assert {one["code"] for one in losers} == {"conflict"}
    assert all(one["reasons"] and one["alternatives"] for one in losers)
    listed = await doc.get("/api/bookings", params={"therapist_id": "doc", "from": hour, "to": hour[:11] + "11:00:00Z"})
    assert {one["id"] for one in listed.json()["bookings"] if one["status"] == "confirmed"} == winners


async def test_each_hour_has_one_winner_and_everybody_else_gets_alternatives(victim: System) -> None:
    async with AsyncExitStack() as stack:
        doc = await stack.enter_async_context(victim.http("doc", "therapist"))
        assert (await doc.put("/api/calendars/doc", json=SCHEDULE)).is_success
        https = [await stack.enter_async_context(victim.http(f"rest{number}")) for number in range(SOCKETS)]
        for http in https:
            http.timeout = httpx.Timeout(60.0)
        clients = [await stack.enter_async_context(victim.client(f"socket{number}")) for number in range(SOCKETS)]
        gateways = {client.payloads("session")[0]["gateway"] for client in clients}
        assert len(gateways) == 2
        for number in range(ROUNDS):
            await a_round(number, victim, doc, https, clients)
