"""What was handed in as a QuestionnaireResponse (FHIR R4), and back: held against what was asked."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from actors.worksheets.assignment.shown import ShownSubmission
from actors.worksheets.schema import answers as answering
from actors.worksheets.schema.fields import Field, Schema, TopField
from actors.worksheets.schema.showing import shown
from common.errors import InvalidArgument
from common.timeline import parse_instant
from serve_app.capabilities.worksheets.exchange import codes
from serve_app.capabilities.worksheets.exchange.items import coding_of
from serve_app.capabilities.worksheets.exchange.report import listed, membered, refuse, texts

_FIRST: Final = "-01-01"  # of a year
_is_part_of_time: Final = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}\Z").match


class Response(NamedTuple):
    """Of which worksheet, when it was written (ms), and what."""

    worksheet: str
    version: int | None
    authored: int
    items: list[Any]


def written(one: ShownSubmission, worksheet: str, schema: Schema, person: str) -> dict[str, Any]:
    """The QuestionnaireResponse of a submission."""
    sections = {name: section.id for section in schema.sections for name in section.fields}
    items = [item for field in schema.fields if field.id not in sections for item in _items(field, one)]
    for section in schema.sections:
        inside = [
            each for field in schema.fields if sections.get(field.id) == section.id for each in _items(field, one)
        ]
        items.append({"linkId": f"section-{section.id}", "item": [each for each in inside if _said(each)]})
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{codes.CANONICAL}{worksheet}|{one.worksheet_version}",
        "status": "completed",
        "authored": one.submitted_at,
        "subject": {"identifier": {"system": "urn:carewire:user", "value": person}},
        "item": [each for each in items if _said(each)],
    }


def read(document: dict[str, Any]) -> Response:
    """What is said of it. Raises InvalidArgument: it is none, is not complete, or of no worksheet of ours."""
    codes.resource(document, "QuestionnaireResponse")
    status = codes.coded(document.get("status"), codes.RESPONSES, "status")
    if status not in ("completed", "amended"):
        raise refuse("status", "Only what is complete is taken.")
    canonical = texts(document.get("questionnaire"), "questionnaire")
    if not canonical.startswith(codes.CANONICAL):
        raise refuse("questionnaire", "This names no worksheet of ours.")
    worksheet, _, version = canonical.removeprefix(codes.CANONICAL).partition("|")
    authored = _authored(texts(document.get("authored"), "authored"))
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    return Response(worksheet, number, authored, listed(document.get("item", []), "item"))


def _authored(text: str) -> int:
    """When it was written: a dateTime of FHIR, which may be a year, a month or a day (in UTC)."""
    if _is_part_of_time(text):
        text = f"{text}{_FIRST[len(text) - len('2026') :]}T00:00:00Z"
    try:
        return parse_instant(text, "authored")
    except InvalidArgument as error:
        raise refuse("authored", error.message) from None


def answers_of(response: Response, schema: Schema) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The answers, and the rows.

    Raises:
        InvalidArgument: an item that was not asked, a value of another type, no option, hidden, or something required
            is missing; `details.path`.
    """
    answers: dict[str, Any] = {}
    paths: dict[str, str] = {}
    rows: dict[str, list[str]] = {}
    _walk(items=response.items, path="item", schema=schema, answers=answers, paths=paths, rows=rows)
    look = shown(schema, answers, rows)
    for wrong in answering.complaints(schema, answers, look):
        raise refuse(paths.get(wrong.field, "item"), wrong.message)
    for key in answers:
        if key not in look.values:
            raise refuse(paths[key], "This is not enabled by the other answers.")
    if missing := answering.missing(schema, look):
        raise refuse("item", f"{missing[0]} is required.")
    return answers, rows


def _walk(
    items: list[Any],
    path: str,
    schema: Schema,
    answers: dict[str, Any],
    paths: dict[str, str],
    rows: dict[str, list[str]],
) -> None:
    fields = {one.id: one for one in schema.fields}
    sections = {f"section-{one.id}" for one in schema.sections}
    for place, one in enumerate(items):
        where = f"{path}[{place}]"
        item = membered(one, where)
        link = texts(item.get("linkId"), f"{where}.linkId")
        if link in sections:
            _walk(
                items=listed(item.get("item", []), f"{where}.item"),
                path=f"{where}.item",
                schema=schema,
                answers=answers,
                paths=paths,
                rows=rows,
            )
            continue
        field = fields.get(link)
        if field is None:
            raise refuse(f"{where}.linkId", "This was not asked.")
        if field.type == "group":
            row = f"r{len(rows.setdefault(link, [])) + 1}"
            rows[link].append(row)
            children: Mapping[str, Field] = {child.id: child for child in field.fields}
            _row(item=item, where=where, prefix=f"{link}.{row}", children=children, answers=answers, paths=paths)
            continue
        _take(item=item, where=where, key=link, field=field, answers=answers, paths=paths)


def _row(
    item: dict[str, Any],
    where: str,
    prefix: str,
    children: Mapping[str, Field],
    answers: dict[str, Any],
    paths: dict[str, str],
) -> None:
    for place, one in enumerate(listed(item.get("item", []), f"{where}.item")):
        here = f"{where}.item[{place}]"
        inner = membered(one, here)
        child = children.get(texts(inner.get("linkId"), f"{here}.linkId"))
        if child is None:
            raise refuse(f"{here}.linkId", "This was not asked.")
        _take(item=inner, where=here, key=f"{prefix}.{child.id}", field=child, answers=answers, paths=paths)


def _take(
    item: dict[str, Any], where: str, key: str, field: Field, answers: dict[str, Any], paths: dict[str, str]
) -> None:
    given = listed(item.get("answer", []), f"{where}.answer")
    values = [_value(field, membered(one, f"{where}.answer"), f"{where}.answer[{n}]") for n, one in enumerate(given)]
    if not values:
        return
    if field.type != "multi_choice" and len(values) > 1:
        raise refuse(f"{where}.answer", "This has one answer.")
    if key in answers:
        raise refuse(f"{where}.linkId", "This was answered before.")
    answers[key] = values if field.type == "multi_choice" else values[0]
    paths[key] = f"{where}.answer[0]"


def _value(field: Field, answer: dict[str, Any], path: str) -> Any:
    name, value = next(((name, value) for name, value in answer.items() if name.startswith("value")), ("", None))
    if name != _NAMES[field.type] and not (field.type in ("number", "scale") and name == "valueInteger"):
        raise refuse(path, f"This is answered by {_NAMES[field.type]}.")
    if field.options:
        return _chosen(field, membered(value, path), path)
    if field.type == "file":
        return str(membered(value, path).get("url", "")).removeprefix("urn:carewire:file:")
    if field.type == "time" and isinstance(value, str) and value.endswith(":00") and len(value) == 8:
        return value[:5]
    return value


def _chosen(field: Field, coding: dict[str, Any], path: str) -> Any:
    for option in field.options:
        known = coding_of(option)
        if known["code"] == coding.get("code") and known["system"] == coding.get("system", known["system"]):
            return option.value
    raise refuse(path, "This is no option.")


_NAMES: Mapping[str, str] = {
    "text": "valueString",
    "long_text": "valueString",
    "integer": "valueInteger",
    "number": "valueDecimal",
    "scale": "valueDecimal",
    "boolean": "valueBoolean",
    "date": "valueDate",
    "time": "valueTime",
    "choice": "valueCoding",
    "multi_choice": "valueCoding",
    "file": "valueAttachment",
    "info": "",
    "group": "",
}


def _items(field: TopField, one: ShownSubmission) -> list[dict[str, Any]]:
    """One item; of a group one for each row."""
    if field.type != "group":
        return [{"linkId": field.id, "answer": _answers(field, one.answers.get(field.id))}]
    found = []
    for row in one.rows.get(field.id, []):
        inside = [
            {"linkId": child.id, "answer": _answers(child, one.answers.get(f"{field.id}.{row}.{child.id}"))}
            for child in field.fields
        ]
        found.append({"linkId": field.id, "item": [each for each in inside if _said(each)]})
    return found


def _said(item: dict[str, Any]) -> bool:
    return bool(item.get("answer") or item.get("item"))


def _answers(field: Field, value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    return [{_NAMES[field.type]: _told(field, one)} for one in (value if isinstance(value, list) else [value])]


def _told(field: Field, value: Any) -> Any:
    if field.options:
        option = next((one for one in field.options if one.value == value), None)
        return {"code": str(value)} if option is None else coding_of(option)
    if field.type == "file":
        return {"url": f"urn:carewire:file:{value}"}
    return f"{value}:00" if field.type == "time" and len(str(value)) == 5 else value
