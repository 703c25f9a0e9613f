"""FHIR's codes (R4), which its shapes do not check."""

import json
from collections.abc import Collection
from typing import Any, Final

from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, refuse

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


OF_ITEMS: Final = frozenset((CONTROL, UNIT, OURS))
OF_NUMBERS: Final = frozenset((MIN, MAX, STEP))
"""Extensions that have a counterpart here."""


def unknown_extensions(element: dict[str, Any], path: str, report: Report, known: Collection[str] = ()) -> None:
    """Names those that are not looked at."""
    for place, one in enumerate(listed(element.get("extension", []), f"{path}.extension")):
        url = membered(one, f"{path}.extension[{place}]").get("url")
        if url not in known:
            report.drop(
                f"{path}.extension[{place}]" if path else f"extension[{place}]", f"{url} has no counterpart here."
            )


def extension(element: dict[str, Any], url: str) -> Any:
    """The value of an extension; None: it has none."""
    found = element.get("extension")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and one.get("url") == url:
            return next((value for name, value in one.items() if name.startswith("value")), None)
    return None


def held(element: dict[str, Any], url: str, path: str, without: Any) -> Any:
    """What we ourselves keep in an extension; `without` one, that. Raises InvalidArgument: it is not as we wrote it."""
    text = extension(element, url)
    if text is None:
        return without
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise refuse(f"{path}.extension" if path else "extension", f"{url} is not as it was written.") from None
