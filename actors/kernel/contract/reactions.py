"""Reactions: what an event of one kind entails in others, declared beside all kinds instead of inside one.

A rule is pure. It sees an event and gives what is owed because of it; a shard evaluates it in the turn that stores the
event, so what it owes lies in the turn's own document. Views are no business of rules: read models are rebuilt from the
journal without evaluating any, and so without telling anybody anything twice.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import Event, Letter, Recorded
from common.errors import CarewireError

E = TypeVar("E", bound=Event)


class Owed(msgspec.Struct, frozen=True):
    """The result of a rule.

    `first_place`: these letters were effects of their kind before there was a table, the first of them in this place
    among all letters of its event. So they keep the ids that they had.
    """

    letters: Sequence[Letter] = ()
    activities: Sequence[Activity] = ()
    first_place: int | None = None


NOTHING = Owed()


@dataclass(frozen=True, slots=True)
class Reaction(Generic[E]):
    """One rule of the table: because of this event of this kind, `rule` owes letters to entities of the kinds `to`, and
    activities of these `connectors`.

    `name` is part of its letters' ids: once it has written any, it keeps it. With `feature`, those it writes to belong
    to that feature, and while it is off the rule is not evaluated.
    """

    name: str
    kind: str
    event: type[E]
    rule: Callable[[str, Recorded[E]], Owed]
    to: tuple[str, ...]
    feature: str = ""
    connectors: tuple[str, ...] = ()


AnyReaction = Reaction[Any]
Reactions = Mapping[type[Event], Sequence[AnyReaction]]
"""The rules of one kind by the event."""


class RuleFailed(Exception):
    """A rule raised: a fault of ours, whatever it raised, and no answer to whoever asked for what happened."""


def by_event(reactions: Iterable[AnyReaction], kind: str) -> Reactions:
    """The rules for the events of this kind, in the order of the table.

    Raises:
        ValueError: two rules of the table have one name.
    """
    found: dict[type[Event], list[AnyReaction]] = {}
    names: set[str] = set()
    for reaction in reactions:
        if reaction.name in names:
            raise ValueError(f"there are two rules {reaction.name!r}")
        names.add(reaction.name)
        if reaction.kind == kind:
            found.setdefault(reaction.event, []).append(reaction)
    return found


def switched_on(reactions: Iterable[AnyReaction], off: Collection[str]) -> list[AnyReaction]:
    """The rules that write to nobody of these features."""
    return [reaction for reaction in reactions if reaction.feature not in off]


def mark_of(recorded: Recorded[Event], place: int) -> str:
    """The permanent name of an event in its entity: its number, or, for a note, its turn and its place among the notes
    of that turn."""
    return str(recorded.seq) if recorded.seq else f"{recorded.turn}.{place}"


class OwedByRules(NamedTuple):
    """The letters and activities that rules owe because of one event: letters with their command ids, and activities,
    whose keys name them."""

    letters: list[tuple[bytes, Letter]]
    activities: list[Activity]


def owed_by(reactions: Iterable[AnyReaction], entity_id: str, recorded: Recorded[Event], mark: str) -> OwedByRules:
    """The letters and activities that these rules owe because of this event. The ids of letters are made of the event,
    so they are the same whenever a rule is evaluated.

    Raises:
        RuleFailed: a rule raised.
    """
    due = OwedByRules([], [])
    for reaction in reactions:
        try:
            owed = reaction.rule(entity_id, recorded)
        except CarewireError as error:
            raise RuleFailed(reaction.name) from error
        name = (mark,) if owed.first_place is not None else (mark, reaction.name)
        due.letters.extend(
            (command_id_of(letter.to, entity_id, *name, place), letter)
            for place, letter in enumerate(owed.letters, owed.first_place or 0)
        )
        due.activities.extend(owed.activities)
    return due
