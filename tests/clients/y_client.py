"""y-websocket in a node process, driven from a test (`tests/js/ydriver.mjs`)."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from tests.clients.node_driver import NodeDriver


class YClient(NodeDriver):
    """`async with YClient(url, "asg_1", token) as client:`; `lines` is everything the driver said, in order."""

    script = "ydriver.mjs"
    patience_s = 30.0

    def __init__(self, url: str, name: str, token: str) -> None:
        super().__init__()
        self._connect = {"op": "connect", "url": url.replace("http", "ws", 1) + "/yjs", "name": name, "token": token}
        self._asked = 0

    @property
    @override
    def connecting(self) -> Mapping[str, Any]:
        return self._connect

    async def tell(self, *roots: str) -> dict[str, Any]:
        """What its document holds."""
        self._asked += 1
        number = self._asked
        await self.say(op="tell", id=number, roots=list(roots))
        return await self.until(lambda line: line.get("id") == number, "no answer")

    async def holds(self, met: Callable[[dict[str, Any]], bool], *roots: str) -> dict[str, Any]:
        """Wait until its document is so."""
        async with asyncio.timeout(self.patience_s):
            while not met(told := await self.tell(*roots)):  # each look takes the driver a turn of its loop
                pass
        return told

    async def synced(self) -> None:
        """It has what the server has."""
        await self.until(lambda line: line.get("synced") is True, "it did not synchronise")

    async def closed(self) -> int:
        """The code that its socket was closed with."""
        return int((await self.until(lambda line: "closed" in line, "it was not closed"))["closed"])
