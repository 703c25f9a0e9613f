"""How many gateways there should be, and who sends sockets to one that joins."""

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.serve._private.common import TimeStampedValue
from ray.serve.config import AutoscalingContext

from common.errors import StartupError
from config.loading import load_settings
from config.settings import GatewaySettings
from serve_app.cluster.scaling import SOCKETS, SocketPolicy, gateways_wanted, replicas_of, to_move
from serve_app.cluster.sharing import Sharing

COUNTS = st.lists(st.integers(0, 20_000), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("sockets", "running", "wanted"),
    [
        ([0.0], 1, 1),
        ([1000.0], 1, 1),
        ([1001.0], 1, 2),
        ([4500.0], 1, 5),
        ([700.0, 700.0], 2, 2),  # one and a half would do, one would not
        ([500.0, 400.0], 2, 2),  # one would be nine tenths full: a few more, and the other one came back
        ([400.0, 400.0], 2, 1),
        ([10.0], 2, 2),  # the other one has not said what it holds
        ([], 3, 3),
    ],
)
def test_gateways_follow_the_sockets_and_do_not_flap(sockets: list[float], running: int, wanted: int) -> None:
    assert gateways_wanted(sockets, running, 1000) == wanted


@given(COUNTS, st.integers(1, 5000))
def test_what_is_wanted_is_wanted_again_when_it_is_there(sockets: list[int], target: int) -> None:
    """However the sockets are dealt out afterwards: so the number comes to rest."""
    wanted = gateways_wanted([float(held) for held in sockets], len(sockets), target)
    there = [sum(sockets) / wanted] * wanted
    assert gateways_wanted(there, wanted, target) == wanted
    assert wanted * target >= sum(sockets)


@given(st.integers(0, 20_000), COUNTS)
def test_nobody_sends_away_so_many_that_others_must_send_them_back(mine: int, others: list[int]) -> None:
    moved = to_move(mine, others)
    mean = (mine + sum(others)) / (1 + len(others))
    assert 0 <= moved <= max(0, mine - mean)


def test_a_gateway_alone_keeps_everybody_and_small_differences_stay() -> None:
    assert to_move(5000, []) == 0
    assert to_move(110, [100]) == 0
    assert to_move(9, [0]) == 0  # not worth it
    assert to_move(4000, [0]) == 400
    assert to_move(30, [0]) == 15


class Held:
    """A gateway that loses what it sends away."""

    name = "gateway-0"

    def __init__(self, sockets: int, returning: bool) -> None:
        self.sockets, self._returning = sockets, returning

    def move(self, count: int) -> None:
        self.sockets -= 0 if self._returning else count


async def rounds_until_rest(gateway: Held, others: Collection[tuple[str, int]]) -> int:
    async def peers() -> Collection[tuple[str, int]]:
        return others

    sharing = Sharing(gateway, peers)
    rounds = 0
    while await sharing.look():
        rounds += 1
    return rounds


async def test_a_gateway_that_joins_gets_its_share() -> None:
    gateway = Held(1000, returning=False)
    assert 0 < await rounds_until_rest(gateway, [("new", 500)]) < 10
    assert gateway.sockets <= 900


async def test_sockets_that_always_come_back_are_left_alone_in_the_end() -> None:
    assert await rounds_until_rest(Held(1000, returning=True), [("new", 0)]) == 60


def test_the_number_is_fixed_unless_more_may_be_added() -> None:
    assert replicas_of(GatewaySettings(replicas=3)) == {"num_replicas": 3}
    assert replicas_of(GatewaySettings(replicas=3, max_replicas=3)) == {"num_replicas": 3}
    config = replicas_of(GatewaySettings(replicas=2, max_replicas=6, sockets_per_replica=10))["autoscaling_config"]
    assert (config.min_replicas, config.max_replicas) == (2, 6)
    policy = config.policy.get_policy()(**config.policy.policy_kwargs)
    assert policy.target == 10


def test_fewer_at_most_than_at_least_is_refused() -> None:
    with pytest.raises(StartupError, match=r"gateway\.max_replicas must be at least gateway\.replicas"):
        load_settings({"gateway": {"replicas": 3, "max_replicas": 2}})


def test_the_policy_counts_the_last_report_of_each_gateway() -> None:
    raw: Any = {SOCKETS: {"a": _series(5.0, 90.0), "b": _series(300.0, 70.0)}}
    nothing: Any = None
    context = AutoscalingContext(
        deployment_id=nothing,
        deployment_name="Gateway",
        app_name="carewire",
        current_num_replicas=2,
        target_num_replicas=2,
        running_replicas=[],
        total_num_requests=0.0,
        total_queued_requests=0.0,
        aggregated_metrics={},
        raw_metrics=raw,
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=9,
        policy_state={},
        last_scale_up_time=None,
        last_scale_down_time=None,
        current_time=0.0,
        config=None,
    )
    assert SocketPolicy(50)(context) == (4, {})


def _series(*values: float) -> list[TimeStampedValue]:
    return [TimeStampedValue(float(number), value) for number, value in enumerate(values)]
