"""Archives that mean well, and others."""

import gzip
import io
import tarfile
import zipfile


def a_zip(entries: dict[str, bytes], *, packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def a_tar(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return buffer.getvalue()


def an_encrypted_zip() -> bytes:
    """One whose directory says that its entry is encrypted."""
    text = bytearray(a_zip({"a.txt": b"secret"}, packed=False))
    text[6] |= 1
    text[text.index(b"PK\x01\x02") + 8] |= 1
    return bytes(text)


def a_bomb(megabytes: int = 20) -> bytes:
    return a_zip({"zeros": bytes(megabytes << 20)})


def nested(depth: int) -> bytes:
    text = b"at the bottom"
    for level in range(depth):
        text = a_zip({f"level-{level}.zip": text})
    return text


def zipped(text: bytes) -> bytes:
    return gzip.compress(text)
