"""Which marks a text may carry, and with which values."""

from typing import Final

from actors.worksheets.yjs.refusal import UpdateRefused

_ON: Final = (True, None)
_VALUES: Final[dict[str, tuple[object, ...]]] = {
    "bold": _ON,
    "italic": _ON,
    "underline": _ON,
    "list": ("bullet", "ordered", None),
    "header": (1, 2, 3, 4, 5, 6, None),
}


def require_mark(name: str, value: object) -> None:
    """Refuse a mark that is not in the list, or has a value that is not.

    Raises:
        Refused: it is so.
    """
    if not any(type(value) is type(allowed) and value == allowed for allowed in _VALUES.get(name, ())):
        raise UpdateRefused("malformed", "This mark is not taken.")
