"""Sealed blobs: the port `Blobs` over a storage of frames.

Order is what makes it safe. Frames are stored first, then the record's length moves, by compare-and-swap on who writes;
so the length that is told is never ahead of what is stored, and a writer that was overtaken moves nothing.
"""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import Final

from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound
from common.ids import is_id
from common.logs import get_logger
from store.blobs.records import BlobRecord, Records
from store.blobs.sealing import FRAME_BYTES, FrameCipher, frames_of, new_key
from store.blobs.storage import FrameStorage
from store.ports.blobs import BlobState
from store.ports.vault import Vault

_SWEPT_AT_ONCE: Final = 500
log = get_logger(__name__)


class SealedBlobs:
    """`Blobs` of one process. Holds a run of frames (`FrameStorage.run`) for each transfer under way, nothing else."""

    def __init__(self, records: Records, storage: FrameStorage, vault: Vault) -> None:
        self._records, self._storage, self._vault = records, storage, vault

    async def create(self, blob: str, owner: str) -> None:
        if not is_id(blob):
            raise ValueError(f"not an id: {blob!r}")
        await self._vault.ensure([owner])
        await self._records.create(blob, owner, self._vault.seal(owner, new_key(), _aad(blob)))

    async def append(self, blob: str, offset: int, source: AsyncIterable[bytes]) -> int:
        record = await self._records.claim(blob, offset)
        cipher = await self._cipher(record)
        writer = _Writer(
            record=record,
            cipher=cipher,
            storage=self._storage,
            records=self._records,
            tail=await self._tail(record, cipher),
        )
        pieces = aiter(source)
        while True:
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return await writer.flush()
            except BaseException:  # a cut connection cancels whoever reads it
                await writer.flush()
                raise
            await writer.take(piece)

    async def finish(self, blob: str) -> int:
        record = await self._records.close(blob)
        if not record.finished:
            cipher = await self._cipher(record)
            number = frames_of(record.length) - 1
            last = cipher.seal(number, await self._tail(record, cipher), last=True)
            await self._storage.finish(blob, record.writer, number, [last])
            await self._records.finished(record)
            await self._tidy(record)
        return record.length

    async def state(self, blob: str) -> BlobState:
        record = await self._records.get(blob)
        return BlobState(record.length, record.finished)

    async def read(self, blob: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        record = await self._records.get(blob)
        if not record.finished:
            raise FailedPrecondition("This blob is not finished.", blob=blob)
        stop = record.length if end is None else end
        if not 0 <= start <= stop <= record.length:
            raise InvalidArgument(f"There are {record.length} bytes.", details={"length": record.length})
        return self._pieces(record, await self._cipher(record), start, stop)

    async def delete(self, blob: str) -> None:
        await self._records.drop(blob)
        await self._storage.remove(blob)

    async def sweep(self, before_ms: int) -> int:
        gone = 0
        while stale := await self._records.stale(before_ms, _SWEPT_AT_ONCE):
            for record in stale:
                gone += await self._clear(record, before_ms)
        await self._storage.sweep(before_ms)
        return gone

    async def _clear(self, record: BlobRecord, before_ms: int) -> bool:
        """Do what was left undone with a blob. Was it one that was never finished?"""
        if record.state == "closed":
            await self._tidy(record)
            return False
        abandoned = record.state != "gone"
        if abandoned and not await self._records.drop(record.id, before_ms):
            return False
        await self._storage.remove(record.id)
        if not abandoned:
            await self._records.forget(record.id)
        return abandoned

    async def _tidy(self, record: BlobRecord) -> None:
        await self._storage.tidy(record.id, frames_of(record.length))
        await self._records.tidied(record.id)

    async def _cipher(self, record: BlobRecord) -> FrameCipher:
        """Raises NotFound: the owner was erased."""
        await self._vault.unlock([record.key])
        key = self._vault.open(record.key, _aad(record.id))
        if key is None:
            raise NotFound("There is no such blob.", blob=record.id)
        return FrameCipher(key, record.id)

    async def _tail(self, record: BlobRecord, cipher: FrameCipher) -> bytes:
        """The bytes behind the last full frame. A writer that was fenced off may have stored more than counts."""
        number, length = divmod(record.length, FRAME_BYTES)
        if not length:
            return b""
        frame = await self._storage.tail(record.id, number)
        if frame is None:
            raise _damaged(record)
        with suppress(ValueError):
            text = cipher.open_tail(number, frame)[:length]
            if len(text) == length:
                return text
        raise _damaged(record)

    async def _pieces(self, record: BlobRecord, cipher: FrameCipher, start: int, end: int) -> AsyncIterator[bytes]:
        """Whoever reads to the end sees that it is the end: the last frame is opened though it may be empty."""
        number, total = start // FRAME_BYTES, frames_of(record.length)
        stop = total if end == record.length else -(-end // FRAME_BYTES)
        while number < stop:
            upto = min(number + self._storage.run, stop)
            frames = await self._storage.read(record.id, number, upto - 1)
            if len(frames) < upto - number:
                raise _damaged(record)
            for frame in frames:
                begin = number * FRAME_BYTES
                if piece := _opened(record=record, cipher=cipher, number=number, frame=frame, total=total)[
                    max(start - begin, 0) : end - begin
                ]:
                    yield piece
                number += 1


def _opened(record: BlobRecord, cipher: FrameCipher, number: int, frame: bytes, total: int) -> bytes:
    try:
        return cipher.open(number, frame, last=number == total - 1)
    except ValueError:
        raise _damaged(record) from None


class _Writer:
    """Gathers bytes into frames, frames into runs, and stores these."""

    def __init__(
        self, record: BlobRecord, cipher: FrameCipher, storage: FrameStorage, records: Records, tail: bytes
    ) -> None:
        self._record, self._cipher, self._storage, self._records = record, cipher, storage, records
        self._length = self._stored = record.length
        self._number = record.length // FRAME_BYTES
        self._first = self._number  # of the frames that wait
        self._frames: list[bytes] = []
        self._rest = bytearray(tail)

    async def take(self, piece: bytes) -> None:
        """Add some bytes."""
        at = 0
        while at < len(piece):
            taken = piece[at : at + FRAME_BYTES - len(self._rest)]
            self._rest += taken
            self._length += len(taken)
            at += len(taken)
            if len(self._rest) == FRAME_BYTES:
                self._frames.append(self._cipher.seal(self._number, bytes(self._rest)))
                self._number += 1
                self._rest.clear()
                if self._number % self._storage.run == 0:
                    await self._store(self._frames, self._length)

    async def flush(self) -> int:
        """Store all that was taken; the length."""
        if self._length > self._stored:
            tail = [self._cipher.seal(self._number, bytes(self._rest))] if self._rest else []
            await self._store([*self._frames, *tail], self._length)
        return self._length

    async def _store(self, frames: list[bytes], length: int) -> None:
        await self._storage.put(self._record.id, self._record.writer, self._first, frames)
        await self._records.advance(self._record, length)
        await self._storage.settle(self._record.id, length // FRAME_BYTES)
        self._first, self._frames, self._stored = self._number, [], length


def _aad(blob: str) -> bytes:
    return b"blob:" + blob.encode()


def _damaged(record: BlobRecord) -> CarewireError:
    log.error("blob.damaged", blob=record.id)
    return CarewireError("This file is damaged. Please tell an administrator.", blob=record.id)
