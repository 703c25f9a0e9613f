"""What an item of a Questionnaire is here: its type, its limits, and what of it is lost."""

import json
from collections.abc import Mapping
from typing import Any, Final

from serve_app.capabilities.worksheets.exchange import codes
from serve_app.capabilities.worksheets.exchange.report import Report

_BACK: Final[Mapping[str, str]] = {
    "string": "text",
    "text": "long_text",
    "url": "text",
    "integer": "integer",
    "decimal": "number",
    "quantity": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "choice": "choice",
    "open-choice": "choice",
    "attachment": "file",
    "display": "info",
}
_KNOWN: Final = frozenset(
    (
        *("linkId", "text", "type", "required", "repeats", "maxLength", "code"),
        *("answerOption", "enableWhen", "item", "extension", "enableBehavior"),
    )
)  # fmt: skip
_NUMBERS: Final = frozenset(("integer", "decimal", "quantity"))


def name_lost(item: dict[str, Any], kind: str, path: str, report: Report) -> None:
    """Says what of an item is not kept."""
    report.unknown(path, item, _KNOWN)
    known = codes.OF_ITEMS | codes.OF_NUMBERS if kind in _NUMBERS else codes.OF_ITEMS
    codes.unknown_extensions(item, path, report, known if _is_slider(item) else known - {codes.CONTROL})
    if item.get("repeats") is True and kind not in ("choice", "group"):
        report.drop(f"{path}.repeats", f"{kind} has one answer here.")
    if isinstance(item.get("code"), list) and len(item["code"]) > 1:
        report.drop(f"{path}.code[1]", "The first code is kept.")
    if "maxLength" in item and kind not in ("string", "text"):
        report.drop(f"{path}.maxLength", "Only texts have a length here.")


def limits_of(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Within which limits a field of this type is answered, and in which unit."""
    found: dict[str, Any] = {}
    if kind in ("integer", "number", "scale"):
        for name, url in (("min", codes.MIN), ("max", codes.MAX), ("step", codes.STEP)):
            if (value := codes.extension(item, url)) is not None:
                found[name] = value
    unit = codes.extension(item, codes.UNIT)
    if isinstance(unit, dict):
        found["unit"] = str(unit.get("display") or unit.get("code") or "")[:64]
    return found


def type_of(item: dict[str, Any], kind: str, path: str, report: Report) -> str:
    """The type of field that it becomes."""
    if kind == "group":
        return "group"
    if kind == "choice" and item.get("repeats") is True:
        return "multi_choice"
    bounded = codes.extension(item, codes.MIN) is not None and codes.extension(item, codes.MAX) is not None
    if _is_slider(item) and bounded and kind in ("integer", "decimal"):
        return "scale"
    if kind in ("open-choice", "quantity", "url"):
        report.drop(f"{path}.type", f"{kind} becomes {_BACK[kind]}.")
    if kind not in _BACK:
        report.drop(f"{path}.type", f"{kind} becomes text.")
        return "text"
    return _BACK[kind]


def _is_slider(item: dict[str, Any]) -> bool:
    control = codes.extension(item, codes.CONTROL)
    return isinstance(control, dict) and "slider" in json.dumps(control)
