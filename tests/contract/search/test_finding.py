"""What an engine finds: trees, filters, weights, facets, counts. The same on each."""

import pytest
import pytest_asyncio

from serve_app.capabilities.search.port import Between, Condition, Engine, Filters, Keys, Term, Tree
from tests.contract.search.documents import among, best, every, ids, key, only, put, some, term

LIBRARY = (
    put("m1", "sleep panic night", at=10, begins="sle slee pan", room="r1", sender="u1", has="file image"),
    put("m2", "sleep walk", at=20, begins="sle wal", room="r1", sender="u2"),
    put("m3", "panic attack night night", at=30, begins="pan att", room="r2", sender="u1", has="link"),
    put("a1", "sleep appointment", at=40, type_="appointments", owner="u1", status="booked"),
    put("p1", "anna", at=50, type_="people", begins="ann anna", audience="staff"),
)

TREES: list[tuple[str, Tree, str]] = [
    ("one word", some("sleep"), "a1 m1 m2"),
    ("a word of nothing", some("nothing"), ""),
    ("one of two", some("walk", "attack"), "m2 m3"),
    ("one known, one not", some("walk", "nothing"), "m2"),
    ("every", Tree(must=(term("sleep"), term("night"))), "m1"),
    ("every, one of nothing", Tree(must=(term("sleep"), term("nothing"))), ""),
    ("must, and some only weigh", Tree(must=(term("sleep"),), some=(term("attack"),)), "a1 m1 m2"),
    ("aside does not find", Tree(some=(term("walk"),), aside=(term("panic"),)), "m2"),
    ("never", Tree(some=(term("sleep"),), never=(term("walk"),)), "a1 m1"),
    ("never two", Tree(some=(term("sleep"),), never=(term("walk"), term("appointment"))), "m1"),
    ("never all of", Tree(some=(term("night"),), never=(every("panic", "attack"),)), "m1"),
    ("only never", Tree(never=(term("sleep"),)), "m3 p1"),
    ("nothing said", Tree(), "a1 m1 m2 m3 p1"),
    ("best of", Tree(some=(best("walk", "attack", "nothing"),)), "m2 m3"),
    ("best of one", Tree(must=(best("anna"),)), "p1"),
    ("candidates of a phrase", Tree(must=(every("night", "panic"),)), "m1 m3"),
    ("best inside of every", Tree(must=(every("sleep"), best("walk", "night"))), "m1 m2"),
    ("a beginning", Tree(some=(Term("sle", "beginnings"),)), "m1 m2"),
    ("a beginning is no word", some("sle"), ""),
    ("a word is no beginning", Tree(some=(Term("attack", "beginnings"),)), ""),
    ("case is what it is", some("Sleep"), ""),
]

FILTERS: list[tuple[str, Filters, str]] = [
    ("a type", only(among("type", "people")), "p1"),
    ("two types", only(among("type", "people", "appointments")), "a1 p1"),
    ("a room", only(among("room", "r1")), "m1 m2"),
    ("many rooms", only(among("room", *(f"r{n}" for n in range(300)))), "m1 m2 m3"),
    ("no room at all", only(among("room")), ""),
    ("a room that is not", only(among("room", "r9")), ""),
    ("two at once", only(among("room", "r1"), among("sender", "u1")), "m1"),
    ("one of several values", only(among("has", "image")), "m1"),
    ("either of several values", only(among("has", "image", "link")), "m1 m3"),
    ("keys", Filters((Keys(frozenset({key("m2"), key("p1", "people"), key("m2", "people")})),)), "m2 p1"),
    ("since", Filters((Between(since=30),)), "a1 m3 p1"),
    ("until", Filters((Between(until=30),)), "m1 m2"),
    ("between", Filters((Between(20, 40),)), "m2 m3"),
    ("between nothing", Filters((Between(40, 20),)), ""),
    ("before all time", Filters((Between(since=-5, until=2**60),)), "a1 m1 m2 m3 p1"),
    ("either kind", Filters(either=((among("room", "r2"),), (among("type", "people"),))), "m3 p1"),
    (
        "each kind with its own",
        Filters(
            either=((among("room", "r1"), among("sender", "u2")), (among("type", "appointments"), among("owner", "u1")))
        ),
        "a1 m2",
    ),
    ("either and every", Filters((among("sender", "u1"),), ((among("room", "r1"),), (among("room", "r2"),))), "m1 m3"),
    ("either of nothing", Filters(either=((among("room"),),)), ""),
]

together = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(shared: Engine) -> Engine:
    """One that holds the library, and nothing else."""
    await shared.apply(LIBRARY)
    return shared


@pytest.mark.parametrize(("tree", "found"), [case[1:] for case in TREES], ids=[case[0] for case in TREES])
@together
async def test_a_tree_finds(library: Engine, tree: Tree, found: str) -> None:
    assert sorted(await ids(library, tree)) == found.split()
    assert sorted(await ids(library, tree, sort="newest")) == found.split()


@pytest.mark.parametrize(("filters", "found"), [case[1:] for case in FILTERS], ids=[case[0] for case in FILTERS])
@together
async def test_filters_let_through(library: Engine, filters: Filters, found: str) -> None:
    assert sorted(await ids(library, Tree(), filters)) == found.split()
    with_words = sorted(await ids(library, some("sleep", "panic", "anna"), filters))
    assert with_words == found.split()


@pytest.mark.parametrize("conditions", [(), (among("type", "messages"),), (among("room", "r1", "r2"),)])
@together
async def test_filters_move_no_score(library: Engine, conditions: tuple[Condition, ...]) -> None:
    bare = {hit.key: hit.score for hit in (await library.find(some("night", "panic"), Filters())).hits}
    found = (await library.find(some("night", "panic"), Filters(conditions))).hits
    assert [hit.key.id for hit in found] == ["m3", "m1"]
    assert {hit.key: hit.score for hit in found} == pytest.approx(bare)


async def test_rare_words_and_more_of_them_weigh_more(engine: Engine) -> None:
    await engine.apply(
        [put(f"c{n}", "common word") for n in range(20)] + [put("r", "rare word"), put("both", "rare common")]
    )
    assert (await ids(engine, some("rare", "common")))[:2] == ["both", "r"]


async def test_a_word_that_stands_there_often_weighs_more(engine: Engine) -> None:
    await engine.apply([put("once", "night a b c"), put("often", "night night night a"), put("other", "a b c d")])
    assert await ids(engine, some("night")) == ["often", "once"]


async def test_what_is_aside_weighs(engine: Engine) -> None:
    await engine.apply([put("bare", "night x"), put("with", "night the"), put("other", "x y")])
    assert await ids(engine, Tree(some=(term("night"),), aside=(term("the"),))) == ["with", "bare"]


async def test_the_best_of_several_counts_once(engine: Engine) -> None:
    await engine.apply([put("two", "run runs"), put("one", "run x"), put("other", "x y")])
    found = await engine.find(Tree(some=(best("run", "runs"),)), Filters())
    summed = await engine.find(some("run", "runs"), Filters())
    assert found.hits[0].score < summed.hits[0].score


@together
async def test_counts_are_of_what_may_be_read(library: Engine) -> None:
    terms = [Term("sleep"), Term("attack"), Term("nothing"), Term("sle", "beginnings")]
    assert await library.count(terms, Filters()) == {terms[0]: 3, terms[1]: 1, terms[3]: 2}
    assert await library.count(terms, only(among("room", "r1"))) == {terms[0]: 2, terms[3]: 2}
    assert await library.count([], Filters()) == {}
    assert set(await library.occurring(terms)) == {terms[0], terms[1], terms[3]}
    assert set(await library.occurring([])) == set()


@together
async def test_four_hundred_terms_are_counted_at_once(library: Engine) -> None:
    found = await library.count([Term(f"word{n}") for n in range(440)] + [Term("walk")], Filters())
    assert found == {Term("walk"): 1}


@together
async def test_facets_count_what_matches(library: Engine) -> None:
    found = await library.facets(some("sleep", "panic"), Filters(), ["type", "room", "has", "month", "status"])
    assert found == {
        "type": {"messages": 3, "appointments": 1},
        "room": {"r1": 2, "r2": 1},
        "has": {"file": 1, "image": 1, "link": 1},
        "month": {"1970-01": 4},
        "status": {"booked": 1},
    }


async def test_facets_of_nothing_are_empty(engine: Engine) -> None:
    assert await engine.facets(some("sleep"), Filters(), ["type"]) == {"type": {}}
    assert await engine.facets(Tree(), Filters(), []) == {}


async def test_facets_name_a_hundred_values_at_most(engine: Engine) -> None:
    await engine.apply([put(f"m{n}", room=f"r{n}") for n in range(120)])
    assert len((await engine.facets(Tree(), Filters(), ["room"]))["room"]) == 100


async def test_a_hit_tells_version_and_time(engine: Engine) -> None:
    await engine.apply([put("m1", "night", version=7, at=1_700_000_000_123)])
    (hit,) = (await engine.find(some("night"), Filters())).hits
    assert (hit.key, hit.version, hit.at) == (key("m1"), 7, 1_700_000_000_123)
    assert hit.score > 0


@pytest.mark.parametrize("token", ["*", "a*", "a OR b", "field:x", "/a/", "a~1", '"a"', "\\", "{}"])
async def test_signs_of_engines_mean_nothing(engine: Engine, token: str) -> None:
    await engine.apply([put("m1", "a b", room="a")])
    assert await ids(engine, some(token)) == []
    assert await ids(engine, Tree(), only(among("room", token))) == []


async def test_an_id_that_looks_like_something_else_is_an_id(engine: Engine) -> None:
    odd = ["2026-11-20T09:30:00Z", "123", "1.5", "true", "null", "a.b", "=a", "a:b/c"]
    await engine.apply([put(f"m{n}", room=one, sender=one) for n, one in enumerate(odd)])
    for n, one in enumerate(odd):
        assert await ids(engine, Tree(), only(among("room", one), among("sender", one, "x"))) == [f"m{n}"]
    assert set((await engine.facets(Tree(), Filters(), ["room"]))["room"]) == set(odd)
