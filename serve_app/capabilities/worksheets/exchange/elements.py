"""A SurveyJS form as a worksheet. What has no counterpart is named."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.worksheets.schema.expressions.parser import parse
from actors.worksheets.schema.fields import Schema
from actors.worksheets.worksheet.records import WorksheetContent
from common.decoding import explained
from common.errors import InvalidArgument
from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, refuse, texts

_SURVEY: Final = frozenset(
    (
        *("title", "description", "pages", "elements", "calculatedValues"),
        *("clearInvisibleValues", "showQuestionNumbers", "locale", "logoPosition"),
    )
)  # fmt: skip
_PAGE: Final = frozenset(("name", "title", "description", "elements", "visibleIf", "type"))
_COMMON: Final = frozenset(("type", "name", "title", "description", "isRequired", "visibleIf", "validators"))
_MEMBERS: Final = {
    "text": frozenset(("inputType", "min", "max", "step", "maxLength")),
    "comment": frozenset(("maxLength", "rows")),
    "radiogroup": frozenset(("choices",)),
    "dropdown": frozenset(("choices",)),
    "checkbox": frozenset(("choices", "maxSelectedChoices")),
    "boolean": frozenset[str](),
    "rating": frozenset(("rateMin", "rateMax", "rateStep", "rateValues", "rateCount")),
    "html": frozenset(("html",)),
    "file": frozenset[str](),
    "paneldynamic": frozenset(("templateElements", "maxPanelCount")),
    "matrix": frozenset(("rows", "columns")),
    "panel": frozenset(("elements",)),
}
_INPUTS: Final = {"number": "number", "range": "number", "date": "date", "time": "time"}
_NAME: Final = re.compile(r"\{(?:panel\.)?([^{}]+)\}")
_LONGEST: Final = 20_000


def read(document: dict[str, Any], report: Report) -> WorksheetContent:
    """What of it can be kept.

    Raises:
        InvalidArgument: it is no form; `details.path`.
    """
    return _Form(document, report).content()


class _Form:
    """One form, read once."""

    def __init__(self, document: dict[str, Any], report: Report) -> None:
        self._document, self._report = document, report
        self._fields: list[dict[str, Any]] = []
        self._sections: list[dict[str, Any]] = []

    def content(self) -> WorksheetContent:
        """All of it."""
        document, report = self._document, self._report
        report.unknown("", document, _SURVEY)
        pages = list(self._pages())
        for path, page in pages:
            self._page(path, page, alone=len(pages) == 1)
        scores = list(self._calculated())
        members: dict[str, Any] = {"fields": self._fields, "sections": self._sections, "scores": scores}
        title = document.get("title", "Form")
        content: dict[str, Any] = {"title": _plain(title)[:200] or "Form"}
        if isinstance(document.get("description"), str):
            content["description"] = document["description"][:10_000]
        try:
            schema = msgspec.to_builtins(msgspec.convert(members, Schema))
            return msgspec.convert(content | {"schema": schema}, WorksheetContent)
        except msgspec.ValidationError as error:
            raise explained(str(error)) from None

    def _pages(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if "elements" in self._document:
            yield "", {"name": "page1", "elements": self._document["elements"]}
        for place, one in enumerate(listed(self._document.get("pages", []), "pages")):
            yield f"pages[{place}]", membered(one, f"pages[{place}]")

    def _page(self, path: str, page: dict[str, Any], *, alone: bool) -> None:
        """A page is a section, unless it is the only one and says nothing."""
        if path:
            self._report.unknown(path, page, _PAGE)
        where = f"{path}.elements" if path else "elements"
        before, nested = len(self._fields), len(self._sections)
        self._elements(listed(page.get("elements", []), where), where)
        if not alone or page.get("title") or page.get("visibleIf"):
            self._section(page, path, before, nested)

    def _elements(self, elements: list[Any], path: str) -> None:
        for place, one in enumerate(elements):
            where = f"{path}[{place}]"
            element = membered(one, where)
            kind = texts(element.get("type"), f"{where}.type")
            if kind not in _MEMBERS:
                self._report.drop(where, f"{kind} has no counterpart here.")
                continue
            self._report.unknown(where, element, _COMMON | _MEMBERS[kind])
            if kind == "panel":
                before, nested = len(self._fields), len(self._sections)
                inside = listed(element.get("elements", []), f"{where}.elements")
                self._elements(inside, f"{where}.elements")
                self._section(element, where, before, nested)
            elif kind == "matrix":
                self._fields += self._matrix(element, where)
            else:
                self._fields.append(self._field(element, kind, where))

    def _section(self, panel: dict[str, Any], path: str, before: int, nested: int) -> None:
        inside = {name for one in self._sections[nested:] for name in one["fields"]}
        section: dict[str, Any] = {"id": self._report.name(f"{path}.name", panel.get("name", path or "page"))}
        if panel.get("title"):
            section["title"] = _plain(panel["title"])
        if shown := self._expression(panel.get("visibleIf"), f"{path}.visibleIf"):
            section["show_if"] = shown
        section["fields"] = [one["id"] for one in self._fields[before:] if one["id"] not in inside]
        self._sections.append(section)

    def _field(self, element: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
        name = self._report.name(f"{path}.name", texts(element.get("name"), f"{path}.name"))
        label = element.get("html") if kind == "html" else element.get("title", element.get("name"))
        field: dict[str, Any] = {"id": name, "label": _plain(label)[:2000], "type": self._type(element, kind, path)}
        if isinstance(element.get("description"), str):
            field["help"] = element["description"][:10_000]
        if element.get("isRequired") is True and kind != "html":
            field["required"] = True
        if shown := self._expression(element.get("visibleIf"), f"{path}.visibleIf"):
            field["show_if"] = shown
        if kind in ("radiogroup", "dropdown", "checkbox"):
            field["options"] = self._options(element.get("choices"), f"{path}.choices")
        if kind == "paneldynamic":
            field |= self._rows(element, path)
        return field | self._limits(element, field["type"], path)

    def _type(self, element: dict[str, Any], kind: str, path: str) -> str:
        if kind == "text":
            given = element.get("inputType", "text")
            if given not in _INPUTS and given != "text":
                self._report.drop(f"{path}.inputType", f"{given} becomes text.")
            found = _INPUTS.get(str(given), "text")
            return "integer" if found == "number" and element.get("step") == 1 else found
        return {
            "comment": "long_text",
            "radiogroup": "choice",
            "dropdown": "choice",
            "checkbox": "multi_choice",
            "boolean": "boolean",
            "rating": "scale",
            "html": "info",
            "file": "file",
            "paneldynamic": "group",
        }[kind]

    def _rows(self, element: dict[str, Any], path: str) -> dict[str, Any]:
        inside = []
        for place, one in enumerate(listed(element.get("templateElements", []), f"{path}.templateElements")):
            where = f"{path}.templateElements[{place}]"
            inner = membered(one, where)
            kind = texts(inner.get("type"), f"{where}.type")
            if kind not in _MEMBERS or kind in ("panel", "paneldynamic", "matrix"):
                self._report.drop(where, f"{kind} has no counterpart in rows.")
                continue
            self._report.unknown(where, inner, _COMMON | _MEMBERS[kind])
            inside.append(self._field(inner, kind, where))
        most = element.get("maxPanelCount")
        if isinstance(most, int) and most > 200:
            self._report.drop(f"{path}.maxPanelCount", "At most 200 rows.")
        return {"fields": inside} | ({"max_rows": min(most, 200)} if isinstance(most, int) and most > 0 else {})

    def _matrix(self, element: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
        """Each row of a single choice is a choice."""
        options = self._options(element.get("columns"), f"{path}.columns")
        shown = self._expression(element.get("visibleIf"), f"{path}.visibleIf")
        for place, row in enumerate(listed(element.get("rows", []), f"{path}.rows")):
            value, text = _pair(row)
            where = f"{path}.rows[{place}]"
            field: dict[str, Any] = {
                "id": self._report.name(where, f"{element.get('name')}_{value}"),
                "label": _plain(text)[:2000],
                "type": "choice",
                "options": options,
            }
            if element.get("isRequired") is True:
                field["required"] = True
            yield field | ({"show_if": shown} if shown else {})

    def _options(self, choices: Any, path: str) -> list[dict[str, Any]]:
        found = []
        for one in listed(choices, path):
            value, text = _pair(one)
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise refuse(path, "Choices have values.")
            found.append({"value": value, "label": _plain(text)[:2000]})
        return found

    def _limits(self, element: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if kind == "scale":
            if "rateValues" in element:
                self._report.drop(f"{path}.rateValues", "A scale counts from rateMin to rateMax.")
            least = element.get("rateMin", 1)
            found = {"min": least, "max": element.get("rateMax", element.get("rateCount", 5))}
            found |= {"step": element["rateStep"]} if element.get("rateStep", 1) != 1 else {}
        if kind in ("integer", "number"):
            found = {name: element[name] for name in ("min", "max") if isinstance(element.get(name), int | float)}
            step = element.get("step")
            found |= {"step": step} if isinstance(step, int | float) and step != 1 else {}
        if kind == "multi_choice" and isinstance(element.get("maxSelectedChoices"), int):
            found["max_choices"] = element["maxSelectedChoices"]
        if kind in ("text", "long_text") and isinstance(element.get("maxLength"), int) and element["maxLength"] > 0:
            found["max_chars"] = min(element["maxLength"], _LONGEST)
        return found | self._validated(element, kind, path)

    def _validated(self, element: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, one in enumerate(listed(element.get("validators", []), f"{path}.validators")):
            where = f"{path}.validators[{place}]"
            validator = membered(one, where)
            name = validator.get("type")
            if name == "numeric" and kind in ("integer", "number"):
                for ours, theirs in (("min", "minValue"), ("max", "maxValue")):
                    if isinstance(validator.get(theirs), int | float):
                        found[ours] = validator[theirs]
            elif name == "text" and kind in ("text", "long_text") and isinstance(validator.get("maxLength"), int):
                found["max_chars"] = min(max(validator["maxLength"], 1), _LONGEST)
                if validator.get("minLength"):
                    self._report.drop(f"{where}.minLength", "This has no counterpart here.")
            else:
                self._report.drop(where, f"{name} has no counterpart here.")
        return found

    def _expression(self, text: Any, path: str) -> str:
        """A condition in our words; "": there is none, or it cannot be kept."""
        if text is None or text == "":
            return ""
        said = _NAME.sub(self._named, str(text))
        try:
            parse(said)
        except InvalidArgument as error:
            self._report.drop(path, error.message)
            return ""
        return said

    def _named(self, match: re.Match[str]) -> str:
        """A reference by the name that it has here."""
        known = self._report.known(match[1])
        return f"{{{known or match[1]}}}"

    def _calculated(self) -> Iterator[dict[str, Any]]:
        for place, one in enumerate(listed(self._document.get("calculatedValues", []), "calculatedValues")):
            path = f"calculatedValues[{place}]"
            value = membered(one, path)
            self._report.unknown(path, value, frozenset(("name", "expression", "includeIntoResult")))
            expression = self._expression(value.get("expression"), f"{path}.expression")
            if expression:
                name = self._report.name(f"{path}.name", value.get("name", f"value{place}"))
                yield {"id": name, "title": str(value.get("name", name))[:200], "expression": expression}


def _pair(choice: Any) -> tuple[Any, Any]:
    """Value and text of a choice."""
    if isinstance(choice, dict):
        value = choice.get("value")
        return value, choice.get("text", value)
    return choice, choice


def _plain(text: Any) -> str:
    """The words of a text, in its first language."""
    if isinstance(text, dict):
        text = text.get("default") or text.get("en") or next(iter(text.values()), "")
    return "" if text is None else str(text)
