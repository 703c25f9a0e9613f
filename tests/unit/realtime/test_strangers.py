"""What transports and addresses may do before anybody knows whose they are, by a clock that stands still."""

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from common.errors import RateLimited
from config.settings import LimitSettings
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.metrics import GatewayMetrics
from realtime.front.bounds.strangers import FREE_TRIES, MOST_TRIES, PENALTY_S, Strangers
from tests.unit.realtime.test_deadlines import StillClock


class Transport:
    """As much of a wire socket as is held and let go."""

    def __init__(self) -> None:
        self.holds = 0

    @property
    def held(self) -> bool:
        return self.holds > 0

    def hold(self) -> None:
        self.holds += 1

    def let_go(self) -> None:
        self.holds -= 1


class Desk:
    def __init__(self, **limits: float) -> None:
        self.clock = StillClock()
        self.registry = CollectorRegistry()
        self.deadlines = Deadlines(self.clock)
        metrics = GatewayMetrics(self.registry)
        self.strangers = Strangers(LimitSettings.model_validate(limits), 10.0, self.deadlines, self.clock, metrics)

    def passes(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.deadlines.run_due()

    def looked_at(self, address: str, tries: int) -> int:
        """How many bad tokens of this address are looked at."""
        count = 0
        for _ in range(tries):
            try:
                self.strangers.check(address)
            except RateLimited:
                continue
            count += 1
            self.strangers.refused(address, {"code": "unauthenticated"})
        return count


def test_a_transport_is_held_after_some_tries_and_closed_after_more() -> None:
    desk, transport = Desk(), Transport()
    for _ in range(FREE_TRIES):
        assert desk.strangers.tried(transport)
    assert not transport.held
    for _ in range(MOST_TRIES - FREE_TRIES):
        assert desk.strangers.tried(transport)
        assert transport.held
        desk.passes(PENALTY_S)
        assert not transport.held
    assert not desk.strangers.tried(transport)
    assert desk.strangers.tried(Transport()), "another one has its own"


def test_tries_are_forgotten_after_a_minute_and_with_the_transport() -> None:
    desk, transport = Desk(), Transport()
    for _ in range(MOST_TRIES):
        desk.strangers.tried(transport)
    desk.passes(60.0)
    assert desk.strangers.tried(transport)
    desk.strangers.gone(transport)
    desk.strangers.gone(transport)
    assert not len(desk.strangers)


def test_the_time_to_say_who_one_is_runs_on_until_it_is_said() -> None:
    desk, transport = Desk(), Transport()
    assert desk.strangers.left_s(transport) == 10.0
    desk.passes(7.0)
    assert desk.strangers.left_s(transport) == pytest.approx(3.0)
    desk.strangers.known(transport)
    assert not len(desk.strangers)
    assert desk.strangers.left_s(transport) == 10.0


def test_an_address_that_showed_many_bad_tokens_has_to_wait_and_others_have_not() -> None:
    desk = Desk(refusals_per_s=10)
    assert desk.looked_at("10.0.0.1", 100) == 20
    with pytest.raises(RateLimited) as refusal:
        desk.strangers.check("10.0.0.1")
    assert refusal.value.retry_after_s == pytest.approx(0.1)
    assert desk.looked_at("10.0.0.2", 5) == 5
    desk.passes(1.0)
    assert desk.looked_at("10.0.0.1", 100) == 10
    limited = desk.registry.get_sample_value("carewire_gateway_limited_total", {"class": "connect", "of": "stranger"})
    assert limited == 100 - 20 + 1 + 100 - 10


def test_without_limits_no_address_waits() -> None:
    assert Desk(enabled=False).looked_at("10.0.0.1", 10_000) == 10_000


def test_refusals_are_logged_some_times_a_second_with_the_number_of_the_others() -> None:
    desk = Desk(enabled=False)
    with capture_logs() as lines:
        desk.looked_at("10.0.0.1", 1000)
        desk.passes(1.0)
        desk.looked_at("10.0.0.1", 1)
    assert len(lines) == 11
    assert lines[-1]["unlogged"] == 990
