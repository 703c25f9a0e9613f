"""What somebody may not do: as many restrictions as there may be are those in force, never those that are over."""

import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.moderation.shield.commands import Lift, Restrict
from actors.moderation.shield.entity import MOST_RESTRICTIONS
from actors.moderation.shield.kind import ShieldKind
from common.errors import FailedPrecondition
from tests.unit.rooms.harness import World

SHIELD = "shield:ann"


def restrict(world: World, name: str, until: int = 0) -> None:
    command = Restrict(restriction=name, scope=("message",), case="case_1", by="mo", until=until, secret=b"why")
    world.ask(SHIELD, command, SYSTEM)


def test_restrictions_that_are_over_leave_room_for_others() -> None:
    world = World(ShieldKind())
    for number in range(MOST_RESTRICTIONS - 1):
        restrict(world, f"rst_{number}")
    restrict(world, "rst_short", until=world.now_ms + 60_000)
    with pytest.raises(FailedPrecondition):
        restrict(world, "rst_more")
    world.ask(SHIELD, Lift(restriction="rst_0", by="mo"), SYSTEM)
    restrict(world, "rst_more")
    with pytest.raises(FailedPrecondition):
        restrict(world, "rst_last")
    world.now_ms += 60_000
    restrict(world, "rst_last")
