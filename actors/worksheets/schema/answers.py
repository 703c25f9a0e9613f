"""Is a value an answer to this field? What no draft may hold, and what no submission may."""

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec

from actors.worksheets.schema.expressions.values import is_empty, whole
from actors.worksheets.schema.fields import LONGEST_CHARS, MOST_ROWS, UNANSWERED, Field, FilledBy, Schema, TopField
from actors.worksheets.schema.showing import Rows, ShownField
from common.errors import InvalidArgument
from common.ids import is_id

ROW: Final = re.compile(r"[a-z0-9]{1,12}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_SLACK: Final = 1e-9


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with an answer. `code`: type, option, min, max, step, max_chars, max_choices, unknown."""

    field: str
    code: str
    message: str


def complaint_of(schema: Schema, key: str, value: Any) -> Complaint | None:
    """Why a draft may not hold this value under this key; None: it may. Empty values always may."""
    field = schema.field(key)
    if field is None or field.type in UNANSWERED or (key.count(".") and not _is_row_key(key)):
        return Complaint(key, "unknown", "This field has no answer, or is not there.")
    if is_empty(value):
        return None
    found = _WRONG[field.type](field, value)
    return None if found is None else Complaint(key, *found)


def limits_of(field: Field, key: str, value: Any) -> Complaint | None:
    """Why a submission may not hold it, though a draft may; None: it may."""
    if is_empty(value):
        return None
    if field.type in ("integer", "number", "scale"):
        return _beyond(field, key, value)
    if field.max_choices is not None and isinstance(value, list) and len(value) > field.max_choices:
        return Complaint(key, "max_choices", f"At most {field.max_choices} may be chosen.")
    if field.max_chars is not None and isinstance(value, str) and len(value) > field.max_chars:
        return Complaint(key, "max_chars", f"At most {field.max_chars} characters.")
    return None


def complaints(schema: Schema, answers: Mapping[str, Any], look: ShownField) -> list[Complaint]:
    """All that is wrong: of every answer its kind, of those that are shown their limits too."""
    found = []
    for key, value in answers.items():
        complaint = complaint_of(schema, key, value)
        field = schema.field(key)
        if complaint is None and field is not None and key in look.values:
            complaint = limits_of(field, key, value)
        if complaint is not None:
            found.append(complaint)
    return found


def missing(schema: Schema, look: ShownField, by: FilledBy = "client") -> list[str]:
    """The keys that are shown, required of this person, and empty. A required group needs a row."""
    rows = {key.partition(".")[0] for key in look.visible if "." in key}
    found = []
    for key in look.visible:
        field = schema.field(key)
        if field is None or not field.required or field.type == "info" or field.filled_by not in (by, "both"):
            continue
        if (key not in rows) if field.type == "group" else is_empty(look.values.get(key)):
            found.append(key)
    return found


def check_draft(schema: Schema, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with whole numbers whole. Raises InvalidArgument: some are none; `details.errors`."""
    wrong = [one for key, value in answers.items() if (one := complaint_of(schema, key, value)) is not None]
    if wrong:
        refuse(wrong)
    return {key: whole(value) for key, value in answers.items()}


def check_rows(schema: Schema, rows: Rows) -> None:
    """Raises InvalidArgument: rows of what is no group, too many, or called what no row is."""
    for name, given in rows.items():
        field = schema.field(name)
        if not isinstance(field, TopField) or field.type != "group":
            refuse([Complaint(name, "unknown", "This is no group.")])
        elif len(given) > (field.max_rows or MOST_ROWS):
            refuse([Complaint(name, "max_rows", f"At most {field.max_rows or MOST_ROWS} rows.")])
        elif len(set(given)) != len(given) or not all(ROW.fullmatch(one) for one in given):
            refuse([Complaint(name, "row", "Rows are called by up to 12 small letters and digits, each once.")])


def refuse(wrong: list[Complaint]) -> None:
    """Raises InvalidArgument, always."""
    errors = [{"field": one.field, "code": one.code, "message": one.message} for one in wrong]
    first = wrong[0].field[:64]
    raise InvalidArgument("Some answers are none.", details={"field": f"answers.{first}", "errors": errors})


def rows_in(answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """The rows that keys of answers name, in their order."""
    found: dict[str, list[str]] = {}
    for key in answers:
        parts = key.split(".")
        if len(parts) == 3 and parts[1] not in found.setdefault(parts[0], []):
            found[parts[0]].append(parts[1])
    return found


def _is_row_key(key: str) -> bool:
    parts = key.split(".")
    return len(parts) == 3 and ROW.fullmatch(parts[1]) is not None


def _beyond(field: Field, key: str, value: float) -> Complaint | None:
    if field.min is not None and value < field.min:
        return Complaint(key, "min", f"At least {field.min}.")
    if field.max is not None and value > field.max:
        return Complaint(key, "max", f"At most {field.max}.")
    if field.step is not None:
        steps = (value - (field.min or 0)) / field.step
        if abs(steps - round(steps)) > _SLACK * max(1.0, abs(steps)):
            return Complaint(key, "step", f"In steps of {field.step}.")
    return None


_Wrong = tuple[str, str] | None


def _of_text(_: Field, value: object) -> _Wrong:
    if not isinstance(value, str) or "\0" in value:
        return "type", "This is a text."
    return ("max_chars", f"At most {LONGEST_CHARS} characters.") if len(value) > LONGEST_CHARS else None


def _of_number(field: Field, value: object) -> _Wrong:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "type", "This is a number."
    if abs(value) >= 2**53 or (field.type == "integer" and value != int(value)):
        return "type", "This is a whole number."
    return None


def _of_boolean(_: Field, value: object) -> _Wrong:
    return None if isinstance(value, bool) else ("type", "This is true or false.")


def _of_date(_: Field, value: object) -> _Wrong:
    try:
        return None if isinstance(value, str) and date.fromisoformat(value).isoformat() == value else _NO_DATE
    except ValueError:
        return _NO_DATE


def _of_time(_: Field, value: object) -> _Wrong:
    return None if isinstance(value, str) and _TIME.fullmatch(value) else ("type", "Times look like 09:30.")


def _of_choice(field: Field, value: object) -> _Wrong:
    if isinstance(value, list | dict):
        return "type", "One option is chosen, by its value."
    known = any(one.value == value and not isinstance(value, bool) for one in field.options)
    return None if known else ("option", "This is no option.")


def _of_choices(field: Field, value: object) -> _Wrong:
    if not isinstance(value, list):
        return "type", "Options are chosen, by a list of their values."
    if any(value.count(one) > 1 for one in value):
        return "option", "Each option is chosen once."
    return next((wrong for one in value if (wrong := _of_choice(field, one)) is not None), None)


def _of_file(_: Field, value: object) -> _Wrong:
    return None if isinstance(value, str) and is_id(value) else ("type", "A file is named by its id.")


_NO_DATE: Final = ("type", "Dates look like 2026-11-20.")
_WRONG: Final = {
    "text": _of_text,
    "long_text": _of_text,
    "integer": _of_number,
    "number": _of_number,
    "scale": _of_number,
    "boolean": _of_boolean,
    "date": _of_date,
    "time": _of_time,
    "choice": _of_choice,
    "multi_choice": _of_choices,
    "file": _of_file,
}
