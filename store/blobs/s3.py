"""The storage in S3, or what speaks its protocol: an object a blob, written as a multipart upload.

A part is 80 frames, just above the 5 MiB that S3 asks of all but the last. What does not fill a part yet lies in the
database (`chunks.py`), sealed as everything is; a blob that never fills one goes up whole. S3 puts parts together by
their numbers. Attempts take the next free one (`uploads.py`), and a part is attempted only after those before it were
noted, so numbers are in the order of the blob.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from aiohttp import ClientConnectionError, ClientPayloadError
from botocore.exceptions import BotoCoreError, ClientError

from common.errors import CarewireError, Unavailable
from common.logs import get_logger
from config.files import FilesSettings
from store.blobs.chunks import Chunks
from store.blobs.sealing import SEALED_BYTES
from store.blobs.uploads import UploadCollection, UploadedPart
from store.mongo.client import Database

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

_PREFIX: Final = "blobs/"
_GONE: Final = frozenset({"NoSuchKey", "NoSuchUpload", "404"})
_NOT_OURS: Final = frozenset({"404", "403", "400", "301", "NoSuchBucket", "AccessDenied"})
_UNREACHABLE: Final = (BotoCoreError, ClientConnectionError, ClientPayloadError, TimeoutError)
log = get_logger(__name__)


@asynccontextmanager
async def open_s3(settings: FilesSettings) -> AsyncIterator["S3Client"]:
    """A client for the endpoint and with the keys of the settings."""
    secret = settings.s3_secret_key
    config = AioConfig(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if settings.s3_url is not None else "auto"},
        request_checksum_calculation="when_required",  # frames are authenticated, and not every server knows the rest
        response_checksum_validation="when_required",
    )
    async with _session().create_client(
        "s3",
        region_name=settings.s3_region,
        endpoint_url=settings.s3_url,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=None if secret is None else secret.get_secret_value(),
        config=config,
    ) as client:
        yield client


class S3Storage:
    """`FrameStorage` over one bucket."""

    run = 80

    def __init__(self, client: "S3Client", bucket: str, database: Database) -> None:
        self._s3, self._bucket = client, bucket
        self._chunks, self._uploads = Chunks(database), UploadCollection(database)

    async def usable(self) -> bool:
        """Is the bucket ours to use? Yes as well where nobody answers: that passes."""
        try:
            await self._s3.head_bucket(Bucket=self._bucket)
        except ClientError as exc:
            return _code(exc) not in _NOT_OURS
        except _UNREACHABLE:
            return True
        return True

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        await self._chunks.prepare()
        await self._uploads.prepare()

    async def put(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        if (first + len(frames)) % self.run or len(frames[-1]) < SEALED_BYTES:
            await self._chunks.put(blob, writer, first, frames)
            return
        body = await self._part(blob, first, frames)
        upload = await self._uploads.find(blob) or await self._begin(blob)
        await self._send(blob=blob, upload=upload, writer=writer, index=first // self.run, body=body)

    async def settle(self, blob: str, frames: int) -> None:
        if frames and frames % self.run == 0:
            await self._chunks.remove(blob, below=frames)

    async def tail(self, blob: str, number: int) -> bytes | None:
        found = await self._chunks.read(blob, number, number)
        return found[0] if found else None

    async def finish(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        body = await self._part(blob, first, frames)
        upload, index = await self._uploads.find(blob), first // self.run
        if upload is None:
            with s3_errors():
                await self._s3.put_object(Bucket=self._bucket, Key=_key(blob), Body=body)
            return
        if await self._size(blob) == index * self.run * SEALED_BYTES + len(body):
            return  # completed by a writer that could not say so
        await self._send(blob=blob, upload=upload, writer=writer, index=index, body=body)
        await self._complete(blob, upload, index + 1)

    async def tidy(self, blob: str, frames: int) -> None:
        await self._chunks.remove(blob)
        await self._uploads.forget(blob)

    async def read(self, blob: str, first: int, last: int) -> list[bytes]:
        span = f"bytes={first * SEALED_BYTES}-{(last + 1) * SEALED_BYTES - 1}"
        with s3_errors():
            try:
                found = await self._s3.get_object(Bucket=self._bucket, Key=_key(blob), Range=span)
            except ClientError as exc:
                if _code(exc) in (*_GONE, "InvalidRange"):
                    return []
                raise
            async with found["Body"] as stream:
                body = await stream.read()
        return [body[at : at + SEALED_BYTES] for at in range(0, len(body), SEALED_BYTES)]

    async def remove(self, blob: str) -> None:
        if upload := await self._uploads.find(blob):
            await self._abort(_key(blob), upload)
        with s3_errors():
            await self._s3.delete_object(Bucket=self._bucket, Key=_key(blob))
        await self._uploads.forget(blob)
        await self._chunks.remove(blob)

    async def sweep(self, before_ms: int) -> None:
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=_PREFIX)
        with s3_errors():
            found = [one async for page in pages for one in page.get("Uploads", [])]
        old = {one["UploadId"]: one["Key"] for one in found if one["Initiated"].timestamp() * 1000 < before_ms}
        for upload in old.keys() - await self._uploads.known(list(old)):
            await self._abort(old[upload], upload)

    async def _part(self, blob: str, first: int, frames: Sequence[bytes]) -> bytes:
        """The part that these frames end: with those before them, which wait in the database."""
        begin = first - first % self.run
        waiting = await self._chunks.read(blob, begin, first - 1) if begin < first else []
        if len(waiting) < first - begin:
            raise CarewireError("This file is damaged. Please tell an administrator.", blob=blob)
        return b"".join([*waiting, *frames])

    async def _begin(self, blob: str) -> str:
        with s3_errors():
            made = await self._s3.create_multipart_upload(Bucket=self._bucket, Key=_key(blob))
        if await self._uploads.begin(blob, made["UploadId"]):
            return made["UploadId"]
        await self._abort(_key(blob), made["UploadId"])
        return await self._uploads.find(blob) or made["UploadId"]

    async def _send(self, blob: str, upload: str, writer: int, index: int, body: bytes) -> None:
        number = await self._uploads.number(blob)
        with s3_errors():
            sent = await self._s3.upload_part(
                Bucket=self._bucket, Key=_key(blob), UploadId=upload, PartNumber=number, Body=body
            )
        await self._uploads.note(blob, index, writer, UploadedPart(number, sent["ETag"]))

    async def _complete(self, blob: str, upload: str, count: int) -> None:
        parts = await self._uploads.parts(blob, count)
        with s3_errors():
            await self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=_key(blob),
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.tag} for part in parts]},
            )

    async def _size(self, blob: str) -> int | None:
        """Bytes of the object; None: there is none."""
        with s3_errors():
            try:
                return (await self._s3.head_object(Bucket=self._bucket, Key=_key(blob)))["ContentLength"]
            except ClientError as exc:
                if _code(exc) not in _GONE:
                    raise
        return None

    async def _abort(self, key: str, upload: str) -> None:
        with s3_errors():
            try:
                await self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
            except ClientError as exc:
                if _code(exc) not in _GONE:
                    raise


@cache
def _session() -> AioSession:
    """It reads its description of S3, some megabytes, once."""
    return get_session()


@contextmanager
def s3_errors() -> Iterator[None]:
    """Turn what S3 and the way to it do wrong into `Unavailable`; the log says what it was."""
    try:
        yield
    except ClientError as exc:
        log.warning("s3.refused", operation=exc.operation_name, code=_code(exc))
        raise Unavailable("The file storage does not answer just now; try again.", reason=_code(exc)) from exc
    except _UNREACHABLE as exc:
        log.warning("s3.unavailable", error=type(exc).__name__)
        raise Unavailable("The file storage does not answer just now; try again.", reason=type(exc).__name__) from exc


def _key(blob: str) -> str:
    return _PREFIX + blob


def _code(exc: ClientError) -> str:
    return str(exc.response.get("Error", {}).get("Code", ""))
