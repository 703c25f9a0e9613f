"""Whether a change is its writer's to make: roots, keys, values, rights, numbers, sizes. Nothing is applied."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from actors.worksheets.document.shape import ROWS, FieldShape, Shape, Writer, may_write, takes
from actors.worksheets.yjs.index import RunIndex, RunPlace
from actors.worksheets.yjs.reader import Change
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import GONE, VALUE

FIRST_OF_PEOPLE: Final = 1000
"""Writer numbers below are the server's."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How large things may become. `updates_per_s`: how fast one person may write (0: as they like)."""

    update_bytes: int = 32_768
    state_bytes: int = 524_288
    field_chars: int = 20_000
    client_numbers: int = 2_000
    updates_per_s: float = 0.0


class Author(msgspec.Struct, frozen=True):
    """Who writes: the person ("": Carewire in their place), and what they are to the assignment."""

    user: str
    who: Writer


def require_numbers(change: Change, author: Author, numbers: Mapping[int, str], past: Collection[int]) -> None:
    """New structs stand under numbers of their writer's own.

    Raises:
        Refused: a number is another person's, the server's, or was used in an attempt that is over.
    """
    for number in change.writers:
        if number < FIRST_OF_PEOPLE:
            if author.user:
                raise UpdateRefused("client_number", "These writer numbers are the server's.")
        elif not author.user or numbers.get(number, author.user) != author.user or number in past:
            raise UpdateRefused("client_number", "This writer number is somebody else's, or of another document.")


def require_right(change: Change, author: Author, shape: Shape, bounds: Bounds) -> None:
    """Every place that is written exists, is theirs, and takes what is written.

    Raises:
        Refused: it is not so.
    """
    foreign: dict[tuple[str, str], None] = {}
    known: dict[RunPlace, tuple[FieldShape | None, bool]] = {}
    for one in change.added:
        item, place = one.item, one.place
        found = known.get(place)
        if found is None:
            found = known[place] = _judged(place, author, shape, foreign)
        field, theirs = found
        if field is None or (item.kind != GONE and (item.kind == VALUE) != bool(place.key)):
            raise UpdateRefused("malformed", "The worksheet has no such field.")
        if theirs and item.kind == VALUE and isinstance(item.value, str) and len(item.value) > bounds.field_chars:
            raise UpdateRefused("size", "This text is as long as it may be.")
        if theirs and item.kind == VALUE and not takes(field, place.root, item.value, bounds.field_chars):
            raise UpdateRefused("malformed", "The worksheet does not know this value.")
    for place in dict.fromkeys(change.cleared):
        if place.counts:
            _judged(place, author, shape, foreign)
    if foreign:
        raise UpdateRefused("rights", "This is not yours to change.", tuple(foreign))


def _judged(
    place: RunPlace, author: Author, shape: Shape, foreign: dict[tuple[str, str], None]
) -> tuple[FieldShape | None, bool]:
    """What stands there, and whether it is theirs; what is not is noted."""
    theirs = may_write(shape, place.root, place.key, author.who)
    if not theirs:
        foreign[place.root, place.key] = None
    return shape.slot(place.root, place.key), theirs


def require_room(change: Change, index: RunIndex, shape: Shape, bounds: Bounds) -> None:
    """No text, and no group, becomes larger than it may.

    Raises:
        Refused: one would.
    """
    grown: dict[RunPlace, int] = {}
    for _, length, place in change.runs():
        if place.counts:
            grown[place] = grown.get(place, 0) + length
    for (_, start, end), place in zip(change.deleted, change.cleared, strict=True) if grown else ():
        if place.counts and place in grown:
            grown[place] -= end - start
    for place, more in grown.items():
        field = shape.slot(place.root, place.key)
        if place.key or field is None or more <= 0:
            continue
        most = min(bounds.field_chars, field.max_chars or bounds.field_chars)
        if index.alive.get((place.root, ""), 0) + more > most:
            raise UpdateRefused("size", "This text is as long as it may be.")
    require_rows([place.key for place in grown if place.root == ROWS], index, shape)


def require_rows(keys: list[str], index: RunIndex, shape: Shape) -> None:
    """A group has no more rows than it may.

    Raises:
        Refused: it would.
    """
    if not keys:
        return
    rows = {key for (root, key), count in index.alive.items() if root == ROWS and count > 0} | set(keys)
    for group in {key.partition(".")[0] for key in keys}:
        field = shape.fields[group]
        if sum(row.partition(".")[0] == group for row in rows) > field.max_rows:
            raise UpdateRefused("size", "There are as many rows as there may be.")


def without_foreign_marks(change: Change, author: Author, shape: Shape) -> Change:
    """The change without the deletion of marks that are not the author's. Yjs deletes marks that change nothing
    whenever it reads a text, also in the document of somebody who may only read it."""
    foreign = {
        place
        for place in dict.fromkeys(change.cleared)
        if not (place.counts or may_write(shape, place.root, place.key, author.who))
    }
    if not foreign:
        return change
    kept = [pair for pair in zip(change.deleted, change.cleared, strict=True) if pair[1] not in foreign]
    return change.with_deletions([range_ for range_, _ in kept], [place for _, place in kept])
