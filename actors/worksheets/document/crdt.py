"""What only the CRDT can say of a document: the one file that knows pycrdt, which is imported when a document is used.

Offsets of pycrdt's texts are bytes of UTF-8; one inside a character would insert at the end, in silence.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from actors.worksheets.document.shape import ANSWERS, NOTE, ROWS, TEXT

if TYPE_CHECKING:
    from pycrdt import Doc


def document_of(state: bytes, updates: Iterable[bytes] = (), number: int | None = None) -> "Doc[Any]":
    """The document of a state (b"": none yet) and what came after. `number`: under which it would write."""
    from pycrdt import Doc

    document: Doc[Any] = Doc() if number is None else Doc(client_id=number)
    if state:
        document.apply_update(state)
    for update in updates:
        document.apply_update(update)
    return document


def plain(document: "Doc[Any]", roots: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Answers (texts among them), rows and notes of these roots, as JSON has them."""
    from pycrdt import Map, Text

    answers: dict[str, object] = {}
    rows: dict[str, object] = {}
    notes: dict[str, str] = {}
    for root in roots:
        if root in (ANSWERS, ROWS):
            found = document.get(root, type=Map)
            (answers if root == ANSWERS else rows).update({key: _whole(value) for key, value in found.items()})
        else:
            text = str(document.get(root, type=Text))
            (answers if root.startswith(TEXT) else notes)[root[len(NOTE) :]] = text
    return answers, rows, notes


class DocumentEdit:
    """Changes to a document by the server, as one update."""

    def __init__(self, document: "Doc[Any]") -> None:
        self._document = document
        self._before = document.get_state()

    def values(self, root: str, values: Mapping[str, object], unset: Iterable[str] = ()) -> None:
        """Set these keys, and take those back."""
        from pycrdt import Map

        found = self._document.get(root, type=Map)
        with self._document.transaction():
            for key, value in values.items():
                if key not in found or _whole(found[key]) != value:
                    found[key] = value
            for key in unset:
                if key in found:
                    del found[key]

    def text(self, root: str, wanted: str) -> None:
        """Make a text this one, by the smallest edit: what is the same before and behind stays."""
        from pycrdt import Text

        text = self._document.get(root, type=Text)
        at, end, new = smallest_edit(str(text), wanted)
        with self._document.transaction():
            if end > at:
                del text[at:end]
            if new:
                text.insert(at, new)

    def update(self) -> bytes:
        """All that was changed."""
        return self._document.get_update(self._before)


def smallest_edit(present: str, wanted: str) -> tuple[int, int, str]:
    """From where to where, in bytes of UTF-8, the present text is replaced, and by what."""
    most = min(len(present), len(wanted))
    ahead = 0
    while ahead < most and present[ahead] == wanted[ahead]:
        ahead += 1
    behind = 0
    while behind < most - ahead and present[-1 - behind] == wanted[-1 - behind]:
        behind += 1
    start = len(present[:ahead].encode())
    end = start + len(present[ahead : len(present) - behind].encode())
    return start, end, wanted[ahead : len(wanted) - behind]


def _whole(value: object) -> object:
    """Whole numbers are whole: pycrdt gives them back as fractions."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return value
