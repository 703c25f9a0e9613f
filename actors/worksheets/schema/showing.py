"""What of a worksheet is shown for given answers, and what is then there: a hidden field has no value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from actors.worksheets.schema.expressions.evaluator import holds, value_of
from actors.worksheets.schema.expressions.parser import parse, references
from actors.worksheets.schema.expressions.values import is_empty, whole
from actors.worksheets.schema.fields import UNANSWERED, Field, Schema, Section, TopField
from actors.worksheets.schema.scoring import Scored, scored

Answers: TypeAlias = Mapping[str, Any]
"""By key: `field`, or `group.row.field`."""
Rows: TypeAlias = Mapping[str, list[str]]
"""By group: its rows, in their order."""
_NO_ROWS: Final[Rows] = {}


@dataclass(slots=True)
class ShownField:
    """`visible`: keys that are shown, in the order of the schema (a group before what is in its rows). `values`: the
    answers of those. `seen`: what expressions see, rows as lists."""

    visible: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Scored | None] = field(default_factory=dict)

    @property
    def answers(self) -> dict[str, Any]:
        """The visible answers; what is empty is left out."""
        return {key: value for key, value in self.values.items() if not is_empty(value)}


def shown(schema: Schema, answers: Answers, rows: Rows = _NO_ROWS) -> ShownField:
    """Look at each field once, those first that others depend on."""
    return _Looking(schema, answers, rows).all()


class _Looking:
    """One look. Schemas were checked: there is no circle."""

    def __init__(self, schema: Schema, answers: Answers, rows: Rows) -> None:
        self._schema, self._answers, self._rows = schema, answers, rows
        self._fields = {one.id: one for one in schema.fields}
        self._sections = {name: section for section in schema.sections for name in section.fields}
        self._scores = {one.id: one for one in schema.scores}
        self._found: dict[str, list[tuple[str, Any]] | None] = {}
        self._out = ShownField()

    def all(self) -> ShownField:
        """Everything, in the order of the schema."""
        for name in (*self._fields, *self._scores):
            self._need(name)
        for name in self._fields:
            for key, value in self._found[name] or ():
                self._out.visible.append(key)
                if value is not None:
                    self._out.values[key] = value
        return self._out

    def _need(self, start: str) -> None:
        """Find `start`, after all that it looks at: no recursion, however long the way."""
        waiting = [start]
        while waiting:
            name = waiting[-1]
            missing = [one for one in self._leads(name) if not self._known(one)]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if not self._known(name):
                self._look(name)

    def _known(self, name: str) -> bool:
        return name in self._found or name in self._out.scores

    def _leads(self, name: str) -> set[str]:
        if name in self._scores:
            score = self._scores[name]
            on = set(score.sum.fields) if score.sum is not None else set(references(parse(score.expression or "")))
        else:
            on = _of(self._fields[name].show_if) | _of(_show_if(self._sections.get(name)))
            for child in self._fields[name].fields:
                on |= _of(child.show_if) - {one.id for one in self._fields[name].fields}
        return {one for one in on if one in self._fields or one in self._scores}

    def _look(self, name: str) -> None:
        if name in self._scores:
            result = scored(self._scores[name], self._fields, self._out.seen, self._visible)
            self._out.scores[name] = result
            self._out.seen[name] = None if result is None else result.value
            return
        one, section = self._fields[name], _show_if(self._sections.get(name))
        if not (self._holds(section, self._out.seen) and self._holds(one.show_if, self._out.seen)):
            self._found[name] = None
            return
        self._found[name] = self._rows_of(one) if one.type == "group" else self._single(one)

    def _visible(self, name: str) -> bool:
        return self._found.get(name) is not None

    def _single(self, one: Field) -> list[tuple[str, Any]]:
        value = None if one.type in UNANSWERED else whole(self._answers.get(one.id))
        if value is not None:
            self._out.seen[one.id] = value
        return [(one.id, value)]

    def _rows_of(self, group: TopField) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [(group.id, None)]
        seen: list[dict[str, Any]] = []
        for row in self._rows.get(group.id, ()):
            here = self._row(group, row)
            found += [(f"{group.id}.{row}.{child.id}", here[child.id]) for child in group.fields if child.id in here]
            seen.append({name: value for name, value in here.items() if value is not None})
        self._out.seen[group.id] = seen
        return found

    def _row(self, group: TopField, row: str) -> dict[str, Any]:
        """What is shown in a row, with its values."""
        here: dict[str, Any] = {}
        for child in _in_order(group.fields):
            if self._holds(child.show_if, {**self._out.seen, **here}):
                answer = self._answers.get(f"{group.id}.{row}.{child.id}")
                here[child.id] = None if child.type in UNANSWERED else whole(answer)
        return here

    def _holds(self, text: str | None, seen: Mapping[str, Any]) -> bool:
        return text is None or holds(parse(text), seen)


def alerts_of(schema: Schema, look: ShownField) -> list[str]:
    """The alerts that these answers give."""
    return [one.id for one in schema.alerts if holds(parse(one.when), look.seen)]


def calculated(text: str, look: ShownField) -> Any:
    """What an expression comes to."""
    return value_of(parse(text), look.seen)


def _in_order(fields: list[Field]) -> list[Field]:
    """Fields of a group, those first that others of it look at."""
    left, done, ordered = list(fields), set[str](), list[Field]()
    names = {one.id for one in fields}
    while left:
        ready = next((one for one in left if (_of(one.show_if) & names) <= done), left[0])
        left.remove(ready)
        done.add(ready.id)
        ordered.append(ready)
    return ordered


def _show_if(section: Section | None) -> str | None:
    return None if section is None else section.show_if


def _of(text: str | None) -> set[str]:
    return set() if text is None else set(references(parse(text)))
