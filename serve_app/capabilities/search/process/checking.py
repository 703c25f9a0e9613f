"""The index against its sources: what is missing, what is older than it should be, what is there and should not be."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from serve_app.capabilities.search.port import Delete, Engine, Filters, Key, Keys
from serve_app.capabilities.search.sources.entry import Entry, Fed

_AT_ONCE: Final = 500
T = TypeVar("T")
_TIMED: Final = frozenset({"people"})
"""Types whose version is the time at which they were looked at: they are there, or not."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """How many documents were wrong."""

    missing: int = 0
    stale: int = 0
    extra: int = 0


class Checking:
    """One look."""

    def __init__(
        self,
        engine: Engine,
        sources: Callable[[], AsyncIterator[Sequence[Fed]]],
        apply: Callable[[Sequence[Fed]], Awaitable[None]],
        counted: Callable[[int], None],
    ) -> None:
        """`apply`: what puts right. `counted`: told how many documents were looked at."""
        self._engine, self._sources, self._apply, self._counted = engine, sources, apply, counted

    async def look(self, *, repair: bool) -> Drifted:
        """Both are read while they change, so whatever differs is looked at once more, in both, the sources first: what
        came between the first two looks is neither missing nor too much. Raises Unavailable."""
        should = await self._versions()
        has = await self._there(Filters())
        suspects = {key for key, version in should.items() if _differs(key, version, has.get(key))}
        suspects |= has.keys() - should.keys()
        if not suspects:
            return Drifted()
        again = await self._again(suspects)
        has = {key: version for some in _pages(sorted(suspects)) for key, version in (await self._there(some)).items()}
        wrong = [one for key, one in again.items() if _differs(key, _version(one), has.get(key))]
        extra = [Delete(key, has[key]) for key in suspects - again.keys() if key in has]
        if repair:
            for some in _pages([*wrong, *extra]):
                await self._apply(some)
        entries = [one for one in wrong if isinstance(one, Entry)]
        missing = sum(one.key not in has for one in entries)
        return Drifted(missing, len(entries) - missing, len(extra) + len(wrong) - len(entries))

    async def _versions(self) -> dict[Key, int | None]:
        """Of all there is. None: it is gone."""
        found: dict[Key, int | None] = {}
        async for page in self._sources():
            found.update({one.key: _version(one) for one in page})
            self._counted(len(page))
        return found

    async def _again(self, suspects: Collection[Key]) -> dict[Key, Fed]:
        """The last that is true of these."""
        return {one.key: one async for page in self._sources() for one in page if one.key in suspects}

    async def _there(self, some: Filters | Sequence[Key]) -> dict[Key, int]:
        filters = some if isinstance(some, Filters) else Filters((Keys(frozenset(some)),))
        return {hit.key: hit.version async for page in self._engine.scan(filters) for hit in page}


def _version(one: Fed) -> int | None:
    return one.version if isinstance(one, Entry) else None


def _differs(key: Key, should: int | None, has: int | None) -> bool:
    if should is None or has is None:
        return (should is None) is not (has is None)
    return key.type not in _TIMED and has < should


def _pages(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE)]
