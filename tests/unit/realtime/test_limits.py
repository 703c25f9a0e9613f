"""Limits of events, the door, and what is under way: by a clock that stands still until it is told to go on."""

import heapq
import random
from dataclasses import dataclass

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from common.auth.tokens import Verified
from common.errors import Overloaded, RateLimited
from config.settings import GatewaySettings, LimitSettings
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.packets import Incoming
from realtime.delivery.requests import Hello
from realtime.delivery.socket_writer import SocketWriter
from realtime.front.bounds.admission import ConnectionAdmission, refused
from realtime.front.bounds.inbound import Inbound
from realtime.front.bounds.limits import EventLimits
from realtime.front.handlers import Limit
from tests.unit.realtime.test_deadlines import StillClock


@dataclass
class Line:
    """As much of a wire socket as is held and let go."""

    holds: int = 0

    @property
    def reading(self) -> bool:
        return not self.holds

    def hold(self) -> None:
        self.holds += 1

    def let_go(self) -> None:
        self.holds -= 1


class Desk:
    """Everything that limits, and connections to be limited."""

    def __init__(self, limits: LimitSettings | None = None, **gateway: int) -> None:
        self.clock = StillClock()
        self.registry = CollectorRegistry()
        self.metrics = GatewayMetrics(self.registry)
        self.limits = EventLimits(limits or LimitSettings(), self.clock, self.metrics)
        self.deadlines = Deadlines(self.clock)
        self.inbound = Inbound(GatewaySettings.model_validate(gateway), self.deadlines, self.clock)
        self.admission = ConnectionAdmission(limits or LimitSettings(), self.clock, self.metrics, random.Random(1))

    def connection(self, user: str = "", address: str = "10.0.0.1") -> Connection:
        verified = Verified(user, "client", "", 2**40, "") if user else None
        return Connection(f"sid-{user}", SocketWriter(Line()), Hello(), verified, address)

    def granted(self, connection: Connection, limit: Limit, tries: int) -> int:
        return sum(self.passes(connection, limit) for _ in range(tries))

    def passes(self, connection: Connection, limit: Limit) -> bool:
        try:
            self.limits.check(connection, limit)
        except RateLimited:
            return False
        return True


def test_a_limit_is_of_a_user_over_all_sockets_and_each_class_has_its_own() -> None:
    desk = Desk(LimitSettings(messages_per_s=2, burst_s=5))
    phone, laptop, bob = desk.connection("alice"), desk.connection("alice"), desk.connection("bob")
    assert desk.granted(phone, "message", 6) + desk.granted(laptop, "message", 6) == 10
    with pytest.raises(RateLimited) as refusal:
        desk.limits.check(phone, "message")
    assert refusal.value.to_wire()["retry_after"] == 0.5
    assert refusal.value.to_wire()["details"] == {"class": "message"}
    assert desk.granted(phone, "signal", 6) == 6
    assert desk.granted(bob, "message", 6) == 6
    desk.clock.now_s += 0.5
    assert desk.granted(laptop, "message", 3) == 1
    told = desk.registry.get_sample_value("carewire_gateway_limited_total", {"class": "message", "of": "user"})
    assert told == 2 + 1 + 2


def test_an_address_has_the_limit_of_many_users_and_strangers_have_only_that() -> None:
    desk = Desk(LimitSettings(messages_per_s=1, connects_per_s=1, burst_s=2, address_factor=3))
    users = [desk.connection(f"user-{number}") for number in range(5)]
    assert sum(desk.granted(one, "message", 2) for one in users) == 6
    assert desk.granted(desk.connection("user-9", "10.0.0.2"), "message", 2) == 2
    assert desk.granted(desk.connection(), "connect", 20) == 6


def test_limits_that_are_off_limit_nothing() -> None:
    desk = Desk(LimitSettings(enabled=False, messages_per_s=1, burst_s=1, handshakes_per_s=1, handshakes_under_way=1))
    desk.admission.under_way = 100
    assert desk.granted(desk.connection("alice"), "message", 5000) == 5000
    assert all(desk.admission.refusal("10.0.0.1") is None for _ in range(5000))
    desk.admission.enter()
    desk.limits.check_connect("alice")


def test_a_refusal_at_the_door_is_an_http_answer_with_a_hint() -> None:
    desk = Desk(LimitSettings(handshakes_per_s=1, address_handshakes_per_s=100))
    assert [desk.admission.refusal("10.0.0.1") for _ in range(2)] == [None, None]
    error = desk.admission.refusal("10.0.0.1")
    assert isinstance(error, Overloaded)
    reply = refused(error)
    told = msgspec.json.decode(reply["response"])
    assert reply["status"] == "503 SERVICE UNAVAILABLE"
    assert told["code"] == "overloaded"
    assert 0.5 <= told["retry_after"] <= 1.2
    assert dict(reply["headers"])["Retry-After"] in ("1", "2")


def test_one_address_cannot_take_the_door_from_the_others() -> None:
    desk = Desk(LimitSettings(handshakes_per_s=10, address_handshakes_per_s=2))
    codes = [error.code if (error := desk.admission.refusal("6.6.6.6")) else "" for _ in range(100)]
    assert codes == [""] * 4 + ["rate_limited"] * 96
    assert [desk.admission.refusal(f"10.0.0.{number}") for number in range(10)] == [None] * 10


def test_the_door_is_shut_while_too_many_handshakes_are_under_way() -> None:
    desk = Desk(LimitSettings(handshakes_under_way=5))
    desk.admission.under_way = 5
    assert isinstance(desk.admission.refusal("10.0.0.1"), Overloaded)
    desk.admission.enter()  # it was let in before
    desk.admission.under_way = 10
    with pytest.raises(Overloaded):
        desk.admission.enter()
    desk.admission.under_way = 4
    assert desk.admission.refusal("10.0.0.1") is None


ALL = 10_000


def crowd(desk: Desk, again_s: "dict[str, float] | None" = None) -> tuple[float, int]:
    """All come at once, and come back until they are in, as told (or as `again_s` has it: a stock client's backoff).
    When the last is in, and the most that were let in within a second."""
    dice = random.Random(2)
    arrivals = [(0.0, number, 0) for number in range(ALL)]
    admitted: list[float] = []
    while arrivals:
        at_s, who, tries = heapq.heappop(arrivals)
        desk.clock.now_s = at_s
        error = desk.admission.refusal(f"10.{who % 50}.0.1")
        if error is None:
            admitted.append(at_s)
            continue
        assert error.retry_after_s is not None
        wait_s = error.retry_after_s
        if again_s is not None:
            wait_s = min(again_s["first"] * 2**tries, again_s["longest"]) * dice.uniform(0.5, 1.5)
        heapq.heappush(arrivals, (at_s + wait_s, who, tries + 1))
    spans = [sum(at_s <= one < at_s + 1 for one in admitted) for at_s in range(int(admitted[-1]) + 1)]
    return admitted[-1], max(spans)


def test_ten_thousand_who_come_at_once_are_spread_over_the_time_that_it_takes() -> None:
    last_s, most = crowd(Desk(LimitSettings(handshakes_per_s=1000)))
    assert 8 <= last_s <= 15
    assert most <= 3000


def test_stock_clients_who_know_no_hint_are_all_in_within_a_minute() -> None:
    last_s, most = crowd(Desk(LimitSettings(handshakes_per_s=1000)), {"first": 1.0, "longest": 5.0})
    assert 8 <= last_s <= 30
    assert most <= 3000


EVENT = Incoming("message", (msgspec.Raw(b"x" * 99_000),))


def test_a_socket_with_much_under_way_is_read_no_further_until_half_is_answered() -> None:
    desk = Desk()
    alice = desk.connection("alice")
    line = alice.writer._socket
    sizes = [desk.inbound.begin(alice, EVENT) for _ in range(6)]
    assert not line.reading
    held = []
    for size in sizes:
        desk.inbound.end(alice, size)
        held.append(not line.reading)
    assert held == [True, True, True, False, False, False]
    assert desk.inbound.bytes == alice.in_flight == alice.in_flight_bytes == 0


def test_a_socket_and_the_gateway_take_so_much_and_no_more() -> None:
    desk = Desk(max_in_flight=3, max_inbound_bytes=1024 * 1024)
    alice, bob = desk.connection("alice"), desk.connection("bob")
    for _ in range(3):
        desk.inbound.begin(alice, Incoming("message"))
    with pytest.raises(Overloaded, match="on this connection"):
        desk.inbound.begin(alice, Incoming("message"))
    with pytest.raises(Overloaded, match="server is busy"):
        desk.inbound.begin(bob, Incoming("message", (msgspec.Raw(b"x" * 1024 * 1024),)))
    desk.inbound.begin(bob, EVENT)
    assert alice.in_flight == 3


def test_who_goes_on_after_refusals_is_read_no_further_for_a_second() -> None:
    desk = Desk()
    mallory = desk.connection("mallory")
    line = mallory.writer._socket
    for _ in range(99):
        desk.inbound.refused(mallory)
    assert line.reading
    for _ in range(500):
        desk.inbound.refused(mallory)
    assert not line.reading
    desk.clock.now_s += 1.0
    desk.deadlines.run_due()
    assert line.reading
