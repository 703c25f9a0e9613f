"""Who can reach whom."""

from collections.abc import Collection

import pytest

from common.errors import PermissionDenied
from common.reach import Reach
from tests.unit.rooms.harness import run


class Facts:
    """Bob and Ann are apart. What it was asked for is remembered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, set[str]]] = []

    async def __call__(self, user: str, others: Collection[str]) -> Collection[str]:
        self.asked.append((user, set(others)))
        return {"ann": ["bob"], "bob": ["ann", "eve"]}.get(user, [])


def test_until_somebody_knows_better_everybody_can_be_reached() -> None:
    run(Reach().may_reach("ann", "bob", "cleo"))
    assert run(Reach().among("ann", ["bob"])) == frozenset()


def test_who_cannot_be_reached_is_refused_for_no_reason_and_without_a_name() -> None:
    reach = Reach(Facts())
    for user, other in (("ann", "bob"), ("bob", "ann")):
        with pytest.raises(PermissionDenied) as refused:
            run(reach.may_reach(user, "cleo", other))
        assert refused.value.details == {"reason": "unreachable"}
        assert refused.value.message == "This person cannot be reached."
    run(reach.may_reach("ann", "cleo"))


def test_many_are_one_question_and_nobody_is_asked_about_themselves_or_about_carewire() -> None:
    facts = Facts()
    reach = Reach(facts)
    assert run(reach.among("bob", ["ann", "bob", "", "cleo"])) == {"ann"}  # eve was not asked for
    assert facts.asked == [("bob", {"ann", "cleo"})]
    run(reach.may_reach("", "ann"))
    run(reach.may_reach("ann", "ann"))
    assert len(facts.asked) == 1
