"""y-websocket in a node process, driven from a test (`tests/js/ydriver.mjs`)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 30.0
_JS = Path(__file__).parents[1] / "js"


class YClient:
    """`async with YClient(url, "asg_1", token) as client:`; `lines` is everything the driver said, in order."""

    def __init__(self, url: str, name: str, token: str) -> None:
        self._connect = {"op": "connect", "url": url.replace("http", "ws", 1) + "/yjs", "name": name, "token": token}
        self._node: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._asked = 0
        self.lines: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._node = await asyncio.create_subprocess_exec(
            "node", "ydriver.mjs", cwd=_JS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24
        )
        self._reader = asyncio.create_task(self._read())
        await self.say(**self._connect)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._node is not None
        assert self._reader is not None
        assert self._node.stdin is not None
        self._node.stdin.close()
        try:
            await asyncio.wait_for(self._node.wait(), 5)
        except TimeoutError:
            self._node.kill()
            await self._node.wait()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def say(self, **command: Any) -> None:
        """One command."""
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(command).encode() + b"\n")
        await self._node.stdin.drain()

    async def tell(self, *roots: str) -> dict[str, Any]:
        """What its document holds."""
        self._asked += 1
        number = self._asked
        await self.say(op="tell", id=number, roots=list(roots))
        return await self.until(lambda line: line.get("id") == number, "no answer")

    async def holds(self, met: Callable[[dict[str, Any]], bool], *roots: str) -> dict[str, Any]:
        """Wait until its document is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not met(told := await self.tell(*roots)):  # each look takes the driver a turn of its loop
                pass
        return told

    async def synced(self) -> None:
        """It has what the server has."""
        await self.until(lambda line: line.get("synced") is True, "it did not synchronise")

    async def closed(self) -> int:
        """The code that its socket was closed with."""
        return int((await self.until(lambda line: "closed" in line, "it was not closed"))["closed"])

    async def until(self, met: Callable[[dict[str, Any]], bool], missing: str) -> dict[str, Any]:
        """The first line that meets the condition."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := next((line for line in self.lines if met(line)), None)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{missing}; it said {self.lines}") from None
        return found

    async def _read(self) -> None:
        assert self._node is not None
        assert self._node.stdout is not None
        async for line in self._node.stdout:
            self.lines.append(json.loads(line))
            self._news.set()
