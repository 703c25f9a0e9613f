"""A real mongod as our child: it keeps its data, comes back when it dies, and never outlives us."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from common.errors import StartupError
from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo
from store.mongo.client import check_server, open_client
from tests.mongo import free_port
from tests.waiting import eventually


@pytest.fixture
def settings() -> MongoSettings:
    return MongoSettings(port=free_port())


async def note(url: str, text: str) -> None:
    client = open_client(url, timeout_s=10.0)
    await client["test"]["notes"].insert_one({"_id": text})
    client.close()


async def notes(url: str) -> list[str]:
    client = open_client(url, timeout_s=10.0)
    found = [document["_id"] async for document in client["test"]["notes"].find()]
    client.close()
    return found


async def test_it_starts_from_nothing_and_keeps_its_data_and_moves_to_another_port(
    settings: MongoSettings, tmp_path: Path
) -> None:
    async with EmbeddedMongo(settings, tmp_path) as mongod:
        client = open_client(mongod.url, timeout_s=5.0)
        await check_server(client)
        client.close()
        await note(mongod.url, "first")
        pid = mongod.pid
    assert mongod.pid is None
    assert pid is not None
    assert not psutil.pid_exists(pid)
    elsewhere = settings.model_copy(update={"port": free_port()})
    async with EmbeddedMongo(elsewhere, tmp_path) as mongod:
        await note(mongod.url, "second")
        assert await notes(mongod.url) == ["first", "second"]
    assert (tmp_path / "mongo").stat().st_mode & 0o077 == 0


async def test_it_comes_back_when_killed_and_nothing_acknowledged_is_lost(
    settings: MongoSettings, tmp_path: Path
) -> None:
    async with EmbeddedMongo(settings, tmp_path) as mongod:
        await note(mongod.url, "acknowledged")
        client = open_client(mongod.url, timeout_s=10.0)
        await client.admin.command("ping")
        before = mongod.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        await client["test"]["notes"].insert_one({"_id": "while it was away"})  # waits until it is back
        assert mongod.pid not in (None, before)
        assert mongod.restarts == 1
        assert await notes(mongod.url) == ["acknowledged", "while it was away"]
        client.close()


async def test_it_dies_with_a_parent_that_is_killed(settings: MongoSettings, tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo

async def main():
    mongod = EmbeddedMongo(MongoSettings(port={settings.port}), Path({str(tmp_path)!r}))
    await mongod.start()
    print("pid", mongod.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    async with asyncio.timeout(30):
        while not (line := await parent.stdout.readline()).startswith(b"pid"):
            assert line, "it ended without a word"
    pid = int(line.split()[1])
    assert psutil.pid_exists(pid)
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    await eventually(gone, "the mongod outlived its parent")
    async with EmbeddedMongo(settings, tmp_path) as mongod:  # the lock file that it left is stale
        await note(mongod.url, "after")


async def test_one_that_hangs_is_killed_when_it_must_stop(settings: MongoSettings, tmp_path: Path) -> None:
    mongod = EmbeddedMongo(settings, tmp_path)
    await mongod.start()
    pid = mongod.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await mongod.stop(timeout_s=0.2)
    assert not psutil.pid_exists(pid)
    await mongod.stop()


async def test_a_port_in_use_is_said_before_anything_starts(settings: MongoSettings, tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", settings.port)
    async with server:
        with pytest.raises(StartupError, match=rf"Port {settings.port} is in use.*CAREWIRE_MONGO__PORT"):
            await EmbeddedMongo(settings, tmp_path).start()


async def test_data_that_another_mongod_uses_is_refused_and_left_alone(settings: MongoSettings, tmp_path: Path) -> None:
    async with EmbeddedMongo(settings, tmp_path) as mongod:
        second = EmbeddedMongo(settings.model_copy(update={"port": free_port()}), tmp_path)
        with pytest.raises(StartupError, match=rf"Another mongod \(pid {mongod.pid}\) uses {tmp_path}/mongo"):
            await second.start()
        await note(mongod.url, "still there")


async def test_data_that_is_no_database_ends_in_one_line_that_names_the_log(
    settings: MongoSettings, tmp_path: Path
) -> None:
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "storage.bson").write_bytes(b"no database")
    mongod = EmbeddedMongo(settings, tmp_path)
    with pytest.raises(StartupError, match=r"mongod\.log") as caught:
        await mongod.start()
    assert "\n" not in str(caught.value)
    assert mongod.pid is None
    await mongod.stop()
