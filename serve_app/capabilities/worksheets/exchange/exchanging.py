"""Which format is read and written how."""

from typing import Any, Final

from msgspec.structs import replace

from actors.worksheets.schema.checking import check
from actors.worksheets.worksheet.records import ShownWorksheet, WorksheetContent
from common.errors import InvalidArgument
from serve_app.capabilities.worksheets.exchange import carewire, elements, fhir, surveyjs
from serve_app.capabilities.worksheets.exchange.report import Report
from serve_app.capabilities.worksheets.exchange.shapes import Shapes
from serve_app.capabilities.worksheets.requests import ImportReport, ImportWorksheet

_READ: Final = {"carewire": carewire.read, "fhir": fhir.read, "surveyjs": elements.read}
_WRITTEN: Final = {"carewire": carewire.written, "fhir": fhir.written, "surveyjs": surveyjs.written}


def written(one: ShownWorksheet, form: str) -> dict[str, Any]:
    """A worksheet in this format."""
    return _WRITTEN[form](one)


def read(asked: ImportWorksheet, shapes: Shapes) -> tuple[WorksheetContent, ImportReport]:
    """What a document says, and what of it could not be kept.

    Raises:
        InvalidArgument: it is none, or `strict` and something cannot be kept.
    """
    report = Report()
    if asked.format == "fhir":
        shapes(asked.document)
    content = _READ[asked.format](asked.document, report)
    if asked.title is not None:
        content = replace(content, title=asked.title)
    if asked.permission is not None and content.licence is not None:
        content = replace(content, licence=replace(content.licence, permission=asked.permission))
    check(content.schema)
    told = report.told(sum(1 + len(field.fields) for field in content.schema.fields))
    if asked.strict and told.dropped:
        details: dict[str, object] = {
            "reason": "strict",
            "dropped": [{"path": one.path, "reason": one.reason} for one in told.dropped],
        }
        raise InvalidArgument("Not all of it can be kept.", details=details)
    return content, told
