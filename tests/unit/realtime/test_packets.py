"""Reading packets: whatever comes, there is something to answer."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from socketio import packet as base

from realtime.delivery import codec
from realtime.delivery.packets import Incoming, Packet, ack_text, delivery_text, event_text


def read(text: str) -> Packet:
    return Packet(encoded_packet=text)


def arguments(packet: Packet) -> list[bytes]:
    return [bytes(argument) for argument in packet.data.arguments]


def test_an_event_keeps_its_arguments_as_they_came() -> None:
    packet = read('217["message", {"a" : 1.0}, [2]]')
    assert (packet.packet_type, packet.id, packet.namespace) == (base.EVENT, 17, None)
    assert packet.data.name == "message"
    assert arguments(packet) == [b'{"a" : 1.0}', b"[2]"]


def test_namespace_and_id_are_told_apart_from_the_event() -> None:
    packet = read('2/admin?token=x,5["go"]')
    assert (packet.namespace, packet.id, packet.data) == ("/admin", 5, Incoming("go"))


def test_the_auth_of_a_connect_stays_unparsed() -> None:
    packet = read('0{"token":"t"}')
    assert packet.packet_type == base.CONNECT
    assert bytes(packet.data) == b'{"token":"t"}'
    assert packet.data  # python-socketio hands it on only when it is true
    assert read("0").data is None


def test_a_binary_event_waits_for_its_attachments_which_are_base64_in_its_arguments() -> None:
    packet = read('52-7["go",{"a":{"_placeholder":true,"num":1},"b":{ "_placeholder" : true, "num" : 0 }}]')
    assert (packet.packet_type, packet.id, packet.attachment_count) == (base.EVENT, 7, 2)
    assert [packet.add_attachment(b"\0\1"), packet.add_attachment(b"\2")] == [False, True]
    assert arguments(packet) == [b'{"a":"Ag==","b":"AAE="}']
    assert packet.data.binary


def test_what_only_looks_like_a_placeholder_stays_what_it_is() -> None:
    packet = read('51-["go",{"a":"{\\"_placeholder\\":true,\\"num\\":0}","b":{"_placeholder":true,"num":0}}]')
    packet.add_attachment(b"x")
    assert arguments(packet) == [b'{"a":"{\\"_placeholder\\":true,\\"num\\":0}","b":"eA=="}']


@pytest.mark.parametrize(
    ("text", "attachments"),
    [
        ('51-["go",{}]', [b"nobody names it"]),
        ('51-["go",{"_placeholder":true,"num":1}]', [b"another number"]),
        ('52-["go",{"_placeholder":true,"num":0}]', [b"one", b"two"]),
        ('52-["go",[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]', [b"x", b"x" * (1 << 20)]),
    ],
)
def test_attachments_that_are_not_those_of_the_payload_are_a_problem(text: str, attachments: list[bytes]) -> None:
    packet = read(text)
    assert [packet.add_attachment(one) for one in attachments][-1]
    assert packet.data.problem
    assert not packet.data.arguments


def test_too_many_attachments_are_not_waited_for() -> None:
    packet = read('517-["go",{"_placeholder":true,"num":0}]')
    assert packet.attachment_count == 0
    assert packet.data.problem


@pytest.mark.parametrize("text", ['27["message",NaN]', '27["message",', '27["message", {"a":"\\ud800"}]'])
def test_broken_json_still_names_its_event_and_its_ack(text: str) -> None:
    packet = read(text)
    assert packet.id == 7
    assert packet.data.name == "message"
    assert packet.data.problem


def test_an_ack_id_that_is_too_long_is_no_ack_id() -> None:
    packet = read("2" + "1" * 30 + '["message"]')
    assert packet.id is None
    assert packet.data.problem


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_reading_never_fails(text: str) -> None:
    packet = read("2" + text) if text else read("?")
    assert isinstance(packet.data, Incoming) or packet.data is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet='0123456789-/,[]{}"\\ue', max_size=60))
def test_reading_never_fails_on_what_looks_like_a_packet(text: str) -> None:
    packet = read(text or "?")
    assert packet.packet_type in (base.CONNECT, base.DISCONNECT, base.EVENT, base.ACK)
    assert packet.attachment_count == 0


def test_texts_are_what_the_protocol_says() -> None:
    assert event_text("session", b'{"a":1}') == '2["session",{"a":1}]'
    assert delivery_text('["message",{"body":"é"}]'.encode()) == '2["message",{"body":"é"}]'
    assert ack_text(12, b'{"ok":true,"data":{}}') == '312[{"ok":true,"data":{}}]'
    assert Packet(base.CONNECT, {"sid": "x"}).encode() == '0{"sid":"x"}'


def test_the_json_of_the_process_splices_raw_json_and_refuses_what_is_too_deep() -> None:
    assert (
        codec.dumps({"ok": True, "data": msgspec.Raw(b"[1, 2]")}, separators=(",", ":")) == '{"ok":true,"data":[1, 2]}'
    )
    assert codec.loads('{"a":[1,"é",null]}') == json.loads('{"a":[1,"é",null]}')
    for text in ("[" * 100_000, "{", "NaN"):
        with pytest.raises(ValueError):  # noqa: PT011 - as json.loads: python-engineio catches just this
            codec.loads(text)
