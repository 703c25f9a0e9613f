"""What the requests of tus say in their headers. Pure."""

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.errors import CarewireError, InvalidArgument
from common.ids import is_id

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum"
ALGORITHMS: Final = ("sha1", "sha256")
MEDIA_TYPE: Final = "application/offset+octet-stream"
MOST_METADATA: Final = 8192
LONGEST_NAME: Final = 1024
_LONGEST_TYPE: Final = 128
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an upload says of its file."""

    name: str = ""
    type: str = ""
    room: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request come to."""

    algorithm: str
    digest: bytes

    def fits(self, text: bytes | bytearray) -> bool:
        """Are these the bytes?"""
        return hashlib.new(self.algorithm, text, usedforsecurity=False).digest() == self.digest


def number(headers: Mapping[str, str], name: str) -> int | None:
    """The value of a header that is a number; None: it is not there. Raises InvalidArgument."""
    text = headers.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise malformed(name)
    return int(text)


def metadata(headers: Mapping[str, str]) -> Metadata:
    """`Upload-Metadata`: pairs of a key and base64 of its value, which may be missing. Raises InvalidArgument."""
    text = headers.get("upload-metadata", "")
    if len(text) > MOST_METADATA:
        raise malformed("Upload-Metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip(" ") for one in text.split(","))):
        key, _, encoded = pair.partition(" ")
        if key in found or not key.isascii():
            raise malformed("Upload-Metadata")
        found[key] = _text(encoded)
    return _checked(found)


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """`Upload-Checksum`. Raises InvalidArgument: an algorithm that is not offered, or no base64."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise malformed("Upload-Checksum")
    try:
        digest = b64decode(encoded, validate=True)
    except binascii.Error:
        raise malformed("Upload-Checksum") from None
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise malformed("Upload-Checksum")
    return Checksum(algorithm, digest)


def malformed(header: str) -> CarewireError:
    """The error for a header that is missing, or not what it has to be."""
    return InvalidArgument(f"{header} is missing, or is not what it has to be.", details={"field": header})


def clean_name(name: str) -> str:
    """The name of a file without what could be a path, or hide what it is. Raises InvalidArgument: it is too long."""
    if len(name) > LONGEST_NAME:
        raise InvalidArgument(f"A name has at most {LONGEST_NAME} characters.", details={"field": "filename"})
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable() and letter not in _TURNING).strip(" .")


_TURNING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _text(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise malformed("Upload-Metadata") from None


def _checked(found: Mapping[str, str]) -> Metadata:
    kind = found.get("filetype", "").partition(";")[0].strip().lower()
    room, digest = found.get("room_id", ""), found.get("sha256", "").lower()
    if len(kind) > _LONGEST_TYPE or not kind.isascii() or (room and not is_id(room)):
        raise malformed("Upload-Metadata")
    if digest and (len(digest) != 64 or not set(digest) <= set("0123456789abcdef")):
        raise malformed("Upload-Metadata")
    return Metadata(clean_name(found.get("filename", "")), kind, room, digest)
