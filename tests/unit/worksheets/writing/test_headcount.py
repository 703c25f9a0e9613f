"""How many sockets all gateways have open of one document."""

from collections import Counter
from functools import partial

import msgspec
from prometheus_client import CollectorRegistry

from actors.kernel.contract.entity import packet_of
from actors.worksheets.document.wire import JOINED, JoinedCount
from realtime.front.hub import Hub
from serve_app.capabilities.worksheets.writing.headcount import HeadCount, is_count
from tests.skipping import HandClock

TOPIC = "assignment:asg_1"


class Gateways:
    """Three of them, who hear each other at once, and only where they have a socket."""

    def __init__(self) -> None:
        self.clock, self.joined = HandClock(), Counter[str]()
        self.counts: dict[str, HeadCount] = {}
        self.hubs: dict[str, Hub] = {}
        for name in "abc":
            hub = Hub(name, self.clock, CollectorRegistry(), unlisten=lambda _: None, max_rooms=1, max_watched=1)
            self.hubs[name] = hub
            self.counts[name] = HeadCount(
                name,
                hub.deadlines,
                now_s=self.clock.monotonic_s,
                own=partial(self._own, name),
                tell=self._tell,
            )

    def _own(self, name: str, topic: str) -> int:
        return self.joined[name]

    def _tell(self, topic: str, count: JoinedCount) -> None:
        packet = packet_of(JOINED, msgspec.json.encode(count))
        assert is_count(packet)
        for name, hearing in self.counts.items():
            if self.joined[name]:
                hearing.heard(topic, packet)

    def change(self, name: str, by: int) -> None:
        self.joined[name] += by
        self.counts[name].changed(TOPIC)

    def later(self, by_s: float) -> None:
        self.clock.now_s += by_s
        for hub in self.hubs.values():
            hub.deadlines.run_due()

    def elsewhere(self) -> dict[str, int]:
        return {name: count.elsewhere(TOPIC) for name, count in self.counts.items()}


def test_each_knows_of_the_others_whoever_came_first() -> None:
    all_ = Gateways()
    all_.change("a", 2)
    all_.change("b", 3)
    assert all_.elsewhere() == {"a": 3, "b": 2, "c": 0}
    all_.change("b", -1)
    assert all_.elsewhere() == {"a": 2, "b": 2, "c": 0}
    all_.change("b", -2)
    assert all_.elsewhere() == {"a": 0, "b": 0, "c": 0}


def test_who_stays_is_counted_on_and_who_died_is_not() -> None:
    all_ = Gateways()
    all_.change("a", 1)
    all_.change("b", 4)
    for _ in range(4):
        all_.later(10.5)
    assert all_.elsewhere()["a"] == 4
    del all_.counts["b"], all_.hubs["b"]
    for _ in range(4):
        all_.later(10.5)
    assert all_.elsewhere()["a"] == 0
