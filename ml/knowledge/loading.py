"""The clinical knowledge, loaded from `ml/data` and checked: ids resolve, every source is listed, shares make sense.

Adding a condition is a data change: a `[[condition]]`, its rows in frequencies.csv, and `carewire train`.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from ml.knowledge.schema import (
    AgeAdjustment,
    Condition,
    DataError,
    Frequency,
    HistoryFactor,
    KnowledgeSource,
    OtherCondition,
    RiskFactor,
    Symptom,
    read_csv,
    read_toml,
)

DATA: Final = Path(__file__).parents[1] / "data"
OTHER: Final = "none_of_these"
MODEL_FILES: Final = (
    "symptoms.csv",
    "conditions.toml",
    "frequencies.csv",
    "age_adjustments.csv",
    "other_conditions.toml",
    "history.toml",
    "risk_factors.csv",
)


@dataclass(frozen=True)
class Knowledge:
    """The tables that the model is made from. Order of rows is the order of every array derived from it."""

    sources: tuple[KnowledgeSource, ...]
    symptoms: tuple[Symptom, ...]
    conditions: tuple[Condition, ...]
    others: tuple[OtherCondition, ...]
    frequencies: tuple[Frequency, ...]
    age_adjustments: tuple[AgeAdjustment, ...]
    risk_factors: tuple[RiskFactor, ...]
    factors: tuple[HistoryFactor, ...]
    data_hash: str

    @cached_property
    def symptom_index(self) -> dict[str, int]:
        """Position of each symptom id."""
        return {row.id: at for at, row in enumerate(self.symptoms)}

    @cached_property
    def factor_index(self) -> dict[str, int]:
        """Position of each history factor id."""
        return {row.id: at for at, row in enumerate(self.factors)}

    @cached_property
    def condition_index(self) -> dict[str, int]:
        """Position of each condition id."""
        return {row.id: at for at, row in enumerate(self.conditions)}

    @cached_property
    def condition_names(self) -> dict[str, str]:
        """Every lower-case name, alias, id and ICD-10 code to the condition's id."""
        names: dict[str, str] = {}
        for row in self.conditions:
            for name in (row.id, row.name, row.full_name, row.icd10, row.id.replace("_", " "), *row.aliases):
                names[name.lower()] = row.id
        return names

    @cached_property
    def ancestors(self) -> dict[str, tuple[str, ...]]:
        """The symptoms that a symptom implies, transitively: dry_cough -> (cough,)."""
        implied = {row.id: row.implies for row in self.symptoms}
        chains: dict[str, tuple[str, ...]] = {}
        for row in self.symptoms:
            chain: list[str] = []
            at = row.implies
            while at:
                if at in chain or at == row.id:
                    raise DataError(f"symptoms.csv: {row.id} implies itself")
                chain.append(at)
                at = implied[at]
            chains[row.id] = tuple(chain)
        return chains

    @cached_property
    def descendants(self) -> dict[str, tuple[str, ...]]:
        """The symptoms ruled out together with one: cough -> (dry_cough, productive_cough, ...)."""
        return {
            row.id: tuple(child for child, chain in self.ancestors.items() if row.id in chain) for row in self.symptoms
        }


def hash_files(folder: Path, names: tuple[str, ...]) -> str:
    """SHA-256 over names and contents, so that a model can say which data it was made from."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return digest.hexdigest()


def load_knowledge(folder: Path = DATA) -> Knowledge:
    """Read and check the knowledge files.

    Raises:
        DataError: a row is malformed or names an id that does not exist.
    """
    knowledge = Knowledge(
        sources=tuple(read_csv(folder / "sources.csv", KnowledgeSource)),
        symptoms=tuple(read_csv(folder / "symptoms.csv", Symptom)),
        conditions=tuple(read_toml(folder / "conditions.toml", "condition", Condition)),
        others=tuple(read_toml(folder / "other_conditions.toml", "condition", OtherCondition)),
        frequencies=tuple(read_csv(folder / "frequencies.csv", Frequency)),
        age_adjustments=tuple(read_csv(folder / "age_adjustments.csv", AgeAdjustment)),
        risk_factors=tuple(read_csv(folder / "risk_factors.csv", RiskFactor)),
        factors=tuple(read_toml(folder / "history.toml", "factor", HistoryFactor)),
        data_hash=hash_files(folder, MODEL_FILES),
    )
    _check(knowledge)
    return knowledge


def _check(knowledge: Knowledge) -> None:
    symptoms = _unique("symptoms.csv", [row.id for row in knowledge.symptoms])
    conditions = _unique("conditions.toml", [row.id for row in knowledge.conditions])
    others = _unique("other_conditions.toml", [row.id for row in knowledge.others])
    factors = _unique("history.toml", [row.id for row in knowledge.factors])
    sources = _unique("sources.csv", [row.id for row in knowledge.sources])
    for symptom in knowledge.symptoms:
        _known("symptoms.csv", symptom.implies, symptoms | {""})
        _cited("symptoms.csv", symptom.source, sources)
    rows: list[Frequency | AgeAdjustment] = [*knowledge.frequencies, *knowledge.age_adjustments]
    for row in rows:
        _known("frequencies", row.condition, conditions)
        _known("frequencies", row.symptom, symptoms)
        _cited("frequencies", row.source, sources)
    _unique("frequencies.csv", [f"{row.condition}/{row.symptom}" for row in knowledge.frequencies])
    for other in knowledge.others:
        for symptom_id in other.symptoms:
            _known("other_conditions.toml", symptom_id, symptoms)
    for risk in knowledge.risk_factors:
        _known("risk_factors.csv", risk.condition, conditions | others)
        _known("risk_factors.csv", risk.factor, factors)
        _cited("risk_factors.csv", risk.source, sources)
    for condition in knowledge.conditions:
        cited = (*condition.epidemiology_sources, *condition.course_sources, *condition.vitals_sources)
        _cited("conditions.toml", " ".join(cited), sources)
        for symptom_id in condition.core:
            _known("conditions.toml", symptom_id, symptoms)


def _unique(file: str, ids: list[str]) -> set[str]:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise DataError(f"{file}: {one} appears twice")
        seen.add(one)
    return seen


def _known(file: str, one: str, ids: set[str]) -> None:
    if one not in ids:
        raise DataError(f"{file}: {one!r} is not known")


def _cited(file: str, source: str, sources: set[str]) -> None:
    cited = source.replace(",", " ").split()
    if not cited:
        raise DataError(f"{file}: a row without a source")
    for one in cited:
        _known(file, one, sources)
