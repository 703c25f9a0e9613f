"""FHIR's codes (R4), which its shapes do not check."""

from collections.abc import Collection
from typing import Any, Final

from serve_app.capabilities.worksheets.exchange.report import refuse

PUBLICATION: Final = frozenset(("draft", "active", "retired", "unknown"))
ITEM_TYPES: Final = frozenset(
    (
        *("group", "display", "question", "boolean", "decimal", "integer", "date", "dateTime", "time", "string"),
        *("text", "url", "choice", "open-choice", "attachment", "reference", "quantity"),
    )
)
OPERATORS: Final = frozenset(("exists", "=", "!=", ">", "<", ">=", "<="))
BEHAVIOURS: Final = frozenset(("all", "any"))
RESPONSES: Final = frozenset(("in-progress", "completed", "amended", "entered-in-error", "stopped"))
LOINC: Final = "http://loinc.org"
ORDINAL: Final = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
MIN: Final = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX: Final = "http://hl7.org/fhir/StructureDefinition/maxValue"
STEP: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-sliderStepValue"
CONTROL: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
CONTROLS: Final = "http://hl7.org/fhir/questionnaire-item-control"
UNIT: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
OPTION: Final = "urn:carewire:option"
OURS: Final = "urn:carewire:field"
WHOLE: Final = "urn:carewire:schema"
CANONICAL: Final = "urn:carewire:worksheet:"


def coded(value: object, allowed: Collection[str], path: str) -> str:
    """One of FHIR's codes. Raises InvalidArgument: it is none of these."""
    if not isinstance(value, str) or value not in allowed:
        raise refuse(path, f"This is one of {', '.join(sorted(allowed))}.")
    return value


def resource(document: dict[str, Any], kind: str) -> None:
    """Raises InvalidArgument: it is another resource."""
    if document.get("resourceType") != kind:
        raise refuse("resourceType", f"This is a {kind}.")


def extension(element: dict[str, Any], url: str) -> Any:
    """The value of an extension; None: it has none."""
    found = element.get("extension")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and one.get("url") == url:
            return next((value for name, value in one.items() if name.startswith("value")), None)
    return None
