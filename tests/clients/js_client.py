"""The JavaScript Socket.IO client in a node process, driven from a test (`tests/js/driver.mjs`)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.clients.heard import hear

PATIENCE_S = 60.0
_JS = Path(__file__).parents[1] / "js"


class JsClient:
    """`async with JsClient(url, auth={...}) as client:`; `lines` is everything the driver said, in order."""

    def __init__(self, url: str, **options: Any) -> None:
        """`options` of socket.io-client: `auth`, `transports`, `reconnection`, ..."""
        self._url = url
        self._options = options
        self._node: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._calls = 0
        self.lines: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._node = await asyncio.create_subprocess_exec(
            "node",
            "driver.mjs",
            cwd=_JS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        self._reader = asyncio.create_task(self._read())
        await self._say(op="connect", url=self._url, options=self._options)
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

    async def call(self, event: str, payload: Any) -> Any:
        """Emit and wait for the ack."""
        self._calls += 1
        number = self._calls
        await self._say(op="emit", id=number, event=event, payload=payload)
        return (await self.until(lambda line: line.get("ack") == number, f"no ack of {event}"))["data"]

    async def tell(self, event: str, payload: Any) -> None:
        """Emit without an ack."""
        await self._say(op="tell", event=event, payload=payload)

    async def auth(self, auth: Any) -> None:
        """Use this from the next connect on."""
        await self._say(op="auth", auth=auth)

    def all(self, event: str) -> list[Any]:
        """The payloads of this event so far, in order."""
        return [line["payload"] for line in self.lines if line.get("event") == event]

    def states(self) -> list[str]:
        """connect, disconnect, connect_error: in order."""
        return [line["state"] for line in self.lines if "state" in line]

    async def next(self, event: str, count: int = 1) -> Any:
        """The payload of the `count`-th event of this name."""
        await self.until(lambda _: len(self.all(event)) >= count, f"no {event} number {count}")
        return self.all(event)[count - 1]

    async def until(self, met: Callable[[dict[str, Any]], bool], missing: str) -> dict[str, Any]:
        """The first line that meets the condition."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := next((line for line in self.lines if met(line)), None)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{missing}; it said {self.lines[-10:]}") from None
        return found

    async def _say(self, **command: Any) -> None:
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(command).encode() + b"\n")
        await self._node.stdin.drain()

    async def _read(self) -> None:
        assert self._node is not None
        assert self._node.stdout is not None
        async for line in self._node.stdout:
            said = json.loads(line)
            self.lines.append(said)
            if "event" in said:
                hear(said["event"], said.get("payload"))
            self._news.set()
