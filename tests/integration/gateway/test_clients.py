"""The JavaScript client, and what clients do when their gateway drains."""

import asyncio

import pytest

from tests.clients.js_client import JsClient
from tests.gateway_rig import Client, rig, token
from tests.partners.proxy import Proxy


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="/".join)
async def test_python_and_javascript_talk_with_each_other(transports: list[str]) -> None:
    """Through a balancer that sends each of JavaScript's connections to the next of three gateways."""
    async with rig() as made, Proxy(*[(await made.gateway()).port for _ in range(3)]) as front:
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        await alice.ok("join_room", {"room_id": "general"})
        async with JsClient(
            f"http://127.0.0.1:{front.port}", auth={"token": token("bob")}, transports=transports
        ) as bob:
            assert (await bob.next("session"))["user_id"] == "bob"
            joined = await bob.call("join_room", {"room_id": "general"})
            assert joined["ok"], joined
            await alice.ok("message", {"room_id": "general", "body": "Grüße 👋"})
            assert (await bob.next("message"))["body"] == "Grüße 👋"
            posted = await bob.call("message", {"room_id": "general", "body": "hello", "client_id": "js-1"})
            assert (await alice.next("message", 2))["id"] == posted["data"]["id"]
            wrong = await bob.call("message", {"room_id": "general"})
            assert wrong["error"]["details"] == {"field": "body"}
            await bob.tell("message", {"room_id": ["general"]})
            assert (await bob.next("error"))["event"] == "message"
            assert bob.states() == ["connect"]


async def test_javascript_hears_why_it_may_not_connect() -> None:
    async with rig() as made:
        await made.gateway()
        async with JsClient(made.url(), auth={"token": token("bob", ttl_s=-60)}) as bob:
            refused = await bob.until(lambda line: line.get("state") == "connect_error", "it was let in")
            assert refused["data"]["code"] == "token_expired"
            assert refused["message"] == refused["data"]["message"]


async def test_a_draining_gateway_sends_everybody_to_another_one_and_nothing_is_lost() -> None:
    async with rig() as made:
        first = await made.gateway(drain_s=1.0)
        auth = {"token": token("bob"), "recover": {"general": 1}}
        python = made.anonymous()
        await python.connect(auth)
        async with JsClient(made.url(), auth=auth, transports=["websocket"]) as javascript:
            await javascript.next("session")
            await made.gateway(port=first.port)  # comes before the other goes, so the port is always served
            alice = await made.client("alice", gateway=0)
            while not any(connection.user == "alice" for connection in made.hubs[1].connections):
                await alice.close()  # the kernel chooses the gateway; alice is to stay
                alice = await made.client("alice", gateway=0)
            await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
            for _ in range(3):
                await alice.ok("message", {"room_id": "general", "body": "before"})
            for client in (python, javascript):
                await join(client)
            running = True

            async def post() -> int:
                posted = 3
                while running:
                    posted += 1
                    await alice.ok("message", {"room_id": "general", "body": str(posted)})
                    await asyncio.sleep(0.005)
                return posted

            poster = asyncio.create_task(post())
            await first.drain()
            assert first.stats()["sockets"] == 0
            assert 0 <= (await python.next("reconnect"))["delay_ms"] <= 1000
            assert 0 <= (await javascript.next("reconnect"))["delay_ms"] <= 1000
            await python.next("session", 2)
            await javascript.next("session", 2)
            running = False
            last = 1 + await poster
            for client in (python, javascript):
                await client.until(lambda _, client=client: last in heard(client), "the last message")  # type: ignore[misc] # a default binds the loop's value
                assert sorted(set(heard(client))) == list(range(2, last + 1))  # `recover` still says 1
            assert javascript.states() == ["connect", "disconnect", "connect"]
            late = made.anonymous()
            await late.connect({"token": token("carol")})
            await late.next("session")


async def join(client: Client | JsClient) -> None:
    joined = await client.call("join_room", {"room_id": "general", "since": 1})
    assert len(joined["data"]["messages"]) == 3


def heard(client: Client | JsClient) -> list[int]:
    return [message["seq"] for message in client.all("message")]
