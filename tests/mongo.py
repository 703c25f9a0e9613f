"""Fixtures with a real mongod: one for each test process, a fresh database for each test."""

import asyncio
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo
from store.mongo.client import Database, open_client
from tests.quick_disk import quick_folder


@pytest.fixture(scope="session")
def mongo_port() -> Iterator[int]:
    """The port of a running mongod, ours alone. It dies with this process, however that ends."""
    with quick_folder() as folder, _Background(EmbeddedMongo(MongoSettings(port=free_port()), folder)) as port:
        yield port


@pytest.fixture
def mongo_url(mongo_port: int) -> str:
    """Its URL."""
    return url_of(mongo_port)


@pytest_asyncio.fixture
async def mongo(mongo_url: str) -> AsyncIterator[Database]:
    """A database that nobody else knows, dropped afterwards."""
    client = open_client(mongo_url, timeout_s=10.0)
    database = client[f"test_{uuid.uuid4().hex}"]
    try:
        yield database
    finally:
        await client.drop_database(database.name)
        client.close()


def url_of(port: int) -> str:
    """Without discovery, so that a proxy in between stays in between."""
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


def free_port() -> int:
    """A port that is free now. Somebody may take it before it is used: bind port 0 where you can."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Background:
    """The mongod with an event loop of its own, in a thread that outlives every test's loop."""

    def __init__(self, mongod: EmbeddedMongo) -> None:
        self._mongod = mongod
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mongod", daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        url = asyncio.run_coroutine_threadsafe(self._mongod.start(), self._loop).result(60)
        return int(url.split("/")[2].rpartition(":")[2])

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._mongod.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
