"""What the process that makes pictures anew answers."""

from typing import Final

import msgspec

from actors.files.records import Reason

MOST_PIXELS: Final = 50_000_000


class Made(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="made"):
    """The picture, its variants by name, and the blurred one, encoded."""

    type: str
    width: int
    height: int
    whole: bytes
    small: dict[str, bytes]
    blurred: bytes


class NotMade(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="not_made"):
    """Nothing can be made of it."""

    reason: Reason


Answer = Made | NotMade
