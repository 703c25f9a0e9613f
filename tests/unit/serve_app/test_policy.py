"""The table of who may do what: every cell against a second, independent statement of it."""

from pathlib import Path

import pytest

from common.errors import PermissionDenied
from common.policy import POLICY, RULES, Policy, Relation, Rule, render
from common.tokens import ROLES
from tests.declared import declared_events

# Rows are actions, columns client, therapist, moderator, admin; letters are relations: (s)elf (o)wner (m)ember (c)are
# (g)rant o(p)en (n)one; * is all of them. Written by hand, so that no change of the table passes by accident.
CELLS = """
room.create * * * *
room.list s s s s
room.join omp omp omp omp
room.read om om omg omg
room.post om om om om
room.react om om om om
room.mark_read om om om om
room.type om om om om
room.edit_message s s s s
room.delete_message so so so so
room.manage o o o o
room.leave om om om om
inbox.read s s s s
socket.authenticate * * * *
presence.set s s s s
presence.watch * * * *
calendar.availability * * * *
calendar.manage - o - *
calendar.feed - o - *
calendar.share_feed - o - *
booking.share_feed s s s s
booking.create s so s *
booking.read sm smo sm *
booking.confirm s so s *
booking.reschedule s so s *
booking.cancel s so s *
booking.close - o - *
booking.transfer - o - *
series.create s so s *
series.read s so s *
series.manage s so s *
waitlist.join s so s *
waitlist.read s so s *
waitlist.figures - * - *
waitlist.leave s so s *
ml.use * * * *
ml.classify - * * *
account.enter * * * *
account.read s s s *
account.change s s s s
account.administer - - - *
session.read s s s s
session.revoke s s s s
invitation.manage - - - *
care.propose - * - *
care.accept s - - -
care.read m m m *
care.pause - o - *
care.end m m m *
breakglass.open - - * *
breakglass.read - - g g
audit.read s s s *
privacy.export s s s s
privacy.erase s s s *
operations.read - - - *
job.read - - - *
job.change - - - *
webhook.receive * * * *
webhook.read - - - *
webhook.replay - - - *
operations.scale - - - *
activity.read - - - *
activity.change - - - *
operations.clock - - - *
"""
LETTERS = dict(zip("somcgpn", Relation, strict=True))
COLUMNS = ("client", "therapist", "moderator", "admin")


def expected() -> dict[tuple[str, str, Relation], bool]:
    cells: dict[tuple[str, str, Relation], bool] = {}
    for line in CELLS.split("\n"):
        action, *columns = line.split() or [""]
        for role, letters in zip(COLUMNS, columns, strict=False):
            allowed = set(Relation) if letters == "*" else {LETTERS[letter] for letter in letters if letter != "-"}
            cells |= {(action, role, relation): relation in allowed for relation in Relation}
    return cells


def test_every_cell_of_the_table_is_as_it_was_decided() -> None:
    cells = expected()
    assert set(cells) == {(rule.action, role, relation) for rule in RULES for role in ROLES for relation in Relation}
    wrong = {cell for cell, allowed in cells.items() if POLICY.allows(cell[1], cell[2], cell[0]) is not allowed}
    assert not wrong


def test_who_may_never_do_it_is_refused_before_any_relation_is_known() -> None:
    for rule in POLICY:
        for role in ROLES:
            if rule.by_role.get(role):
                POLICY.require(role, rule.action)
            else:
                with pytest.raises(PermissionDenied):
                    POLICY.require(role, rule.action)


def test_one_good_relation_is_enough_and_none_is_not() -> None:
    POLICY.require("client", "booking.read", {Relation.NONE, Relation.SELF})
    with pytest.raises(PermissionDenied):
        POLICY.require("client", "booking.read", {Relation.NONE})
    with pytest.raises(PermissionDenied):
        POLICY.require("client", "booking.read", ())


def test_a_role_that_nobody_knows_may_nothing() -> None:
    assert not any(POLICY.ever("root", rule.action) for rule in POLICY)


def test_an_action_that_nobody_knows_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        POLICY.require("admin", "room.reed")
    with pytest.raises(ValueError, match="one rule"):
        Policy([Rule("a", "", {}), Rule("a", "", {})])


def test_every_event_stands_under_an_action_that_exists() -> None:
    assert all(handler.action in POLICY for handler in declared_events().values())


def test_the_documentation_shows_the_table_as_it_is() -> None:
    shown = Path(__file__).parents[3] / "docs" / "policy.md"
    assert render(POLICY) in shown.read_text(), "run: python -m common.policy > docs/policy.md"


def test_every_action_is_asked_for_somewhere() -> None:
    root = Path(__file__).parents[3]
    packages = ("actors", "realtime", "serve_app")
    asked = "".join(path.read_text() for package in packages for path in (root / package).rglob("*.py"))
    assert [rule.action for rule in RULES if f'"{rule.action}"' not in asked] == []
