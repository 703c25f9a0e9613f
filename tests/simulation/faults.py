"""Faults, by the dice: a journal whose answers get lost, calls that vanish or arrive twice, and delays everywhere."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.kernel.caller.shard_client import ShardGone
from common.errors import Unavailable
from store.ports.journal import Journal, Outcome, Snapshot, Turn


@dataclass
class Dice:
    """Decides what goes wrong. `rate` scales every fault; 0 turns all of them off."""

    random: random.Random
    rate: float = 1.0

    def strikes(self, chance: float) -> bool:
        return self.random.random() < chance * self.rate

    async def pause(self) -> None:
        """Let others run: for a moment, or for a while."""
        await asyncio.sleep(self.random.choice((0, 0, 0.0005, 0.002, 0.02)))


class FaultyJournal:
    """A journal behind a bad network. What it stores is always sound; what it says may be lost."""

    def __init__(self, inner: Journal, dice: Dice) -> None:
        self.inner = inner
        self._dice = dice

    async def append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        await self._dice.pause()
        if self._dice.strikes(0.03):  # never arrived
            return {turn.entity: Outcome.UNKNOWN for turn in turns}
        if self._dice.strikes(0.02):  # arrives after we have given up on it
            asyncio.get_running_loop().create_task(self._late(turns))
            return {turn.entity: Outcome.UNKNOWN for turn in turns}
        outcomes = await self.inner.append(turns)
        await self._dice.pause()
        if self._dice.strikes(0.03):  # arrived; the answer did not
            return {turn.entity: Outcome.UNKNOWN for turn in turns}
        return outcomes

    async def _late(self, turns: Sequence[Turn]) -> None:
        await asyncio.sleep(self._dice.random.choice((0.001, 0.05, 0.3)))
        await self.inner.append(turns)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def behind_a_bad_network(*args: Any, **kwargs: Any) -> Any:
            await self._dice.pause()
            if self._dice.strikes(0.02):
                raise Unavailable("The database does not answer.")
            result = await method(*args, **kwargs)
            await self._dice.pause()
            if self._dice.strikes(0.01):
                raise Unavailable("The database does not answer.")
            return result

        return behind_a_bad_network


class FaultyStore(FaultyJournal):
    """Any other store behind the same network (no append of its own)."""


class FaultyClient:
    """Calls to a shard over a bad network: lost on the way there, lost on the way back, or made twice."""

    def __init__(self, call: Callable[[str, bytes], Awaitable[bytes]], dice: Dice) -> None:
        self._call = call
        self._dice = dice

    async def subscribe(self, request: bytes) -> bytes:
        return await self._over("subscribe", request)

    async def submit(self, request: bytes) -> bytes:
        return await self._over("submit", request)

    async def fetch(self, request: bytes) -> bytes:
        return await self._over("fetch", request)

    async def _over(self, method: str, request: bytes) -> bytes:
        await self._dice.pause()
        if self._dice.strikes(0.03):
            raise ShardGone("lost on the way there")
        reply = await self._call(method, request)
        if method == "submit" and self._dice.strikes(0.02):
            reply = await self._call(method, request)
        await self._dice.pause()
        if self._dice.strikes(0.03):
            raise ShardGone("lost on the way back")
        return reply


class UnfencedJournal:
    """The twin: a journal without a fence. It stores whatever comes, so a stale writer overwrites history."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.turns: dict[str, list[Turn]] = {}

    async def append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        for turn in turns:
            self.turns.setdefault(turn.entity, []).append(turn)
        await self._inner.append(turns)
        return {turn.entity: Outcome.STORED for turn in turns}

    async def save(self, snapshots: Sequence[Snapshot]) -> None:
        await self._inner.save(snapshots)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def all_turns(turns: Iterable[Turn]) -> list[Turn]:
    """In the order of their numbers."""
    return sorted(turns, key=lambda turn: turn.turn)
