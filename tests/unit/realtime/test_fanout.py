"""Fan-out: one frame for everybody, in order, and typing that ends by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.protocol import TopicDelivery
from common.auth.tokens import Verified
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.fanout import Fanout
from realtime.delivery.joining import Joining
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.requests import Hello
from realtime.delivery.socket_writer import Run, SocketWriter
from realtime.delivery.subscriptions import GatewayTopics
from realtime.socketio import Frame
from tests.unit.realtime.test_deadlines import StillClock
from tests.unit.rooms.harness import run

TOPIC = "room:1"


@dataclass
class Socket:
    """As much of a wire socket as an writer uses."""

    frames: list[Frame] = field(default_factory=list)
    websocket: None = None

    def write_frames(self, wire: bytes) -> bool:
        return False

    def write(self, frame: Frame) -> None:
        self.frames.append(frame)


class Desk:
    """A fan-out to sockets that keep what they get."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.deadlines = Deadlines(self.clock)
        self.registry = CollectorRegistry()
        self.subscriptions: GatewayTopics[Connection] = GatewayTopics(lambda topic: None, max_topics=5)
        metrics = GatewayMetrics(self.registry)
        self.fanout = Fanout(self.subscriptions, self.deadlines, self.clock, metrics)
        self.sockets: dict[str, Socket] = {}

    def member(self, user: str) -> Connection:
        socket = Socket()
        self.sockets[user] = socket
        verified = Verified(user, "client", "", 2**40, "")
        connection = Connection(f"sid-{user}", SocketWriter(socket), Hello(), verified)
        self.subscriptions.joined(self.subscriptions.join(connection, TOPIC), 0)
        return connection

    def texts(self, user: str) -> list[str]:
        return [frame.polled() for frame in self.sockets[user].frames]


def typing(name: str, *, ttl_s: float = 6.0) -> TopicDelivery:
    payload = b'{"user_id":"alice"}'
    return TopicDelivery(
        topic=TOPIC,
        version=0,
        packet=b'["' + name.encode() + b'",' + payload + b"]",
        skip="alice",
        key="typing:alice",
        ttl_s=ttl_s,
        lapse=b'["typing_stop",' + payload + b"]" if ttl_s else b"",
    )


def test_one_frame_is_made_for_all_and_each_gets_it_in_order() -> None:
    desk = Desk()
    for user in ("alice", "bob", "carol"):
        desk.member(user)
    desk.fanout.deliver(
        [
            TopicDelivery(topic=TOPIC, version=version, packet=b'["message",{"seq":%d}]' % version)
            for version in (1, 2, 3)
        ]
    )
    assert desk.texts("bob") == [f'42["message",{{"seq":{version}}}]' for version in (1, 2, 3)]
    packets = [desk.sockets[user].frames for user in ("alice", "bob", "carol")]
    assert all(one is two is three for one, two, three in zip(*packets, strict=True))
    assert desk.registry.get_sample_value("carewire_gateway_deliveries_total") == 9


DELIVERIES = st.lists(
    st.builds(
        TopicDelivery,
        topic=st.sampled_from([TOPIC, TOPIC, TOPIC, "room:nobody's"]),
        version=st.integers(0, 5),
        packet=st.integers(0, 9).map(lambda number: b'["message",%d]' % number),
        skip=st.sampled_from(["", "", "alice"]),
        skip_also=st.sampled_from([(), ("bob",)]),
        instead=st.sampled_from([{}, {}, {"alice": b'["message","hers"]'}, {"bob": b'["message","his"]'}]),
        only=st.sampled_from(["", "", "sid-bob", "sid-nobody's"]),
    ),
    max_size=8,
)


@given(DELIVERIES)
@example(
    [
        TopicDelivery(topic=TOPIC, version=1, packet=b'["message",1]'),
        TopicDelivery(topic=TOPIC, version=1, packet=b'["message",1]'),
    ]
)
def test_a_parcel_is_heard_as_if_its_deliveries_came_one_by_one(deliveries: list[TopicDelivery]) -> None:
    """With repeats in it, as after a shard's restart, and signals that not everybody hears."""
    together, one_by_one = Desk(), Desk()
    for desk in (together, one_by_one):
        for user in ("alice", "bob"):
            desk.member(user)
    together.fanout.deliver(deliveries)
    for delivery in deliveries:
        one_by_one.fanout.deliver([delivery])
    assert [together.texts(user) for user in ("alice", "bob")] == [one_by_one.texts(user) for user in ("alice", "bob")]


def test_typing_ends_by_itself_and_the_typist_hears_nothing_of_it() -> None:
    desk = Desk()
    desk.member("alice")
    desk.member("bob")
    desk.fanout.deliver([typing("typing_start")])
    desk.clock.now_s += 5.9
    desk.deadlines.run_due()
    assert len(desk.texts("bob")) == 1
    desk.clock.now_s += 0.1
    desk.deadlines.run_due()
    assert desk.texts("bob") == ['42["typing_start",{"user_id":"alice"}]', '42["typing_stop",{"user_id":"alice"}]']
    assert desk.texts("alice") == []


def test_typing_that_is_renewed_or_stopped_does_not_lapse() -> None:
    desk = Desk()
    desk.member("bob")
    desk.fanout.deliver([typing("typing_start")])
    desk.clock.now_s += 4.0
    desk.fanout.deliver([typing("typing_start")])
    desk.clock.now_s += 4.0
    desk.deadlines.run_due()
    assert len(desk.texts("bob")) == 2
    desk.fanout.deliver([typing("typing_stop", ttl_s=0.0)])
    desk.clock.now_s += 60.0
    desk.deadlines.run_due()
    assert len(desk.texts("bob")) == 3
    assert len(desk.deadlines) == 0


def test_a_packet_that_cannot_be_sent_does_not_hold_up_the_others() -> None:
    desk = Desk()
    desk.member("bob")
    desk.fanout.deliver(
        [
            TopicDelivery(topic=TOPIC, version=1, packet=b"\xff\xfe"),
            TopicDelivery(topic=TOPIC, version=2, packet=b'["message",{}]'),
        ]
    )
    assert desk.texts("bob") == ['42["message",{}]']


def parcel() -> list[TopicDelivery]:
    """Of a room: some for all, one for a user only, one that a user gets otherwise, one that two do not get."""
    return [
        TopicDelivery(topic=TOPIC, version=1, packet=b'["message",1]'),
        TopicDelivery(topic=TOPIC, version=0, packet=b'["typing_start",{}]', skip="alice", skip_also=("bob",)),
        TopicDelivery(topic=TOPIC, version=2, packet=b'["message",2]', instead={"alice": b'["held",2]'}),
        TopicDelivery(topic=TOPIC, version=0, packet=b'["hint",{}]', only="sid-bob"),
        TopicDelivery(topic=TOPIC, version=3, packet=b'["message",3]'),
    ]


def test_each_gets_what_is_theirs_in_order() -> None:
    desk = Desk()
    for user in ("alice", "bob", "carol"):
        desk.member(user)
    desk.fanout.deliver(parcel())
    assert desk.texts("alice") == ['42["message",1]', '42["held",2]', '42["message",3]']
    assert desk.texts("bob") == ['42["message",1]', '42["message",2]', '42["hint",{}]', '42["message",3]']
    assert desk.texts("carol") == ['42["message",1]', '42["typing_start",{}]', '42["message",2]', '42["message",3]']
    assert desk.registry.get_sample_value("carewire_gateway_deliveries_total") == 3 + 4 + 4


def test_of_whom_nobody_speaks_gets_a_parcel_joined_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[int, int]] = []
    send = SocketWriter.send_to_all

    def noted(writers: Iterable[SocketWriter], run: Run) -> None:
        written.append((len(list(writers)), len(run.frames)))
        send(writers, run)

    monkeypatch.setattr(SocketWriter, "send_to_all", staticmethod(noted))
    desk = Desk()
    for user in ("alice", "bob", "carol", "dave"):
        desk.member(user)
    desk.fanout.deliver(parcel())
    assert written == [(2, 4)]  # carol and dave: four frames, one write


def test_who_joins_meanwhile_is_sent_what_is_theirs() -> None:
    desk = Desk()
    socket = Socket()
    connection = Connection("sid-alice", SocketWriter(socket), Hello(), Verified("alice", "client", "", 2**40, ""))

    async def admitted() -> Reply:
        desk.fanout.deliver(parcel())
        return Reply(b"{}", 1, False)

    joined = run(Joining(desk.subscriptions).join(connection, TOPIC, admitted))
    assert [one.packet for one in joined.held] == [b'["held",2]', b'["message",3]']
