"""Which roots and keys a document has, who writes them, and which values they take: made of the worksheet's schema,
without a word of its text.

    answers        field -> value          text:<field>   a long text
    rows           <group>.<row> -> position        note:<field>   the therapist's

A field of a group's row is `<group>.<row>.<field>`.
"""

import re
from datetime import date, time
from typing import Final, Literal

import msgspec

Writer = Literal["client", "therapist"]
FilledBy = Literal["client", "therapist", "both"]
ANSWERS: Final = "answers"
ROWS: Final = "rows"
TEXT: Final = "text:"
NOTE: Final = "note:"
LONG: Final = "long_text"
_NO_ANSWER: Final = frozenset({LONG, "group", "info"})
_ROW: Final = re.compile(r"[a-z0-9]{1,12}\Z", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}\Z", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TIME: Final = re.compile(r"\d{2}:\d{2}(:\d{2})?\Z", re.ASCII)
_MAX_POSITION: Final = 10**9


class FieldShape(msgspec.Struct, frozen=True, kw_only=True):
    """What may be answered to one field. `group`: whose rows it stands in ("": in none)."""

    type: str
    filled_by: FilledBy = "client"
    options: tuple[str | int | float | bool, ...] = ()
    min: float | None = None
    max: float | None = None
    step: float | None = None
    max_chars: int | None = None
    max_choices: int | None = None
    group: str = ""
    max_rows: int = 200

    def written_by(self, who: Writer) -> bool:
        """May they answer it?"""
        return self.filled_by in ("both", who)


class Shape(msgspec.Struct, frozen=True):
    """The fields of a worksheet, by id."""

    fields: dict[str, FieldShape]

    def field(self, name: str) -> FieldShape | None:
        """The field of this name, `<group>.<row>.<field>` for one of a row; None: there is none."""
        group, _, rest = name.partition(".")
        if not rest:
            found = self.fields.get(name)
            return found if found is not None and not found.group else None
        row, _, inner = rest.partition(".")
        found = self.fields.get(inner)
        return found if found is not None and found.group == group and _ROW.match(row) else None

    def rows_of(self, name: str) -> FieldShape | None:
        """The group of the row `<group>.<row>`; None: it is no row of any."""
        group, _, row = name.partition(".")
        found = self.fields.get(group)
        return found if found is not None and found.type == "group" and _ROW.match(row) else None

    def slot(self, root: str, key: str) -> FieldShape | None:
        """What stands at this root and key ("" in a text); None: nothing does."""
        if root == ANSWERS:
            found = self.field(key)
            return found if found is not None and found.type not in _NO_ANSWER else None
        if root == ROWS:
            return self.rows_of(key)
        if key:
            return None
        if root.startswith(TEXT):
            found = self.field(root[len(TEXT) :])
            return found if found is not None and found.type == LONG else None
        if root.startswith(NOTE):
            found = self.field(root[len(NOTE) :])
            return found if found is not None and found.type != "info" else None
        return None

    def writable(self, who: Writer) -> list[str]:
        """The ids of the fields that they may answer."""
        return [name for name, field in self.fields.items() if field.type != "info" and field.written_by(who)]


def may_write(shape: Shape, root: str, key: str, who: Writer) -> bool:
    """Is this root and key, which exists, theirs to write?"""
    if root.startswith(NOTE):
        return who == "therapist"
    field = shape.slot(root, key)
    return field is not None and field.written_by(who)


def takes(field: FieldShape, root: str, value: object, max_chars: int) -> bool:
    """Does the worksheet know this value? None is an answer taken back."""
    if root == ROWS:
        return _is_number(value) and 0 <= value <= _MAX_POSITION  # type: ignore[operator]
    return value is None or _TAKES[field.type](field, value, max_chars)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(field: FieldShape, value: object, _: int) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return (field.min is None or value >= field.min) and (field.max is None or value <= field.max)


def _integer(field: FieldShape, value: object, most: int) -> bool:
    return _number(field, value, most) and float(value).is_integer()  # type: ignore[arg-type]


def _scale(field: FieldShape, value: object, most: int) -> bool:
    if not _number(field, value, most):
        return False
    if field.step is None:
        return True
    steps = (float(value) - (field.min or 0.0)) / field.step  # type: ignore[arg-type]
    return abs(steps - round(steps)) < 1e-9


def _text(field: FieldShape, value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= min(most, field.max_chars or most)


def _boolean(_: FieldShape, value: object, __: int) -> bool:
    return isinstance(value, bool)


def _date(_: FieldShape, value: object, __: int) -> bool:
    return isinstance(value, str) and _DATE.match(value) is not None and _parses(date, value)


def _time(_: FieldShape, value: object, __: int) -> bool:
    return isinstance(value, str) and _TIME.match(value) is not None and _parses(time, value)


def _parses(kind: type[date] | type[time], value: str) -> bool:
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_option(field: FieldShape, value: object) -> bool:
    """Whole numbers are whole, however a client stored them; true is not 1."""
    return any(value == option and isinstance(value, bool) == isinstance(option, bool) for option in field.options)


def _choice(field: FieldShape, value: object, _: int) -> bool:
    return not isinstance(value, list | dict) and _is_option(field, value)


def _choices(field: FieldShape, value: object, most: int) -> bool:
    if not isinstance(value, list) or len(value) > (field.max_choices or len(field.options)):
        return False
    return all(_choice(field, one, most) for one in value) and all(value.count(one) == 1 for one in value)


def _file(_: FieldShape, value: object, __: int) -> bool:
    return isinstance(value, str) and _ID.match(value) is not None


_TAKES: Final = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "choice": _choice,
    "multi_choice": _choices,
    "scale": _scale,
    "file": _file,
}
