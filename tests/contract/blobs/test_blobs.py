"""Blobs, on both storages."""

import asyncio
import itertools
import random
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from common.errors import AlreadyExists, CarewireError, Conflict, FailedPrecondition, InvalidArgument, NotFound
from config.files import FilesSettings
from store.blobs.sealing import FRAME_BYTES
from store.mongo.client import Database
from store.ports.blobs import Blobs, BlobState
from tests.contract.blobs.blobs import BlobRig, S3Rig, Waiting, breaking, pieces, whole, written
from tests.partners.s3 import S3Server

FRAME = FRAME_BYTES
TEXT = random.Random(7).randbytes(6 * FRAME)


@pytest_asyncio.fixture(params=["gridfs", "s3"])
async def rig(request: pytest.FixtureRequest, mongo: Database) -> AsyncIterator[BlobRig]:
    if request.param == "gridfs":
        made = BlobRig(FilesSettings(), mongo)
    else:
        made = await an_s3_rig(mongo, request.getfixturevalue("s3_server"))
    async with made.opened:
        yield made


async def an_s3_rig(mongo: Database, server: S3Server) -> S3Rig:
    settings = FilesSettings(
        storage="s3",
        s3_url=server.url,
        s3_bucket=f"test-{uuid.uuid4().hex}",
        s3_access_key="key",
        s3_secret_key=SecretStr("secret"),
    )
    rig = S3Rig(settings, mongo)
    await (await rig.client()).create_bucket(Bucket=rig.bucket)
    return rig


@pytest_asyncio.fixture
async def blobs(rig: BlobRig) -> Blobs:
    return await rig.process()


async def test_what_was_written_is_read_and_so_is_every_range(rig: BlobRig, blobs: Blobs) -> None:
    reader = await rig.process()
    for length in (0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 5):
        text = await written(blobs, f"blob_{length}", TEXT[:length])
        assert await whole(reader, f"blob_{length}") == text
        edges = sorted({0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, length // 2, length} & set(range(length + 1)))
        for start, end in itertools.combinations_with_replacement(edges, 2):
            assert await whole(reader, f"blob_{length}", start, end) == text[start:end], (length, start, end)


async def test_a_range_opens_its_own_frames_alone(rig: BlobRig, blobs: Blobs) -> None:
    text = await written(blobs, "blob_1", TEXT)
    await rig.tamper("blob_1", lambda frames: [bytes(len(frames[0])), *frames[1:4], bytes(len(frames[4])), *frames[5:]])
    assert await whole(blobs, "blob_1", FRAME, 4 * FRAME) == text[FRAME : 4 * FRAME]
    with pytest.raises(CarewireError, match="damaged"):
        await whole(blobs, "blob_1", FRAME - 1, FRAME + 1)


async def test_ranges_that_do_not_lie_within_are_refused(blobs: Blobs) -> None:
    await written(blobs, "blob_1", b"12345")
    for start, end in ((-1, 2), (0, 6), (4, 3), (6, None)):
        with pytest.raises(InvalidArgument) as caught:
            await blobs.read("blob_1", start, end)
        assert caught.value.details == {"length": 5}


async def test_many_appends_of_many_processes_are_one_blob(rig: BlobRig, blobs: Blobs) -> None:
    await blobs.create("blob_1", "alice")
    offset, dice = 0, random.Random(3)
    processes = itertools.cycle([blobs, await rig.process()])
    while offset < len(TEXT):
        piece = TEXT[offset : offset + dice.randrange(1, FRAME)]
        offset = await next(processes).append("blob_1", offset, pieces(piece[:9], b"", piece[9:]))
        assert await blobs.state("blob_1") == BlobState(offset, finished=False)
    assert await blobs.finish("blob_1") == len(TEXT)
    assert await whole(blobs, "blob_1") == TEXT


async def test_what_arrived_before_a_connection_broke_counts(blobs: Blobs) -> None:
    await blobs.create("blob_1", "alice")
    with pytest.raises(ConnectionResetError):
        await blobs.append("blob_1", 0, breaking(TEXT[:FRAME], TEXT[FRAME : FRAME + 10]))
    assert (await blobs.state("blob_1")).length == FRAME + 10
    source = Waiting(TEXT[FRAME + 10 : 2 * FRAME], b"")
    reading = asyncio.create_task(blobs.append("blob_1", FRAME + 10, source))
    await source.began.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await blobs.state("blob_1")).length == 2 * FRAME


async def test_an_append_elsewhere_than_at_the_end_is_told_where_that_is(blobs: Blobs) -> None:
    await blobs.create("blob_1", "alice")
    await blobs.append("blob_1", 0, pieces(b"12345"))
    for offset in (0, 4, 6):
        with pytest.raises(Conflict) as caught:
            await blobs.append("blob_1", offset, pieces(b"x"))
        assert caught.value.details == {"offset": 5}
    await blobs.finish("blob_1")
    assert await whole(blobs, "blob_1") == b"12345"


@pytest.mark.parametrize("length", [100, 81 * FRAME])
async def test_a_newer_append_ends_the_older_and_nothing_of_it_stays(rig: BlobRig, blobs: Blobs, length: int) -> None:
    """The older one lingers: its connection died without its knowing, and it goes on when the newer one is through."""
    await blobs.create("blob_1", "alice")
    await blobs.append("blob_1", 0, pieces(b"begin"))
    older = Waiting(b"o" * 50, b"o" * length)
    lingering = asyncio.create_task(blobs.append("blob_1", 5, older))
    await older.began.wait()
    await (await rig.process()).append("blob_1", 5, pieces(b"n" * length))
    older.go_on.set()
    with pytest.raises(Conflict):
        await lingering
    assert await blobs.finish("blob_1") == 5 + length
    assert await whole(blobs, "blob_1") == b"begin" + b"n" * length


async def test_a_finished_blob_takes_no_more_and_an_unfinished_one_is_not_read(blobs: Blobs) -> None:
    await blobs.create("blob_1", "alice")
    await blobs.append("blob_1", 0, pieces(b"12345"))
    with pytest.raises(FailedPrecondition):
        await blobs.read("blob_1")
    assert [await blobs.finish("blob_1") for _ in range(2)] == [5, 5]
    with pytest.raises(FailedPrecondition):
        await blobs.append("blob_1", 5, pieces(b"x"))
    with pytest.raises(AlreadyExists):
        await blobs.create("blob_1", "alice")
    assert await blobs.state("blob_1") == BlobState(5, finished=True)


async def test_an_id_that_is_none_never_becomes_a_name_in_the_storage(blobs: Blobs) -> None:
    for name in ("", "../etc", "a/b", "a\0", "a" * 129):
        with pytest.raises(ValueError, match="not an id"):
            await blobs.create(name, "alice")


async def test_deleting_is_final(rig: BlobRig, blobs: Blobs) -> None:
    await written(blobs, "blob_1", TEXT)
    await blobs.delete("blob_1")
    assert len(await rig.everything()) < 1000  # what says that it was there
    await written(blobs, "blob_2", TEXT)
    await blobs.delete("blob_1")
    await blobs.delete("blob_3")
    attempts: list[Callable[[], Any]] = [
        lambda: blobs.read("blob_1"),
        lambda: blobs.state("blob_1"),
        lambda: blobs.finish("blob_1"),
        lambda: blobs.append("blob_1", 0, pieces(b"x")),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt()
    with pytest.raises(AlreadyExists):
        await blobs.create("blob_1", "alice")
    assert await whole(blobs, "blob_2") == TEXT


async def test_what_a_lingering_append_leaves_of_a_deleted_blob_is_swept(rig: BlobRig, blobs: Blobs) -> None:
    await blobs.create("blob_1", "alice")
    source = Waiting(b"1", b"2" * 81 * FRAME)
    lingering = asyncio.create_task(blobs.append("blob_1", 0, source))
    await source.began.wait()
    await blobs.delete("blob_1")
    source.go_on.set()
    with pytest.raises(CarewireError):
        await lingering
    rig.clock.now_s += 10
    assert await blobs.sweep(rig.clock.now_ms()) == 0
    assert await rig.everything() == await BlobRig.everything(rig) == b""


async def test_what_was_never_finished_is_swept_after_its_time_and_nothing_else_is(rig: BlobRig, blobs: Blobs) -> None:
    await written(blobs, "blob_1", b"kept")
    for name in ("blob_2", "blob_3"):
        await blobs.create(name, "alice")
        await blobs.append(name, 0, pieces(TEXT))
    rig.clock.now_s += 100
    await blobs.append("blob_3", len(TEXT), pieces(b"goes on"))
    assert await blobs.sweep(rig.clock.now_ms() - 99_000) == 1
    with pytest.raises(NotFound):
        await blobs.state("blob_2")
    assert (await blobs.state("blob_3")).length == len(TEXT) + 7
    assert await whole(blobs, "blob_1") == b"kept"
    assert await blobs.sweep(rig.clock.now_ms() - 99_000) == 0


async def test_the_blobs_of_an_erased_person_are_noise(rig: BlobRig, blobs: Blobs) -> None:
    await written(blobs, "blob_1", TEXT)
    await blobs.create("blob_2", "alice")
    await written(blobs, "blob_3", b"bob's", owner="bob")
    await rig.vault().erase("alice")
    fresh = await rig.process()
    with pytest.raises(NotFound):
        await fresh.read("blob_1")
    with pytest.raises(NotFound):
        await fresh.append("blob_2", 0, pieces(b"x"))
    assert await whole(fresh, "blob_3") == b"bob's"


async def test_nothing_lies_anywhere_in_the_clear(rig: BlobRig, blobs: Blobs) -> None:
    canary = b"canary in a coal mine "
    await written(blobs, "blob_1", canary * 4000)
    await blobs.create("blob_2", "alice")
    await blobs.append("blob_2", 0, pieces(canary))
    stored = await rig.everything()
    assert len(stored) > len(canary) * 4000
    assert canary not in stored


@pytest.mark.parametrize(
    "change",
    [
        lambda frames: frames[:-1],  # the end is missing
        lambda frames: frames[:3],
        lambda frames: [frames[1], frames[0], *frames[2:]],
        lambda frames: [*frames[:2], frames[2][:-1] + bytes([frames[2][-1] ^ 1]), *frames[3:]],
        lambda frames: [frames[0], *frames],
        lambda frames: [],
    ],
)
async def test_frames_that_were_altered_swapped_or_cut_are_noticed(
    rig: BlobRig, blobs: Blobs, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    await written(blobs, "blob_1", TEXT)
    await rig.tamper("blob_1", change)
    with pytest.raises(CarewireError, match="damaged"):
        await whole(blobs, "blob_1")


async def test_frames_of_another_blob_of_the_same_person_are_noticed(rig: BlobRig, blobs: Blobs) -> None:
    await written(blobs, "blob_1", TEXT)
    await written(blobs, "blob_2", TEXT)
    others = await rig.frames("blob_2")
    await rig.tamper("blob_1", lambda _: others)
    with pytest.raises(CarewireError, match="damaged"):
        await whole(blobs, "blob_1")
