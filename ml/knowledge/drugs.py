"""Rows of the drug knowledge: options, advice, allergy groups, interactions."""

from typing import Literal

import msgspec

from ml.knowledge.schema import KnowledgeRow


class DrugOption(KnowledgeRow, frozen=True):
    """One row of the drug table."""

    row: str
    drugs: list[str]
    form: str
    class_: str = msgspec.field(name="class")
    supply: str
    conditions: list[str]
    place: str
    line: Literal["1", "option", "not first"]
    avoid: str
    allergy_groups: list[str]
    age_text: str
    min_age: float
    pregnancy_text: str
    pregnancy: Literal["ok", "warn", "exclude"]
    block: list[str]
    warn: list[str]
    interactions: list[str]
    sources: list[str]


class Advice(KnowledgeRow, frozen=True):
    """Advice against something, and why."""

    drug: str
    conditions: list[str]
    reason: str
    sources: list[str]


class AllergyGroup(KnowledgeRow, frozen=True):
    """An allergy group and what it rules out."""

    id: str
    reported: str
    action: str
    cross: str
    note: str
    reported_class: str
    words: list[str]
    block: list[str]
    warn: list[str]
    severe_block: list[str]
    sources: list[str]


class Harmless(KnowledgeRow, frozen=True):
    """Allergies that no drug here is concerned by."""

    words: list[str]


class InteractionText(KnowledgeRow, frozen=True):
    """The text of an interaction: what it does."""

    id: str
    drugs: str
    with_: str = msgspec.field(name="with")
    level: str
    effect: str
    source: str


class InteractionRule(KnowledgeRow, frozen=True):
    """Two sets of classes (`a|b`) that interact, in either direction."""

    id: str
    one: str
    other: str
    level: Literal["contraindicated", "major", "moderate"]

    def meets(self, drug: frozenset[str], taken: frozenset[str]) -> bool:
        """Do these two sets of classes interact?"""
        one, other = set(self.one.split("|")), set(self.other.split("|"))
        return bool((one & drug and other & taken) or (one & taken and other & drug))
