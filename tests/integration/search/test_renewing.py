"""What is deleted leaves the files of the index with the next check that repairs, and whoever is erased at once; an
index that is lost is made again; whoever asks meanwhile never notices that another generation, under another key, has
come to serve."""

import asyncio
import shutil
from pathlib import Path

import pytest

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.engines.embedded.shelf import Shelf
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.process import SearchProcess
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.search.rig import found, until_found
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_check_that_repairs_makes_a_decayed_index_anew(home: House) -> None:
    ann, root = await home.socket(token("ann")), token("root", "admin")
    await ann.ok("create_room", {"room_id": "renew-1"})
    said = [await ann.ok("message", {"room_id": "renew-1", "body": f"An ocelot, number {n}."}) for n in range(9)]
    await until_found(home, token("ann"), *(f"An ocelot, number {n}." for n in range(9)), q="ocelot")
    for one in said[1:]:
        await ann.ok("delete_message", {"room_id": "renew-1", "message_id": one["id"]})
    before = await home.ok("GET", "/api/operations/search", bearer=root)
    await home.ok("POST", "/api/operations/search/check", {"repair": True}, bearer=root)

    async def renewed() -> bool:
        status = await home.ok("GET", "/api/operations/search", bearer=root)
        return int(status["generation"]) > int(before["generation"])

    await eventually(renewed, "the same index still serves", timeout_s=120.0)
    await until_found(home, token("ann"), "An ocelot, number 0.", q="ocelot")


async def test_nobody_who_searches_notices_that_the_key_has_changed(home: House) -> None:
    ann, root = await home.socket(token("ann")), token("root", "admin")
    await ann.ok("create_room", {"room_id": "renew-2"})
    await ann.ok("message", {"room_id": "renew-2", "body": "A quokka, and no other."})
    await until_found(home, token("ann"), "A quokka, and no other.", q="quokka")
    over = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not over.is_set():
            # with a slip there are several questions to the index in one answer
            assert await found(home, token("ann"), q="quoka") == ["A quokka, and no other."]
            await home.ok("GET", "/api/operations/search", bearer=root)
            looks += 1
        return looks

    async with asyncio.TaskGroup() as looking:
        watchers = [looking.create_task(look()) for _ in range(4)]
        for _ in range(3):
            before = await home.ok("GET", "/api/operations/search", bearer=root)
            await home.ok("POST", "/api/operations/search/rotate-key", {}, bearer=root)

            async def rotated(before: str = before["key_id"]) -> bool:
                status = await home.ok("GET", "/api/operations/search", bearer=root)
                return bool(status["key_id"] != before and status.get("reindex", {}).get("state") != "running")

            await eventually(rotated, "the key is not changed", timeout_s=120.0)
        over.set()
    assert all(watcher.result() >= 3 for watcher in watchers), "nobody looked while it changed"


def held(folder: Path) -> set[str]:
    """Every token of every index that lies there, and whatever can be read of its files as it is."""
    found = set[str]()
    for generation in folder.glob("g*"):
        searcher = Shelf.open(generation).searcher()
        found |= {term for name in ("words", "beginnings") for term, _ in searcher.terms_with_prefix(name, "")}
    return found


async def test_of_who_was_erased_no_hash_is_left_under_the_key_that_they_were_made_with(
    home: House, process: SearchProcess
) -> None:
    ann, ivy = await home.socket(token("ann")), await home.socket(token("ivy"))
    await ann.ok("create_room", {"room_id": "renew-3", "members": ["ivy"]})
    await ann.ok("message", {"room_id": "renew-3", "body": "A numbat, which stays."})
    await ivy.ok("message", {"room_id": "renew-3", "body": "A zorilla, which goes."})
    await until_found(home, token("ann"), "A zorilla, which goes.", q="zorilla")
    before = await process.state()
    key = await IndexKeys(home.database, home.stores.vault).get(before.key_id)
    assert key is not None
    blinder, folder = Blinder(key, Analyser()), home.settings.data_dir / "search"
    goes, stays = (set(blinder.document([], [word], beginnings_of_texts=True).words) for word in ("zorilla", "numbat"))
    begins = set(blinder.document([], ["zorilla"], beginnings_of_texts=True).beginnings)
    assert goes | begins | stays <= held(folder)

    await home.call("POST", "/api/privacy/users/ivy/erase", bearer=home.admin())

    async def renewed() -> bool:
        state = await process.state()
        return state.generation > before.generation and not await home.database["search"].find_one(
            {"_id": "erased ivy"}
        )

    await eventually(renewed, "the index still holds them")
    after, files = held(folder), b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert (await process.state()).key_id == before.key_id
    assert stays <= after
    assert not (goes | begins) & after
    assert not [one for one in goes | begins if one.encode() in files]
    await until_found(home, token("ann"), "A numbat, which stays.", q="numbat")


async def test_an_index_that_is_deleted_while_it_runs_is_made_again(home: House, process: SearchProcess) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "renew-4"})
    await ann.ok("message", {"room_id": "renew-4", "body": "A bilby, told before."})
    await until_found(home, token("ann"), "A bilby, told before.", q="bilby")
    for folder in (home.settings.data_dir / "search").glob("g*"):
        shutil.rmtree(folder, ignore_errors=True)
    await ann.ok("message", {"room_id": "renew-4", "body": "A bilby, told after."})

    async def both() -> bool:
        answer = await home.call("GET", "/api/search?q=bilby", bearer=token("ann"))
        assert answer.status_code in (200, 503)
        page = answer.json()
        return answer.status_code == 200 and page["total"]["value"] == 2 and "building" not in page["index"]

    await eventually(both, "it is not made again")
    assert await home.database["search"].find_one({"_id": "making"}) is None
