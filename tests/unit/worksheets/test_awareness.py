"""Where somebody is: read, bounded, signed."""

import pytest

from actors.worksheets.yjs.awareness import AwarenessState, read_states, signed, states_bytes
from actors.worksheets.yjs.bytes import block_bytes, number_bytes
from actors.worksheets.yjs.messages import (
    awareness_message,
    read_message,
    step1_message,
    step2_message,
    update_message,
)
from actors.worksheets.yjs.refusal import UpdateRefused


def test_states_come_back_as_they_were_and_whoever_they_say_they_are_is_replaced() -> None:
    states = [
        AwarenessState(5000, 3, {"user": {"id": "theo"}, "cursor": [1, {"a": None}]}),
        AwarenessState(6000, 1, None),
    ]
    assert read_states(states_bytes(states)) == states
    assert signed(states[0], "clara", "client").state == {
        "user": {"id": "clara", "role": "client"},
        "cursor": [1, {"a": None}],
    }
    assert signed(states[1], "clara", "client") == states[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        number_bytes(1 << 40),
        number_bytes(101) + b"\0" * 400,
        b"\1\1\1" + block_bytes(b"[]"),
        b"\1\1\1" + block_bytes(b"{"),
        b"\1\1\1" + block_bytes(b"[" * 1000),
        b"\1\1\1" + block_bytes(b'{"a":"' + b"x" * 1024 + b'"}'),
        b"\0\0",
    ],
)
def test_what_says_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(UpdateRefused):
        read_states(data)


def test_messages_are_those_of_y_protocols() -> None:
    assert read_message(step1_message(b"v")) == ("step1", b"v")
    assert read_message(step2_message(b"u")) == ("update", b"u")
    assert read_message(update_message(b"u")) == ("update", b"u")
    assert read_message(awareness_message(b"s")) == ("awareness", b"s")
    for bad in (b"", b"\2\0", b"\0\3\0", b"\0\2\5", b"\0\0\0\0", b"\3"):
        with pytest.raises(UpdateRefused):
            read_message(bad)
