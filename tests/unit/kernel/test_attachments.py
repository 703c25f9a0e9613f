"""Binary parts of what entities tell: they travel beside the packet, and stand in it for whoever reads the past."""

import pytest

from actors.kernel.contract.answers import delivery, signal_delivery
from actors.kernel.contract.entity import Shown, Signal, placeholder
from actors.kernel.contract.protocol import decode_delivery, encode, without_attachments
from actors.kernel.shard.topics.replay_buffer import ReplayBuffer
from tests.skipping import HandClock

PAYLOAD = b'{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":1}}'
JSON = b'["go",{"a":"AAE=","b":"Ag=="}]'


def test_they_come_out_as_they_went_in_and_whoever_gets_something_else_gets_none() -> None:
    assert placeholder(1) == {"_placeholder": True, "num": 1}
    shown = Shown("go", PAYLOAD, instead={"ann": b'["other",{}]'}, attachments=(b"\0\1", b"\2"))
    told = decode_delivery(encode(delivery("room:1", 7, shown, 0)))
    assert told.attachments == (b"\0\1", b"\2")
    assert told.size == len(told.packet) + 3
    assert without_attachments(told.packet, told.attachments) == JSON
    assert (told.json_for("bob"), told.json_for("ann")) == (JSON, b'["other",{}]')
    assert decode_delivery(encode(signal_delivery("room:1", Signal("go", PAYLOAD, attachments=(b"x", b"y")), 0))).size


def test_what_lapses_has_none() -> None:
    with pytest.raises(ValueError, match="lapses"):
        Signal("go", PAYLOAD, lapse="gone", attachments=(b"x",))


def test_the_past_is_json_alone() -> None:
    buffer = ReplayBuffer(HandClock())
    shown = Shown("go", PAYLOAD, attachments=(b"\0\1", b"\2"))
    buffer.add("room:1", [(1, encode(delivery("room:1", 1, shown, 0)))])
    missed = buffer.missed("room:1", 0, upto=1, limit=10, user="ann")
    assert missed is not None
    assert [bytes(one) for one in missed] == [JSON]
