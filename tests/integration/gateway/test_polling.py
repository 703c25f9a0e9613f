"""Long polling by hand: what one answer holds."""

import asyncio
import json
from typing import Any

import aiohttp

from tests.clients.wire_rig import until
from tests.gateway_rig import rig, token

SEPARATOR = "\x1e"


class Poller:
    """A polling client that asks only when it is told to."""

    def __init__(self, http: aiohttp.ClientSession, url: str, sid: str = "") -> None:
        self._http, self._url, self.sid = http, url + "/socket.io/?EIO=4&transport=polling", sid
        if sid:
            self._url += f"&sid={sid}"

    async def poll(self) -> list[str]:
        """The packets of one answer."""
        async with self._http.get(self._url) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.text()).split(SEPARATOR)

    async def post(self, packet: str) -> None:
        """Send one packet."""
        async with self._http.post(self._url, data=packet) as answer:
            assert answer.status == 200, await answer.text()

    async def open(self, auth: dict[str, Any]) -> None:
        """As far as the session."""
        (opened,) = await self.poll()
        self.sid = json.loads(opened[1:])["sid"]
        self._url += f"&sid={self.sid}"
        await self.post("40" + json.dumps(auth))
        packets: list[str] = []
        while not any(packet.startswith('42["session"') for packet in packets):
            packets += await self.poll()


async def test_a_poll_holds_no_more_packets_than_the_python_client_takes() -> None:
    """The client drops a connection whose poll is answered with more than 16, and the backlog is then longer still."""
    async with rig() as made, aiohttp.ClientSession() as http:
        await made.gateway()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        await alice.ok("join_room", {"room_id": "general"})
        bob = Poller(http, made.url())
        await bob.open({"token": token("bob"), "recover": {"general": 1}})
        for number in range(40):
            await alice.ok("message", {"room_id": "general", "body": str(number)})
        await alice.next("message", 40)
        bodies: list[str] = []
        sizes: list[int] = []
        while len(bodies) < 40:
            packets = await bob.poll()
            sizes.append(len(packets))
            messages = [json.loads(packet[2:]) for packet in packets if packet.startswith('42["message"')]
            bodies += [payload["body"] for _, payload in messages]
        assert bodies == [str(number) for number in range(40)]
        assert max(sizes) == 16
        await bob.post("1")


async def test_a_gateway_that_drains_gives_back_the_polls_that_it_carries_and_their_clients_stay_connected() -> None:
    async with rig() as made, aiohttp.ClientSession() as http:
        first, second = await made.gateway(), await made.gateway()
        bob = Poller(http, made.url(0))
        await bob.open({"token": token("bob")})
        elsewhere = asyncio.create_task(Poller(http, made.url(1), bob.sid).poll())
        await until(lambda: second.stats()["forwards"] == 1, "the poll at the other gateway")
        await second.drain()
        assert await elsewhere == ["6"]
        await second.stop()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        await bob.post('420["join_room",{"room_id":"general"}]')
        packets: list[str] = []
        while not any(packet.startswith("430[") for packet in packets):  # the invitation may come before
            packets += await bob.poll()
        assert first.stats()["sockets"] == 2
