"""The first hits by what they mean, if whoever knows says so in time; else as they were."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from common.errors import CarewireError
from serve_app.capabilities.search.asking.opening import OpenedHits, VisibleHit
from serve_app.capabilities.search.process.questions import HitCandidate

MOST_RANKED: Final = 20
WITHIN_S: Final = 0.25
MOST_CHARS: Final = 600
Order = Callable[[str, Sequence[str]], Awaitable[Sequence[int]]]
"""Places of texts, the nearest to the question first. Raises Unavailable."""


async def ranked(order: Order, q: str, looked: OpenedHits, *, within_s: float = WITHIN_S) -> OpenedHits | None:
    """The same hits, the first ones by meaning; each stands where another of them stood. None: there was no time."""
    first = list(looked.seen[:MOST_RANKED])
    if len(first) < 2:
        return None
    try:
        async with asyncio.timeout(within_s):
            places = await order(q, [_said(one) for one in first])
    except (TimeoutError, CarewireError):
        return None
    if sorted(places) != list(range(len(first))):
        return None
    moved = [replace(first[place], place=old.place) for old, place in zip(first, places, strict=True)]
    return replace(looked, seen=[*moved, *looked.seen[MOST_RANKED:]])


def rearranged(candidates: Sequence[HitCandidate], before: OpenedHits, after: OpenedHits) -> list[HitCandidate]:
    """The candidates in the order of the hits, so that the pages that follow go on from it."""
    found = list(candidates)
    stood = {id(one.opened): one.place for one in before.seen}
    for one in after.seen:
        found[one.place] = candidates[stood[id(one.opened)]]
    return found


def _said(one: VisibleHit) -> str:
    return f"{one.opened.title} {one.opened.text}".strip()[:MOST_CHARS]
