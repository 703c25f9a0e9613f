"""Whatever happens, in whatever order: who is shown as online, and what watchers are told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.presence.presence import Presence
from actors.presence.state import INVISIBLE, OFFLINE, ONLINE, Instant, Memory, State

GRACE_S, LEASE_S = 5, 10
GATEWAYS = ("g0", "g1")
USERS = ("ann", "bob")
START_MS = 1_700_000_000_000


@dataclass
class Oracle:
    """The rules once more, as plainly as they can be said: it looks at everybody, every time."""

    now_s: int = 0
    devices: dict[str, dict[str, set[str]]] = field(default_factory=dict)  # gateway -> user -> devices
    heard_s: dict[str, int] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    there_s: dict[str, int] = field(default_factory=dict)  # user -> when a device was there last
    there_ms: dict[str, int] = field(default_factory=dict)
    choice: dict[str, str] = field(default_factory=dict)
    seen_ms: dict[str, int] = field(default_factory=dict)

    def present(self, user: str) -> bool:
        return self.connected(user) or self.now_s - self.there_s.get(user, -100) < GRACE_S

    def connected(self, user: str) -> bool:
        return any(users.get(user) for users in self.devices.values())

    def status(self, user: str) -> str:
        return self.choice.get(user, ONLINE) if self.present(user) else OFFLINE

    def lose(self, gateway: str, at_s: int) -> None:
        """The gateway's devices are gone; they were there until `at_s`."""
        for user, devices in self.devices.pop(gateway, {}).items():
            if devices:
                self.depart(user, at_s)

    def depart(self, user: str, at_s: int) -> None:
        self.there_s[user] = self.now_s
        if not self.connected(user):
            self.there_ms[user] = at_s * 1000 + START_MS


class Run:
    """The rules and the oracle side by side, with gateways that keep what they were sent."""

    def __init__(self) -> None:
        self.presence = Presence(grace_s=GRACE_S, lease_s=LEASE_S)
        self.oracle = Oracle()
        self.store: dict[str, Memory] = {}
        self.views: dict[str, dict[str, State | None]] = {}
        self.told: dict[tuple[str, str], list[str]] = {}
        self.was_present: dict[str, bool] = {}
        for gateway in GATEWAYS:
            self.open(gateway)

    @property
    def now(self) -> Instant:
        return Instant(float(self.oracle.now_s), START_MS + self.oracle.now_s * 1000)

    def open(self, gateway: str) -> None:
        self.oracle.lose(gateway, self.oracle.now_s)
        self.oracle.devices[gateway] = {}
        self.oracle.heard_s[gateway] = self.oracle.now_s
        self.oracle.dead.discard(gateway)
        self.presence.open(gateway, self.now)
        self.views[gateway] = {}
        for user in USERS:
            self.told.pop((gateway, user), None)

    def seat(self, gateway: str, user: str, devices: frozenset[str]) -> None:
        if gateway in self.oracle.dead:
            return
        before = self.oracle.devices[gateway].get(user)
        self.oracle.devices[gateway][user] = set(devices)
        if devices or before:
            if not devices:
                self.oracle.depart(user, self.oracle.now_s)
            self.presence.seat(gateway, user, tuple(sorted(devices)), self.now)

    def choose(self, gateway: str, user: str, choice: str) -> None:
        if gateway in self.oracle.dead or not self.oracle.devices[gateway].get(user):
            return
        if choice == INVISIBLE != self.oracle.choice.get(user, ONLINE):
            self.oracle.seen_ms[user] = self.now.ms
        self.oracle.choice[user] = choice
        self.presence.choose(user, choice, self.now.ms, self.now)

    def watch(self, gateway: str, user: str) -> None:
        if gateway not in self.oracle.dead:
            self.views[gateway].setdefault(user, None)
            self.presence.watch(gateway, user, self.now)

    def unwatch(self, gateway: str, user: str) -> None:
        if gateway not in self.oracle.dead:
            self.views[gateway].pop(user, None)
            self.told.pop((gateway, user), None)
            self.presence.unwatch(gateway, user)

    def die(self, gateway: str) -> None:
        self.oracle.dead.add(gateway)

    def keep(self) -> None:
        for user, memory in list(self.presence.memories.items()):
            if user not in self.store or self.store[user].version < memory.version:
                self.store[user] = memory
            self.presence.kept(user, memory)

    def fetch(self, gateway: str, arrives: bool) -> None:
        if gateway in self.oracle.dead:
            return
        states = self.presence.take(gateway, 1)
        if not arrives:
            self.presence.again(gateway, states)
            return
        for state in states:
            if state.user in self.views[gateway]:
                self.arrived(gateway, state)

    def arrived(self, gateway: str, state: State) -> None:
        told = self.told.setdefault((gateway, state.user), [])
        status = state.for_others().status
        if not told or told[-1] != status:
            told.append(status)
        self.views[gateway][state.user] = state

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.oracle.now_s += 1
            for gateway in GATEWAYS:
                if gateway not in self.oracle.dead:
                    self.oracle.heard_s[gateway] = self.oracle.now_s
                    self.presence.heard(gateway, self.now)
                elif gateway in self.oracle.devices and self.oracle.now_s - self.oracle.heard_s[gateway] >= LEASE_S:
                    self.oracle.lose(gateway, self.oracle.heard_s[gateway])
            self.presence.tick(self.now)
            self.part()

    def part(self) -> None:
        """Whose grace is over was last seen when they left, if others could see them."""
        for user in USERS:
            present = self.oracle.present(user)
            if self.was_present.get(user) and not present and self.oracle.choice.get(user) != INVISIBLE:
                left_ms = self.oracle.there_ms[user]
                self.oracle.seen_ms[user] = max(self.oracle.seen_ms.get(user, 0), left_ms)
            self.was_present[user] = present

    def load(self) -> None:
        for user in list(self.presence.to_load):
            del self.presence.to_load[user]
            self.presence.remember(user, self.store.get(user), self.now)

    def check(self) -> None:
        """Once everything has arrived, each gateway knows the truth, and heard no more than the changes to it."""
        for gateway in GATEWAYS:
            if gateway in self.oracle.dead:
                continue
            while self.presence.news(gateway):
                self.fetch(gateway, arrives=True)
            for user, state in self.views[gateway].items():
                assert state is not None, (gateway, user)
                assert state.status == self.oracle.status(user), (gateway, user)
                if self.oracle.connected(user):
                    seated = [users.get(user, set()) for users in self.oracle.devices.values()]
                    assert state.devices == len(set().union(*seated))
                shown = state.for_others()
                if shown.status == OFFLINE:
                    assert shown.devices == 0
                    assert shown.last_seen_ms == self.oracle.seen_ms.get(user, 0)
                else:
                    assert shown.last_seen_ms == 0


devices = st.frozensets(st.sampled_from(("phone", "laptop")))
gateways, users = st.sampled_from(GATEWAYS), st.sampled_from(USERS)
steps = st.one_of(
    st.tuples(st.just("seat"), gateways, users, devices),
    st.tuples(st.just("seat"), gateways, users, devices),
    st.tuples(st.just("choose"), gateways, users, st.sampled_from(("online", "away", "busy", "invisible"))),
    st.tuples(st.just("watch"), gateways, users),
    st.tuples(st.just("watch"), gateways, users),
    st.tuples(st.just("unwatch"), gateways, users),
    st.tuples(st.just("open"), gateways),
    st.tuples(st.just("die"), gateways),
    st.tuples(st.just("keep")),
    st.tuples(st.just("fetch"), gateways, st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from((1, 4, 5, 15))),
    st.tuples(st.just("wait"), st.sampled_from((1, 4, 5, 15))),
    st.tuples(st.just("check")),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(steps, max_size=40))
def test_watchers_are_shown_the_truth_whatever_happens(todo: list[tuple[Any, ...]]) -> None:
    run = Run()
    for name, *arguments in todo:
        step: Callable[..., None] = getattr(run, name)
        step(*arguments)
        run.part()
        run.load()
    run.check()


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=30))
def test_what_nobody_needs_is_forgotten(todo: list[tuple[Any, ...]]) -> None:
    run = Run()
    for name, *arguments in todo:
        getattr(run, name)(*arguments)
        run.part()
        run.load()
    for gateway in GATEWAYS:
        run.open(gateway)
    run.wait(GRACE_S + 1)
    run.load()
    assert len(run.presence) == 0
    assert run.presence.watched == 0
    assert not run.presence.to_load


@given(st.lists(st.sampled_from(("online", "busy", "invisible", "away")), max_size=6))
def test_watchers_get_the_net_change_of_a_tick_and_nothing_else(choices: list[str]) -> None:
    run = Run()
    run.watch("g1", "ann")
    run.seat("g0", "ann", frozenset({"phone"}))
    run.load()
    run.check()
    for choice in choices:
        run.choose("g0", "ann", choice)
    run.check()
    last = State(user="ann", status=choices[-1] if choices else ONLINE).for_others().status
    assert run.told["g1", "ann"] == ([ONLINE] if last == ONLINE else [ONLINE, last])
