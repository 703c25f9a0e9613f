"""What a shard still has in memory of what it sent: all that was missed, or nothing."""

from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.contract import protocol
from actors.kernel.shard.topics.replay_buffer import ReplayBuffer


class HandClock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.s


def sent(*versions: int, topic: str = "room:1", packet: bytes = b"[%d]") -> list[tuple[int, bytes]]:
    """Deliveries as a turn publishes them."""
    return [
        (v, protocol.encode(protocol.TopicDelivery(topic=topic, version=v, packet=packet % v if packet else b"")))
        for v in versions
    ]


def told(recent: ReplayBuffer, since: int, upto: int, limit: int = 100) -> list[bytes] | None:
    """The packets, or None when the journal must be asked."""
    missed = recent.missed("room:1", since, upto=upto, limit=limit, user="ann")
    return None if missed is None else [bytes(one) for one in missed]


def test_what_was_missed_is_told_in_order_and_no_more() -> None:
    recent = ReplayBuffer(HandClock())
    recent.add("room:1", sent(4, 5, 6))
    assert told(recent, 3, 6) == [b"[4]", b"[5]", b"[6]"]
    assert told(recent, 4, 5) == [b"[5]"]
    assert told(recent, 6, 6) == []


def test_what_is_not_there_as_a_whole_is_not_told_at_all() -> None:
    recent = ReplayBuffer(HandClock())
    recent.add("room:1", sent(4, 5, 6))
    assert told(recent, 2, 6) is None
    assert told(recent, 4, 7) is None
    assert told(recent, 3, 6, limit=2) is None
    assert recent.missed("room:2", 0, upto=1, limit=100, user="ann") is None


def test_numbers_that_were_given_elsewhere_make_a_new_beginning() -> None:
    recent = ReplayBuffer(HandClock())
    recent.add("room:1", sent(4, 5))
    recent.add("room:1", sent(8))
    assert told(recent, 4, 8) is None
    assert told(recent, 7, 8) == [b"[8]"]


def test_signals_are_not_kept_and_silent_numbers_say_nothing() -> None:
    recent = ReplayBuffer(HandClock())
    recent.add("room:1", [*sent(1), (0, b"typing"), *sent(2, packet=b""), *sent(3)])
    assert told(recent, 0, 3) == [b"[1]", b"[3]"]


def test_what_was_redacted_is_not_told_again() -> None:
    recent = ReplayBuffer(HandClock())
    recent.add("room:1", sent(1, 2))
    recent.forget("room:1")
    assert told(recent, 0, 2) is None
    recent.add("room:1", sent(3))
    assert told(recent, 2, 3) == [b"[3]"]


def test_it_is_forgotten_after_a_while() -> None:
    clock = HandClock()
    recent = ReplayBuffer(clock, kept_s=20.0)
    recent.add("room:1", sent(1))
    clock.s = 15.0
    recent.add("room:1", sent(2))
    clock.s = 21.0
    recent.trim()
    assert told(recent, 0, 2) is None
    assert told(recent, 1, 2) == [b"[2]"]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.booleans()), max_size=40), st.integers(50, 400))
def test_whatever_is_told_is_what_was_sent(steps: list[tuple[int, int, bool]], most_bytes: int) -> None:
    """Rooms that speak, skip numbers and redact, in little memory."""
    recent = ReplayBuffer(HandClock(), most_bytes=most_bytes)
    newest = dict.fromkeys((1, 2, 3), 0)
    for room, count, redact in steps:
        name = f"room:{room}"
        if redact:
            newest[room] += count
            recent.forget(name)
            continue
        versions = range(newest[room] + 1, newest[room] + count + 1)
        newest[room] += count
        recent.add(name, sent(*versions, topic=name))
        for since in range(max(0, newest[room] - 6), newest[room]):
            missed = recent.missed(name, since, upto=newest[room], limit=100, user="ann")
            if missed is not None:
                assert [bytes(one) for one in missed] == [b"[%d]" % v for v in range(since + 1, newest[room] + 1)]
