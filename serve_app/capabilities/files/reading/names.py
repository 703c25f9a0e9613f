"""How a file is to be shown, and under which name it is saved (RFC 6266). Pure."""

from typing import Final
from urllib.parse import quote

INLINE: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "text/plain"})
_INLINE_FAMILIES: Final = ("audio", "video")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")


def may_be_inline(kind: str) -> bool:
    """May a browser show it? What could run there is only ever saved."""
    return kind in INLINE or kind.partition("/")[0] in _INLINE_FAMILIES


def disposition(name: str, kind: str, *, attached: bool) -> str:
    """`Content-Disposition`."""
    how = "attachment" if attached or not may_be_inline(kind) else "inline"
    if not name:
        return how
    plain = "".join(letter if letter in _PLAIN else "_" for letter in name)
    beside = f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else ""
    return f'{how}; filename="{plain}"{beside}'


def content_type(kind: str) -> str:
    """`Content-Type`. Text is UTF-8, or it would be no text."""
    return "text/plain; charset=utf-8" if kind == "text/plain" else kind
