"""clamd, as far as it is needed: PING, and INSTREAM (clamd(8)). A connection for each question."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_PING_S: Final = 1.0
_LONGEST_ANSWER: Final = 4096
_SIZE: Final = struct.Struct("!L")


class ClamdError(Exception):
    """It answered what is no verdict. The message is its own, of a scan that names nobody."""


class Clamd:
    """`address`: tcp://host:port or unix:/path."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def ping(self) -> None:
        """Raises OSError, TimeoutError, ClamdError: it is not there."""
        async with asyncio.timeout(_PING_S), self._connected() as (reader, writer):
            writer.write(b"zPING\0")
            if await _answer(reader) != "PONG":
                raise ClamdError("no answer to a ping")

    async def is_clean(self, pieces: AsyncIterator[bytes]) -> bool:
        """What it says of these bytes.

        Raises:
            OSError: it is not there, or hung up: also when there are more than it takes.
            ClamdError: it could not say.
        """
        async with self._connected() as (reader, writer):
            writer.write(b"zINSTREAM\0")
            async for piece in pieces:
                writer.write(_SIZE.pack(len(piece)))
                writer.write(piece)
                await writer.drain()
            writer.write(_SIZE.pack(0))
            await writer.drain()
            said = await _answer(reader)
        if said.endswith(" FOUND"):
            return False
        if said.endswith(": OK"):
            return True
        raise ClamdError(said)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        scheme, _, place = self._address.partition(":")
        if scheme == "unix":
            reader, writer = await asyncio.open_unix_connection(place)
        else:
            host, _, port = place.removeprefix("//").rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield reader, writer
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> str:
    said = await reader.read(_LONGEST_ANSWER)
    return said.rstrip(b"\0\n").decode("ascii", "replace")
