"""What an engine makes of changes: versions, deletions, order, and that nothing is half done."""

import asyncio
from dataclasses import replace

import pytest

from serve_app.capabilities.search.port import Applied, Change, Engine, Filters, Keys, Put, Term, Tree
from tests.contract.search.documents import all_of, delete, ids, key, put, some

HISTORIES: list[tuple[str, list[Change], str | None]] = [
    ("put", [put("m", "one")], "one"),
    ("put twice", [put("m", "one"), put("m", "one")], "one"),
    ("newer", [put("m", "one"), put("m", "two", version=2)], "two"),
    ("older comes later", [put("m", "two", version=2), put("m", "one")], "two"),
    ("the same version again", [put("m", "one"), put("m", "two")], "two"),
    ("deleted", [put("m", "one"), delete("m", 2)], None),
    ("deleted at its own version", [put("m", "one"), delete("m", 1)], None),
    ("deleted by an older word", [put("m", "two", version=2), delete("m", 1)], "two"),
    ("put late after its deletion", [put("m", "one"), delete("m", 2), put("m", "one")], None),
    ("deleted before it came", [delete("m", 2), put("m", "one")], None),
    ("deleted twice", [put("m", "one"), delete("m", 2), delete("m", 2), put("m", "one")], None),
    ("come back", [put("m", "one"), delete("m", 2), put("m", "three", version=3)], "three"),
    (
        "come back and gone",
        [delete("m", 2), put("m", "three", version=3), delete("m", 4), put("m", "x", version=3)],
        None,
    ),
    ("edited often", [put("m", f"word{n}", version=n) for n in range(1, 9)], "word8"),
    ("edited often, in no order", [put("m", f"word{n}", version=n) for n in (3, 1, 8, 2, 7)], "word8"),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize(("name", "history", "left"), HISTORIES, ids=[case[0] for case in HISTORIES])
async def test_the_newest_version_stands(
    shared: Engine, name: str, history: list[Change], left: str | None, together: bool
) -> None:
    mine = key(f"{name}, {together}")
    changes = [replace(change, key=mine) for change in history]
    before = await documents(shared)
    for batch in [changes] if together else [[change] for change in changes]:
        await shared.apply(batch)
    words = {word for change in history if isinstance(change, Put) for word in change.words}
    alone = Filters((Keys(frozenset({mine})),))
    assert {word for word in words if await ids(shared, some(word), alone)} == ({left} - {None})
    assert len(await ids(shared, Tree(), alone)) == (0 if left is None else 1)
    assert await documents(shared) - before == (0 if left is None else 1)


async def documents(engine: Engine) -> int:
    serving = await engine.serving()
    assert serving is not None
    return serving.documents


async def test_what_came_too_late_is_counted(engine: Engine) -> None:
    assert await engine.apply([put("m", version=2), put("m", version=1), put("n")]) == Applied(stale=1)
    assert await engine.apply([put("m", version=1), delete("n", 0)]) == Applied(stale=2)


async def test_the_same_id_of_another_type_is_another_document(engine: Engine) -> None:
    await engine.apply([put("x", "one"), put("x", "one", type_="files"), delete("x", 2)])
    assert [hit.key for hit in (await engine.find(some("one"), Filters())).hits] == [key("x", "files")]


async def test_filters_and_time_are_replaced_with_the_words(engine: Engine) -> None:
    await engine.apply([put("m", "one", at=10, room="r1", has="file")])
    await engine.apply([put("m", "two", version=2, at=20, room="r2")])
    assert await engine.facets(Tree(), Filters(), ["room", "has"]) == {"room": {"r2": 1}, "has": {}}
    assert [hit.at for hit in (await engine.find(Tree(), Filters())).hits] == [20]


async def test_what_no_engine_takes_is_parked_and_the_rest_stands(engine: Engine) -> None:
    bad = [put("x" * 600), put("v", version=-1), put("t", at=-1), put("f", nonsense="x")]
    applied = await engine.apply([put("a", "one"), *bad, put("b", "one")])
    assert set(applied.parked) == {one.key for one in bad}
    assert sorted(await ids(engine)) == ["a", "b"]


async def test_an_empty_batch_is_nothing(engine: Engine) -> None:
    assert await engine.apply([]) == Applied()


async def test_what_is_applied_is_found(engine: Engine) -> None:
    for n in range(5):
        await engine.apply([put(f"m{n}", "night", at=n)])
        assert f"m{n}" in await ids(engine, some("night"))
    await engine.apply([delete("m0", 2)])
    assert "m0" not in await ids(engine, some("night"))
    assert await engine.count([Term("night")], Filters()) == {Term("night"): 4}


async def test_many_writers_at_once_lose_nothing(engine: Engine) -> None:
    await asyncio.gather(*(engine.apply([put(f"m{n}", "night", at=n), put("same", "x", version=n)]) for n in range(40)))
    assert len(await ids(engine, some("night"))) == 40
    assert {hit.version for hit in (await engine.find(some("x"), Filters())).hits} == {39}


async def test_somebody_who_reads_while_much_is_written_sees_whole_batches(engine: Engine) -> None:
    """Pairs are written and deleted in one batch each: whoever looks sees both or none."""
    done = False

    async def look() -> int:
        looks = 0
        while not done:
            found = await ids(engine, some("pair"))
            assert len(found) % 2 == 0
            looks += 1
            await asyncio.sleep(0)
        return looks

    looking = asyncio.create_task(look())
    for n in range(1, 21):
        pair = (f"a{n % 3}", f"b{n % 3}")
        await engine.apply([put(one, "pair", version=n) if n % 4 else delete(one, n) for one in pair])
    done = True
    assert await looking > 0


async def test_a_scan_is_of_everything_once(engine: Engine) -> None:
    await engine.apply([put(f"m{n}", at=n // 7, version=n) for n in range(2_100)] + [put("other", type_="files")])
    await engine.apply([delete("m5", 9_000)])
    hits = await all_of(engine.scan(Filters()))
    assert len(hits) == 2_100
    assert len({hit.key for hit in hits}) == 2_100
    assert [hit.at for hit in hits] == sorted(hit.at for hit in hits)
    assert all(hit.version == int(hit.key.id[1:]) for hit in hits if hit.key.type == "messages")
