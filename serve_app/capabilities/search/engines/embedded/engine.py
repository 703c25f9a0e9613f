"""The engine in the process. It is a cache: what is lost or damaged is dropped, and made again from the sources."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from tantivy import Searcher

from common.clock import Clock
from common.errors import StartupError, Unavailable
from serve_app.capabilities.search.engines.embedded import files, shape
from serve_app.capabilities.search.engines.embedded.committing import COMMIT_EVERY_S, Committing
from serve_app.capabilities.search.engines.embedded.shelf import DamagedError, Shelf, counts, read, touching
from serve_app.capabilities.search.port import (
    MOST_FOUND,
    After,
    Applied,
    Change,
    Filters,
    Found,
    Generation,
    IndexHit,
    Sort,
    Term,
    Tree,
)

_T = TypeVar("_T")
_PAGE: Final = 1_000  # of a scan
_SLACK: Final = 16  # documents that may share a place with the last of a page
_VALUES: Final = 100
_SEGMENT_VALUES: Final = 10_000

log = structlog.get_logger()


class TantivyEngine:
    """Generations in a folder, each with its writer. One process may have it open for writing."""

    name: Final = "tantivy"

    def __init__(self, folder: Path, clock: Clock, *, commit_every_s: float = COMMIT_EVERY_S) -> None:
        self._folder, self._clock, self._commit_every_s = folder, clock, commit_every_s
        self._shelves: dict[int, tuple[Shelf, Committing]] = {}
        self._serving: int | None = None

    async def start(self) -> None:
        """Open what is there; what is damaged goes.

        Raises:
            StartupError: the folder cannot be made.
        """
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        for number in list(self._shelves):
            await self._shut(number)

    async def apply(self, changes: Sequence[Change], *, generation: int | None = None) -> Applied:
        number = self._number(generation)
        shelf, committing = self._shelves[number]
        try:
            return await committing.apply(changes)
        except DamagedError:
            await self._lose(number, shelf)
            raise _lost() from None

    async def find(
        self, tree: Tree, filters: Filters, *, sort: Sort = "relevance", after: After | None = None, limit: int = 20
    ) -> Found:
        searcher = self._searcher()
        return await _off(
            lambda: _find(
                searcher=searcher, tree=tree, filters=filters, sort=sort, after=after, limit=min(limit, MOST_FOUND)
            )
        )

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        searcher = self._searcher()
        return await _off(lambda: counts(searcher, terms, shape.question(Tree(), filters)))

    async def facets(self, tree: Tree, filters: Filters, names: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        searcher = self._searcher()
        return await _off(lambda: _facets(searcher, tree, filters, names))

    async def scan(self, filters: Filters, *, generation: int | None = None) -> AsyncIterator[Sequence[IndexHit]]:
        number = self._number(generation)
        after: After | None = None
        while True:
            searcher = self._shelves[self._number(number)][0].searcher()
            found = await _off(partial(_find, searcher, Tree(), filters, "oldest", after, _PAGE))
            if found.hits:
                yield found.hits
            if not found.more:
                return
            after = After(found.hits[-1].at, found.hits[-1].key)

    async def serving(self) -> Generation | None:
        while (number := self._serving) is not None:
            try:
                return await self._described(number)
            except (Unavailable, LookupError):
                if number == self._serving:  # else another one took its place while it was read
                    raise
        return None

    async def generations(self) -> Sequence[Generation]:
        found: list[Generation] = []
        for number in sorted(self._shelves):
            with suppress(LookupError):  # dropped while the others were read
                found.append(await self._described(number))
        return found

    async def create(self, generation: Generation) -> None:
        if generation.number not in self._shelves:
            folder = files.folder_of(self._folder, generation.number)
            self._put_up(await asyncio.to_thread(Shelf.create, folder, generation), generation.number)

    async def swap(self, number: int) -> None:
        self._number(number)
        with touching("swap"):
            await asyncio.to_thread(files.serve, self._folder, number)
        self._serving = number

    async def drop(self, number: int) -> None:
        if number == self._serving:
            raise ValueError(f"generation {number} serves")
        if number in self._shelves:
            await self._shut(number)
            await asyncio.to_thread(files.discard, files.folder_of(self._folder, number))

    def _open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise StartupError(f"The folder of the search index, {self._folder}, cannot be made: {exc}.") from exc
        for number in files.numbers(self._folder):
            folder = files.folder_of(self._folder, number)
            try:
                self._put_up(Shelf.open(folder), number)
            except DamagedError:
                log.warning("search_index_damaged", generation=number)
                files.discard(folder)
        serving = files.serving(self._folder)
        self._serving = serving if serving in self._shelves else None

    def _put_up(self, shelf: Shelf, number: int) -> None:
        committing = Committing(lambda changes: shelf.apply(changes, self._clock.now_ms()), self._commit_every_s)
        self._shelves[number] = shelf, committing

    async def _shut(self, number: int) -> None:
        shelf, committing = self._shelves.pop(number)
        await committing.close()
        await asyncio.to_thread(shelf.close)

    async def _lose(self, number: int, shelf: Shelf) -> bool:
        """False: it is gone already, dropped while somebody read it."""
        if (there := self._shelves.get(number)) is None or there[0] is not shelf:
            return False
        log.warning("search_index_damaged", generation=number)
        del self._shelves[number]
        self._serving = None if self._serving == number else self._serving
        with suppress(Unavailable):
            await asyncio.to_thread(shelf.close)  # else it might write into the next one of this name
        await asyncio.to_thread(files.discard, shelf.folder)
        return True

    async def _described(self, number: int) -> Generation:
        shelf = self._shelves[self._number(number)][0]
        try:
            return await _off(lambda: shelf.generation(self._clock.now_ms()))
        except DamagedError:
            if await self._lose(number, shelf):
                raise _lost() from None
            raise LookupError(f"generation {number} was dropped") from None

    def _number(self, generation: int | None) -> int:
        number = self._serving if generation is None else generation
        if number is None:
            raise Unavailable("The search index is being made; try again in a while.")
        if number not in self._shelves:
            raise LookupError(f"there is no generation {number}")
        return number

    def _searcher(self) -> Searcher:
        return self._shelves[self._number(None)][0].searcher()


def _lost() -> Unavailable:
    return Unavailable("The search index was lost and is being made again.")


async def _off(work: Callable[[], _T]) -> _T:
    """In a thread: tantivy lets go of the interpreter while it searches."""
    with touching("search"):
        return await asyncio.to_thread(work)


def _find(searcher: Searcher, tree: Tree, filters: Filters, sort: Sort, after: After | None, limit: int) -> Found:
    asked = shape.question(tree, filters)
    if sort == "relevance":
        result = searcher.search(asked, limit + 1, count=False)
        hits = read(searcher, result.hits, scored=True)
        return Found(tuple(hits[:limit]), len(hits) > limit)
    asked = shape.page_after(asked, sort, after)
    most = limit + 1 + _SLACK
    result = searcher.search(asked, most, count=False, order_by_field="order", order=shape.ORDERS[sort])
    hits = _in_order(read(searcher, result.hits, scored=False), sort, after)
    return Found(tuple(hits[:limit]), len(hits) > limit)


def _in_order(hits: Sequence[IndexHit], sort: Sort, after: After | None) -> list[IndexHit]:
    """By their places, and those who share one by key; what was shown is left out."""
    sign = -1 if sort == "newest" else 1

    def place(hit: IndexHit | After) -> tuple[int, str]:
        return sign * shape.order_of(hit.at, hit.key), str(hit.key)

    ordered = sorted(hits, key=place)
    return ordered if after is None else [hit for hit in ordered if place(hit) > place(after)]


def _facets(searcher: Searcher, tree: Tree, filters: Filters, names: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    if not names:
        return {}
    wanted = {name: {"terms": {"field": name, "size": _VALUES, "segment_size": _SEGMENT_VALUES}} for name in names}
    found = searcher.aggregate(shape.question(tree, filters), wanted)
    return {name: {one["key"]: one["doc_count"] for one in found[name]["buckets"]} for name in names}
