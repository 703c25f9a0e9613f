"""Tokens of feeds as they are kept: by id, with a digest of the secret alone. What is over is not there any more."""

from typing import Protocol

import msgspec

from common.clock import Clock


class FeedToken(msgspec.Struct, frozen=True, kw_only=True):
    """What `user` may show, with the `role` that they had, for one `feed`. Times in ms. `digest`: SHA-256, in hex."""

    id: str
    feed: str
    user: str
    role: str
    digest: str
    created: int
    expires: int


class FeedTokenStore(Protocol):
    """Where they are kept. Raises `Unavailable` when the database does not answer."""

    async def add(self, token: FeedToken) -> None:
        """Keep one."""

    async def find(self, token_id: str) -> FeedToken | None:
        """The one with this id, unless it is over."""

    async def of_feed(self, feed: str) -> list[FeedToken]:
        """All of a feed, the oldest first."""

    async def of_user(self, user: str) -> list[FeedToken]:
        """All that a user has made, the oldest first."""

    async def remove(self, token_id: str, feed: str) -> bool:
        """Was there one of this feed? It is good for nothing from now on."""

    async def forget(self, user: str) -> None:
        """Remove all that a user has made."""


class MemoryFeedTokens:
    """`FeedTokenStore` in this process's memory."""

    def __init__(self, clock: Clock) -> None:
        self._all: dict[str, FeedToken] = {}
        self._clock = clock

    async def add(self, token: FeedToken) -> None:
        self._all[token.id] = token

    async def find(self, token_id: str) -> FeedToken | None:
        return next((one for one in self._live() if one.id == token_id), None)

    async def of_feed(self, feed: str) -> list[FeedToken]:
        return [one for one in self._live() if one.feed == feed]

    async def of_user(self, user: str) -> list[FeedToken]:
        return [one for one in self._live() if one.user == user]

    async def remove(self, token_id: str, feed: str) -> bool:
        found = self._all.get(token_id)
        if found is None or found.feed != feed:
            return False
        del self._all[token_id]
        return True

    async def forget(self, user: str) -> None:
        self._all = {name: one for name, one in self._all.items() if one.user != user}

    def _live(self) -> list[FeedToken]:
        now_ms = self._clock.now_ms()
        return sorted((one for one in self._all.values() if one.expires > now_ms), key=lambda one: one.id)
