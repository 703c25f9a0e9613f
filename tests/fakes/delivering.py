"""Webhooks on their way: signed, delayed, doubled, out of order, or lost, by a seed; sent until they are taken."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_PAUSE_S: Final = 0.2

Sign = Callable[[bytes], Mapping[str, str]]
"""The headers of a body that is sent now."""
Post = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
"""Sends a body with headers: the status of the answer; 0: there was none."""


@dataclass(frozen=True)
class Weather:
    """What happens to webhooks. `doubled`, `lost`: how likely. `longest_s`: of the delay that is drawn for each, so
    that later ones overtake. `tries`: after so many the sender gives up."""

    doubled: float = 0.0
    lost: float = 0.0
    longest_s: float = 0.0
    tries: int = 50


@dataclass
class Deliveries:
    """Sends to one endpoint by `post`. `taken`: how many were answered with 2xx; `statuses`: every answer."""

    post: Post
    sign: Sign
    seed: int = 0
    weather: Weather = field(default_factory=Weather)
    taken: int = 0
    statuses: list[int] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, body: bytes) -> None:
        """Soon, or never."""
        if self._random.random() < self.weather.lost:
            return
        for _ in range(2 if self._random.random() < self.weather.doubled else 1):
            delay_s = self._random.uniform(0, self.weather.longest_s)
            task = asyncio.get_running_loop().create_task(self._deliver(body, delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Everything that was sent has been taken, or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Send nothing more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, body: bytes, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        for _ in range(self.weather.tries):
            status = await self.post(body, {"Content-Type": "application/json", **self.sign(body)})
            self.statuses.append(status)
            if 200 <= status < 300:
                self.taken += 1
                return
            await asyncio.sleep(_PAUSE_S)


@asynccontextmanager
async def posting(url: str) -> AsyncIterator[Post]:
    """Posts to this address."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:

        async def post(body: bytes, headers: Mapping[str, str]) -> int:
            try:
                async with session.post(url, data=body, headers=headers) as answer:
                    return answer.status
            except (aiohttp.ClientError, OSError, TimeoutError):
                return 0

        yield post
