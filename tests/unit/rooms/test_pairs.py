"""A pair of users, and the one room that is theirs."""

import pytest

from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from actors.rooms.pairs import ClaimPair, PairKind, Release, pair_id
from common.errors import PermissionDenied
from tests.unit.rooms.harness import World

PAIR = pair_id(("ann", "bob"))


def test_a_pair_has_one_id_whoever_is_named_first() -> None:
    assert pair_id(("bob", "ann")) == PAIR
    assert len({pair_id(pair) for pair in (("a", "b"), ("a", "c"), ("ab", "c"), ("a", "bc"))}) == 4


@pytest.mark.parametrize("snapshot", [False, True])
def test_the_first_claim_stands_until_it_is_released(snapshot: bool) -> None:
    world = World(PairKind())
    assert world.ask(PAIR, ClaimPair("r1"), SYSTEM) == {"room_id": "r1"}
    world.passivate(PAIR, snapshot=snapshot)
    assert world.ask(PAIR, ClaimPair("r2"), SYSTEM) == {"room_id": "r1"}
    world.do(PAIR, Release("r2"), SYSTEM)  # not theirs: nothing happens
    assert world.ask(PAIR, ClaimPair("r2"), SYSTEM) == {"room_id": "r1"}
    world.do(PAIR, Release("r1"), SYSTEM)
    world.passivate(PAIR, snapshot=snapshot)
    assert world.ask(PAIR, ClaimPair("r2"), SYSTEM) == {"room_id": "r2"}


def test_nobody_but_the_system_speaks_to_a_pair_or_hears_it() -> None:
    world = World(PairKind())
    for command in (ClaimPair("r1"), Release("r1"), Attach()):
        with pytest.raises(PermissionDenied):
            world.ask(PAIR, command, Principal("ann", "admin"))
