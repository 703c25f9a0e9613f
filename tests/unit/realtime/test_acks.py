"""Acks: every outcome has one, and a fault of ours tells nobody anything."""

import json
from typing import Any

import msgspec
import pytest
import structlog
from prometheus_client import CollectorRegistry

from actors.rooms.replies import JoinedRoom
from common.auth.tokens import Verified
from common.clock import SystemClock
from common.errors import CarewireError, NotFound, Overloaded
from config.settings import LimitSettings
from realtime.delivery.connections import Connection
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.packets import Incoming
from realtime.delivery.requests import Hello
from realtime.delivery.socket_writer import SocketWriter
from realtime.front.acks import Ack, Events
from realtime.front.bounds.limits import EventLimits
from realtime.front.handlers import EventResult, Handler
from serve_app.capabilities.rooms.requests import JoinRoom
from tests.unit.realtime.test_fanout import Socket

VERIFIED = Verified("alice", "client", "", 2**40, "")


def a_connection(verified: Verified | None = VERIFIED) -> Connection:
    return Connection("sid", SocketWriter(Socket()), Hello(), verified)


async def nothing(connection: Connection, request: JoinRoom) -> EventResult:
    return EventResult()


def a_handler(**other: Any) -> Handler:
    declared = {"event": "join_room", "action": "room.join", "limit": "read", "request": JoinRoom, "call": nothing}
    return Handler(**{**declared, "tells": JoinedRoom, **other})


async def acked(outcome: Any, *, verified: Verified | None = VERIFIED, name: str = "join_room") -> Ack:
    async def call(connection: Connection, request: JoinRoom) -> EventResult:
        if isinstance(outcome, Exception):
            raise outcome
        return EventResult(outcome)

    events = Events([a_handler(call=call)], max_bytes=1000, clock=SystemClock())
    return await events.acknowledged(a_connection(verified), Incoming(name, (msgspec.Raw(b'{"room_id":"r"}'),)))


async def test_the_data_of_a_good_ack_is_spliced_in_as_it_is() -> None:
    ack = await acked(b'{"seq": 3}')
    assert ack.body() == b'{"ok":true,"data":{"seq": 3}}'
    assert ack.code == "ok"


async def test_an_error_becomes_an_ack_with_all_that_a_client_may_know() -> None:
    ack = await acked(Overloaded("Later.", retry_after_s=2.0, room="secret"))
    assert json.loads(ack.body()) == {
        "ok": False,
        "error": {"code": "overloaded", "message": "Later.", "retry_after": 2.0},
    }
    assert json.loads((await acked(NotFound("No.", details={"field": "x"}))).body())["error"]["details"] == {
        "field": "x"
    }


async def test_a_fault_of_ours_is_logged_under_an_id_and_nothing_else_is_told() -> None:
    with structlog.testing.capture_logs() as logs:
        ack = await acked(ZeroDivisionError("the password is swordfish"))
    error = json.loads(ack.body())["error"]
    assert error["code"] == "internal"
    assert "swordfish" not in ack.body().decode()
    (line,) = logs
    assert line["id"] == error["details"]["error_id"]
    assert line["exc_info"]


async def test_an_internal_error_of_a_shard_is_logged_here_too() -> None:
    with structlog.testing.capture_logs() as logs:
        ack = await acked(CarewireError("Something went wrong."))
    assert ack.code == "internal"
    assert logs[0]["event"] == "event.failed"


@pytest.mark.parametrize(
    ("ack", "code", "event"),
    [
        (lambda: acked(b"{}", verified=None), "unauthenticated", "join_room"),
        (lambda: acked(b"{}", name="made_up"), "invalid_argument", "unknown"),
    ],
)
async def test_what_cannot_be_handled_is_refused(ack: Any, code: str, event: str) -> None:
    answer = await ack()
    assert (answer.code, answer.event) == (code, event)


def test_reasons_of_disconnects_that_nobody_knows_share_a_label() -> None:
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    for reason in ("abuse", "because", "of", "reasons"):
        metrics.disconnected(reason)
    value = registry.get_sample_value
    assert value("carewire_gateway_disconnects_total", {"reason": "abuse"}) == 1
    assert value("carewire_gateway_disconnects_total", {"reason": "other"}) == 3


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"action": ""}, "no action ''"),
        ({"action": "room.dance"}, "no action 'room.dance'"),
        ({"limit": ""}, "no limit ''"),
        ({"tells": None}, "no type"),
        ({"resource": ("room_id", "dance_id")}, "dance_id"),
    ],
)
def test_a_handler_that_leaves_something_open_does_not_start(other: Any, problem: str) -> None:
    Events([a_handler()], max_bytes=1000, clock=SystemClock())
    with pytest.raises(LookupError, match=f"'join_room'.*{problem}"):
        Events([a_handler(**other)], max_bytes=1000, clock=SystemClock())


@pytest.mark.parametrize("left_out", ["action", "limit"])
def test_a_handler_without_an_action_or_a_limit_cannot_be_made(left_out: str) -> None:
    declared = {"event": "dance", "action": "room.type", "limit": "signal", "request": JoinRoom, "call": nothing}
    del declared[left_out]
    make: Any = Handler
    with pytest.raises(TypeError, match=left_out):
        make(**declared)


def test_an_event_has_one_handler() -> None:
    with pytest.raises(LookupError, match=r"'join_room'.*two handlers"):
        Events([a_handler(), a_handler()], max_bytes=1000, clock=SystemClock())


async def test_unknown_events_are_counted_in_no_bucket() -> None:
    limits = EventLimits(LimitSettings(reads_per_s=1, burst_s=1), SystemClock(), GatewayMetrics(CollectorRegistry()))
    events = Events([a_handler()], max_bytes=1000, clock=SystemClock(), limits=limits)
    connection, payload = a_connection(), (msgspec.Raw(b'{"room_id":"r"}'),)
    codes = [(await events.acknowledged(connection, Incoming("made_up", payload))).code for _ in range(100)]
    assert set(codes) == {"invalid_argument"}
    codes = [(await events.acknowledged(connection, Incoming("join_room", payload))).code for _ in range(3)]
    assert codes == ["ok", "rate_limited", "rate_limited"]
