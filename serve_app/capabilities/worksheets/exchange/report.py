"""What became of a document: what was kept, and what could not be."""

import re
from typing import Any, Final

from actors.worksheets.schema.fields import FIELD_ID
from common.errors import InvalidArgument
from serve_app.capabilities.worksheets.requests import DroppedPart, ImportReport

_MOST: Final = 500
_DEEPEST: Final = 16
_LONGEST_PATH: Final = 300
_OTHER: Final = re.compile(r"[^A-Za-z0-9_]+")


class Report:
    """Gathers it."""

    def __init__(self) -> None:
        self.dropped: list[DroppedPart] = []
        self._names: dict[str, str] = {}

    def drop(self, path: str, reason: str) -> None:
        """This is not kept."""
        if len(self.dropped) < _MOST:
            self.dropped.append(DroppedPart(path, reason))

    def unknown(self, path: str, given: dict[str, Any], known: frozenset[str]) -> None:
        """Members that are not looked at."""
        for name in sorted(given.keys() - known):
            self.drop(f"{path}.{name}" if path else name, "This has no counterpart here.")

    def name(self, path: str, given: object) -> str:
        """An id for this name: itself where it is one."""
        text = str(given)
        if text in self._names:
            return self._names[text]
        name = text
        if re.fullmatch(FIELD_ID.removeprefix(r"\A").removesuffix(r"\Z"), text) is None:
            name = ("f_" + _OTHER.sub("_", text).strip("_"))[:60]
        while name in self._names.values():
            name = f"{name[:58]}_2" if not name.endswith("_2") else f"{name[:-2]}_3"
        if name != text:
            self.drop(path, f"Renamed to {name}: ids are letters, digits and underscores.")
        self._names[text] = name
        return name

    def known(self, given: str) -> str | None:
        """The id that was given to this name."""
        return self._names.get(given)

    def told(self, kept: int) -> ImportReport:
        """As it is answered."""
        return ImportReport(kept=kept, dropped=self.dropped)


def refuse(path: str, complaint: str) -> InvalidArgument:
    """The refusal of a document, with the place."""
    return InvalidArgument(f"{path}: {complaint}", details={"path": path, "field": f"document.{path}"[:64]})


def texts(value: object, path: str, most: int = 2000) -> str:
    """A text. Raises InvalidArgument: it is none."""
    if not isinstance(value, str) or "\0" in value:
        raise refuse(path, "This is a text.")
    return value[:most]


def listed(value: object, path: str) -> list[Any]:
    """A list. Raises InvalidArgument: it is none, or nested too deep."""
    if path.count("[") > _DEEPEST:
        raise refuse(path[:_LONGEST_PATH], f"This is nested too deep: at most {_DEEPEST} levels.")
    if not isinstance(value, list):
        raise refuse(path, "This is a list.")
    return value


def membered(value: object, path: str) -> dict[str, Any]:
    """An object. Raises InvalidArgument: it is none."""
    if not isinstance(value, dict):
        raise refuse(path, "This is an object.")
    return value
