"""Cases and the rules of the house are changed as they were read, or not at all."""

import pytest

from actors.kernel.contract.entity import Command, Context, Decision, Principal
from actors.moderation.case.commands import (
    AddNote,
    AssignModerator,
    Close,
    ConfirmResolution,
    RejectResolution,
    TakeAction,
)
from actors.moderation.case.entity import CaseEntity
from actors.moderation.case.opening import CaseDeadlines
from actors.moderation.house.entity import GetRules, House, SetRules, ShownPolicy
from actors.moderation.house.policy import SHIPPED
from actors.moderation.records import Case, CaseState
from actors.moderation.showing import ShownCase
from common.errors import FailedPrecondition, NotFound
from config.settings import ModerationSettings

MO = Principal("mo", "moderator")
ROOT = Principal("root", "admin")
CHANGES: list[tuple[type[Command[ShownCase]], dict[str, object], CaseState]] = [
    (AssignModerator, {}, "open"),
    (AddNote, {"secret": b"Look."}, "open"),
    (TakeAction, {"deed": "warn"}, "open"),
    (Close, {"outcome": "unfounded", "secret": b"It is not so."}, "open"),
    (ConfirmResolution, {}, "closing"),
    (RejectResolution, {"secret": b"It is."}, "closing"),
]


def a_case(state: CaseState = "open") -> CaseEntity:
    """Of somebody, at version 7."""
    case = Case(
        id="case_1",
        kind="report",
        severity="normal",
        state=state,
        subject="eve",
        created=1,
        due=2,
        closing_by="max" if state == "closing" else "",
    )
    return CaseEntity("case_1", CaseDeadlines.of(ModerationSettings()), case)


@pytest.mark.parametrize(("kind", "members", "state"), CHANGES, ids=[kind.__name__ for kind, _, _ in CHANGES])
def test_a_case_that_has_changed_meanwhile_is_decided_anew(
    kind: type[Command[ShownCase]], members: dict[str, object], state: CaseState
) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        a_case(state).decide(kind(**members, versions=(6,)), Context(MO, 10), 7)  # type: ignore[arg-type]
    assert refused.value.details == {"reason": "version", "version": 7}
    for versions in ({"versions": (6, 7)}, {}):
        assert a_case(state).decide(kind(**members, **versions), Context(MO, 10), 7).events  # type: ignore[arg-type]


def test_whoever_may_not_see_a_case_does_not_learn_its_version() -> None:
    with pytest.raises(NotFound):
        a_case().decide(AssignModerator("mo", (6,)), Context(Principal("eve", "moderator"), 10), 7)


def test_rules_of_the_house_that_have_changed_meanwhile_are_not_set() -> None:
    house = House()

    def decide(command: GetRules | SetRules, version: int) -> Decision:
        return house.decide(command, Context(ROOT, 10), version)

    shown = decide(GetRules(), 7).reply
    assert isinstance(shown, ShownPolicy)
    assert shown.version == 7
    with pytest.raises(FailedPrecondition) as refused:
        decide(SetRules(rules=SHIPPED, versions=(6,)), 7)
    assert refused.value.details == {"reason": "version", "version": 7}
    for command in (SetRules(rules=SHIPPED, versions=(7,)), SetRules(rules=SHIPPED)):
        assert decide(command, 7).events
