"""What bytes are, whether they are what was said of them, and archives within their bounds."""

import io

import pytest

from actors.files.records import Reason
from serve_app.capabilities.files.looking import archives, claims, types
from serve_app.capabilities.files.looking.archives import Forbidden, inspect
from tests.unit.files.archives import a_bomb, a_tar, a_zip, an_encrypted_zip, nested, zipped

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TYPES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n....", "image/png"),
    (b"GIF89a....", "image/gif"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
    (b"RIFF\x00\x00\x00\x00ODD!", types.UNKNOWN),
    (b"\x00\x00\x00\x18ftypheic\x00\x00", "image/heic"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00", "video/mp4"),
    (b"\x00\x00\x00\x18ftypM4A \x00\x00", "audio/mp4"),
    (b"\x00\x00\x00\x14ftypqt  \x00\x00", "video/quicktime"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"ID3\x04", "audio/mpeg"),
    (b"\xff\xfb\x90\x00", "audio/mpeg"),
    (b"MZ\x90\x00", "application/x-msdownload"),
    (b"\x7fELF\x02", "application/x-executable"),
    (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"", "text/plain"),
    (b"plain words", "text/plain"),
    ("Grüße 👍".encode(), "text/plain"),
    (b"\xef\xbb\xbfwith a mark", "text/plain"),
    (b"a < b and b > c", "text/plain"),
    (b"#!/bin/sh\nrm -rf /", "text/x-script"),
    (b"<!DOCTYPE html><p>", "text/html"),
    (b"  <html>", "text/html"),
    (b"words, then <script>alert(1)</script>", "text/html"),
    (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    (b"<svg onload=alert(1)>", "image/svg+xml"),
    (b"<?xml version='1.0'?><a/>", "text/xml"),
    (b"\x00\x01\x02\x03", types.UNKNOWN),
    (b"latin \xe9 one", types.UNKNOWN),
)


@pytest.mark.parametrize(("head", "kind"), TYPES, ids=[f"{at}-{kind}" for at, (_, kind) in enumerate(TYPES)])
def test_a_type_is_what_the_bytes_are(head: bytes, kind: str) -> None:
    assert types.type_of(head) == kind


def test_text_that_is_cut_within_a_letter_is_text() -> None:
    assert types.type_of(("é" * 3000).encode()[1:][: types.HEAD_BYTES * 2]) == types.UNKNOWN
    assert types.type_of(("a" + "é" * 3000).encode()) == "text/plain"


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"GIF89a/*<script>alert(1)</script>*/", b""),
        (b"\xff\xd8\xff\xe0 %PDF-1.7", b""),
        (b"\x89PNG\r\n\x1a\n", a_zip({"a": b"b"})),
        (b"%PDF-1.7\n", a_zip({"a": b"b"})),
        (b"words\n%PDF-1.4", b""),
    ],
)
def test_what_is_of_two_types_is_found(head: bytes, tail: bytes) -> None:
    assert types.is_two(head, head + tail, types.type_of(head))
    assert not types.is_two(head[:3] if head[:1] != b"w" else b"words", b"", types.type_of(head))


FITTING = (
    ("image/png", "", "", True),
    ("image/png", "application/octet-stream", "png", True),
    ("image/jpeg", "image/jpg", "jpeg", True),
    ("image/webp", "image/jpeg", "jpg", True),  # telephones name pictures as they like
    ("text/plain", "text/csv", "csv", True),
    ("text/plain", "application/json", "json", True),
    ("video/mp4", "audio/mp4", "m4a", True),
    (WORD, WORD, "docx", True),
    ("application/pdf", "image/png", "", False),
    ("application/x-msdownload", "image/png", "", False),
    ("text/plain", "image/png", "", False),
    ("application/pdf", "application/pdf", "exe", False),
    ("text/plain", "", "html", False),
    ("image/png", "image/svg+xml", "", False),
    ("application/zip", WORD, "docx", False),
)


@pytest.mark.parametrize(("kind", "claimed", "extension", "fits"), FITTING)
def test_a_claim_fits_or_it_does_not(kind: str, claimed: str, extension: str, fits: bool) -> None:
    assert claims.fits(kind, claimed, extension) is fits


def opened(text: bytes) -> str:
    return inspect(io.BytesIO(text), len(text), types.type_of(text[: types.HEAD_BYTES]))


def test_archives_are_opened_and_documents_of_offices_are_known() -> None:
    assert opened(a_zip({"a.txt": b"words" * 100, "inner.zip": a_zip({"b": b"c"})})) == "application/zip"
    assert opened(zipped(b"words" * 100)) == "application/gzip"
    assert opened(a_tar({"a.txt": b"words"})) == "application/x-tar"
    assert opened(a_zip({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<b/>"})) == WORD
    assert opened(a_zip({"mimetype": b"application/vnd.oasis.opendocument.text"})).endswith("opendocument.text")
    assert opened(a_zip({"[Content_Types].xml": b"", "word/vbaProject.bin": b""})).endswith("macro")


REFUSED: tuple[tuple[str, bytes, Reason], ...] = (
    ("a bomb", a_bomb(), "archive_bomb"),
    ("a bomb in gzip", zipped(bytes(20 << 20)), "archive_bomb"),
    ("a bomb within", a_zip({"inner.zip": a_bomb(), "noise": bytes(range(256)) * 10}), "archive_bomb"),
    ("too deep", nested(5), "archive_bomb"),
    ("too many", a_zip({str(at): b"" for at in range(archives.ENTRIES + 1)}), "archive_bomb"),
    ("encrypted", an_encrypted_zip(), "archive_encrypted"),
    ("cut", a_zip({"a": b"b" * 1000})[:-30], "unreadable"),
    ("no gzip", b"\x1f\x8b\x08" + b"\x00" * 40, "unreadable"),
)


@pytest.mark.parametrize(("text", "reason"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_beyond_the_bounds_is_refused(text: bytes, reason: Reason) -> None:
    with pytest.raises(Forbidden) as refused:
        opened(text)
    assert refused.value.reason == reason


def test_as_deep_as_it_may_be_is_fine() -> None:
    assert opened(nested(archives.DEPTH)) == "application/zip"


def test_twin_what_an_archive_says_of_itself_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the counting of what comes out, a bomb passes."""
    monkeypatch.setattr(archives, "RATIO", 1 << 40)
    assert opened(a_bomb(2)) == "application/zip"
