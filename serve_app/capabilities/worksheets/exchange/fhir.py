"""A worksheet as a Questionnaire (FHIR R4), and back."""

import json
from typing import Any, Final

import msgspec

from actors.worksheets.instruments import instrument_of
from actors.worksheets.schema.fields import Schema, TopField
from actors.worksheets.worksheet.records import ShownWorksheet, WorksheetContent
from common.decoding import explained
from serve_app.capabilities.worksheets.exchange import codes
from serve_app.capabilities.worksheets.exchange.items import condition_of, field_of, item_of
from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, texts

_STATUS: Final = {"draft": "draft", "published": "active", "archived": "retired"}
_KNOWN: Final = frozenset(
    (
        *("resourceType", "id", "url", "version", "title", "name", "description", "status", "item"),
        *("extension", "copyright", "code", "date", "subjectType", "meta", "text", "publisher"),
    )
)  # fmt: skip


def written(one: ShownWorksheet) -> dict[str, Any]:
    """The Questionnaire of a worksheet."""
    document: dict[str, Any] = {
        "resourceType": "Questionnaire",
        "url": f"{codes.CANONICAL}{one.worksheet_id}",
        "version": str(one.version),
        "title": one.title,
        "status": _STATUS[one.state],
        "subjectType": ["Patient"],
        "date": one.updated_at,
        "item": _items(one.schema),
    }
    if one.description:
        document["description"] = one.description
    if one.licence is not None:
        document["copyright"] = one.licence.notice
    shipped = instrument_of(one.instrument or "")
    if shipped is not None and shipped.code is not None:
        document["code"] = [{"system": shipped.code.system, "code": shipped.code.code}]
    beside = _beside(one)
    if beside:
        document["extension"] = [{"url": codes.WHOLE, "valueString": json.dumps(beside)}]
    return document


def read(document: dict[str, Any], report: Report) -> WorksheetContent:
    """The inverse. What others wrote is kept as far as it can be.

    Raises:
        InvalidArgument: it is no Questionnaire; `details.path`.
    """
    codes.resource(document, "Questionnaire")
    codes.coded(document.get("status"), codes.PUBLICATION, "status")
    report.unknown("", document, _KNOWN)
    whole = codes.extension(document, codes.WHOLE)
    beside: dict[str, Any] = json.loads(whole) if isinstance(whole, str) else {}
    fields: list[TopField] = []
    sections: list[dict[str, Any]] = []
    _walk(items=listed(document.get("item", []), "item"), path="item", report=report, fields=fields, sections=sections)
    shown = {one["id"]: one for one in beside.get("sections", [])}
    members: dict[str, Any] = {
        "fields": fields,
        "sections": [one | shown.get(one["id"], {}) for one in sections],
        "scores": beside.get("scores", []),
        "alerts": beside.get("alerts", []),
    }
    content: dict[str, Any] = {"title": str(document.get("title") or document.get("name") or "Questionnaire")[:200]}
    if document.get("description"):
        content["description"] = texts(document["description"], "description", 10_000)
    if "licence" in beside:
        content["licence"] = beside["licence"]
    elif document.get("copyright"):
        report.drop("copyright", "Say with `licence` what may be done with it.")
    try:
        schema = msgspec.convert(msgspec.to_builtins(members), Schema)
        return msgspec.convert(content | {"schema": msgspec.to_builtins(schema)}, WorksheetContent)
    except msgspec.ValidationError as error:
        raise explained(str(error)) from None


def _items(schema: Schema) -> list[dict[str, Any]]:
    """Sections are groups; what stands in none comes before them."""
    fields = {one.id: one for one in schema.fields}
    placed = {name: section.id for section in schema.sections for name in section.fields}
    items = [item_of(one, fields) for one in schema.fields if one.id not in placed]
    for section in schema.sections:
        group: dict[str, Any] = {"linkId": f"section-{section.id}", "type": "group"}
        if section.title:
            group["text"] = section.title
        items.append(group | {"item": [item_of(fields[name], fields) for name in section.fields]})
    return items


def _beside(one: ShownWorksheet) -> dict[str, Any]:
    """What FHIR has no place for."""
    schema = msgspec.to_builtins(one.schema)
    found = {name: schema[name] for name in ("scores", "alerts") if schema.get(name)}
    if one.schema.sections:
        found["sections"] = [msgspec.to_builtins(section) for section in one.schema.sections]
    if one.licence is not None:
        found["licence"] = msgspec.to_builtins(msgspec.structs.replace(one.licence, permission=None))
    return found


def _walk(items: list[Any], path: str, report: Report, fields: list[TopField], sections: list[dict[str, Any]]) -> None:
    """Groups that do not repeat are sections, those within them too; those that repeat have rows."""
    for place, one in enumerate(items):
        where = f"{path}[{place}]"
        item = membered(one, where)
        if item.get("type") != "group" or item.get("repeats") is True:
            fields.append(field_of(item, where, report))
            continue
        link = texts(item.get("linkId"), f"{where}.linkId")
        section: dict[str, Any] = {
            "id": link.removeprefix("section-") if link.startswith("section-") else report.name(f"{where}.linkId", link)
        }
        if item.get("text"):
            section["title"] = texts(item["text"], f"{where}.text")
        if shown := condition_of(item, where, report):
            section["show_if"] = shown
        before, nested = len(fields), list[dict[str, Any]]()
        _walk(
            items=listed(item.get("item", []), f"{where}.item"),
            path=f"{where}.item",
            report=report,
            fields=fields,
            sections=nested,
        )
        inside = {name for each in nested for name in each["fields"]}
        section["fields"] = [field.id for field in fields[before:] if field.id not in inside]
        sections += [section, *nested]
