"""Blobs whose process, storage or connection dies at each step: what was told stands."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from typing_extensions import override

from common.clock import Clock
from common.errors import Conflict, StartupError, Unavailable
from config.files import FilesSettings
from store.blobs.gridfs import GridFsStorage
from store.blobs.records import BlobRecord, Records
from store.blobs.s3 import S3Storage
from store.blobs.sealed import SealedBlobs
from store.blobs.sealing import FRAME_BYTES, SEALED_BYTES
from store.blobs.storage import FrameStorage
from store.mongo.client import Database
from store.ports.blobs import Blobs
from tests.contract.blobs.blobs import BlobRig, S3Rig, Waiting, pieces, whole, written
from tests.contract.blobs.test_blobs import an_s3_rig
from tests.partners.proxy import Proxy
from tests.partners.s3 import S3Server

FRAME = FRAME_BYTES
LENGTH = 83 * FRAME + 1000  # for S3: a part, and a rest
TEXT = random.Random(7).randbytes(LENGTH)


class Died(Exception):
    """The process is gone."""


class Mortal:
    """Stands before a storage or the records; dies before, or right after, its step number `at`."""

    def __init__(self, inner: Any, steps: "itertools.count[int]", at: int, *, after: bool) -> None:
        self._inner, self._steps, self._at, self._after = inner, steps, at, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        async def step(*args: Any, **kwargs: Any) -> Any:
            dying = next(self._steps) == self._at
            if dying and not self._after:
                raise Died
            result = await found(*args, **kwargs)
            if dying:
                raise Died
            return result

        return step


@pytest_asyncio.fixture(params=["gridfs", "s3"])
async def rig(request: pytest.FixtureRequest, mongo: Database) -> AsyncIterator[BlobRig]:
    if request.param == "gridfs":
        made = BlobRig(FilesSettings(), mongo)
    else:
        made = await an_s3_rig(mongo, request.getfixturevalue("s3_server"))
    async with made.opened:
        yield made


async def storage_of(rig: BlobRig) -> FrameStorage:
    clock: Clock = rig.clock
    if not isinstance(rig, S3Rig):
        return GridFsStorage(rig.database, clock)
    return S3Storage(await rig.client(), rig.bucket, rig.database)


async def upload(blobs: Blobs, blob: str, told: list[int]) -> None:
    """From wherever it stands to the end. `told`: what was acknowledged."""
    offset = (await blobs.state(blob)).length
    while offset < LENGTH:
        # One that breaks off inside of a frame, one inside of a part, and one over the end of a part.
        size = next(end for end in (1000, 40 * FRAME, LENGTH) if end > offset) - offset
        offset = await blobs.append(blob, offset, pieces(TEXT[offset : offset + size]))
        told.append(offset)
    await blobs.finish(blob)


@pytest.mark.parametrize("after", [False, True])
async def test_what_was_told_stands_whatever_dies_when(rig: BlobRig, after: bool) -> None:
    """The upload is begun by a process that dies at step n, and gone on with by the next; for each n that there is."""
    living = await rig.process()
    for at in itertools.count():
        blob, steps, told = f"blob_{at}", itertools.count(), [0]
        await living.create(blob, "alice")
        storage = Mortal(await storage_of(rig), steps, at, after=after)
        records: Any = Mortal(Records(rig.database, rig.clock), steps, at, after=after)
        try:
            await upload(SealedBlobs(records, storage, rig.vault()), blob, told)
            died = False
        except Died:
            died = True
        assert (await living.state(blob)).length >= told[-1]
        await upload(living, blob, told)
        assert await whole(living, blob) == TEXT, at
        if not died:
            assert at > 12
            return


class Unfenced(Records):
    """Everybody is the same writer."""

    @override
    async def claim(self, blob: str, offset: int) -> BlobRecord:
        record = await super().claim(blob, offset)
        await self._all.update_one({"_id": blob}, {"$set": {"writer": 1}})
        return replace(record, writer=1)


@pytest.mark.parametrize("fenced", [True, False])
async def test_without_the_fence_an_append_that_lingers_spoils_what_the_newer_one_wrote(
    rig: BlobRig, fenced: bool
) -> None:
    """The twin: of the test that a newer append ends the older."""
    records = (Records if fenced else Unfenced)(rig.database, rig.clock)
    blobs = SealedBlobs(records, await storage_of(rig), rig.vault())
    await blobs.create("blob_1", "alice")
    older = Waiting(b"o" * 50, b"o" * 10)
    lingering = asyncio.create_task(blobs.append("blob_1", 0, older))
    await older.began.wait()
    assert await blobs.append("blob_1", 0, pieces(b"n" * 100)) == 100
    older.go_on.set()
    ended = (await asyncio.gather(lingering, return_exceptions=True))[0]
    assert isinstance(ended, Conflict) is fenced
    await blobs.finish("blob_1")
    assert (await whole(blobs, "blob_1") == b"n" * 100) is fenced


async def test_no_more_than_a_run_of_frames_is_moved_at_once(rig: BlobRig) -> None:
    """So memory does not grow with the blob."""
    moved: list[int] = []
    storage = await storage_of(rig)

    class Counting:
        run = storage.run

        def __getattr__(self, name: str) -> Any:
            return getattr(storage, name)

        async def put(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
            moved.append(len(frames))
            await storage.put(blob, writer, first, frames)

        async def read(self, blob: str, first: int, last: int) -> list[bytes]:
            moved.append(last - first + 1)
            return await storage.read(blob, first, last)

    counting: Any = Counting()
    blobs = SealedBlobs(Records(rig.database, rig.clock), counting, rig.vault())
    assert await written(blobs, "blob_1", TEXT) == await whole(blobs, "blob_1")
    assert max(moved) == storage.run
    assert sum(moved) >= 2 * (LENGTH // FRAME)


async def test_a_file_in_the_database_is_one_for_every_tool_that_knows_gridfs(mongo: Database) -> None:
    """As ciphertext."""
    from motor.motor_asyncio import AsyncIOMotorGridFSBucket

    rig = BlobRig(FilesSettings(), mongo)
    async with rig.opened:
        await written(await rig.process(), "blob_1", TEXT)
        stream = await AsyncIOMotorGridFSBucket(mongo, "blobs").open_download_stream("blob_1")
        assert await stream.read() == b"".join(await rig.frames("blob_1"))
        assert stream.length == 83 * SEALED_BYTES + 1000 + 28


async def test_uploads_that_no_blob_knows_are_aborted_after_their_time(mongo: Database, s3_server: S3Server) -> None:
    rig = await an_s3_rig(mongo, s3_server)
    async with rig.opened:
        blobs, client = await rig.process(), await rig.client()
        await client.create_multipart_upload(Bucket=rig.bucket, Key="blobs/blob_1")
        await client.create_multipart_upload(Bucket=rig.bucket, Key="elsewhere/1")
        await blobs.create("blob_2", "alice")
        await blobs.append("blob_2", 0, pieces(TEXT))
        listed = (await client.list_multipart_uploads(Bucket=rig.bucket))["Uploads"]
        assert {one["Key"] for one in listed} == {"blobs/blob_1", "blobs/blob_2", "elsewhere/1"}
        storage = await storage_of(rig)
        await storage.sweep(int(listed[0]["Initiated"].timestamp() * 1000) - 60_000)
        assert len((await client.list_multipart_uploads(Bucket=rig.bucket))["Uploads"]) == 3
        await storage.sweep(int(listed[0]["Initiated"].timestamp() * 1000) + 60_000)
        left = (await client.list_multipart_uploads(Bucket=rig.bucket))["Uploads"]
        assert {one["Key"] for one in left} == {"blobs/blob_2", "elsewhere/1"}
        await blobs.finish("blob_2")
        assert await whole(blobs, "blob_2") == TEXT


async def test_a_storage_that_is_away_is_unavailable_and_gone_on_with_when_it_is_back(
    mongo: Database, s3_server: S3Server
) -> None:
    rig = await an_s3_rig(mongo, s3_server)
    async with rig.opened, Proxy(s3_server.port) as proxy:
        away = rig.settings.model_copy(update={"s3_url": f"http://127.0.0.1:{proxy.port}"})
        blobs = await rig.process(away)
        await blobs.create("blob_1", "alice")
        await blobs.append("blob_1", 0, pieces(TEXT[:1000]))
        proxy.refusing = True
        proxy.cut_all()
        with pytest.raises(Unavailable):
            await blobs.append("blob_1", 1000, pieces(TEXT[1000:]))
        assert (await blobs.state("blob_1")).length == 1000
        proxy.refusing = False
        await upload(blobs, "blob_1", [])
        assert await whole(blobs, "blob_1") == TEXT


async def test_a_bucket_that_is_not_there_is_a_line_for_the_operator(mongo: Database, s3_server: S3Server) -> None:
    rig = await an_s3_rig(mongo, s3_server)
    async with rig.opened:
        with pytest.raises(StartupError, match="CAREWIRE_FILES__S3_BUCKET"):
            await rig.process(rig.settings.model_copy(update={"s3_bucket": "not-made"}))
        nobody = rig.settings.model_copy(update={"s3_url": "http://127.0.0.1:9"})
        await rig.process(nobody)
