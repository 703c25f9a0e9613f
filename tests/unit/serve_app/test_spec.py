"""The one table of pools: everybody who asks about a pool asks it."""

import pytest

from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import NOTHING, Owed, Reaction
from config.features import FeatureSettings
from config.settings import KernelSettings, Settings
from serve_app.cluster.spec import POOLS, CarewireSpec

RECIPE = CarewireSpec(
    Settings(kernel=KernelSettings(room_shards=3, calendar_shards=5, care_shards=2), _env_file=None)  # type: ignore[call-arg] # pydantic-settings' own
)


@pytest.mark.parametrize("pool", list(POOLS))
def test_a_pool_hosts_the_kinds_that_it_names(pool: str) -> None:
    assert [kind.name for kind in RECIPE.kinds(pool)] == list(RECIPE.pools[pool])
    assert len(RECIPE.shards_of(pool)) == RECIPE.shards(pool)


def test_each_pool_has_its_own_number_of_shards() -> None:
    assert {pool: RECIPE.shards(pool) for pool in RECIPE.pools} == {"rooms": 3, "calendars": 5, "care": 2}


def test_no_kind_lives_in_two_pools() -> None:
    kinds = [kind for names in RECIPE.pools.values() for kind in names]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("ask", [RECIPE.kinds, RECIPE.shards, RECIPE.shards_of])
def test_a_pool_that_is_not_there_is_an_error_and_no_other_pool(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(KeyError):
        ask("payments")


class Happened(Event, frozen=True, tag="happened"):
    """Something."""


def test_rules_of_a_feature_that_is_off_are_not_handed_to_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(entity_id: str, recorded: Recorded[Happened]) -> Owed:
        return NOTHING

    table = [
        Reaction("always", "room", Happened, rule, ()),
        Reaction("bill", "room", Happened, rule, (), feature="payments"),
    ]
    monkeypatch.setattr("serve_app.cluster.spec.reactions_of", lambda _: table)
    off = CarewireSpec(Settings(features=FeatureSettings(payments=False)))
    assert [one.name for one in RECIPE.reactions("rooms")] == ["always", "bill"]
    assert [one.name for one in off.reactions("rooms")] == ["always"]
