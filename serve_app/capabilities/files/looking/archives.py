"""Archives, opened as far as their bounds allow: so deep, so many entries, so much when it is unpacked, so many times
as much. What is beyond is a bomb, whatever it says of itself: bytes are counted as they come out. Encrypted ones cannot
be looked at, so nobody gets them. Pure: reads a file, writes nothing.
"""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Final, Protocol

from actors.files.records import Reason
from serve_app.capabilities.files.looking.types import GZIP, HEAD_BYTES, TAR, ZIP, type_of

DEPTH: Final = 3
ENTRIES: Final = 1_000
UNPACKED_BYTES: Final = 1 << 30
RATIO: Final = 200
_HARMLESS: Final = 1 << 16
"""Bytes that any archive may come to, however well they are packed."""
_LARGEST_INNER: Final = 64 << 20
"""Bytes of an archive within one that are held to be opened."""
_PIECE: Final = 1 << 16
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_OFFICE: Final = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_ENCRYPTED: Final = 0x1
_MACROS: Final = "vbaProject.bin"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Forbidden(Exception):
    """People may not have it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(slots=True)
class _Budget:
    """What is left, for an archive and all within it. `packed`: its own size."""

    packed: int
    entries: int = ENTRIES
    unpacked: int = field(default=0)

    def entry(self) -> None:
        self.entries -= 1
        if self.entries < 0:
            raise Forbidden("archive_bomb")

    def take(self, count: int) -> None:
        self.unpacked += count
        most = max(min(UNPACKED_BYTES, self.packed * RATIO), _HARMLESS)
        if self.unpacked > most:
            raise Forbidden("archive_bomb")


def is_archive(kind: str) -> bool:
    """Is it one that is opened?"""
    return kind in _OPENERS


def inspect(source: IO[bytes], size: int, kind: str) -> str:
    """Its type, more exactly: documents of offices are archives.

    Raises:
        Forbidden: it is a bomb, encrypted, or broken.
    """
    named = kind
    try:
        if kind == ZIP:
            named = _named(source)
        _open(source, kind, _Budget(size), DEPTH)
    except Forbidden:
        raise
    except RuntimeError as error:  # zipfile: encrypted, or a method that it does not know
        raise Forbidden("archive_encrypted" if "encrypted" in str(error) else "unreadable") from None
    except (*_BROKEN, RecursionError, MemoryError, NotImplementedError):
        raise Forbidden("unreadable") from None
    return named


def _open(source: IO[bytes], kind: str, budget: _Budget, depth: int) -> None:
    if depth == 0:
        raise Forbidden("archive_bomb")
    source.seek(0)
    _OPENERS[kind](source, budget, depth)


def _open_zip(source: IO[bytes], budget: _Budget, depth: int) -> None:
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            budget.entry()
            if entry.flag_bits & _ENCRYPTED:
                raise Forbidden("archive_encrypted")
            if not entry.is_dir():
                with archive.open(entry) as inner:
                    _unpack(inner, budget, depth)


def _open_gzip(source: IO[bytes], budget: _Budget, depth: int) -> None:
    budget.entry()
    with gzip.GzipFile(fileobj=source) as inner:
        _unpack(inner, budget, depth)


def _open_tar(source: IO[bytes], budget: _Budget, depth: int) -> None:
    """A tar packs nothing, but may hold a file of which it only says that it is large."""
    with tarfile.open(fileobj=source, mode="r:") as archive:
        for entry in archive:
            budget.entry()
            inner = archive.extractfile(entry) if entry.isreg() else None
            if inner is not None:
                _unpack(inner, budget, depth)


_OPENERS: Final[dict[str, Callable[[IO[bytes], _Budget, int], None]]] = {
    ZIP: _open_zip,
    GZIP: _open_gzip,
    TAR: _open_tar,
}


def _unpack(inner: _Readable, budget: _Budget, depth: int) -> None:
    """Count what comes out; an archive is opened in its turn."""
    head = inner.read(HEAD_BYTES)
    budget.take(len(head))
    kind = type_of(head)
    if kind not in _OPENERS:
        _drain(inner, budget)
        return
    held = bytearray(head)
    while piece := inner.read(_PIECE):
        budget.take(len(piece))
        held += piece
        if len(held) > _LARGEST_INNER:
            raise Forbidden("archive_bomb")
    _open(io.BytesIO(held), kind, budget, depth - 1)


def _drain(inner: _Readable, budget: _Budget) -> None:
    while piece := inner.read(_PIECE):
        budget.take(len(piece))


def _named(source: IO[bytes]) -> str:
    """A document of an office by its directory. With macros in it, it is none that people may send."""
    source.seek(0)
    with zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        if any(name.endswith(_MACROS) for name in names):
            return "application/vnd.ms-office.macro"
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
            told = archive.read("mimetype").decode("ascii", "replace")
            if told.startswith("application/vnd.oasis.opendocument."):
                return told
        if "META-INF/MANIFEST.MF" in names and any(name.endswith(".class") for name in names):
            return "application/java-archive"
        if "[Content_Types].xml" in names:
            return next((kind for start, kind in _OFFICE.items() if any(n.startswith(start) for n in names)), ZIP)
    return ZIP
