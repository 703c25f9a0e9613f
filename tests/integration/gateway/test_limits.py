"""Limits as clients meet them: refusals with a time, a door that is shut for a while, floods that reach nobody else."""

import asyncio
import json

import aiohttp
import pytest

from config.settings import LimitSettings
from tests.clients.js_client import JsClient
from tests.clients.raw_socket import RawSocket
from tests.clients.wire_rig import until
from tests.gateway_rig import Rig, rig, token
from tests.skipping import HandClock


async def test_a_user_who_sends_too_much_is_told_when_to_go_on() -> None:
    async with rig() as made:
        await made.gateway(limits=LimitSettings(messages_per_s=5, burst_s=1))
        phone, laptop = await made.client("alice"), await made.client("alice")
        bob = await made.client("bob")
        await phone.ok("create_room", {"room_id": "general", "members": ["bob"]})
        acks = [await one.call("message", {"room_id": "general", "body": "hi"}) for one in (phone, laptop) * 4]
        error = next(ack["error"] for ack in acks if not ack["ok"])
        assert (error["code"], error["details"]) == ("rate_limited", {"class": "message"})
        assert 0 < error["retry_after"] <= 0.2
        await laptop.sio.emit("message", {"room_id": "general", "body": "hi"})
        assert (await laptop.next("error"))["event"] == "message"
        await bob.ok("message", {"room_id": "general", "body": "hello"})
        await asyncio.sleep(error["retry_after"] + 0.2)
        await phone.ok("message", {"room_id": "general", "body": "again"})


async def test_a_user_who_connects_too_often_is_told_so() -> None:
    async with rig() as made:
        await made.gateway(limits=LimitSettings(connects_per_s=1, burst_s=2))
        for _ in range(2):
            await made.client("alice")
        async with RawSocket(made.url(), {"token": token("alice")}) as third:
            refusal = json.loads(next(frame for frame in third.frames if frame.startswith("44"))[2:])
        assert refusal["data"]["code"] == "rate_limited"
        assert 0 < refusal["data"]["retry_after"] <= 1
        await made.client("bob")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_clients_that_find_the_door_shut_come_back_by_themselves(transport: str) -> None:
    clock = HandClock()
    async with rig() as made:
        await made.gateway(limits=LimitSettings(handshakes_per_s=1), clock=clock)
        for user in ("alice", "bob"):
            await made.client(user)
        async with (
            aiohttp.ClientSession() as http,
            http.get(made.url() + "/socket.io/?EIO=4&transport=polling") as shut,
        ):
            assert shut.status == 503
            assert 1 <= int(shut.headers["Retry-After"]) <= 2
            assert (await shut.json())["code"] == "overloaded"
        async with JsClient(made.url(), auth={"token": token("carol")}, transports=[transport]) as javascript:
            await javascript.until(lambda line: line.get("state") == "connect_error", "the door is open")
            clock.now_s += 1.0  # for one of them
            await javascript.next("session")
            assert javascript.states()[-1] == "connect"
        before, python, auth = sent_away(made), made.anonymous(), {"token": token("dave")}
        connecting = asyncio.create_task(
            python.sio.connect(python.url, auth=auth, transports=[transport], retry=True, wait_timeout=10)
        )
        await until(lambda: sent_away(made) > before, "the door is open")
        clock.now_s += 1.0
        await connecting
        await python.next("session")


def sent_away(made: Rig) -> float:
    return made.registry.get_sample_value("carewire_gateway_handshakes_refused_total", {"why": "rate"}) or 0.0


async def test_a_flood_is_slowed_down_and_nobody_else_waits() -> None:
    async with rig() as made:
        gateway = await made.gateway(limits=LimitSettings(signals_per_s=5, burst_s=1))
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "open": True})
        async with RawSocket(made.url(), {"token": token("mallory")}) as mallory:
            flood = asyncio.create_task(pour(mallory))
            await mallory.until(lambda: len(mallory.events("error")) >= 100, "no refusals")
            for _ in range(50):
                await alice.ok("message", {"room_id": "general", "body": "hi"})
            flood.cancel()
            await asyncio.gather(flood, return_exceptions=True)
            codes = {error["code"] for error in mallory.events("error")}
            assert codes == {"rate_limited", "permission_denied"}
            assert gateway.stats()["sockets"] == 2, "a flood costs nobody the connection"


async def pour(socket: RawSocket) -> None:
    while True:
        await socket.send('42["typing_start",{"room_id":"general"}]')


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)], ids="/".join)
async def test_more_than_may_be_under_way_is_waited_for_and_not_refused(transports: tuple[str, ...]) -> None:
    async with rig() as made:
        await made.gateway(max_in_flight=1000)
        alice = await made.client("alice", transports=transports)
        await alice.ok("create_room", {"room_id": "general"})
        body = "x" * 8_000
        posts = [alice.ok("message", {"room_id": "general", "body": body, "client_id": f"c{n}"}) for n in range(100)]
        assert sorted(ack["seq"] for ack in await asyncio.gather(*posts)) == list(range(2, 102))
