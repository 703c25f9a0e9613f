"""Names of medicines, as people write them, to ingredients and classes. What cannot be resolved is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from ml.knowledge.loading import DATA
from ml.knowledge.schema import KnowledgeRow, read_toml
from ml.language.text import name_key

_DOSE: Final = re.compile(
    r"\b\d+(?:[.,]\d+)?\s*(?:mg|mcg|ug|g|ml|iu|units?|%|puffs?|tablets?|capsules?)\b"
    r"|\b(?:once|twice|three times|daily|nightly|bd|tds|qd|bid|tid|prn|po|as needed|every day|a day|per day|tablets?"
    r"|capsules?|low dose|extended release|xr|er|sr)\b"
)
SHORTEST_CORRECTED: Final = 6
NOTHING: Final = frozenset({"", "none", "nil", "no", "n a", "na"})


class MedicineRow(KnowledgeRow, frozen=True):
    """One ingredient."""

    id: str
    names: list[str]
    classes: list[str]


class ClassRow(KnowledgeRow, frozen=True):
    """The names of a whole class."""

    id: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class Medicine:
    """The medicine that a name resolved to. `ingredient` is empty when only a class was named."""

    told: str
    ingredient: str
    classes: frozenset[str]


class Medicines:
    """The dictionary of medicines."""

    def __init__(self, folder: Path = DATA) -> None:
        rows = read_toml(folder / "medicines.toml", "medicine", MedicineRow)
        classes = read_toml(folder / "medicines.toml", "class", ClassRow)
        self.rows = {row.id: row for row in rows}
        self._names = {name_key(name): row for row in rows for name in row.names}
        self._classes = {name_key(name): row.id for row in classes for name in row.names}
        every = sorted([*self._names, *self._classes], key=len, reverse=True)
        self._pattern = re.compile(r"(?<![a-z])(" + "|".join(re.escape(one) for one in every) + r")(?![a-z])")
        self._words = sorted(one for one in every if len(one) >= SHORTEST_CORRECTED)

    def resolve(self, told: str) -> list[Medicine]:
        """Every medicine or class named in `told`; empty when nothing is known."""
        text = " ".join(_DOSE.sub(" ", name_key(told)).split())
        found = [self._of(told, name) for name in self._pattern.findall(text)]
        if found:
            return found
        parts = [text] if self._near(text) else re.findall(r"[a-z]{6,}", text)
        corrected = [near for part in parts if (near := self._near(part))]
        return [self._of(told, name) for name in corrected]

    def _of(self, told: str, name: str) -> Medicine:
        row = self._names.get(name)
        if row is None:
            return Medicine(told, "", frozenset({self._classes[name]}))
        return Medicine(told, row.id, frozenset({*row.classes, row.id}))

    def _near(self, word: str) -> str | None:
        """A name one slip away, if there is exactly one."""
        found = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=1, limit=3)
        ingredients = {self._names[name].id if name in self._names else name for name, _, _ in found}
        return found[0][0] if len(ingredients) == 1 else None


def resolve_all(medicines: Medicines, told: Sequence[str]) -> tuple[list[Medicine], list[str]]:
    """Everything that resolved, and every entry that did not."""
    known: list[Medicine] = []
    unknown: list[str] = []
    for one in told:
        if name_key(one) in NOTHING:
            continue
        found = medicines.resolve(one)
        known.extend(found)
        if not found:
            unknown.append(one)
    return known, unknown
