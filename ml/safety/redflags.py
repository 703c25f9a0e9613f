"""Red flags: rules as data (`red_flags.toml`), evaluated on what was told. Nothing here knows the model."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.evidence import PatientEvidence
from ml.knowledge.loading import DATA, Knowledge
from ml.knowledge.schema import URGENCIES, VITALS, DataError, KnowledgeRow, Urgency, read_toml
from ml.safety.news2 import EarlyWarning, early_warning

NUMBERS: Final = frozenset({*VITALS, "age", "duration", "news", "curb"})
DERIVED: Final = frozenset({"severe", "sudden", "pregnant", "child_vitals", "news_red"})
_COMPARISON: Final = re.compile(r"([a-z_0-9]+?)(<=|>=|<|>)(\d+(?:\.\d+)?)")
NOT_SUDDEN_DAYS: Final = 14.0
CHILD_LIMITS: Final = (  # age below, breaths from, heart rate from (C, J1: upper limits by age, rounded up)
    (1.0, 60.0, 180.0),
    (2.0, 50.0, 170.0),
    (5.0, 40.0, 160.0),
    (12.0, 35.0, 150.0),
    (16.0, 30.0, 140.0),
)


class RedFlagRule(KnowledgeRow, frozen=True):
    """One red flag. `when` holds alternatives; all terms of one must hold."""

    id: str
    urgency: Urgency
    meaning: str
    message: str
    sources: list[str]
    when: list[list[str]]


@dataclass(frozen=True, slots=True)
class Story:
    """What the rules look at: facts that hold, and numbers that are known. `doubtful` facts may not hold."""

    facts: frozenset[str]
    numbers: Mapping[str, float]
    doubtful: frozenset[str] = frozenset()

    def lacks(self, name: str) -> bool:
        """May this fact not hold? What is in doubt counts both ways, so that no doubt takes a flag away."""
        return name not in self.facts or name in self.doubtful


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A rule that fired, and the facts that made it fire."""

    code: str
    urgency: Urgency
    meaning: str
    message: str
    matched: tuple[str, ...]


class RedFlags:
    """The rules, checked against the knowledge on loading. `asked_for` are the symptoms that may raise a flag."""

    def __init__(self, knowledge: Knowledge, qualifiers: Iterable[str], folder: Path = DATA) -> None:
        self.rules = tuple(read_toml(folder / "red_flags.toml", "rule", RedFlagRule))
        known = {f"q:{one}" for one in qualifiers} | {f"hx:{one}" for one in knowledge.factor_index}
        self._compiled = tuple(
            (rule, tuple(tuple(_AnyOf.of(term) for term in when) for when in rule.when)) for rule in self.rules
        )
        named = {
            fact for _, alternatives in self._compiled for when in alternatives for term in when for fact in term.facts
        }
        self.asked_for = frozenset(
            one for one, chain in knowledge.ancestors.items() if one in named or named & set(chain)
        )
        self._check(known | DERIVED | set(knowledge.symptom_index), {row.id for row in knowledge.sources})

    def fired(self, story: Story) -> list[RedFlag]:
        """Every rule that holds, the most urgent first; a code appears once, at its highest urgency."""
        flags: dict[str, RedFlag] = {}
        for rule, alternatives in self._compiled:
            matched = next((found for when in alternatives if (found := _holds(when, story)) is not None), None)
            if matched is None:
                continue
            before = flags.get(rule.id)
            if before is None or URGENCIES.index(rule.urgency) > URGENCIES.index(before.urgency):
                flags[rule.id] = RedFlag(
                    code=rule.id, urgency=rule.urgency, meaning=rule.meaning, message=rule.message, matched=matched
                )
        return sorted(flags.values(), key=lambda flag: -URGENCIES.index(flag.urgency))

    def _check(self, known: set[str], sources: set[str]) -> None:
        for rule in self.rules:
            if not set(rule.sources) <= sources:
                raise DataError(f"red_flags.toml: {rule.id} cites an unknown source")
            for term in (term for when in rule.when for terms in when for term in terms.split("|")):
                name = term.removeprefix("!")
                comparison = _COMPARISON.fullmatch(name)
                if comparison and comparison.group(1) in NUMBERS:
                    continue
                if name not in known and not name.startswith("med:"):
                    raise DataError(f"red_flags.toml: {rule.id} names {name!r}, which is not known")


def tell(
    evidence: PatientEvidence,
    qualifiers: Iterable[str],
    *,
    medication_classes: Iterable[str] = (),
    doubtful: frozenset[str] = frozenset(),
) -> tuple[Story, EarlyWarning | None]:
    """The story that the rules read, and the early-warning score within it. `doubtful` is present, but not surely."""
    told = set(qualifiers)
    facts = set(evidence.present) | {f"q:{one}" for one in told} | {f"hx:{one}" for one in evidence.factors}
    facts |= {f"med:{one}" for one in medication_classes}
    pregnant = "pregnant" in evidence.factors and evidence.sex != "male"
    if pregnant:
        facts.add("pregnant")
    if evidence.severity == "severe" or "severe" in told:
        facts.add("severe")
    if _may_be_sudden(evidence, told):
        facts.add("sudden")
    confused = "confusion" in evidence.present and "dementia" not in evidence.factors
    score = early_warning(
        evidence.vitals,
        age=evidence.age,
        confused=confused,
        chronic_lung="copd" in evidence.factors,
        pregnant=pregnant,
    )
    numbers = {**evidence.vitals, "age": evidence.age, "curb": float(_curb(evidence))}
    if evidence.duration_days is not None:
        numbers["duration"] = evidence.duration_days
    if score is not None:
        numbers["news"] = float(score.score)
        if score.red:
            facts.add("news_red")
    if _child_out_of_range(evidence):
        facts.add("child_vitals")
    return Story(frozenset(facts), numbers, doubtful), score


def _may_be_sudden(evidence: PatientEvidence, told: set[str]) -> bool:
    """Said to be sudden, or not known to be gradual: unknown onset counts as sudden."""
    if "sudden" in told:
        return True
    slow = evidence.duration_days is not None and evidence.duration_days >= NOT_SUDDEN_DAYS
    return not slow and "gradual" not in told


def _curb(evidence: PatientEvidence) -> int:
    """CURB-65 without urea. Source: R14."""
    vitals = evidence.vitals
    return sum(
        (
            "confusion" in evidence.present,
            vitals.get("respiratory_rate", 0) >= 30,
            vitals.get("systolic", 999) < 90 or vitals.get("diastolic", 999) <= 60,
            evidence.age >= 65,
        )
    )


def _child_out_of_range(evidence: PatientEvidence) -> bool:
    for below, breaths, beats in CHILD_LIMITS:
        if evidence.age < below:
            vitals = evidence.vitals
            return vitals.get("respiratory_rate", 0) >= breaths or vitals.get("heart_rate", 0) >= beats
    return False


@dataclass(frozen=True, slots=True)
class _AnyOf:
    """One term, taken apart once: it holds if any of its parts does."""

    facts: frozenset[str]
    absent: tuple[str, ...]
    compared: tuple[tuple[str, str, float, str], ...]  # number, comparison, bound, the part as written
    not_compared: tuple[tuple[str, str, float, str], ...]

    @staticmethod
    def of(term: str) -> "_AnyOf":
        facts: set[str] = set()
        absent: list[str] = []
        compared: list[tuple[str, str, float, str]] = []
        not_compared: list[tuple[str, str, float, str]] = []
        for part in term.split("|"):
            name = part.removeprefix("!")
            comparison = _COMPARISON.fullmatch(name)
            if comparison is not None:
                parts = (comparison.group(1), comparison.group(2), float(comparison.group(3)), part)
                (not_compared if part.startswith("!") else compared).append(parts)
            elif part.startswith("!"):
                absent.append(name)
            else:
                facts.add(part)
        return _AnyOf(frozenset(facts), tuple(absent), tuple(compared), tuple(not_compared))

    def why(self, story: Story) -> str | None:
        """The part that holds ("" for one that is about absence), or None."""
        if not self.facts.isdisjoint(story.facts):
            return min(self.facts & story.facts)
        for name, sign, bound, written in self.compared:
            if _compares(story, name, sign, bound):
                return written
        for name in self.absent:
            if story.lacks(name):
                return ""
        for name, sign, bound, _ in self.not_compared:
            if not _compares(story, name, sign, bound):
                return ""
        return None


def _holds(terms: tuple[_AnyOf, ...], story: Story) -> tuple[str, ...] | None:
    """The facts that make all terms hold, or None."""
    matched: list[str] = []
    for term in terms:
        found = term.why(story)
        if found is None:
            return None
        if found:
            matched.append(found)
    return tuple(matched)


def _compares(story: Story, name: str, sign: str, bound: float) -> bool:
    value = story.numbers.get(name)
    if value is None:
        return False
    if sign[0] == "<":
        return value < bound or (sign == "<=" and value == bound)
    return value > bound or (sign == ">=" and value == bound)
