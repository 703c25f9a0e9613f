"""The cases of the official protocol suites (Engine.IO v4, Socket.IO v5), and the test of ours that each of them is."""

import ast
from pathlib import Path
from typing import Final

import pytest

HOUSE: Final = Path(__file__).parents[2]
WIRE: Final = HOUSE / "tests/integration/wire"
ENGINE: Final = (
    ("handshake, polling: opens a session", "test_a_polling_session_opens_with_all_that_the_client_must_know"),
    ("handshake, polling: EIO", "test_a_request_that_makes_no_sense_is_refused"),
    ("handshake, polling: transport", "test_a_request_that_makes_no_sense_is_refused"),
    ("handshake, polling: method", "test_a_session_is_opened_by_get_only"),
    ("handshake, websocket: opens a session", "test_a_websocket_session_opens_with_all_that_the_client_must_know"),
    ("handshake, websocket: EIO", "test_a_websocket_that_makes_no_sense_is_refused"),
    ("handshake, websocket: transport", "test_a_websocket_that_makes_no_sense_is_refused"),
    ("message, polling: one text packet", "test_a_payload_is_posted_and_polled"),
    ("message, polling: several text packets", "test_a_payload_is_posted_and_polled"),
    ("message, polling: text and binary", "test_a_payload_is_posted_and_polled"),
    ("message, polling: invalid format", "test_a_malformed_payload_closes_the_session_and_nothing_of_it_is_handled"),
    ("message, polling: two polls at once", "test_two_polls_at_once_close_the_session"),
    ("message, polling: a poll that is cancelled", "test_a_poll_that_is_given_up_closes_the_session"),
    ("message, websocket: text", "test_text_and_binary_go_over_a_websocket"),
    ("message, websocket: binary", "test_text_and_binary_go_over_a_websocket"),
    ("message, websocket: invalid format", "test_a_malformed_packet_closes_the_websocket"),
    ("heartbeat, polling: ping and pong", "test_a_polling_client_that_answers_pings_stays"),
    ("heartbeat, polling: time-out", "test_a_polling_client_that_does_not_is_closed"),
    ("heartbeat, websocket: ping and pong", "test_a_websocket_that_answers_pings_stays"),
    ("heartbeat, websocket: time-out", "test_a_websocket_that_does_not_is_closed"),
    ("close, polling", "test_a_close_packet_by_post_ends_the_poll_that_waits"),
    ("close, websocket", "test_a_close_packet_closes_the_websocket"),
    ("upgrade: succeeds", "test_an_upgrade_ends_polling_with_a_noop_and_echoes_none"),
    ("upgrade: HTTP requests after it", "test_polling_is_refused_after_the_upgrade_and_the_websocket_goes_on"),
    ("upgrade: a second WebSocket", "test_a_second_websocket_is_closed_and_the_first_goes_on"),
)
SOCKET: Final = (
    ("handshake, polling: opens a session", "test_a_session_opens_with_all_that_the_client_must_know"),
    ("handshake, polling: EIO", "test_a_handshake_that_makes_no_sense_is_refused"),
    ("handshake, polling: transport", "test_a_handshake_that_makes_no_sense_is_refused"),
    ("handshake, polling: method", "test_a_session_is_opened_by_get_only"),
    ("handshake, websocket: opens a session", "test_a_session_opens_with_all_that_the_client_must_know"),
    ("handshake, websocket: EIO", "test_a_handshake_that_makes_no_sense_is_refused"),
    ("handshake, websocket: transport", "test_a_handshake_that_makes_no_sense_is_refused"),
    ("heartbeat, polling: ping and pong", "test_clients_that_answer_pings_stay"),
    ("heartbeat, polling: time-out", "test_clients_that_do_not_are_closed"),
    ("heartbeat, websocket: ping and pong", "test_clients_that_answer_pings_stay"),
    ("heartbeat, websocket: time-out", "test_clients_that_do_not_are_closed"),
    ("close, polling", "test_a_close_packet_closes_either_transport"),
    ("close, websocket", "test_a_close_packet_closes_either_transport"),
    ("upgrade: succeeds", "test_a_client_upgrades_once_and_polls_no_more"),
    ("upgrade: HTTP requests after it", "test_a_client_upgrades_once_and_polls_no_more"),
    ("upgrade: a second WebSocket", "test_a_client_upgrades_once_and_polls_no_more"),
    ("connect: main namespace", "test_a_client_connects"),
    ("connect: main namespace, payload", "test_a_client_connects"),
    ("connect: custom namespace", "test_a_client_connects"),
    ("connect: custom namespace, payload", "test_a_client_connects"),
    ("connect: unknown namespace", "test_an_unknown_namespace_is_refused"),
    ("connect: invalid handshake", "test_a_malformed_handshake_closes_the_connection"),
    ("connect: no handshake", "test_a_client_that_never_connects_is_closed"),
    ("disconnect: main namespace", "test_a_client_leaves_the_main_namespace_and_stays_connected"),
    ("disconnect: custom namespace", "test_a_client_leaves_one_namespace_and_keeps_the_other"),
    ("message: text", "test_events_and_acks_go_both_ways"),
    ("message: binary attachments", "test_binary_attachments_go_both_ways"),
    ("message: text with an ack", "test_events_and_acks_go_both_ways"),
    ("message: binary attachments with an ack", "test_binary_attachments_go_both_ways"),
    ("message: unknown packet type", "test_a_malformed_packet_closes_the_connection"),
    ("message: invalid payload", "test_a_malformed_packet_closes_the_connection"),
    ("message: invalid ack id", "test_a_malformed_packet_closes_the_connection"),
)


@pytest.mark.parametrize(("cases", "files"), [(ENGINE, "test_engineio*.py"), (SOCKET, "test_socketio*.py")])
def test_each_official_case_is_a_test_of_ours(cases: tuple[tuple[str, str], ...], files: str) -> None:
    trees = [ast.parse(path.read_text()) for path in WIRE.glob(files)]
    tests = {node.name for tree in trees for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    assert len({title for title, _ in cases}) == len(cases)
    for title, name in cases:
        assert name in tests, f"{files} has no {name}, which is {title}"


def test_the_documents_count_as_many() -> None:
    count = len(ENGINE) + len(SOCKET)
    assert count == 57
    assert f"All {count} cases of the official protocol suites" in (HOUSE / "ARCHITECTURE.md").read_text()
