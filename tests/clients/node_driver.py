"""A script in a node process, driven from a test: commands in, a line of JSON for each thing that it says."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from tests.clients.heard import hear

_JS: Final = Path(__file__).parents[1] / "js"
_LARGEST_LINE: Final = 2**24


class NodeDriver(ABC):
    """`async with` starts the script and connects; `lines` is everything that it said, in order."""

    script: ClassVar[str]
    patience_s: ClassVar[float]

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._node: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @property
    @abstractmethod
    def connecting(self) -> Mapping[str, Any]:
        """The first command."""

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._node = await asyncio.create_subprocess_exec(
            "node", self.script, cwd=_JS, stdin=pipe, stdout=pipe, limit=_LARGEST_LINE
        )
        self._reader = asyncio.create_task(self._read())
        await self.say(**self.connecting)
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
        """Send one command."""
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(command).encode() + b"\n")
        await self._node.stdin.drain()

    async def until(self, met: Callable[[dict[str, Any]], bool], missing: str) -> dict[str, Any]:
        """The first line that meets the condition."""
        try:
            async with asyncio.timeout(self.patience_s):
                while (line := next((line for line in self.lines if met(line)), None)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{missing}; it said {self.lines[-10:]}") from None
        return line

    async def _read(self) -> None:
        assert self._node is not None
        assert self._node.stdout is not None
        async for raw in self._node.stdout:
            line = json.loads(raw)
            self.lines.append(line)
            if "event" in line:
                hear(line["event"], line.get("payload"))
            self._news.set()
