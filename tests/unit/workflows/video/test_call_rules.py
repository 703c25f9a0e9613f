"""What follows from calls: it rings at the callee, and stops at both sides."""

from typing import Final

import pytest
from msgspec.structs import replace

from actors.calls.call.events import CallEnded, CallRang
from actors.calls.records import CallRecord, Status, shown
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from tests.unit.workflows.test_alarm_rules import AT, heard, letters

CALL: Final = CallRecord(
    id="call_1", caller="tess", callee="ada", media="video", status="ringing", started=AT, expires=AT + 45_000
)
TOLD: Final = {"ring", "stop_ringing", "push_ring", "push_end"}


def ended(status: Status, answered_by: str = "") -> CallEnded:
    return CallEnded(call=replace(CALL, status=status, ended=AT + 1000, answered_by=answered_by))


def test_it_rings_at_the_callee_alone() -> None:
    ((to, name, payload),) = heard("ring", CallRang(call=CALL))
    assert (to, name, payload["call"]["id"]) == ("user:ada", "call_notification", shown(CALL).id)


@pytest.mark.parametrize(
    ("status", "caller", "callee"),
    [
        ("answered", "answered", "answered_elsewhere"),
        ("declined", "declined", "declined"),
        ("cancelled", "cancelled", "cancelled"),
        ("missed", "missed", "missed"),
    ],
)
def test_both_sides_hear_why_it_rings_no_more(status: Status, caller: str, callee: str) -> None:
    told = heard("stop_ringing", ended(status, "phone"))
    assert [(to, name, said["reason"]) for to, name, said in told] == [
        ("user:tess", "call_ended", caller),
        ("user:ada", "call_ended", callee),
    ]


def test_a_push_rings_for_as_long_as_the_call_does() -> None:
    ((to, tell),) = letters("push_ring", CallRang(call=CALL), Tell)
    assert to == "notifier:ada"
    assert (tell.name, tell.mode, tell.at_once, tell.expires_at_ms) == ("incoming_call", "ring", True, CALL.expires)
    assert tell.subject == Subject("call", "call_1", 7)


@pytest.mark.parametrize("status", ["answered", "declined", "cancelled"])
def test_what_was_rung_is_taken_back(status: Status) -> None:
    ((to, tell),) = letters("push_end", ended(status), Tell)
    assert (to, tell.mode, tell.withdraw, tell.subject) == (
        "notifier:ada",
        "ring_end",
        True,
        Subject("call", "call_1", 7),
    )


def test_what_was_missed_stays_to_be_read() -> None:
    ((_, tell),) = letters("push_end", ended("missed"), Tell)
    assert (tell.name, tell.mode, tell.withdraw, tell.expires_at_ms) == ("missed_call", "ring_end", False, 0)
