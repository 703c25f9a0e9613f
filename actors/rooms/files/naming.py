"""Files in messages: which they are. Pure.

An attachment that is a file is `{"file_id": "file_...", "alt"?: ...}`; all others are what clients made of them.
"""

from typing import Final

import msgspec

from actors.rooms.room.events import Filed


class _Referring(msgspec.Struct, frozen=True):
    file_id: msgspec.Raw = msgspec.Raw()


_referring: Final = msgspec.json.Decoder(list[_Referring]).decode
_text: Final = msgspec.json.Decoder(str).decode


def files_in(*lists: bytes) -> tuple[str, ...]:
    """The files that attachments and blocks (JSON arrays of objects; empty: none) refer to, each once."""
    found = (one.file_id for encoded in lists if encoded for one in _referring(encoded))
    ids = (_text(raw) for raw in found if bytes(raw)[:6] == b'"file_')
    return tuple(dict.fromkeys(ids))


def filed(author: str, at: int, seq: int, message_id: str, *lists: bytes) -> tuple[Filed, ...]:
    """The note of a message that is posted with files."""
    files = files_in(*lists)
    return (Filed(author=author, at=at, target=seq, id=message_id, files=files),) if files else ()
