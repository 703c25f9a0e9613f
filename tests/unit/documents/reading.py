"""The documents, and what they name in code: commands, settings, paths, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ("actors", "common", "config", "loadtests", "ml", "realtime", "serve_app", "store")
# CHANGELOG.md is left out: it tells of the past.
DOCUMENTS: Final = sorted(
    [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("*.md")]
    + [path for package in PACKAGES for path in (ROOT / package).rglob("*.md")]
)
SOURCES: Final = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
DEPLOYMENT: Final = [ROOT / "ray-cluster.yaml", *sorted((ROOT / "deploy").iterdir())]

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN: Final = re.compile(r"`([^`\n]+)`")


def name_of(path: Path) -> str:
    """For the ids of tests."""
    return str(path.relative_to(ROOT))


def fences(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return [body for said, body in _FENCE.findall(text) if said == language]


def spans(text: str) -> list[str]:
    """What stands between backticks within a line, code blocks left out."""
    return _SPAN.findall(_FENCE.sub("", text))


def code_lines(text: str) -> Iterator[str]:
    """All that is shown as something to type: spans, and the lines of code blocks without a language."""
    yield from spans(text)
    for body in fences(text, ""):
        yield from body.splitlines()


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Tree:
    """The files and folders that the project consists of, by any tail of their paths."""

    def __init__(self) -> None:
        tops = [path for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"]
        kept = [
            path
            for top in tops
            for path in (top, *top.rglob("*"))
            if not {"node_modules", "__pycache__"} & {*path.parts}
        ]
        self.paths = {path.relative_to(ROOT).as_posix() for path in kept} | {".ci/run"}
        self.tops = {path.split("/")[0] for path in self.paths}

    def has(self, named: str, *, below: str = "") -> bool:
        """Is there such a path, from the root or at the end of another? `<name>` and `*` stand for anything."""
        tail = re.escape(named.rstrip("/")).replace(r"\*", "[^/]*")
        tail = re.sub("<[a-z]+>", "[^/]+", tail)
        pattern = re.compile(rf"(?:{re.escape(below)}|(?:.*/)?){tail}" if not below else rf"{re.escape(below)}/{tail}")
        return any(pattern.fullmatch(path) for path in self.paths)
