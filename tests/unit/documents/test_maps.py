"""Maps show the house as it is: the tree in ARCHITECTURE.md, and the lists of modules in the docstrings of packages."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.unit.documents.reading import PACKAGES, ROOT, SOURCES, fences, name_of

MAP: Final = fences((ROOT / "ARCHITECTURE.md").read_text(), "")[0]
INITS: Final = [path for path in SOURCES if path.name == "__init__.py"]
_ENTRY: Final = re.compile(r"([\w]+(?:\.py|/))(?=[\s(),;]|$)")


def documented(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text()), clean=True) or ""


def listed(docstring: str) -> set[str]:
    """The modules and folders that stand at the begin of a line, or in a column of a map."""
    return {name for line in docstring.splitlines() for name in re.findall(r"(?:^|  )([\w]+(?:\.py|/))(?=\s|$)", line)}


def test_what_the_map_shows_is_there() -> None:
    above: list[tuple[int, Path]] = []
    for line in MAP.splitlines():
        indent = len(line) - len(line.lstrip())
        above = [(depth, path) for depth, path in above if depth < indent]
        parent = above[-1][1] if above else ROOT
        names = _ENTRY.findall(line)
        for name in names:
            places = (
                parent / name,
                *(ROOT.joinpath(*parent.parts[len(ROOT.parts) :], first) / name for first in names),
            )
            assert any(place.exists() for place in places), f"{name} in the line {line!r}"
        first = line.split()[0]
        if first.endswith("/"):
            above.append((indent, parent / first))


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "ml"])
def test_the_map_shows_every_folder_of_code(package: str) -> None:
    """`ml` has a map of its own in its README."""
    folders = [
        path.parent for path in INITS if name_of(path).startswith(f"{package}/") and path.parent != ROOT / package
    ]
    if package == "serve_app":  # a capability's own folders are its own
        folders = [folder for folder in folders if len(folder.relative_to(ROOT).parts) <= 3]
    for folder in folders:
        assert re.search(rf"\b{folder.name}\b", MAP), f"{name_of(folder)} is not on the map of ARCHITECTURE.md"


@pytest.mark.parametrize("init", INITS, ids=name_of)
def test_a_list_of_modules_names_all_of_them_and_no_other(init: Path) -> None:
    named = listed(documented(init))
    if not named:
        return
    beside = {path.name for path in init.parent.glob("*.py")} - {"__init__.py", "__main__.py"}
    folders = {f"{path.parent.name}/" for path in init.parent.glob("*/__init__.py")}
    assert named == beside | folders


def test_the_lists_are_read() -> None:
    assert listed("a.py  what a is     b.py  what b is\nc/  d.py   both") == {"a.py", "b.py", "c/", "d.py"}
