"""The table of all reactions. A subject is imported when somebody asks for the rules of one of its kinds, and not
before: a shard carries no code of kinds that it does not host."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.reactions import AnyReaction


@dataclass(frozen=True, slots=True)
class Subject:
    """A file of rules: the kinds whose events they react to, and how to load them."""

    kinds: frozenset[str]
    load: Callable[[], list[AnyReaction]]


def _chat() -> list[AnyReaction]:
    from actors.workflows.chat import REACTIONS

    return REACTIONS


def _booking() -> list[AnyReaction]:
    from actors.workflows.booking import REACTIONS

    return REACTIONS


def _waitlist() -> list[AnyReaction]:
    from actors.workflows.waitlist import REACTIONS

    return REACTIONS


def _care() -> list[AnyReaction]:
    from actors.workflows.care import REACTIONS

    return REACTIONS


SUBJECTS: Final[Mapping[str, Subject]] = {
    "chat": Subject(frozenset({"room"}), _chat),
    "booking": Subject(frozenset({"booking"}), _booking),
    "waitlist": Subject(frozenset({"waitlist"}), _waitlist),
    "care": Subject(frozenset({"care"}), _care),
}


def reactions_of(kinds: Collection[str]) -> list[AnyReaction]:
    """The rules for the events of these kinds, subject after subject."""
    asked = frozenset(kinds)
    subjects = [subject for subject in SUBJECTS.values() if subject.kinds & asked]
    return [rule for subject in subjects for rule in subject.load() if rule.kind in asked]


def all_reactions() -> list[AnyReaction]:
    """The whole table."""
    return reactions_of([kind for subject in SUBJECTS.values() for kind in subject.kinds])
