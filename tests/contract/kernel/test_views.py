import asyncio

import msgspec
import pytest

from common.errors import Conflict
from store.ports.stores import Stores
from store.ports.views import View, ViewQuery, Views
from tests.contract.conftest import Backend


@pytest.fixture
def views(stores: Stores) -> Views:
    return stores.views


def person(name: str, version: int = 1, **fields: str | int | bool | None) -> View:
    return View("people", name, version, fields, f"data of {name}".encode())


async def test_what_was_written_is_read_back_as_it_was(views: Views) -> None:
    full = View("people", "a", 3, {"room": "r", "joined": 5, "open": True, "left": None}, b"\x00data", b"\xffsecret")
    bare = View("people", "b", 1)
    await views.write([full, bare])
    assert await views.get("people", ["a", "b", "c"]) == {"a": full, "b": bare}
    assert await views.get("people", []) == {}
    assert await views.get("others", ["a"]) == {}
    await views.write([])


async def test_a_lower_or_equal_version_never_replaces_a_higher_one(views: Views) -> None:
    await views.write([person("a", 5, room="new")])
    await views.write([person("a", 4, room="old"), person("b", 1), person("a", 5, room="same")])
    assert await views.get("people", ["a", "b"]) == {"a": person("a", 5, room="new"), "b": person("b", 1)}
    await views.write([person("a", 6, room="newest")])
    assert (await views.get("people", ["a"]))["a"].fields == {"room": "newest"}


async def test_a_new_version_leaves_nothing_of_the_old_one(views: Views) -> None:
    await views.write([View("people", "a", 1, {"room": "r", "joined": 1}, b"data", b"secret")])
    await views.write([View("people", "a", 2, {"room": "s"})])
    assert await views.get("people", ["a"]) == {"a": View("people", "a", 2, {"room": "s"})}


async def test_of_one_document_twice_in_one_write_the_higher_version_stays(views: Views) -> None:
    await views.write([person("a", 2, room="two"), person("a", 1, room="one"), person("a", 3, room="three")])
    assert (await views.get("people", ["a"]))["a"].version == 3


async def test_versions_never_go_backwards_whoever_writes_last(backend: Backend) -> None:
    writers = backend.process().views, backend.process().views
    for number in range(20):
        name = f"p{number}"
        await asyncio.gather(writers[0].write([person(name, 1)]), writers[1].write([person(name, 2)]))
        assert (await writers[0].get("people", [name]))[name].version == 2


async def test_a_unique_index_refuses_the_second_and_lets_the_others_through(views: Views) -> None:
    await views.write([View("names", "1", 1, {"name": "taken"})])
    with pytest.raises(Conflict):
        await views.write([View("names", "2", 1, {"name": "taken"}), View("names", "3", 1, {"name": "free"})])
    assert set(await views.get("names", ["1", "2", "3"])) == {"1", "3"}
    await views.write([View("names", "1", 2, {"name": "taken"})])


@pytest.fixture
async def people(views: Views) -> Views:
    await views.write(
        [
            person("a", 10, room="r", joined=1),
            person("b", 9, room="r", joined=3),
            person("c", 8, room="r", joined=2, open=True),
            person("d", 7, room="s", joined=2, open=False),
            person("e", 6, room="r"),
            person("f", 5, room="r", joined=3, left=None),
        ]
    )
    return views


async def names(views: Views, equal: dict[str, str | int | bool | None], **more: object) -> str:
    query = ViewQuery(collection="people", equal=equal, order_by="joined", limit=10)
    return "".join(view.id for view in await views.find(msgspec.structs.replace(query, **more)))


async def test_find_gives_what_equals_in_order(people: Views) -> None:
    assert await names(people, {"room": "r"}) == "eacbf"  # without the field comes first; ties by id
    assert await names(people, {"room": "r"}, descending=True) == "fbcae"
    assert await names(people, {"room": "r"}, limit=2) == "ea"
    assert await names(people, {"room": "r"}, limit=0) == ""
    assert await names(people, {}) == "eacdbf"
    assert await names(people, {"room": "none"}) == ""


async def test_find_keeps_strictly_between_the_bounds(people: Views) -> None:
    assert await names(people, {"room": "r"}, above=1) == "cbf"
    assert await names(people, {"room": "r"}, below=3) == "ac"
    assert await names(people, {"room": "r"}, above=1, below=3) == "c"
    assert await names(people, {"room": "r"}, above=0, below=9, descending=True, limit=2) == "fb"
    assert await names(people, {"joined": 2}, above=1) == "cd"
    assert await names(people, {"joined": 2}, above=2) == ""


async def test_find_can_order_by_version(people: Views) -> None:
    assert await names(people, {"room": "r"}, order_by="version") == "fecba"
    assert await names(people, {"room": "r"}, order_by="version", above=6, below=10) == "cb"
    assert await names(people, {"version": 9}) == "b"


async def test_find_can_order_by_text(people: Views) -> None:
    await people.write([person("ä", 1, room="z"), person("Z", 1, room="é"), person("x", 1, room="zz")])
    assert await names(people, {"joined": None}, order_by="room") == "eäxZ"
    assert await names(people, {"joined": None}, order_by="room", above="r") == "äxZ"


async def test_a_missing_field_equals_none_and_true_is_not_one(people: Views) -> None:
    await people.write([person("g", 1, room="r", joined=1, open=1)])
    assert await names(people, {"open": None, "room": "r"}) == "eabf"
    assert await names(people, {"open": True}) == "c"
    assert await names(people, {"open": 1}) == "g"
    assert await names(people, {"left": None, "room": "s"}) == "d"
    assert await names(people, {"room": "r"}, order_by="open", above=0) == "g"


async def test_text_that_looks_like_a_query_is_only_text(views: Views) -> None:
    await views.write([person("$a", 1, room="$room"), person("b", 1, room="r")])
    assert await names(views, {"room": "$room"}) == "$a"
    assert set(await views.get("people", ["$a", "{'$gt': ''}"])) == {"$a"}
