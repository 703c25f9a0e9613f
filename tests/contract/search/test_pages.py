"""Orders and pages: nothing is skipped, nothing is shown twice, whatever is written meanwhile."""

from collections.abc import Callable

import pytest

from serve_app.capabilities.search.port import MOST_FOUND, After, Change, Engine, Filters, Found, Sort, Tree
from tests.contract.search.documents import among, delete, ids_of, only, put, some


async def _pages(
    engine: Engine, sort: Sort, limit: int, between: Callable[[int], list[Change]] = lambda _: []
) -> list[str]:
    shown: list[str] = []
    after = None
    for page in range(100):
        found: Found = await engine.find(some("night"), Filters(), sort=sort, after=after, limit=limit)
        shown += ids_of(found)
        if not found.more:
            return shown
        after = After(found.hits[-1].at, found.hits[-1].key)
        await engine.apply(between(page))
    raise AssertionError("it never ends")


@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_times_give_the_order(engine: Engine, sort: Sort) -> None:
    await engine.apply([put(f"m{n}", "night", at=1_700_000_000_000 + n) for n in (3, 1, 2, 5, 4)])
    expected = ["m1", "m2", "m3", "m4", "m5"]
    assert await _pages(engine, sort, 2) == (expected[::-1] if sort == "newest" else expected)


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_those_of_one_time_are_each_shown_once(engine: Engine, sort: Sort, limit: int) -> None:
    await engine.apply([put(f"m{n:02}", "night", at=100 + n // 10) for n in range(30)])
    shown = await _pages(engine, sort, limit)
    assert sorted(shown) == [f"m{n:02}" for n in range(30)]
    times = [int(id_[1:]) // 10 for id_ in shown]
    assert times == sorted(times, reverse=sort == "newest")


@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_pages_hold_while_it_is_written(engine: Engine, sort: Sort) -> None:
    """New ones come at both ends and in the middle, old ones are edited and deleted."""
    await engine.apply([put(f"m{n:02}", "night", at=1_000 + n // 2) for n in range(40)])

    def meanwhile(page: int) -> list[Change]:
        return [
            put(f"new{page}", "night", at=5_000 + page),
            put(f"old{page}", "night", at=page),
            put(f"middle{page}", "night", at=1_010),
            put("m20", "night", at=1_010, version=2 + page),
            delete("m21", 9),
        ]

    shown = await _pages(engine, sort, 6, meanwhile)
    assert len(shown) == len(set(shown))
    assert {f"m{n:02}" for n in range(40)} - {"m21"} <= set(shown)


@pytest.mark.parametrize(("many", "limit", "more"), [(3, 3, False), (4, 3, True), (0, 1, False), (1, 50, False)])
@pytest.mark.parametrize("sort", ["relevance", "newest"])
async def test_it_says_whether_there_are_more(engine: Engine, many: int, limit: int, more: bool, sort: Sort) -> None:
    await engine.apply([put(f"m{n}", "night") for n in range(many)])
    found = await engine.find(some("night"), Filters(), sort=sort, limit=limit)
    assert (len(found.hits), found.more) == (min(many, limit), more)


async def test_no_more_than_five_hundred_at_once(engine: Engine) -> None:
    await engine.apply([put(f"m{n}", "night", at=n) for n in range(MOST_FOUND + 5)])
    for found in (
        await engine.find(some("night"), Filters(), limit=10_000),
        await engine.find(some("night"), Filters(), sort="newest", limit=10_000),
    ):
        assert (len(found.hits), found.more) == (MOST_FOUND, True)


async def test_a_page_after_one_that_was_deleted_goes_on_there(engine: Engine) -> None:
    await engine.apply([put(f"m{n}", "night", at=n) for n in range(4)])
    first = await engine.find(some("night"), Filters(), sort="oldest", limit=2)
    await engine.apply([delete("m1", 2)])
    rest = await engine.find(
        some("night"), Filters(), sort="oldest", after=After(first.hits[-1].at, first.hits[-1].key), limit=5
    )
    assert ids_of(rest) == ["m2", "m3"]


async def test_pages_of_a_filter_alone(engine: Engine) -> None:
    await engine.apply([put(f"m{n}", at=n, room=f"r{n % 2}") for n in range(10)])
    first = await engine.find(Tree(), only(among("room", "r1")), sort="newest", limit=3)
    assert ids_of(first) == ["m9", "m7", "m5"]
    after = After(first.hits[-1].at, first.hits[-1].key)
    rest = await engine.find(Tree(), only(among("room", "r1")), sort="newest", after=after, limit=3)
    assert ids_of(rest) == ["m3", "m1"]
