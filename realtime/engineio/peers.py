"""Other servers, for those who put several behind one address without sticky sessions.

A client that polls opens a connection when it likes, so that each of its requests may come to another server than the
one that has its session. A server that was given `peers` asks them to carry such a request to the owner of the
session. How servers find and trust each other is theirs.
"""

import asyncio
from typing import Any, Protocol

Reply = dict[str, Any]
"""As python-engineio builds responses: `status`, `headers`, `response`."""


class Peers(Protocol):
    """The servers beside this one. `None` for an answer: nobody has such a session, or its owner has gone."""

    def named(self, session: str) -> str:
        """The id of a new session here, which tells the others whose it is. Letters, digits and `-_.~` only."""
        ...

    def elsewhere(self, sid: str) -> bool:
        """Whether another server is to be asked about this session. Never waits."""
        ...

    async def poll(self, sid: str, jsonp: int | None) -> Reply | None:
        """Ask the owner `EngineServer.poll`. Cancelled when the client leaves."""
        ...

    async def post(self, sid: str, body: str | None, jsonp: int | None) -> Reply | None:
        """Ask the owner `EngineServer.post`."""
        ...

    async def tunnel(self, sid: str, head: bytes, *, deflate: bool) -> asyncio.Protocol | Reply | None:
        """Ask the owner `EngineServer.adopt`; a protocol that gets the client's connection, then writes `head` and
        passes on whatever comes, both ways. A reply: a refusal."""
        ...
