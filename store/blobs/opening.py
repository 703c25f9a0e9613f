"""Blobs as the settings ask for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.clock import Clock
from common.errors import StartupError
from config.files import FilesSettings
from store.blobs.gridfs import GridFsStorage
from store.blobs.records import Records
from store.blobs.sealed import SealedBlobs
from store.blobs.storage import FrameStorage
from store.mongo.client import Database
from store.ports.blobs import Blobs
from store.ports.vault import Vault


@asynccontextmanager
async def open_blobs(settings: FilesSettings, database: Database, vault: Vault, clock: Clock) -> AsyncIterator[Blobs]:
    """The blobs of a process, until the context ends. `clock` is the wall's.

    Raises:
        StartupError: the bucket is not there, or not ours to use. That nobody answers is no reason not to start.
    """
    records = Records(database, clock)
    await records.prepare()
    async with _storage(settings, database, clock) as storage:
        yield SealedBlobs(records, storage, vault)


@asynccontextmanager
async def _storage(settings: FilesSettings, database: Database, clock: Clock) -> AsyncIterator[FrameStorage]:
    if settings.storage == "gridfs":
        gridfs = GridFsStorage(database, clock)
        await gridfs.prepare()
        yield gridfs
        return
    from store.blobs.s3 import S3Storage, open_s3  # a process without S3 does not carry its client

    assert settings.s3_bucket is not None  # the settings say so
    async with open_s3(settings) as client:
        s3 = S3Storage(client, settings.s3_bucket, database)
        if not await s3.usable():
            raise StartupError(
                f"The bucket {settings.s3_bucket!r} is not there, or may not be used with these keys; "
                "make it, or correct CAREWIRE_FILES__S3_BUCKET, __S3_REGION, __S3_ACCESS_KEY and __S3_SECRET_KEY."
            )
        await s3.prepare()
        yield s3
