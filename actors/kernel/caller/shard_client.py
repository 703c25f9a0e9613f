"""A shard, as whoever calls it sees it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

Call = Callable[[bytes], Awaitable[bytes]]
"""A method of a `ShardClient`."""


class ShardGone(Exception):
    """The call did not get through, or its reply was lost: it may have happened."""


class ShardClient(Protocol):
    """Calls one shard. Each method raises `ShardGone` when the shard cannot be reached."""

    async def subscribe(self, request: bytes) -> bytes: ...

    async def submit(self, request: bytes) -> bytes: ...

    async def fetch(self, request: bytes) -> bytes: ...


class WorkClient(Protocol):
    """Asks one shard for activities. Raises `ShardGone` when it cannot be reached: it has given away by then what was
    had of it."""

    async def work(self, request: bytes) -> bytes: ...


async def call_in_time(method: Call, request: bytes, timeout_s: float) -> bytes:
    """The reply. Raises `ShardGone` also when there is none in time."""
    try:
        async with asyncio.timeout(timeout_s):  # `wait_for` makes a task of each call
            return await method(request)
    except TimeoutError as error:
        raise ShardGone("no answer in time") from error
