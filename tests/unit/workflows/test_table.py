"""The table as a whole: its names, its page, what its letters are made of."""

from pathlib import Path
from typing import get_args

import pytest

from actors.kernel.contract.entity import Event, Letter, Recorded
from actors.kernel.contract.reactions import (
    Owed,
    Reaction,
    RuleFailed,
    by_event,
    mark_of,
    owed_by,
    switched_on,
)
from actors.workflows.document import render
from actors.workflows.table import SUBJECTS, all_reactions, reactions_of
from common.errors import Conflict
from config.features import FeatureSettings
from config.settings import Settings
from serve_app.cluster.spec import CarewireSpec

PAGE = Path(__file__).parents[3] / "docs" / "workflows.md"
RULES = {rule.name: rule for rule in all_reactions()}
KINDS = {kind.name: kind for pool in CarewireSpec(Settings()).pools for kind in CarewireSpec(Settings()).kinds(pool)}


class Happened(Event, frozen=True, tag="happened"):
    """Something."""


def two_letters(entity_id: str, recorded: Recorded[Happened]) -> Owed:
    return Owed([Letter("b:1", b"\x80"), Letter("b:2", b"\x80")])


def a_rule(name: str = "rule", feature: str = "") -> Reaction[Happened]:
    return Reaction(name, "a", Happened, two_letters, ("b",), feature)


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == render(all_reactions()), "run: python -m actors.workflows.document > docs/workflows.md"


def test_each_rule_says_what_it_does_and_stands_with_its_subject() -> None:
    for subject in SUBJECTS.values():
        for rule in subject.load():
            assert rule.kind in subject.kinds
            assert rule.rule.__doc__
            events = KINDS[rule.kind].events
            assert rule.event in (get_args(events) or (events,))
            assert set(rule.to) <= KINDS.keys()


def test_names_are_unique_or_nothing_starts() -> None:
    assert len(RULES) == len(all_reactions())
    with pytest.raises(ValueError, match="two rules"):
        by_event([a_rule(), a_rule()], "a")


def test_a_kind_gets_its_own_rules_by_the_event_in_the_order_of_the_table() -> None:
    first, second = a_rule("first"), a_rule("second")
    assert by_event([first, second], "a") == {Happened: [first, second]}
    assert by_event([first, second], "b") == {}


def test_a_pool_has_the_rules_of_its_kinds() -> None:
    recipe = CarewireSpec(Settings())
    assert [rule for pool in recipe.pools for rule in recipe.reactions(pool)] == all_reactions()
    assert {rule.kind for rule in recipe.reactions("rooms")} == {"room", "user"}
    assert reactions_of(["no such kind"]) == []


def test_every_feature_of_a_rule_is_a_switch() -> None:
    assert {rule.feature for rule in all_reactions()} - {""} <= FeatureSettings.model_fields.keys()


def test_the_rules_of_a_feature_that_is_off_are_left_out() -> None:
    always, payments = a_rule("always"), a_rule("bill", "payments")
    assert switched_on([always, payments], off=()) == [always, payments]
    assert switched_on([always, payments], off={"payments", "video"}) == [always]


def test_ids_are_of_the_event_the_rule_and_the_place() -> None:
    recorded = Recorded(7, 1, 3, Happened())
    made = owed_by([a_rule()], "a:1", recorded, mark_of(recorded, 0)).letters
    assert made == owed_by([a_rule()], "a:1", Recorded(7, 99, 3, Happened()), "7").letters  # whenever it is evaluated
    others = [
        *owed_by([a_rule("other")], "a:1", recorded, "7").letters,
        *owed_by([a_rule()], "a:2", recorded, "7").letters,
        *owed_by([a_rule()], "a:1", recorded, "8").letters,
    ]
    ids = [command_id for command_id, _ in [*made, *others]]
    assert len(set(ids)) == len(ids) == 8


def test_a_note_is_named_by_its_turn_and_its_place_there() -> None:
    notes = [mark_of(Recorded(0, 1, turn, Happened()), place) for turn, place in ((1, 0), (1, 1), (11, 0))]
    assert notes == ["1.0", "1.1", "11.0"]
    assert mark_of(Recorded(5, 1, 1, Happened()), 3) == "5"


def test_whatever_a_rule_raises_is_no_answer_to_who_asked() -> None:
    def refuses(entity_id: str, recorded: Recorded[Happened]) -> Owed:
        raise Conflict("This must not reach a client.")

    rule = Reaction("refuses", "a", Happened, refuses, ("b",))
    with pytest.raises(RuleFailed, match="refuses"):
        owed_by([rule], "a:1", Recorded(1, 1, 1, Happened()), "1")


def test_what_is_secret_has_an_owner() -> None:
    with pytest.raises(ValueError, match="owner"):
        Letter("b:1", b"\x80", b"quote")
    with pytest.raises(ValueError, match="owner"):
        Letter("b:1", b"\x80", owner="ann")
