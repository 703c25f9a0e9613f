"""What clients may ask of files, and what they are answered."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.files.records import ShownFile
from common.decoding import Id, Request, ShortText, Text
from common.persons import OtherId

FileId = Annotated[Id, Meta(description="`file_...`")]
Cursor = Annotated[str, Meta(max_length=512, description="`next_cursor` of the page before.")]
Type = Annotated[str, Meta(max_length=128, pattern=r"\A[a-z0-9.+-]+(/[a-z0-9.+-]+)?\Z")]
Caption = Annotated[Text, Meta(max_length=16_384)]
Alt = Annotated[Text, Meta(max_length=1_000)]


class OfFile(Request, frozen=True, kw_only=True):
    """One file."""

    file_id: FileId


class ListFiles(Request, frozen=True, kw_only=True):
    """One's own files, or those of a room, the newest first. `type`: one, or all of a family (`image`)."""

    room_id: Id | None = None
    type: Type | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class ShareFile(Request, frozen=True, kw_only=True):
    """Put a file of one's own into a room."""

    room_id: Id
    file_id: FileId
    caption: Caption | None = None
    client_id: ShortText | None = None


class ShareImage(ShareFile, frozen=True, kw_only=True):
    """The same for a picture, with words for who does not see it."""

    alt: Alt | None = None


class LinkFile(Request, frozen=True, kw_only=True):
    """An address that needs no token, for some seconds."""

    file_id: FileId
    variant: Literal["256", "1280"] | None = None
    ttl_s: Annotated[int, Meta(ge=10, le=900)] = 300
    disposition: Literal["inline", "attachment"] = "inline"


class FilesOfMessage(Request, frozen=True, kw_only=True):
    """A message."""

    room_id: Id
    message_id: ShortText


class FileReply(msgspec.Struct, frozen=True, kw_only=True):
    """A file, as it is by now."""

    file: ShownFile


class FilePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page. `next_cursor` is missing on the last one."""

    files: list[ShownFile]
    next_cursor: str | None = None


class SharedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to the message, with the file."""

    id: str
    seq: int | None = None
    sent_at: str | None = None
    duplicate: bool = False
    state: str | None = None
    held_id: OtherId | None = None
    file: ShownFile


class FileLink(msgspec.Struct, frozen=True, kw_only=True):
    """An address, and until when it is good."""

    url: str
    expires_at: str
