"""Texts that every installation has: the documentation in the sources of Python, NumPy, NetworkX and SymPy, as their
pins say. Each has a first line, which says what it is about, and a body, which says it in other words: whoever searches
by the one should find the other."""

import ast
import random
import re
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("numpy", "networkx", "sympy")
_EXAMPLES: Final = re.compile(r"^\s*(>>>|\.\.\.|\[|\d|[-=*]{3}).*$", re.MULTILINE)
_MARKUP: Final = re.compile(r"[`*_|\\]+|:[a-z]+:|\.\. \w+::")
_FEWEST: Final = (4, 25)  # words of a first line, and of a body


@dataclass(frozen=True)
class SampleText:
    """What is searched for, and where it should be found."""

    title: str
    body: str


def texts() -> list[SampleText]:
    """All of them, each body once, in an order that is always the same."""
    paths = sysconfig.get_paths()
    roots = [Path(paths["stdlib"]), *(Path(paths["purelib"]) / name for name in _PACKAGES)]
    files = [file for root in roots for file in sorted(root.rglob("*.py")) if _counts(file, root)]
    return list({text.body: text for file in files for text in _in(file)}.values())


def sentences(found: list[SampleText], words: int, count: int, seed: int = 1) -> list[str]:
    """`count` messages of `words` words each, cut out of the bodies."""
    dice = random.Random(seed)
    pieces = [body for text in found if len(body := text.body.split()) > words]
    starts = ((piece, dice.randrange(len(piece) - words)) for piece in dice.choices(pieces, k=count))
    return [" ".join(piece[start : start + words]) for piece, start in starts]


def _counts(file: Path, root: Path) -> bool:
    inside = file.relative_to(root).parts
    return not {"test", "tests", "site-packages", "idlelib", "lib2to3"} & set(inside)


def _in(file: Path) -> Iterator[SampleText]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(file.read_bytes())
        except SyntaxError:
            return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            title, _, body = (ast.get_docstring(node) or "").partition("\n")
            text = SampleText(_plain(title), _plain(_EXAMPLES.sub("", body)))
            if all(len(part.split()) >= few for part, few in zip((text.title, text.body), _FEWEST, strict=True)):
                yield text


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).split())
