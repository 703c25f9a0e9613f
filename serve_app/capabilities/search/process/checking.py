"""The index against its sources: what is missing, what is older than it should be, what is there and should not be."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
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
        """Both are read while they change, so whatever differs is looked at once more. Raises Unavailable."""
        should = await self._wanted()
        has = await self._there(Filters())
        suspects = [key for key, one in should.items() if _differs(one, has.get(key))]
        suspects += [key for key in has if key not in should]
        has = {key: version for some in _pages(suspects) for key, version in (await self._there(_only(some))).items()}
        wrong = [should[key] for key in suspects if key in should and _differs(should[key], has.get(key))]
        extra = [key for key in suspects if key not in should and key in has]
        gone = [one for one in wrong if not isinstance(one, Entry)]
        entries = [one for one in wrong if isinstance(one, Entry)]
        if repair:
            for some in _pages([*wrong, *(Delete(key, has[key]) for key in extra)]):
                await self._apply(some)
        missing = sum(one.key not in has for one in entries)
        return Drifted(missing, len(entries) - missing, len(extra) + len(gone))

    async def _wanted(self) -> dict[Key, Fed]:
        """The last that is true of each."""
        found: dict[Key, Fed] = {}
        async for page in self._sources():
            found.update({one.key: one for one in page})
            self._counted(len(page))
        return found

    async def _there(self, filters: Filters) -> dict[Key, int]:
        return {hit.key: hit.version async for page in self._engine.scan(filters) for hit in page}


def _differs(one: Fed, version: int | None) -> bool:
    if not isinstance(one, Entry):
        return version is not None
    if one.key.type in _TIMED:
        return version is None
    return version is None or version < one.version


def _only(keys: Iterable[Key]) -> Filters:
    return Filters((Keys(frozenset(keys)),))


def _pages(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE)]
