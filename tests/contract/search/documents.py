"""Small documents for the tests of engines, whose tokens are words, since an engine cannot tell."""

from collections.abc import AsyncIterator, Iterable

from serve_app.capabilities.search.port import (
    Among,
    Best,
    Delete,
    Engine,
    Every,
    Filters,
    Found,
    IndexHit,
    Key,
    Put,
    Sort,
    Term,
    Tree,
)

EVERYTHING = Tree()
ANYWHERE = Filters()


def key(id_: str, type_: str = "messages") -> Key:
    return Key(type_, id_)


def put(
    id_: str, words: str = "", *, version: int = 1, at: int = 0, type_: str = "messages", begins: str = "", **has: str
) -> Put:
    """`has`: values by filter, parted by spaces."""
    return Put(
        key(id_, type_),
        version,
        at,
        words.split(),
        begins.split(),
        {name: values.split() for name, values in has.items()},
    )


def delete(id_: str, version: int, type_: str = "messages") -> Delete:
    return Delete(key(id_, type_), version)


def term(word: str) -> Term:
    return Term(word)


def some(*words: str) -> Tree:
    return Tree(some=tuple(map(Term, words)))


def best(*words: str) -> Best:
    return Best(tuple(map(Term, words)))


def every(*words: str) -> Every:
    return Every(tuple(map(Term, words)))


def among(name: str, *values: str) -> Among:
    return Among(name, frozenset(values))


def only(*conditions: Among) -> Filters:
    return Filters(every=conditions)


async def ids(
    engine: Engine, tree: Tree = EVERYTHING, filters: Filters = ANYWHERE, sort: Sort = "relevance"
) -> list[str]:
    return [hit.key.id for hit in (await engine.find(tree, filters, sort=sort, limit=500)).hits]


def ids_of(found: Found) -> list[str]:
    return [hit.key.id for hit in found.hits]


async def all_of(pages: AsyncIterator[Iterable[IndexHit]]) -> list[IndexHit]:
    return [hit async for page in pages for hit in page]
