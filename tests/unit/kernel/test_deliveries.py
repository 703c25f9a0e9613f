"""Who gets what of an event: as it is told, as it travels, and as the past is read."""

import msgspec
import pytest

from actors.kernel.contract.answers import delivery, signal_delivery
from actors.kernel.contract.entity import Shown, Signal, packet_of
from actors.kernel.contract.protocol import TopicDelivery


def test_an_event_tells_each_what_is_theirs() -> None:
    shown = Shown("message", b"{}", skip=("ann", "bob"), instead={"cleo": packet_of("held", b"{}")})
    told = delivery("room:1", 7, shown, 5)
    packets = [told.packet_for(user) for user in ("ann", "bob", "cleo", "dan", "")]
    assert packets == [None, None, b'["held",{}]', b'["message",{}]', b'["message",{}]']
    assert not told.for_all
    assert delivery("room:1", 7, Shown("message", b"{}"), 5).for_all


def test_what_is_for_one_socket_is_for_no_other_and_not_for_the_past() -> None:
    told = signal_delivery("room:1", Signal("hint", b"{}", only="sid-1"), 5)
    assert told.packet_for("ann", "sid-1") == b'["hint",{}]'
    assert told.packet_for("ann", "sid-2") is None
    assert told.packet_for("ann") is None


def test_what_lapses_is_the_same_for_everybody() -> None:
    Signal("typing_start", b"{}", skip=("ann",), lapse="typing_stop")
    with pytest.raises(ValueError, match="lapses"):
        Signal("typing_start", b"{}", lapse="typing_stop", instead={"ann": packet_of("typing_start", b"{}")})


class Earlier(msgspec.Struct, array_like=True, frozen=True):
    """A delivery as it travelled before."""

    topic: str
    version: int
    packet: bytes
    at_ms: int = 0
    evict: str = ""
    skip: str = ""
    key: str = ""
    ttl_s: float = 0.0
    lapse: bytes = b""
    first: int = 0


def test_earlier_gateways_and_earlier_shards_are_understood() -> None:
    told = TopicDelivery(
        topic="room:1", version=7, packet=b"[]", at_ms=5, skip="ann", skip_also=("bob",), instead={"cleo": b"[1]"}
    )
    heard = msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=Earlier)
    assert (heard.version, heard.skip) == (7, "ann")
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(heard), type=TopicDelivery)
    assert (back.skip, back.skip_also, back.instead, back.only) == ("ann", (), {}, "")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=TopicDelivery) == told
