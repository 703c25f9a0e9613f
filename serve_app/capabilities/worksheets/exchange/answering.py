"""What stands in elements of a SurveyJS form: words, choices, and within which bounds an answer lies."""

from collections.abc import Mapping
from typing import Any, Final

from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, refuse

_CHOICE: Final = frozenset(("value", "text"))
_LONGEST: Final = 20_000


def plain(text: Any, path: str, report: Report) -> str:
    """The words of a text, in its first language."""
    if isinstance(text, dict):
        languages = text
        text = languages.get("default") or languages.get("en") or next(iter(languages.values()), "")
        if len(languages) > 1:
            report.drop(path, "Of several languages one is kept.")
    return "" if text is None else str(text)


def pair(choice: Any, path: str, report: Report) -> tuple[Any, str]:
    """Value and text of a choice, of a row, of a column."""
    if not isinstance(choice, dict):
        return choice, plain(choice, path, report)
    report.unknown(path, choice, _CHOICE)
    value = choice.get("value")
    return value, plain(choice.get("text", value), f"{path}.text", report)


def options(choices: Any, path: str, report: Report) -> list[dict[str, Any]]:
    """The options that these choices are. Raises InvalidArgument: they are none."""
    found = []
    for place, one in enumerate(listed(choices, path)):
        value, text = pair(one, f"{path}[{place}]", report)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise refuse(path, "Choices have values.")
        found.append({"value": value, "label": text[:2000]})
    return found


def limits(element: dict[str, Any], kind: str, path: str, report: Report) -> dict[str, Any]:
    """Within which bounds an answer of this type lies."""
    found: dict[str, Any] = {}
    if kind == "scale":
        if "rateValues" in element:
            report.drop(f"{path}.rateValues", "A scale counts from rateMin to rateMax.")
        least = element.get("rateMin", 1)
        found = {"min": least, "max": element.get("rateMax", element.get("rateCount", 5))}
        found |= {"step": element["rateStep"]} if element.get("rateStep", 1) != 1 else {}
    elif kind in ("integer", "number"):
        found = _numbers(element, path, report)
    else:
        for name in sorted(element.keys() & {"min", "max", "step"}):
            report.drop(f"{path}.{name}", "Only numbers have limits here.")
    if kind == "multi_choice" and isinstance(element.get("maxSelectedChoices"), int):
        found["max_choices"] = element["maxSelectedChoices"]
    if isinstance(most := element.get("maxLength"), int) and most > 0:
        if kind in ("text", "long_text"):
            found["max_chars"] = min(most, _LONGEST)
        if kind not in ("text", "long_text") or most > _LONGEST:
            report.drop(f"{path}.maxLength", f"Only texts have a length here, of {_LONGEST} characters at most.")
    return found | _validated(element, kind, path, report)


def _numbers(element: Mapping[str, Any], path: str, report: Report) -> dict[str, Any]:
    found = {}
    for name in sorted(element.keys() & {"min", "max", "step"}):
        if isinstance(element[name], bool) or not isinstance(element[name], int | float):
            report.drop(f"{path}.{name}", "This is no number.")
        elif (name, element[name]) != ("step", 1):
            found[name] = element[name]
    return found


def _validated(element: dict[str, Any], kind: str, path: str, report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, one in enumerate(listed(element.get("validators", []), f"{path}.validators")):
        where = f"{path}.validators[{place}]"
        validator = membered(one, where)
        name = validator.get("type")
        if name == "numeric" and kind in ("integer", "number"):
            report.unknown(where, validator, frozenset(("type", "minValue", "maxValue")))
            for ours, theirs in (("min", "minValue"), ("max", "maxValue")):
                if isinstance(validator.get(theirs), int | float):
                    found[ours] = validator[theirs]
        elif name == "text" and kind in ("text", "long_text") and isinstance(validator.get("maxLength"), int):
            report.unknown(where, validator, frozenset(("type", "maxLength")))
            found["max_chars"] = min(max(validator["maxLength"], 1), _LONGEST)
        else:
            report.drop(where, f"{name} has no counterpart here.")
    return found
