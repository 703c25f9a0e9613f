"""Our own format: what a version says, as JSON."""

from typing import Any

import msgspec

from actors.worksheets.worksheet.records import ShownWorksheet, WorksheetContent
from common.decoding import explained
from serve_app.capabilities.worksheets.exchange.report import Report, refuse


def written(one: ShownWorksheet) -> dict[str, Any]:
    """The document of a worksheet."""
    content = WorksheetContent(title=one.title, description=one.description, schema=one.schema, licence=one.licence)
    document: dict[str, Any] = {"format": "carewire", "format_version": 1, **msgspec.to_builtins(content)}
    return document


def read(document: dict[str, Any], report: Report) -> WorksheetContent:
    """The inverse. Raises InvalidArgument: it is none."""
    if document.get("format", "carewire") != "carewire":
        raise refuse("format", "This is another format.")
    known = frozenset(WorksheetContent.__struct_fields__) | {"format", "format_version"}
    report.unknown("", document, known)
    try:
        return msgspec.convert({name: document[name] for name in known if name in document}, WorksheetContent)
    except msgspec.ValidationError as error:
        raise explained(str(error)) from None
