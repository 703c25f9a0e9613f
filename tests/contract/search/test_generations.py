"""Generations: made beside what serves, swapped under load, dropped."""

import asyncio

import pytest

from serve_app.capabilities.search.port import Engine, Filters, Generation
from tests.contract.search.conftest import FIRST
from tests.contract.search.documents import all_of, ids, put, some


async def test_what_serves_tells_what_it_is_made_with(engine: Engine) -> None:
    assert await engine.serving() == FIRST
    assert await engine.generations() == [FIRST]


async def test_a_new_one_is_filled_beside(engine: Engine) -> None:
    await engine.apply([put("m", "old")])
    await engine.create(Generation(2, "key2", "two"))
    await engine.apply([put("m", "new")], generation=2)
    assert await ids(engine, some("new")) == []
    assert [hit.key.id for hit in await all_of(engine.scan(Filters(), generation=2))] == ["m"]
    await engine.swap(2)
    assert await ids(engine, some("new")) == ["m"]
    assert await ids(engine, some("old")) == []
    assert (await engine.serving()) == Generation(2, "key2", "two", documents=1)


async def test_making_one_again_leaves_it_as_it_is(engine: Engine) -> None:
    await engine.apply([put("m", "one")])
    await engine.create(Generation(1, "other", "other"))
    assert await ids(engine, some("one")) == ["m"]
    assert (await engine.serving()) == Generation(1, "key1", "one", documents=1)


async def test_what_serves_cannot_be_dropped_and_what_is_not_there_can(engine: Engine) -> None:
    with pytest.raises(ValueError, match="serves"):
        await engine.drop(1)
    await engine.drop(7)
    assert len(await engine.generations()) == 1


async def test_what_was_dropped_is_gone(engine: Engine) -> None:
    await engine.create(Generation(2, "key2", "two"))
    await engine.swap(2)
    await engine.drop(1)
    assert [one.number for one in await engine.generations()] == [2]
    with pytest.raises(LookupError):
        await engine.apply([put("m")], generation=1)
    with pytest.raises(LookupError):
        await engine.swap(1)


async def test_twenty_swaps_under_searches_show_no_gap_and_nothing_twice(engine: Engine) -> None:
    library = [put(f"m{n}", "night", at=n) for n in range(50)]
    await engine.apply(library)
    done, searches = False, 0

    async def search() -> None:
        nonlocal searches
        while not done:
            found = await ids(engine, some("night"))
            assert sorted(found) == sorted(one.key.id for one in library)
            searches += 1

    async def look() -> None:
        while not done:
            assert (await engine.serving()) is not None
            assert await engine.generations()

    searching = [asyncio.create_task(one) for one in (search(), search(), look())]
    for number in range(2, 22):
        await engine.create(Generation(number, f"key{number}", "one"))
        await engine.apply(library, generation=number)
        await engine.swap(number)
        await engine.drop(number - 1)
    done = True
    await asyncio.gather(*searching)
    assert searches > 20


async def test_what_is_not_there_cannot_serve(engine: Engine) -> None:
    with pytest.raises(LookupError):
        await engine.swap(9)
    assert (await engine.serving()) == FIRST
