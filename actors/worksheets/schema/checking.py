"""Is a schema one? What the types cannot say: ids that come once, references that lead somewhere and in no circle,
options and limits that fit their types."""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

from actors.worksheets.schema.expressions.parser import parse, references
from actors.worksheets.schema.fields import MOST_FIELDS, UNANSWERED, Field, Licence, Schema, Score, TopField
from common.errors import FailedPrecondition, InvalidArgument

_CHOSEN: Final = frozenset(("choice", "multi_choice"))
_NUMBERS: Final = frozenset(("integer", "number", "scale"))
_LARGEST_SCALE: Final = 1000


def check(schema: Schema) -> Schema:
    """The schema itself.

    Raises:
        InvalidArgument: it is none; `details.path` says where.
    """
    _check_ids(schema)
    for path, field in walked(schema):
        _check_field(path, field)
    _check_sections(schema)
    for place, score in enumerate(schema.scores):
        _check_score(f"scores.{place}", score, schema)
    _check_references(schema)
    return schema


def check_licence(licence: Licence | None) -> None:
    """Raises FailedPrecondition: it is restricted, and there is no permission."""
    if licence is not None and licence.terms == "restricted" and not (licence.permission or "").strip():
        details: dict[str, object] = {"reason": "permission", "path": "licence.permission"}
        raise FailedPrecondition("What is sold is used with a permission only. Say by which words.", details=details)


def walked(schema: Schema) -> Iterator[tuple[str, Field]]:
    """Every field with its path, those of groups after their group."""
    for place, field in enumerate(schema.fields):
        yield f"fields.{place}", field
        for inner, child in enumerate(field.fields):
            yield f"fields.{place}.fields.{inner}", child


def _check_ids(schema: Schema) -> None:
    seen: set[str] = set()
    named = [(f"{path}.id", field.id) for path, field in walked(schema)]
    if len(named) > MOST_FIELDS:
        _refuse("fields", f"a worksheet has at most {MOST_FIELDS} fields, those of groups included")
    named += [(f"scores.{place}.id", one.id) for place, one in enumerate(schema.scores)]
    for path, name in named:
        if name in seen:
            _refuse(path, "this id is taken: ids of fields and scores come once")
        seen.add(name)
    for kind, ids in (("sections", [one.id for one in schema.sections]), ("alerts", [one.id for one in schema.alerts])):
        if len(set(ids)) != len(ids):
            _refuse(kind, "ids come once")


def _check_field(path: str, field: Field) -> None:
    if isinstance(field, TopField):
        if (field.type == "group") != bool(field.fields):
            _refuse(f"{path}.fields", "a group has fields, and nothing else has")
        if field.max_rows is not None and field.type != "group":
            _refuse(f"{path}.max_rows", "only groups come in rows")
    elif field.type == "group":
        _refuse(f"{path}.type", "groups have no groups")
    if (field.type in _CHOSEN) != bool(field.options):
        _refuse(f"{path}.options", "choice and multi_choice have options, and nothing else has")
    values = [str(one.value).strip().lower() for one in field.options]
    if len(set(values)) != len(values):
        _refuse(f"{path}.options", "each value is an option once")
    _check_limits(path, field)


def _check_limits(path: str, field: Field) -> None:
    limits = [one for one in (field.min, field.max, field.step) if one is not None]
    if any(not math.isfinite(one) for one in limits) or (field.step is not None and field.step <= 0):
        _refuse(f"{path}.step", "limits are numbers, and a step is above 0")
    if limits and field.type not in _NUMBERS:
        _refuse(f"{path}.min", "only numbers and scales have limits")
    if field.min is not None and field.max is not None and field.min > field.max:
        _refuse(f"{path}.max", "max is not below min")
    if field.type == "scale":
        if field.min is None or field.max is None:
            _refuse(f"{path}.min", "a scale says from where to where")
        if (field.max - field.min) / (field.step or 1) > _LARGEST_SCALE:
            _refuse(f"{path}.max", "a scale has at most 1000 steps")
    if field.max_choices is not None and field.type != "multi_choice":
        _refuse(f"{path}.max_choices", "only of multi_choice several are chosen")
    if field.max_chars is not None and field.type not in ("text", "long_text"):
        _refuse(f"{path}.max_chars", "only texts have characters")


def _check_sections(schema: Schema) -> None:
    known, placed = {one.id for one in schema.fields}, set[str]()
    for place, section in enumerate(schema.sections):
        for inner, name in enumerate(section.fields):
            if name not in known or name in placed:
                _refuse(f"sections.{place}.fields.{inner}", "a section names fields, each once")
            placed.add(name)


def _check_score(path: str, score: Score, schema: Schema) -> None:
    if (score.sum is None) == (score.expression is None):
        _refuse(path, "a score has a sum or an expression")
    if (score.reliable_change is not None or score.cutoff is not None) and not (score.source or "").strip():
        _refuse(f"{path}.source", "reliable_change and cutoff need a source")
    change = score.reliable_change
    if change is not None and (change.points is None) != (change.sd is not None and change.reliability is not None):
        _refuse(f"{path}.reliable_change", "it has points, or sd and reliability")
    if change is not None and change.points is not None and (change.sd is not None or change.reliability is not None):
        _refuse(f"{path}.reliable_change", "it has points, or sd and reliability")
    last = None
    for place, band in enumerate(score.bands):
        if band.min > band.max or (last is not None and band.min <= last):
            _refuse(f"{path}.bands.{place}", "bands do not overlap, and the lowest comes first")
        last = band.max
    if score.sum is not None:
        by_id = {one.id: one for one in schema.fields}
        for place, name in enumerate(score.sum.fields):
            if name not in by_id or not _counts(by_id[name]):
                _refuse(f"{path}.sum.fields.{place}", "a sum is of fields that count")
        if len(set(score.sum.fields)) != len(score.sum.fields):
            _refuse(f"{path}.sum.fields", "each field counts once")


def _counts(field: Field) -> bool:
    """Has every answer a number?"""
    if field.type in _CHOSEN:
        numbers = [one.score if one.score is not None else one.value for one in field.options]
        return not any(isinstance(one, str) for one in numbers)
    return field.type in _NUMBERS or field.type == "boolean"


def _check_references(schema: Schema) -> None:
    """Every expression can be read, names what is there, and none leads back to itself."""
    leads = _leads(schema)
    done: set[str] = set()
    for name, path in {name: path for name, (path, _) in leads.items()}.items():
        _follow(name, leads, done, path)
    every = _names(schema)
    for place, alert in enumerate(schema.alerts):
        _read(f"alerts.{place}.when", alert.when, every)


def _names(schema: Schema) -> frozenset[str]:
    fields = {one.id for one in schema.fields if one.type != "info"}
    return frozenset(fields | {one.id for one in schema.scores})


def _leads(schema: Schema) -> Mapping[str, tuple[str, frozenset[str]]]:
    """Of each field and score: where it stands, and what it depends on."""
    names = _names(schema)
    fields_only = frozenset(one.id for one in schema.fields if one.type != "info")
    found: dict[str, tuple[str, frozenset[str]]] = {}
    hidden_with: dict[str, frozenset[str]] = {}
    for place, section in enumerate(schema.sections):
        on = _read(f"sections.{place}.show_if", section.show_if, names)
        hidden_with |= dict.fromkeys(section.fields, on)
    for place, field in enumerate(schema.fields):
        path = f"fields.{place}"
        on = _read(f"{path}.show_if", field.show_if, names) | hidden_with.get(field.id, frozenset())
        siblings = frozenset(one.id for one in field.fields if one.type not in UNANSWERED)
        for inner, child in enumerate(field.fields):
            inside = _read(f"{path}.fields.{inner}.show_if", child.show_if, names | siblings)
            found[child.id] = (f"{path}.fields.{inner}.show_if", inside)
            on |= inside - siblings
        found[field.id] = (f"{path}.show_if", on)
    for place, score in enumerate(schema.scores):
        path = f"scores.{place}.expression"
        of_sum = frozenset(score.sum.fields) if score.sum is not None else frozenset[str]()
        found[score.id] = (path, _read(path, score.expression, names) | (of_sum & fields_only))
    return found


def _read(path: str, text: str | None, names: frozenset[str]) -> frozenset[str]:
    """The names in an expression."""
    if text is None:
        return frozenset()
    try:
        on = references(parse(text))
    except InvalidArgument as error:
        _refuse(path, error.message.rstrip("."))
    if strange := on - names:
        _refuse(path, f"{{{min(strange)}}} is no field or score that can be looked at from here")
    return on


def _follow(start: str, leads: Mapping[str, tuple[str, frozenset[str]]], done: set[str], path: str) -> None:
    """Depth first, without recursion. Raises where a way comes back to where it has been."""
    under_way: list[tuple[str, list[str]]] = [(start, sorted(leads[start][1]))] if start not in done else []
    on_the_way = {start}
    while under_way:
        name, further = under_way[-1]
        if not further:
            under_way.pop()
            on_the_way.discard(name)
            done.add(name)
            continue
        following = further.pop()
        if following in on_the_way:
            _refuse(leads[following][0] if following in leads else path, "it depends on itself")
        if following in leads and following not in done:
            on_the_way.add(following)
            under_way.append((following, sorted(leads[following][1])))


def _refuse(path: str, complaint: str) -> NoReturn:
    raise InvalidArgument(f"{path}: {complaint}.", details={"path": path, "field": f"schema.{path}"[:64]})
