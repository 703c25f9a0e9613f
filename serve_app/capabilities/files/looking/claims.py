"""Does what was told of a file fit its bytes? Pure."""

from typing import Final

from serve_app.capabilities.files.looking.types import UNKNOWN, ZIP

_SAME: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/heif": "image/heic",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": ZIP,
    "application/x-gzip": "application/gzip",
    "application/gzip-compressed": "application/gzip",
    "application/tar": "application/x-tar",
    "text/rtf": "application/rtf",
    "application/json": "text/plain",
    "application/xml": "text/xml",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/webm": "video/webm",
    "audio/x-flac": "audio/flac",
}
_OF_EXTENSION: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "zip": ZIP,
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "tar": "application/x-tar",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "exe": "application/x-msdownload",
    "html": "text/html",
    "htm": "text/html",
    "svg": "image/svg+xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_NOTHING_SAID: Final = frozenset({"", UNKNOWN, "binary/octet-stream", "application/x-www-form-urlencoded"})
_MEDIA: Final = frozenset({"audio", "video"})


def fits(kind: str, claimed: str, extension: str) -> bool:
    """Are both what was told of its type, and the end of its name, of the family that its bytes are of?"""
    claimed = _SAME.get(claimed, claimed)
    if claimed not in _NOTHING_SAID and not _alike(kind, claimed):
        return False
    named = _OF_EXTENSION.get(extension)
    return named is None or _alike(kind, named)


def _alike(kind: str, told: str) -> bool:
    """Pictures stay pictures, and sound and video share their containers; text is text."""
    if kind == told:
        return True
    ours, theirs = kind.partition("/")[0], told.partition("/")[0]
    if told == "image/svg+xml" or kind == "image/svg+xml":
        return False
    if ours == theirs:
        return ours in ("image", "audio", "video") or (kind == "text/plain" and told != "text/html")
    return ours in _MEDIA and theirs in _MEDIA
