"""Connections by hand that are gone when a test ends: what is only closed may be left to the garbage collector, which
finds it in whatever test runs then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def stream_to(host: str, port: int) -> AsyncIterator[Stream]:
    """A connection for as long as this lasts."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        await dropped(writer)


async def dropped(writer: asyncio.StreamWriter) -> None:
    """Drop the connection, and wait until it is gone."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
