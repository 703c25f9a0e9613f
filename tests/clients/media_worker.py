"""A media worker in a process of its own, for tests that end it: `python -m tests.clients.media_worker NAME URL
DATABASE FIRST-LAST`. What it says to meetings, it says to nobody."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
from pydantic import SecretStr
from typing_extensions import override

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import SystemClock
from config.settings import MediaSettings, Settings
from serve_app.capabilities.meetings.recordings.keeping import RecordingStore
from serve_app.capabilities.meetings.workers.process import MediaProcess
from store.blobs.opening import open_blobs
from store.mongo.client import open_client
from store.stores import open_stores


class Nobody(EntityClient):
    """Meetings that hear nothing."""

    @override
    async def submit(
        self,
        entity: str,
        command: msgspec.Struct,
        *,
        by: Principal,
        command_id: str | None = None,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
    ) -> Reply:
        return Reply(b"null", 0, False)


async def main() -> None:
    name, url, database_name, ports = sys.argv[1:]
    settings = worker_settings(url, database_name, ports)
    stores = await open_stores(settings)
    client = open_client(url, timeout_s=5.0)
    database = client[database_name]
    async with open_blobs(settings.files, database, stores.vault, SystemClock()) as blobs:
        recordings = RecordingStore(database, blobs, Nobody(), SystemClock())
        process = MediaProcess(name, settings, database, Nobody(), recordings, "127.0.0.1", lambda: os._exit(0))
        await process.start()
        await asyncio.Event().wait()


def worker_settings(url: str, database: str, ports: str) -> Settings:
    """Of a worker in tests."""
    settings = Settings(_env_file=None, data_dir=Path(os.environ["WORKER_DATA"]))  # type: ignore[call-arg] # of pydantic
    mongo = settings.mongo.model_copy(update={"url": SecretStr(url), "database": database})
    return settings.model_copy(update={"mongo": mongo, "media": MediaSettings(ports=ports)})


if __name__ == "__main__":
    asyncio.run(main())
