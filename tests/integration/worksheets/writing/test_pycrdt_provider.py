"""pycrdt's own provider as a client: y-websocket's protocol from Python."""

import asyncio
from typing import Any

from pycrdt import Doc, Map, Provider, Text
from websockets.asyncio.client import ClientConnection, connect

from tests.gateway_rig import token
from tests.integration.worksheets.writing.rig import writing_rig


class Channel:
    """A WebSocket as pycrdt wants it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.path = "asg_1"

    def __aiter__(self) -> "Channel":
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def recv(self) -> bytes:
        message = await self._socket.recv()
        assert isinstance(message, bytes)
        return message


async def test_two_of_them_write_one_document() -> None:
    async with writing_rig() as rig:
        address = rig.url().replace("http", "ws") + "/yjs/asg_1?token="
        async with connect(address + token("clara")) as one, connect(address + token("theo", "therapist")) as two:
            clara: Doc[Any] = Doc({"text:plan": Text()})
            theo: Doc[Any] = Doc({"text:plan": Text()})
            async with Provider(clara, Channel(one)) as ours, Provider(theo, Channel(two)) as theirs:
                await ours.synced.wait()
                await theirs.synced.wait()
                clara["text:plan"] += "héllo 😀 "
                clara.get("answers", type=Map)["mood"] = 4
                async with asyncio.timeout(20):
                    while str(theo["text:plan"]) != "héllo 😀 ":
                        await (await one.ping())
                    theo["text:plan"] += "world"
                    while str(clara["text:plan"]) != "héllo 😀 world":
                        await (await two.ping())
                assert theo.get("answers", type=Map).to_py() == {"mood": 4}
