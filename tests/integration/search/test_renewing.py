"""What is deleted leaves the files of the index with the next check that repairs; whoever asks meanwhile never notices
that another generation, under another key, has come to serve."""

import asyncio

import pytest

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
        for _ in range(5):
            before = await home.ok("GET", "/api/operations/search", bearer=root)
            await home.ok("POST", "/api/operations/search/rotate-key", {}, bearer=root)

            async def rotated(before: str = before["key_id"]) -> bool:
                status = await home.ok("GET", "/api/operations/search", bearer=root)
                return bool(status["key_id"] != before and status.get("reindex", {}).get("state") != "running")

            await eventually(rotated, "the key is not changed", timeout_s=120.0)
        over.set()
    assert all(watcher.result() > 10 for watcher in watchers)
