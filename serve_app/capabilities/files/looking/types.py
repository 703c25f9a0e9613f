"""Types of files by their bytes: the first 4 KiB say it, never a name or a header. Pure."""

import re
from collections.abc import Sequence
from typing import Final

HEAD_BYTES: Final = 4096
UNKNOWN: Final = "application/octet-stream"
ZIP, GZIP, TAR = "application/zip", "application/gzip", "application/x-tar"
_MAGIC: Final[Sequence[tuple[int, bytes, str]]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b", GZIP),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", TAR),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (0, b"wOFF", "font/woff"),
    (0, b"\x00asm", "application/wasm"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_AUDIO: Final = frozenset({b"M4A ", b"M4B "})
_MARKUP: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|\?xml|\?php|%|a\s|img\s|style|meta|link|table|form|object|embed)",
    re.IGNORECASE,
)
_CONTROL: Final = frozenset(range(32)) - {9, 10, 12, 13, 27}
_SECOND: Final = (b"%PDF-", b"PK\x03\x04", b"<script", b"<html", b"<svg", b"<?php", b"<!doctype html")


def type_of(head: bytes) -> str:
    """The type of what begins so."""
    head = head[:HEAD_BYTES]
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _of_mpeg4(head[8:12])
    for at, magic, kind in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return _of_ogg(head) if kind == "audio/ogg" else kind
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    if head[:2] == b"\xff\xf1" or head[:2] == b"\xff\xf9":
        return "audio/aac"
    return _of_text(head)


def is_two(head: bytes, tail: bytes, kind: str) -> bool:
    """Is it a file of another type as well, for a reader who looks elsewhere?"""
    if kind in ("text/plain", ZIP) or kind.startswith("application/vnd."):
        return kind == "text/plain" and b"%PDF-" in head[:1024]
    ahead = head[1:HEAD_BYTES].lower()
    if kind.startswith("image/") and any(sign.lower() in ahead for sign in _SECOND):
        return True
    if kind not in (GZIP, TAR) and not kind.startswith(("audio/", "video/")) and _ends_as_zip(tail):
        return True
    return kind != "application/pdf" and b"%PDF-" in head[:1024]


def _ends_as_zip(tail: bytes) -> bool:
    """Is there an end of a central directory, whose comment goes to the end of the file?"""
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + 22 <= len(tail) and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") <= len(tail)


def _of_mpeg4(brand: bytes) -> str:
    if brand in _HEIC:
        return "image/heic"
    if brand in (b"avif", b"avis"):
        return "image/avif"
    if brand in _AUDIO:
        return "audio/mp4"
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def _of_ogg(head: bytes) -> str:
    return "video/ogg" if b"theora" in head[:256] else "audio/ogg"


def _of_text(head: bytes) -> str:
    """Text, a page, a script, or nothing that we know. What is cut within a letter is text as well."""
    if not head:
        return "text/plain"
    text = head.removeprefix(b"\xef\xbb\xbf")
    if any(byte in _CONTROL for byte in text) or not _is_utf8(text):
        return UNKNOWN
    stripped = text.lstrip()
    if stripped.startswith(b"#!"):
        return "text/x-script"
    if stripped[:1] == b"<" and (found := _MARKUP.match(stripped)) is not None:
        if b"<svg" in stripped.lower():
            return "image/svg+xml"
        return "text/xml" if found[0].lower() == b"<?xml" else "text/html"
    return "text/html" if re.search(rb"<(?:script|iframe|svg)[\s>]", text, re.IGNORECASE) else "text/plain"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return len(text) == HEAD_BYTES and error.start > len(text) - 4
    return True
