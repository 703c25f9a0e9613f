"""Waiting for what must come, with a deadline that names what did not."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(met: Callable[[], Awaitable[bool]], otherwise: str, *, timeout_s: float = 30.0) -> None:
    """Ask again and again until `met` says yes; fail with `otherwise` after `timeout_s`."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not await met():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"after {timeout_s:g} s: {otherwise}")
        await asyncio.sleep(0.01)
