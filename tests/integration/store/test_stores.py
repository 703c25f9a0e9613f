"""A process opens its storage: what it gets, and what it is told when that cannot be."""

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest
from motor.frameworks.asyncio import max_workers
from pydantic import SecretStr

from common.errors import StartupError
from config.settings import EncryptionSettings, MongoSettings, Settings
from store.embedded.mongod import find_mongod
from store.holders import this_process
from store.mongo.client import Database, check_server, open_client
from store.ports.journal import Outcome
from store.ports.timers import Timer
from store.ports.views import Index, View
from store.stores import open_stores
from tests.contract.kernel.turns import a_turn
from tests.mongo import free_port, url_of
from tests.waiting import eventually


def some_settings(url: str | None, data_dir: Path, *, database: str = "", key: int = 1, name: str = "k") -> Settings:
    keys = f"{name}:{base64.b64encode(bytes([key]) * 32).decode()}"
    return Settings(
        data_dir=data_dir,
        mongo=MongoSettings(url=SecretStr(url) if url else None, database=database or "unused", timeout_s=5),
        encryption=EncryptionSettings(master_keys=SecretStr(keys)),
    )


async def test_everything_is_there_and_works_together(mongo: Database, mongo_url: str, tmp_path: Path) -> None:
    settings = some_settings(mongo_url, tmp_path, database=mongo.name)
    stores = await open_stores(settings, [Index("people", ("room",))])
    await stores.vault.ensure(["alice"])
    blob = stores.vault.seal("alice", b"text", b"aad")
    assert await stores.journal.append([a_turn("room:1", 1, blob)]) == {"room:1": Outcome.STORED}
    await stores.views.write([View("people", "a", 1, {"room": "r"})])
    await stores.timers.put([Timer("t", "room:1", 1, 5, b"")])
    assert await stores.leases.acquire("rooms-0", this_process(), 5.0) is not None
    assert await stores.maps.read("rooms") is None
    stores.close()

    again = await open_stores(settings)
    (turn,) = (await again.journal.load(["room:1"]))["room:1"].turns
    await again.vault.unlock(turn.events)
    assert again.vault.open(turn.events[0], b"aad") == b"text"
    assert "room" in await mongo["people"].index_information()
    again.close()


async def test_other_master_keys_than_before_are_refused(mongo: Database, mongo_url: str, tmp_path: Path) -> None:
    stores = await open_stores(some_settings(mongo_url, tmp_path, database=mongo.name))
    await stores.vault.ensure(["alice"])
    stores.close()
    with pytest.raises(StartupError, match="is not the one"):
        await open_stores(some_settings(mongo_url, tmp_path, database=mongo.name, key=2))
    with pytest.raises(StartupError, match="not among the keys given"):
        await open_stores(some_settings(mongo_url, tmp_path, database=mongo.name, name="other"))


async def test_without_a_url_or_a_server_there_is_one_line_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__URL"):
        await open_stores(some_settings(None, tmp_path))
    settings = some_settings(url_of(free_port()).replace("127", "user:password@127"), tmp_path)
    quick = settings.model_copy(update={"mongo": settings.mongo.model_copy(update={"timeout_s": 0.5})})
    with pytest.raises(StartupError, match="does not answer") as caught:
        await open_stores(quick)
    assert "\n" not in str(caught.value)
    assert "password" not in str(caught.value)


async def test_a_mongod_that_is_no_replica_set_is_refused(tmp_path: Path) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(find_mongod(None), "--dbpath", tmp_path, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
        stdout=subprocess.DEVNULL,
    )
    client = open_client(url_of(port), timeout_s=60.0)
    try:
        with pytest.raises(StartupError, match="no replica set"):
            await check_server(client)
    finally:
        client.close()
        process.kill()
        await process.wait()


async def test_a_mongod_that_asks_for_a_password_that_we_do_not_have_says_so(mongo_url: str) -> None:
    client = open_client(mongo_url.replace("127", "nobody:wrong@127"), timeout_s=5.0)
    with pytest.raises(StartupError, match="refuses this user or password"):
        await check_server(client)
    client.close()


async def test_slow_reads_do_not_hold_up_an_append(mongo: Database, mongo_url: str, tmp_path: Path) -> None:
    """Motor shares a few threads among all reads; appends have their own."""
    stores = await open_stores(some_settings(mongo_url, tmp_path, database=mongo.name))
    await mongo["slow"].insert_one({})
    reads = [
        asyncio.ensure_future(mongo["slow"].find_one({"$where": "sleep(1000) || true"})) for _ in range(max_workers + 1)
    ]

    async def all_threads_are_busy() -> bool:
        return await in_progress(mongo) >= max_workers

    await eventually(all_threads_are_busy, "the slow reads did not begin")
    began_s = asyncio.get_running_loop().time()
    assert await stores.journal.append([a_turn("room:1", 1, b"x")]) == {"room:1": Outcome.STORED}
    assert asyncio.get_running_loop().time() - began_s < 0.9
    for read in reads:
        read.cancel()
    await asyncio.wait(reads)
    stores.close()


async def in_progress(mongo: Database) -> int:
    """How many of the slow reads the server is at, asked on a thread that is not motor's."""
    running = await asyncio.to_thread(mongo.client.delegate.admin.command, "currentOp")
    return sum(each.get("ns") == f"{mongo.name}.slow" for each in running["inprog"])
