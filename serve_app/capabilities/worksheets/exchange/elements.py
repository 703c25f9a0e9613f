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
from serve_app.capabilities.worksheets.exchange.answering import limits, options, pair, plain
from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, texts

_SURVEY: Final = frozenset(
    (
        *("title", "description", "pages", "elements", "calculatedValues"),
        "clearInvisibleValues",
    )
)  # fmt: skip
_PAGE: Final = frozenset(("name", "title", "description", "elements", "visibleIf", "type"))
_COMMON: Final = frozenset(("type", "name", "title", "description", "isRequired", "visibleIf", "validators"))
_SECTION: Final = frozenset(("type", "name", "title", "description", "visibleIf"))
_MEMBERS: Final = {
    "text": frozenset(("inputType", "min", "max", "step", "maxLength")),
    "comment": frozenset(("maxLength",)),
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
        if document.get("clearInvisibleValues") == "none":
            report.drop("clearInvisibleValues", "What is hidden has no value here.")
        pages = list(self._pages())
        for path, page in pages:
            self._page(path, page, alone=len(pages) == 1)
        scores = list(self._calculated())
        members: dict[str, Any] = {"fields": self._fields, "sections": self._sections, "scores": scores}
        title = document.get("title", "Form")
        content: dict[str, Any] = {"title": plain(title, "title", report)[:200] or "Form"}
        if document.get("description"):
            content["description"] = plain(document["description"], "description", report)[:10_000]
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
        elif page.get("description"):
            self._report.drop(f"{path}.description", "Sections have no description.")

    def _elements(self, elements: list[Any], path: str) -> None:
        for place, one in enumerate(elements):
            where = f"{path}[{place}]"
            element = membered(one, where)
            kind = texts(element.get("type"), f"{where}.type")
            if kind not in _MEMBERS:
                self._report.drop(where, f"{kind} has no counterpart here.")
                continue
            self._report.unknown(where, element, (_SECTION if kind == "panel" else _COMMON) | _MEMBERS[kind])
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
        """Sections have none within them: what stands in this one is shown where both are."""
        inside = {name for one in self._sections[nested:] for name in one["fields"]}
        section: dict[str, Any] = {"id": self._report.name(f"{path}.name", panel.get("name", path or "page"))}
        if panel.get("title"):
            section["title"] = plain(panel["title"], f"{path}.title", self._report)
        if panel.get("description"):
            self._report.drop(f"{path}.description", "Sections have no description.")
        if shown := self._expression(panel.get("visibleIf"), f"{path}.visibleIf"):
            section["show_if"] = shown
            for one in self._sections[nested:]:
                one["show_if"] = f"({shown}) and ({one['show_if']})" if "show_if" in one else shown
        section["fields"] = [one["id"] for one in self._fields[before:] if one["id"] not in inside]
        self._sections.append(section)

    def _field(self, element: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
        name = self._report.name(f"{path}.name", texts(element.get("name"), f"{path}.name"))
        label = element.get("html") if kind == "html" else element.get("title", element.get("name"))
        words = plain(label, f"{path}.{'html' if kind == 'html' else 'title'}", self._report)
        field: dict[str, Any] = {"id": name, "label": words[:2000], "type": self._type(element, kind, path)}
        if element.get("description"):
            field["help"] = plain(element["description"], f"{path}.description", self._report)[:10_000]
        if element.get("isRequired") is True and kind != "html":
            field["required"] = True
        if shown := self._expression(element.get("visibleIf"), f"{path}.visibleIf"):
            field["show_if"] = shown
        if kind in ("radiogroup", "dropdown", "checkbox"):
            field["options"] = options(element.get("choices"), f"{path}.choices", self._report)
        if kind == "paneldynamic":
            field |= self._rows(element, path)
        return field | limits(element, field["type"], path, self._report)

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
        """Each row of a single choice is a choice, which says what is asked of all."""
        columns = options(element.get("columns"), f"{path}.columns", self._report)
        shown = self._expression(element.get("visibleIf"), f"{path}.visibleIf")
        asked = plain(element.get("title"), f"{path}.title", self._report)
        words = plain(element.get("description"), f"{path}.description", self._report)
        for place, row in enumerate(listed(element.get("rows", []), f"{path}.rows")):
            where = f"{path}.rows[{place}]"
            value, text = pair(row, where, self._report)
            field: dict[str, Any] = {
                "id": self._report.name(where, f"{element.get('name')}_{value}"),
                "label": (f"{asked}: {text}" if asked else text)[:2000],
                "type": "choice",
                "options": columns,
            }
            if words:
                field["help"] = words[:10_000]
            if element.get("isRequired") is True:
                field["required"] = True
            yield field | ({"show_if": shown} if shown else {})

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
            if not value.get("expression"):
                self._report.drop(path, "There is nothing to calculate.")
            if expression:
                name = self._report.name(f"{path}.name", value.get("name", f"value{place}"))
                yield {"id": name, "title": str(value.get("name", name))[:200], "expression": expression}
