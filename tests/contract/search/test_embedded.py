"""The engine in the process: what is on disk after a crash, after damage, and after a day; and that its files tell no
word."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tantivy import Query

from common.clock import SystemClock
from common.errors import Unavailable
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.engines.embedded import shape
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.engines.embedded.shelf import Shelf
from serve_app.capabilities.search.port import FACETS, Applied, Filters, Generation, Put, Term, Tree
from tests.contract.search.documents import delete, ids, key, put, some

DAY_MS = 86_400_000
FIRST = Generation(1, "key1", "one")

CRASHING = """
import os, sys
from pathlib import Path
from serve_app.capabilities.search.engines.embedded import shape
from serve_app.capabilities.search.engines.embedded.shelf import Shelf
from tests.contract.search.documents import put
shelf = Shelf.open(Path(sys.argv[1]))
shelf.apply([put("m1", "two", version=2)], 0)
shelf._take(shelf._writer, [put("m1", "three", version=3), put("m2", "three")], 0)
os._exit(9)
"""


async def opened(folder: Path) -> TantivyEngine:
    engine = TantivyEngine(folder, SystemClock())
    await engine.start()
    return engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


async def filled(folder: Path) -> TantivyEngine:
    engine = await opened(folder)
    await engine.create(FIRST)
    await engine.swap(1)
    await engine.apply([put("m1", "one", version=1), put("gone", "one"), delete("gone", 5)])
    return engine


async def test_what_was_applied_is_there_after_a_restart(folder: Path) -> None:
    await (await filled(folder)).close()
    engine = await opened(folder)
    assert await ids(engine, some("one")) == ["m1"]
    assert await engine.apply([put("gone", "one", version=4)]) == Applied(stale=1)  # its tombstone is there too
    await engine.close()


async def test_a_crash_between_writing_and_committing_leaves_what_was_committed(folder: Path) -> None:
    await (await filled(folder)).close()
    crashing = await asyncio.create_subprocess_exec(sys.executable, "-c", CRASHING, str(folder / "g1"))
    assert await crashing.wait() == 9
    engine = await opened(folder)
    assert await ids(engine, some("one", "two", "three")) == ["m1"]
    assert await ids(engine, some("two")) == ["m1"]
    await engine.apply([put("m1", "three", version=3)])
    assert await ids(engine, some("three")) == ["m1"]
    await engine.close()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "g1").iterdir() if path.suffix in (".term", ".idx", ".store", ".fast"))


@pytest.mark.parametrize("damage", ["meta", "about", "segment", "empty"])
async def test_a_damaged_generation_goes_at_start(folder: Path, damage: str) -> None:
    await (await filled(folder)).close()
    match damage:
        case "meta":
            (folder / "g1" / "meta.json").write_text("{")
        case "about":
            (folder / "g1" / "about.json").unlink()
        case "segment":
            for path in _files(folder):
                path.write_bytes(b"")
        case "empty":
            for path in (folder / "g1").iterdir():
                path.unlink()
    engine = await opened(folder)
    assert await engine.serving() is None
    assert await engine.generations() == []
    with pytest.raises(Unavailable):
        await engine.find(Tree(), Filters())
    await engine.create(Generation(2, "key2", "one"))
    await engine.swap(2)
    await engine.apply([put("m1", "one")])
    assert await ids(engine, some("one")) == ["m1"]
    await engine.close()


async def test_a_folder_that_is_deleted_while_it_runs_is_told_with_the_next_write(folder: Path) -> None:
    engine = await filled(folder)
    for path in (folder / "g1").iterdir():
        path.unlink()
    (folder / "g1").rmdir()
    with pytest.raises(Unavailable):
        await engine.apply([put("m2", "one")])
    assert await engine.serving() is None
    await engine.close()


async def test_a_file_of_what_serves_that_cannot_be_read_is_as_if_there_were_none(folder: Path) -> None:
    await (await filled(folder)).close()
    (folder / "serving.json").write_text("nonsense")
    engine = await opened(folder)
    assert await engine.serving() is None
    assert [one.number for one in await engine.generations()] == [1]
    await engine.close()


async def test_there_is_one_writer(folder: Path) -> None:
    first = await filled(folder)
    second = await opened(folder)
    with pytest.raises(Unavailable):
        await second.apply([put("m2", "one")])
    assert await ids(second, some("one")) == ["m1"]
    await first.close()
    await second.apply([put("m2", "one")])
    assert sorted(await ids(second, some("one"))) == ["m1", "m2"]
    await second.close()


async def test_a_write_that_fails_leaves_nothing_of_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await filled(folder)
    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "_bury", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(Unavailable):
            await engine.apply([put("m2", "one"), delete("m1", 9)])
    assert await ids(engine, some("one")) == ["m1"]
    await engine.apply([put("m3", "one")])
    assert sorted(await ids(engine, some("one"))) == ["m1", "m3"]
    await engine.close()


def test_the_dead_are_counted_since_the_first(folder: Path) -> None:
    shelf = Shelf.create(folder, FIRST)
    shelf.apply([put(f"m{n}", "night") for n in range(10)], 1_000)
    assert (shelf.generation(1_000).dead, shelf.generation(1_000).dead_since) == (0, None)
    shelf.apply([delete("m1", 2)], 2_000)
    assert (shelf.generation(2_000).dead, shelf.generation(9_000).dead_since) == (1, 2_000)
    shelf.apply([put("m2", "day", version=2)], 3_000)
    seen = shelf.generation(9_000)
    assert (seen.documents, seen.dead, seen.dead_since) == (9, 2, 2_000)
    shelf.close()
    assert Shelf.open(folder).generation(9_000) == seen


def test_who_is_dead_is_noted_each_hour_without_being_asked(folder: Path) -> None:
    shelf = Shelf.create(folder, FIRST)
    hour = 3_600_000
    shelf.apply([put("m1"), put("m2")], hour)
    shelf.apply([delete("m1", 2)], hour + 1)
    shelf.apply([put("m3")], 2 * hour)
    shelf.close()
    assert Shelf.open(folder).generation(99 * hour).dead_since == 2 * hour


@pytest.mark.parametrize(
    ("documents", "dead", "since", "decayed"),
    [(100, 0, None, False), (99, 10, 1, False), (89, 10, 1, True), (0, 1, 1, True), (10_000, 1, 1 - DAY_MS, True)],
)
def test_an_index_is_made_anew_for_many_dead_or_old_ones(
    documents: int, dead: int, since: int | None, decayed: bool
) -> None:
    assert Generation(1, "k", "a", documents, dead, since).decayed(1) is decayed


def test_a_tombstone_stands_for_a_day(folder: Path) -> None:
    shelf = Shelf.create(folder, FIRST)
    shelf.apply([delete("m", 5)], DAY_MS)
    assert shelf.apply([put("m", "one", version=4)], 2 * DAY_MS - 1).stale == 1
    shelf.apply([put("other")], 2 * DAY_MS + 3_600_000)
    assert shelf.apply([put("m", "one", version=4)], 2 * DAY_MS + 3_600_001).stale == 0
    shelf.close()


CANARIES = ("Zebrafinken", "quicksilvering", "Straßenbahnen", "anna.canary@example.org", "Wildebeests")


def _held(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _terms(folder: Path) -> set[str]:
    """Every term of every field: those lie packed in the files, where no search for their bytes finds them."""
    searcher = Shelf.open(folder / "g1").searcher()
    terms = {term for field in ("words", "beginnings", "key") for term, _ in searcher.terms_with_prefix(field, "")}
    filters = searcher.aggregate(Query.all_query(), {name: shape.counting(name, 100, 100) for name in FACETS})
    return terms | {one["key"] for name in FACETS for one in filters[name]["buckets"]}


@pytest.mark.parametrize("blind", [True, False], ids=["as it is", "the twin, with words for tokens"])
async def test_the_files_tell_no_word(folder: Path, blind: bool) -> None:
    analyser, secret = Analyser(), b"canarykey-canarykey-canarykey-32"
    blinded = Blinder(IndexKey("k1", secret), analyser).document(CANARIES, CANARIES, beginnings_of_texts=True)
    words = blinded.words if blind else analyser.words(" ".join(CANARIES))
    engine = await filled(folder)
    await engine.apply([Put(key(f"m{n}"), 1, n, words, blinded.beginnings, {"room": ["room_1"]}) for n in range(30)])
    assert await engine.count([Term(words[0])], Filters()) == {Term(words[0]): 30}
    await engine.close()
    held, terms = _held(folder), _terms(folder)
    assert {"=room_1", "=messages", "messages:m1"} <= terms  # what is in the clear is seen by looking so
    known = {form for word in analyser.words(" ".join(CANARIES)) for form in (word, *analyser.forms(word))}
    known = {word for word in known if len(word) > 3} | {word.lower() for word in CANARIES}
    seen = {word for word in known if word in {term.lower() for term in terms} or word.encode() in held.lower()}
    assert bool(seen) is not blind, seen
    assert secret not in held
    assert secret.decode() not in terms
