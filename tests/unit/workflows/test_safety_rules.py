"""What follows from cases, shields, and what rooms note for safety."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import Event, Letter, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.moderation.case.events import CaseAction, CaseChanged
from actors.moderation.records import Case, HeldMessage, Reported
from actors.moderation.shield.events import Lifted, Restricted
from actors.rooms.messages.chat_message import Content, pack
from actors.rooms.safety import events as noted
from actors.workflows.table import all_reactions
from common.safety.evidence import Evidence
from common.safety.evidence import pack as packed
from tests.unit.workflows.safety_rules import SAFETY_RULES

AT = 1_763_631_000_000
RULES = {rule.name: rule for rule in all_reactions()}
HELD = HeldMessage(id="hld_1", room="r1", sender="ann", matched=("link",), at=AT)
CASE = Case(
    id="case_1",
    kind="report",
    severity="high",
    state="assigned",
    subject="bob",
    created=AT,
    due=AT,
    room="r1",
    looked=AT,
    reports=(Reported("rep_1", "ann", "spam", AT),),
    alerted=("tess",),
    held=HELD,
)
APPEAL = msgspec.structs.replace(CASE, kind="appeal", outcome="upheld", about="rst_1", subject="ann", closing_by="mo")
SAID = packed(Evidence(room="r1", message_id="m", seq=1, sender="bob", body="so long", at=AT, captured=AT))


def changed(case: Case = CASE, **more: Any) -> CaseChanged:
    return CaseChanged(author="case:case_1", case=case, change=more.pop("change", "looked"), **more)


def done(deed: Any, **more: Any) -> CaseAction:
    return CaseAction(deed=deed, by="mo", user="bob", **more)


WARNED = changed(done=done("warn"), secret=b"Please.")
BARRED = changed(done=done("restrict", scope=("message",), restriction="rst_1"), secret=b"Why.")
REJECTED = changed(change="rejected", secret=b"No links.")
HELD_NOTE = noted.Held(
    author="ann", secret=pack(Content("see x.org")), at=AT, held="hld_1", kind="text", matched=("link",), client_id="c"
)
TESTIFIED = noted.Testified(
    author="case:case_1",
    secret=SAID,
    at=AT,
    case="case_1",
    report="rep_1",
    by="ann",
    reason="spam",
    subject="bob",
    target=1,
)
RESTRICTED = Restricted(
    author="bob", secret=b"Why.", restriction="rst_1", scope=("call",), case="case_1", by="mo", until=AT
)
CASES: list[tuple[str, Event, list[str]]] = [
    ("tell_reporters", changed(told=("rep_1",)), ["user:ann"]),
    ("tell_reporters", changed(), []),
    ("notify_reporters", changed(told=("rep_1",)), ["notifier:ann"]),
    ("tell_alerted", changed(alerts=True), ["user:tess"]),
    ("tell_alerted", changed(), []),
    ("notify_alerted", changed(alerts=True), ["notifier:tess"]),
    ("cry_for_them", changed(cry="self_harm"), ["distress:bob"]),
    ("cry_for_them", changed(done=done("raise_emergency")), ["distress:bob"]),
    ("cry_for_them", changed(), []),
    ("restrict_them", BARRED, ["shield:bob"]),
    ("restrict_them", WARNED, []),
    ("warn_them", WARNED, ["user:bob"]),
    ("warn_them", BARRED, []),
    ("tell_verdict", REJECTED, ["user:ann"]),
    ("tell_verdict", changed(change="released"), []),
    ("judge_appeal", changed(APPEAL, change="closed"), ["shield:ann"]),
    ("judge_appeal", changed(msgspec.structs.replace(APPEAL, about="case_2"), change="closed"), ["case:case_2"]),
    ("judge_appeal", changed(msgspec.structs.replace(APPEAL, outcome="refused"), change="closed"), []),
    ("tell_restricted", RESTRICTED, ["user:bob", "case:case_1"]),
    ("tell_lifted", Lifted(author="bob", restriction="rst_1", by="mo"), ["user:bob"]),
    ("carry_out", changed(done=done("delete_message", message="m")), ["room:r1"]),
    ("carry_out", changed(done=done("remove_member")), ["room:r1"]),
    ("carry_out", changed(done=done("close_conversation")), ["room:r1"]),
    ("carry_out", WARNED, []),
    ("open_case_of_report", TESTIFIED, ["case:case_1"]),
    ("open_case_of_held", HELD_NOTE, ["case:case_1"]),
    ("tell_held", HELD_NOTE, ["user:ann"]),
    ("notify_held", HELD_NOTE, ["notifier:ann"]),
]


def owed(name: str, event: Event) -> list[Letter]:
    entity = {"case": "case:case_1", "shield": "shield:bob", "room": "room:r1"}[RULES[name].kind]
    return [letter for _, letter in owed_by([RULES[name]], entity, Recorded(7, AT, 3, event), "7").letters]


def test_every_rule_has_a_case_that_tells_somebody() -> None:
    assert {name for name, _, to in CASES if to} == SAFETY_RULES


@pytest.mark.parametrize(("name", "event", "to"), CASES, ids=lambda one: one if isinstance(one, str) else "")
def test_who_is_written_to(name: str, event: Event, to: list[str]) -> None:
    letters = owed(name, event)
    assert [letter.to for letter in letters] == to
    assert {letter.to.partition(":")[0] for letter in letters} <= set(RULES[name].to)


@pytest.mark.parametrize(
    ("name", "event", "words"),
    [
        ("warn_them", WARNED, b"Please."),
        ("restrict_them", BARRED, b"Why."),
        ("tell_verdict", REJECTED, b"No links."),
        ("tell_held", HELD_NOTE, b"see x.org"),
        ("open_case_of_held", HELD_NOTE, b"see x.org"),
        ("open_case_of_report", TESTIFIED, b"so long"),
        ("tell_restricted", RESTRICTED, b"Why."),
    ],
)
def test_what_somebody_wrote_is_sealed_in_its_letter(name: str, event: Event, words: bytes) -> None:
    letter = owed(name, event)[0]
    assert words not in letter.command
    assert letter.secret is not None
    assert words in letter.secret
    assert letter.owner


def test_reporters_hear_the_state_and_not_what_was_done() -> None:
    letter = owed("tell_reporters", changed(told=("rep_1",)))[0]
    payload: Callable[[bytes], Any] = msgspec.json.decode
    told = payload(msgspec.msgpack.decode(letter.command)["payload"])
    assert told["report"]["state"] == "in_review"
    assert "bob" not in str(told)
