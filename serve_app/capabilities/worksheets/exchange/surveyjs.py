"""A worksheet as a SurveyJS form."""

from collections.abc import Collection
from typing import Any, Final

from actors.worksheets.schema.expressions.tokens import ExpressionToken, tokens
from actors.worksheets.schema.fields import Field, Schema, Score, TopField
from actors.worksheets.worksheet.records import ShownWorksheet

_TYPES: Final = {
    "text": "text",
    "long_text": "comment",
    "integer": "text",
    "number": "text",
    "boolean": "boolean",
    "date": "text",
    "time": "text",
    "choice": "radiogroup",
    "multi_choice": "checkbox",
    "scale": "rating",
    "file": "file",
    "group": "paneldynamic",
    "info": "html",
}
_OPERANDS: Final = frozenset(("field", "number", "string", "true", "false", ")", "]", "empty", "notempty"))
"""Behind these a minus takes away."""
_CLOSE: Final = frozenset(("call", "sign", "not"))
"""Behind these comes no space."""
_INPUTS: Final = {"integer": "number", "number": "number", "date": "date", "time": "time"}


def written(one: ShownWorksheet) -> dict[str, Any]:
    """The form of a worksheet."""
    schema = one.schema
    document: dict[str, Any] = {"title": one.title}
    if one.description:
        document["description"] = one.description
    document["clearInvisibleValues"] = "onHidden"
    document["pages"] = [{"name": "page1", "elements": _elements(schema)}]
    if schema.scores:
        document["calculatedValues"] = [_calculated(score) for score in schema.scores]
    return document


def said(text: str, siblings: Collection[str] = ()) -> str:
    """An expression in SurveyJS's words. `siblings`: fields of the same row. A function stands at its arguments, and a
    minus that is a sign at its number."""
    found, before = "", "("
    for token in tokens(text):
        sign = token.kind == "-" and before not in _OPERANDS
        close = before in _CLOSE or (before, token.kind) == ("(", ")")
        found += ("" if close else " ") + _word(token, siblings)
        before = "sign" if sign else token.kind
    return found.strip()


def _word(token: ExpressionToken, siblings: Collection[str]) -> str:
    match token.kind:
        case "field":
            return f"{{panel.{token.text}}}" if token.text in siblings else f"{{{token.text}}}"
        case "string":
            return "'" + token.text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case "call" | "number":
            return token.text
    return "!" if token.kind == "not" else token.kind


def _elements(schema: Schema) -> list[dict[str, Any]]:
    placed = {name for section in schema.sections for name in section.fields}
    fields = {one.id: one for one in schema.fields}
    found = [_element(one) for one in schema.fields if one.id not in placed]
    for section in schema.sections:
        panel: dict[str, Any] = {"type": "panel", "name": section.id}
        if section.title:
            panel["title"] = section.title
        if section.show_if is not None:
            panel["visibleIf"] = said(section.show_if)
        found.append(panel | {"elements": [_element(fields[name]) for name in section.fields]})
    return found


def _element(field: Field, siblings: Collection[str] = ()) -> dict[str, Any]:
    element: dict[str, Any] = {"type": _TYPES[field.type], "name": field.id}
    element["html" if field.type == "info" else "title"] = field.label
    if field.help:
        element["description"] = field.help
    if field.required and field.type != "info":
        element["isRequired"] = True
    if field.show_if is not None:
        element["visibleIf"] = said(field.show_if, siblings)
    if field.type in _INPUTS:
        element["inputType"] = _INPUTS[field.type]
    if field.options:
        element["choices"] = [{"value": one.value, "text": one.label} for one in field.options]
    if field.max_choices is not None:
        element["maxSelectedChoices"] = field.max_choices
    if field.max_chars is not None:
        element["maxLength"] = field.max_chars
    return element | _limits(field) | _rows(field)


def _limits(field: Field) -> dict[str, Any]:
    if field.type == "scale":
        given = {"rateMin": field.min, "rateMax": field.max, "rateStep": field.step}
        return {name: value for name, value in given.items() if value is not None}
    if field.type in ("integer", "number"):
        given = {"min": field.min, "max": field.max, "step": field.step or (1 if field.type == "integer" else None)}
        return {name: value for name, value in given.items() if value is not None}
    return {}


def _rows(field: Field) -> dict[str, Any]:
    if not isinstance(field, TopField) or field.type != "group":
        return {}
    names = {one.id for one in field.fields}
    found: dict[str, Any] = {"templateElements": [_element(one, names) for one in field.fields]}
    return found if field.max_rows is None else found | {"maxPanelCount": field.max_rows}


def _calculated(score: Score) -> dict[str, Any]:
    if score.sum is not None:
        expression = f"sum({', '.join(f'{{{name}}}' for name in score.sum.fields)})"
    else:
        expression = said(score.expression or "")
    return {"name": score.id, "expression": expression}
