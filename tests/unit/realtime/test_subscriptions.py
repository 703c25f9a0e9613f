"""Routing: no gap, nothing twice, nothing after an eviction, in whatever order answers and deliveries arrive."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from actors.kernel.contract.protocol import TopicDelivery
from common.errors import FailedPrecondition, Overloaded
from realtime.delivery.subscriptions import GatewayTopics, PendingJoin

TOPIC = "room:1"


@dataclass(eq=False)
class Socket:
    user: str
    name: str = ""
    got: list[TopicDelivery] = field(default_factory=list)

    @property
    def versions(self) -> list[int]:
        return [delivery.version for delivery in self.got if delivery.version]


def event(version: int, *, evict: str = "", skip: str = "") -> TopicDelivery:
    return TopicDelivery(topic=TOPIC, version=version, packet=b'["message",{}]', evict=evict, skip=skip)


class Desk:
    """Subscriptions whose sockets keep what they are sent."""

    def __init__(self, *, max_topics: int = 10, max_held_bytes: int = 10_000) -> None:
        self.idle: list[str] = []
        self.subscriptions: GatewayTopics[Socket] = GatewayTopics(
            self.idle.append, max_topics=max_topics, max_held_bytes=max_held_bytes
        )

    def deliver(self, *deliveries: TopicDelivery) -> None:
        for delivery in deliveries:
            for socket in self.subscriptions.route(delivery):
                if delivery.packet_for(socket.user) is not None:
                    socket.got.append(delivery)

    def joined(self, join: PendingJoin[Socket], version: int) -> None:
        join.listener.who.got.extend(self.subscriptions.joined(join, version))

    def member(self, user: str, version: int = 0) -> Socket:
        socket = Socket(user)
        self.joined(self.subscriptions.join(socket, TOPIC), version)
        return socket


def test_a_joining_socket_gets_what_came_meanwhile_above_its_version_once_and_in_order() -> None:
    desk = Desk()
    early = desk.member("bob", 3)
    joining = Socket("alice")
    join = desk.subscriptions.join(joining, TOPIC)
    desk.deliver(event(4), event(5), event(6))
    assert joining.got == []
    desk.joined(join, 5)
    desk.deliver(event(7))
    assert joining.versions == [6, 7]
    assert early.versions == [4, 5, 6, 7]


def test_a_reply_ahead_of_the_deliveries_skips_what_it_already_holds() -> None:
    desk = Desk()
    desk.member("bob", 3)
    joining = Socket("alice")
    desk.joined(desk.subscriptions.join(joining, TOPIC), 6)
    desk.deliver(event(4), event(5), event(6), event(7))
    assert joining.versions == [7]


def test_an_eviction_is_the_last_thing_that_every_device_of_the_user_hears() -> None:
    desk = Desk()
    phone, laptop, other = desk.member("alice", 3), desk.member("alice", 3), desk.member("bob", 3)
    desk.deliver(event(4, evict="alice"), event(5))
    assert phone.versions == laptop.versions == [4]
    assert other.versions == [4, 5]


def test_an_eviction_that_overtakes_the_answer_to_a_join_is_obeyed() -> None:
    desk = Desk()
    desk.member("bob", 3)
    joining = Socket("alice")
    join = desk.subscriptions.join(joining, TOPIC)
    desk.deliver(event(4), event(5, evict="alice"), event(6))
    desk.joined(join, 3)
    desk.deliver(event(7))
    assert joining.versions == [4, 5]


def test_an_eviction_before_the_join_does_not_count() -> None:
    desk = Desk()
    desk.member("bob", 3)
    joining = Socket("alice")
    join = desk.subscriptions.join(joining, TOPIC)
    desk.deliver(event(4, evict="alice"), event(5))
    desk.joined(join, 5)
    desk.deliver(event(6))
    assert joining.versions == [6]


def test_an_old_eviction_does_not_end_a_later_admission_of_a_live_socket() -> None:
    desk = Desk()
    desk.member("bob", 3)
    socket = desk.member("alice", 3)
    desk.joined(desk.subscriptions.join(socket, TOPIC), 6)  # removed at 4 and added at 6: the answer came first
    desk.deliver(event(4, evict="alice"), event(5), event(6), event(7))
    assert socket.versions == [4, 7]  # 5 was not hers to see, 6 is in the answer


def test_an_answer_from_before_an_eviction_does_not_readmit() -> None:
    desk = Desk()
    desk.member("bob", 3)
    socket = desk.member("alice", 3)
    again = desk.subscriptions.join(socket, TOPIC)  # decided at 3, before the eviction; answered after it
    desk.deliver(event(4, evict="alice"), event(5))
    desk.joined(again, 3)
    desk.deliver(event(6))
    assert socket.versions == [4]


def test_leaving_stops_this_socket_only_and_voids_a_join_under_way() -> None:
    desk = Desk()
    phone, laptop = desk.member("alice", 3), desk.member("alice", 3)
    again = desk.subscriptions.join(phone, TOPIC)
    desk.subscriptions.leave(phone, TOPIC)
    desk.deliver(event(4))
    desk.joined(again, 4)
    desk.deliver(event(5))
    assert (phone.versions, laptop.versions) == ([], [4, 5])


def test_a_topic_is_given_up_with_its_last_socket_and_not_while_one_is_joining() -> None:
    desk = Desk()
    first = desk.member("alice", 3)
    second = Socket("bob")
    join = desk.subscriptions.join(second, TOPIC)
    desk.subscriptions.gone(first)
    assert desk.idle == []
    desk.subscriptions.failed(join)
    assert desk.idle == [TOPIC]
    assert len(desk.subscriptions) == 0


def test_a_join_that_succeeds_after_its_socket_has_gone_gives_the_topic_up_again() -> None:
    desk = Desk()
    socket = Socket("alice")
    join = desk.subscriptions.join(socket, TOPIC)
    desk.subscriptions.gone(socket)
    desk.idle.clear()
    desk.joined(join, 3)  # the region listens by now
    assert desk.idle == [TOPIC]


def test_a_signal_reaches_members_but_not_those_it_skips() -> None:
    desk = Desk()
    alice, bob = desk.member("alice", 3), desk.member("bob", 3)
    desk.deliver(event(0, skip="alice"))
    assert (len(alice.got), len(bob.got)) == (0, 1)


def test_a_signal_from_before_the_join_is_not_shown_to_the_newcomer() -> None:
    desk = Desk()
    desk.member("bob", 3)
    joining = Socket("alice")
    join = desk.subscriptions.join(joining, TOPIC)
    before, after = event(0), event(0)
    desk.deliver(event(4), before, event(5), after)
    desk.joined(join, 5)
    assert joining.got == [after]


def test_a_repeated_delivery_is_dropped() -> None:
    desk = Desk()
    socket = desk.member("alice", 3)
    desk.deliver(event(4), event(4), event(5))
    assert socket.versions == [4, 5]


def test_a_socket_may_join_so_many_topics_and_no_more() -> None:
    desk = Desk(max_topics=2)
    socket = Socket("alice")
    desk.subscriptions.join(socket, "room:1")
    desk.subscriptions.join(socket, "room:2")
    desk.subscriptions.join(socket, "room:2")
    with pytest.raises(FailedPrecondition):
        desk.subscriptions.join(socket, "room:3")
    desk.subscriptions.leave(socket, "room:2")
    desk.subscriptions.join(socket, "room:3")


def test_a_join_that_would_hold_too_much_fails_instead_of_leaving_a_gap() -> None:
    desk = Desk(max_held_bytes=100)
    bob = desk.member("bob", 3)
    joining = Socket("alice")
    join = desk.subscriptions.join(joining, TOPIC)
    desk.deliver(*(event(version) for version in range(4, 20)))
    assert desk.subscriptions.held_bytes <= 100
    with pytest.raises(Overloaded):
        desk.joined(join, 3)
    desk.deliver(event(20))
    assert joining.got == []
    assert bob.versions == list(range(4, 21))
    desk.joined(desk.subscriptions.join(joining, TOPIC), 20)
    desk.deliver(event(21))
    assert joining.versions == [21]


def test_nothing_is_kept_of_sockets_that_have_gone() -> None:
    desk = Desk()
    sockets = [desk.member(user, 3) for user in ("alice", "bob", "carol")]
    joins = [desk.subscriptions.join(socket, "room:2") for socket in sockets]
    desk.deliver(event(4, evict="bob"), TopicDelivery(topic="room:2", version=9, packet=b"[]"))
    for socket in sockets:
        desk.subscriptions.gone(socket)
    for join in joins:
        desk.subscriptions.failed(join)
    assert len(desk.subscriptions) == desk.subscriptions.joining == desk.subscriptions.held_bytes == 0
    assert all(desk.subscriptions.topics(socket) == [] for socket in sockets)


PHASES = (Phase.explicit, Phase.generate)  # a twin need not shrink what it finds
TWIN = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow],
)
USERS = ("alice", "bob")
SOCKETS = ("a1", "a2", "b1")


@dataclass(eq=False)
class Attempt:
    """A join, its place in time, and what the room said: admitted at `version`, with `index` entries before it."""

    socket: Socket
    join: PendingJoin[Socket]
    admitted: bool = False
    version: int = 0
    index: int = 0
    void_at: int | None = None  # entries delivered when the socket left


class Room:
    """A room, a region and a gateway, with everything in between delayed at will."""

    def __init__(self) -> None:
        self.subscriptions: GatewayTopics[Socket] = GatewayTopics(self.unlisten, max_topics=5)
        self.sockets = {name: Socket("alice" if name[0] == "a" else "bob", name) for name in SOCKETS}
        self.members = {"alice", "bob"}
        self.entries: list[TopicDelivery] = []
        self.visible: list[set[str]] = []  # who may see each entry
        self.head = 0
        self.cursor: int | None = None  # entries that the region has passed on; None: it does not listen
        self.asked: list[Attempt] = []
        self.decided: list[Attempt] = []
        self.answered: list[Attempt] = []
        self.settled: list[Attempt] = []

    def unlisten(self, topic: str) -> None:
        assert topic == TOPIC
        self.cursor = None

    def happen(self, *, numbered: bool = True, evict: str = "") -> None:
        self.head += numbered
        self.visible.append(set(self.members))
        self.members.discard(evict)
        self.entries.append(event(self.head if numbered else 0, evict=evict))

    def change_membership(self, user: str) -> None:
        if user in self.members:
            self.happen(evict=user)
        else:
            self.members.add(user)
            self.happen()

    def join(self, name: str) -> None:
        socket = self.sockets[name]
        self.asked.append(Attempt(socket, self.subscriptions.join(socket, TOPIC)))

    def decide(self) -> None:
        if self.asked:
            attempt = self.asked.pop(0)
            attempt.admitted = attempt.socket.user in self.members
            attempt.version, attempt.index = self.head, len(self.entries)
            self.decided.append(attempt)

    def answer(self) -> None:
        """The region has the answer: from here on it listens."""
        if self.decided:
            attempt = self.decided.pop(0)
            if attempt.admitted and self.cursor is None:
                self.cursor = attempt.index
            self.answered.append(attempt)

    def settle(self, pick: int) -> None:
        if self.answered:
            attempt = self.answered.pop(pick % len(self.answered))
            if attempt.admitted:
                attempt.socket.got.extend(self.subscriptions.joined(attempt.join, attempt.version))
            else:
                self.subscriptions.failed(attempt.join)
            self.settled.append(attempt)

    def deliver(self, count: int) -> None:
        for _ in range(count):
            if self.cursor is not None and self.cursor < len(self.entries):
                delivery = self.entries[self.cursor]
                self.cursor += 1
                for socket in self.subscriptions.route(delivery):
                    socket.got.append(delivery)

    def leave(self, name: str) -> None:
        socket = self.sockets[name]
        seen = max((delivery.version for delivery in socket.got), default=0)
        for attempt in (*self.asked, *self.decided, *self.answered, *self.settled):
            if attempt.socket is socket and attempt.void_at is None:
                attempt.void_at = seen
        self.subscriptions.leave(socket, TOPIC)

    def finish(self) -> None:
        while self.asked or self.decided or self.answered:
            self.decide()
            self.answer()
            self.settle(0)
        self.deliver(len(self.entries))

    def owed(self, attempt: Attempt) -> list[int]:
        """Numbers of the entries that this admission entitles its socket to, without those that an answer which it had
        before this one reflects: to send them would be to tell them twice."""
        before = self.settled[: self.settled.index(attempt)]
        told = max((one.version for one in before if one.admitted and one.socket is attempt.socket), default=0)
        owed = []
        for entry in self.entries[attempt.index :]:
            if entry.version > told:
                owed.append(entry.version)
            if entry.evict == attempt.socket.user:
                break
        return owed


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("happen")),
        st.tuples(st.just("signal")),
        st.tuples(st.just("change_membership"), st.sampled_from(USERS)),
        st.tuples(st.just("join"), st.sampled_from(SOCKETS)),
        st.tuples(st.just("decide")),
        st.tuples(st.just("answer")),
        st.tuples(st.just("settle"), st.integers(0, 3)),
        st.tuples(st.just("deliver"), st.integers(1, 4)),
        st.tuples(st.just("leave"), st.sampled_from(SOCKETS)),
    ),
    max_size=60,
)


REMOVED_AND_ADDED_AGAIN: list[tuple[object, ...]] = [
    ("join", "a1"),
    ("decide",),
    ("change_membership", "alice"),
    ("change_membership", "alice"),
    ("join", "a1"),
    ("decide",),
    ("happen",),
    ("join", "a1"),
]

LATER_JOIN_ANSWERED_FIRST: list[tuple[object, ...]] = [
    ("join", "a1"),
    ("decide",),
    ("happen",),
    ("join", "a1"),
    ("decide",),
    ("answer",),
    ("answer",),
    ("settle", 1),
]


def played(operations: list[tuple[object, ...]]) -> Room:
    room = Room()
    for name, *arguments in operations:
        if name == "signal":
            room.happen(numbered=False)
        else:
            getattr(room, str(name))(*arguments)
    room.finish()
    return room


def assert_all_heard_what_they_should(room: Room) -> None:
    for socket in room.sockets.values():
        assert socket.versions == sorted(set(socket.versions)), "twice, or out of order"
        for version in socket.versions:
            place = next(index for index, entry in enumerate(room.entries) if entry.version == version)
            assert socket.user in room.visible[place], f"{version} was shown to somebody who was not a member"
    for attempt in room.settled:
        if attempt.admitted and attempt.void_at is None:
            missing = set(room.owed(attempt)) - set(attempt.socket.versions)
            assert not missing, f"{attempt.socket.name} joined at {attempt.version} and missed {sorted(missing)}"
    assert room.subscriptions.joining == room.subscriptions.held_bytes == 0
    listening = any(socket for socket in room.sockets.values() if room.subscriptions.topics(socket))
    assert (room.cursor is not None) == listening, "the region listens exactly while somebody does"


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OPERATIONS)
@example(REMOVED_AND_ADDED_AGAIN)
@example(LATER_JOIN_ANSWERED_FIRST)
def test_in_any_interleaving_each_socket_hears_what_it_is_owed_once_in_order_and_nothing_else(
    operations: list[tuple[object, ...]],
) -> None:
    assert_all_heard_what_they_should(played(operations))


def without_holding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GatewayTopics, "_hold", lambda *_: None)


def without_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.delivery.subscriptions._may_hear", lambda *_: True)


def without_evictions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.delivery.subscriptions._later", lambda listener, _: listener.admissions or (1,))


def without_readmission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.delivery.subscriptions._later", lambda *_: ())


@pytest.mark.parametrize("remove_guard", [without_holding, without_floors, without_evictions, without_readmission])
def test_the_property_above_fails_without_its_guard(
    remove_guard: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    @settings(TWIN, max_examples=2000)
    @given(OPERATIONS)
    @example(REMOVED_AND_ADDED_AGAIN)
    def check(operations: list[tuple[object, ...]]) -> None:
        assert_all_heard_what_they_should(played(operations))

    remove_guard(monkeypatch)
    with pytest.raises(AssertionError):
        check()
