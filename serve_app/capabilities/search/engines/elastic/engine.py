"""The engine of a server. Each generation is an index; one alias is read from, one is written to, and both move at
once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from elasticsearch import ApiError, AsyncElasticsearch

from common.errors import Unavailable
from common.lib.retry import Backoff
from serve_app.capabilities.search.engines.elastic import bodies, server
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

_PAGE: Final = 1_000
_COUNTED: Final = 500  # terms of one request
_ATTEMPTS: Final = 6
_LATER: Final = (429, 503)
_PARKED: Final = 400
_STALE: Final = 409
_NOTHING: Final = 404


class ElasticEngine:
    """Over one client. `index`: the alias that is read from, and what the names of the indexes begin with."""

    name: Final = "elasticsearch"

    def __init__(self, client: AsyncElasticsearch, index: str, *, first_pause_s: float = 0.2) -> None:
        self._client, self._read, self._write = client, index, f"{index}-write"
        self._first_pause_s = first_pause_s

    async def start(self) -> None:
        await server.check(self._client)

    async def close(self) -> None:
        await self._client.close()

    async def apply(self, changes: Sequence[Change], *, generation: int | None = None) -> Applied:
        index = self._write if generation is None else self._index(generation)
        parked = [change.key for change in changes if not bodies.fits(change)]
        waiting = [change for change in changes if bodies.fits(change)]
        backoff, stale = Backoff(self._first_pause_s, 5.0), 0
        for _ in range(_ATTEMPTS):
            if not waiting:
                return Applied(stale, tuple(parked))
            statuses = await self._bulk(index, waiting, served=generation is None)
            if statuses is not None:
                stale += statuses.count(_STALE)
                parked += [change.key for change, status in zip(waiting, statuses, strict=True) if status == _PARKED]
                waiting = [change for change, status in zip(waiting, statuses, strict=True) if status in _LATER]
            if waiting:
                await backoff.pause()
        raise Unavailable("Search takes nothing in just now.", waiting=len(waiting))

    async def find(
        self, tree: Tree, filters: Filters, *, sort: Sort = "relevance", after: After | None = None, limit: int = 20
    ) -> Found:
        most = min(limit, MOST_FOUND)
        answer = await self._search(
            bodies.search_body(tree=tree, filters=filters, sort=sort, after=after, limit=most + 1)
        )
        hits = _hits(answer)
        return Found(tuple(hits[:most]), len(hits) > most)

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        found: dict[Term, int] = {}
        for start in range(0, len(terms), _COUNTED):
            some = terms[start : start + _COUNTED]
            answer = await self._search(bodies.count_body(some, filters))
            buckets = answer["aggregations"]["terms"]["buckets"]
            found |= {term: n for at, term in enumerate(some) if (n := buckets[str(at)]["doc_count"])}
        return found

    async def facets(self, tree: Tree, filters: Filters, names: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        if not names:
            return {}
        found = (await self._search(bodies.facets_body(tree, filters, names)))["aggregations"]
        return {name: {one["key"]: one["doc_count"] for one in found[name]["buckets"]} for name in names}

    async def scan(self, filters: Filters, *, generation: int | None = None) -> AsyncIterator[Sequence[IndexHit]]:
        index = self._read if generation is None else self._index(generation)
        opened = await server.ask(lambda: self._client.open_point_in_time(index=index, keep_alive="1m"))
        point, after = str(opened["id"]), None
        try:
            while True:
                body = bodies.scan_body(filters, point, after, _PAGE)
                answer = await server.ask(lambda body=body: self._client.search(body=body))  # type: ignore[misc]
                if hits := _hits(answer):
                    yield hits
                if len(hits) < _PAGE:
                    return
                point, after = str(answer.get("pit_id", point)), answer["hits"]["hits"][-1]["sort"]
        finally:
            await server.ask(lambda: self._client.close_point_in_time(id=point))

    async def serving(self) -> Generation | None:
        return next(iter(await self._described(self._read)), None)

    async def generations(self) -> Sequence[Generation]:
        return sorted(await self._described(f"{self._read}-g*"), key=lambda one: one.number)

    async def create(self, generation: Generation) -> None:
        index, body = self._index(generation.number), bodies.index_body(generation)
        try:
            await server.ask(lambda: self._client.indices.create(index=index, body=body))
        except Unavailable as exc:
            if not isinstance(exc.__cause__, ApiError) or "resource_already_exists" not in str(exc.__cause__):
                raise

    async def swap(self, number: int) -> None:
        index = self._index(number)
        body = bodies.swap_body(f"{self._read}-g*", index, (self._read, self._write))
        await server.ask(lambda: self._client.indices.get_mapping(index=index))
        await server.ask(lambda: self._client.indices.update_aliases(body=body))

    async def drop(self, number: int) -> None:
        if (served := await self.serving()) is not None and served.number == number:
            raise ValueError(f"generation {number} serves")
        index = self._index(number)
        await server.ask(lambda: self._client.indices.delete(index=index, ignore_unavailable=True))

    def _index(self, number: int) -> str:
        return f"{self._read}-g{number}"

    async def _bulk(self, index: str, changes: Sequence[Change], *, served: bool) -> list[int] | None:
        """What became of each; None: of none, and it may be tried again."""
        made = bodies.operations(changes)
        try:
            answer = await server.ask(
                lambda: self._client.bulk(
                    operations=made, index=index, refresh="wait_for", require_alias=served or None
                )
            )
        except Unavailable as exc:
            if isinstance(exc.__cause__, ApiError) and exc.__cause__.meta.status not in _LATER:
                raise
            return None
        except LookupError:
            if served:
                raise Unavailable("The search index is being made; try again in a while.") from None
            raise
        statuses = [next(iter(item.values()))["status"] for item in answer["items"]]
        if len(statuses) != len(changes):
            raise Unavailable("Search cannot be used just now.", cause="an answer of another length")
        if wrong := [one for one in statuses if one >= _PARKED and one not in (*_LATER, _PARKED, _STALE, _NOTHING)]:
            raise Unavailable("Search cannot be used just now.", status=wrong[0])
        return statuses

    async def _search(self, body: bodies.Body) -> Mapping[str, Any]:
        try:
            return await server.ask(
                lambda: self._client.search(index=self._read, body=body, allow_partial_search_results=False)
            )
        except LookupError:
            raise Unavailable("The search index is being made; try again in a while.") from None

    async def _described(self, pattern: str) -> list[Generation]:
        try:
            mappings = await server.ask(lambda: self._client.indices.get_mapping(index=pattern))
            figures = await server.ask(lambda: self._client.indices.stats(index=pattern, metric="docs"))
        except LookupError:
            return []
        return [_generation(one["mappings"]["_meta"], figures["indices"].get(name)) for name, one in mappings.items()]


def _generation(meta: Mapping[str, Any], figures: Mapping[str, Any] | None) -> Generation:
    docs = figures["primaries"]["docs"] if figures else {"count": 0, "deleted": 0}
    return Generation(
        number=meta["number"],
        key_id=meta["key_id"],
        analysis=meta["analysis"],
        documents=docs["count"],
        dead=docs["deleted"],
    )


def _hits(answer: Mapping[str, Any]) -> list[IndexHit]:
    return [
        IndexHit(bodies.key_in(hit), hit["_version"], hit["fields"]["at"][0], hit.get("_score") or 0.0)
        for hit in answer["hits"]["hits"]
    ]
