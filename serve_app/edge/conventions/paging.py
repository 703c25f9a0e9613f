"""Cursor pagination: `cursor`, `limit` in; `next_cursor` out, missing on the last page. Cursors are opaque."""

import base64
import binascii
import json
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from common.errors import InvalidArgument

LARGEST_PAGE: Final = 200
DEFAULT_PAGE: Final = 50
_LARGEST_INT: Final = 2**53

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Most items of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page. `next_cursor` is missing (or null) on the last one."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*position: str | int) -> str:
    """A cursor that stands for this position (values of the sort key of the last item)."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[str | int, ...]:
    """The position, when it has these types.

    Raises:
        InvalidArgument: nobody gave this cursor out.
    """
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _foreign() from None
    if not isinstance(position, list) or [type(value) for value in position] != list(kinds):
        raise _foreign()
    if any(isinstance(value, int) and abs(value) > _LARGEST_INT for value in position):
        raise _foreign()
    return tuple(position)


def _foreign() -> InvalidArgument:
    return InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})
