"""What follows from worksheets, and what they follow from: who is told what, and what is in the clear for nobody."""

from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from actors.calendars.booking.events import BookingChanged
from actors.calendars.booking.state import BookingDetails as Booked
from actors.care.events import CareEnded, CareEvent, CarePaused, CareResumed
from actors.care.state import CareRecord
from actors.emergencies.person.commands import CryForHelp
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.events import PreferencesSet
from actors.notifications.notifier.planning.preferences import Preferences
from actors.notifications.notifier.subjects import Subject
from actors.rooms.marks.commands import SettleBlock
from actors.rooms.room.events import Referred
from actors.worksheets.assignment.commands import PlaceCard
from actors.worksheets.assignment.contents import EventWords, Given, Submission, pack
from actors.worksheets.assignment.events import (
    Assigned,
    AssignmentChanged,
    AssignmentReminded,
    CardsTurned,
    Change,
    Clarified,
    FeedbackGiven,
    Submitted,
)
from actors.worksheets.assignment.records import (
    AssignmentRecord,
    Card,
    Clarification,
    ClarificationWords,
    Due,
    Handed,
    Note,
)
from actors.worksheets.desk.letters import CareOver, CareRests, SessionOver, ZoneIs
from actors.worksheets.document.shape import Shape
from actors.worksheets.schema.fields import Schema
from tests.unit.workflows.test_alarm_rules import AT, letters
from tests.unit.workflows.test_table import RULES

HANDED: Final = Handed(id="sub_1", version=2, attempt=1, at=AT, late=True, seq=7, by="ada")
DUE: Final = Due(date="2025-11-20", time="10:30", asked="client", zone="Europe/Berlin", at=AT)
WORK: Final = AssignmentRecord(
    id="asg_1",
    worksheet="wks_1",
    worksheet_version=1,
    client="ada",
    therapist="tess",
    status="assigned",
    created=AT,
    updated=AT,
    due=DUE,
    submissions=(HANDED,),
)
BROUGHT_IN: Final = replace(WORK, source="import")
SCHEMA: Final = msgspec.convert({"fields": [{"id": "story", "type": "text", "label": "What happened?"}]}, Schema)
GIVEN: Final = pack(Given(title="Diary of sleep", schema=SCHEMA, note="Before noon"))
SAID: Final = pack(EventWords(title="Diary of sleep", text="What woke you?"))
ANSWERED: Final = pack(Submission(answers={}, notes={}, rows={}, scores={}, alerts=["a1"], title="Diary of sleep"))
NOTE: Final = Note(id="fb_1", version=2, author="tess", private=False, created=AT, edited=0, said=7)
ASKED: Final = Clarification(
    id="clr_1", field="", state="open", posts=(ClarificationWords(author="ada", at=AT, said=7),)
)
REPLIED: Final = replace(
    ASKED, state="answered", posts=(*ASKED.posts, ClarificationWords(author="tess", at=AT, said=9))
)
RESOLVED: Final = replace(REPLIED, state="resolved")
CARE: Final = CareRecord(id="care_1", client="ada", therapist="tess", state="active", by="tess", since=AT)
BOOKED: Final = Booked(
    id="b1",
    therapist="tess",
    client="ada",
    service="talk",
    start=AT,
    end=AT + 1,
    tz="UTC",
    status="completed",
    key="1.1",
    parties=("calendar:tess",),
)
TOLD: Final = {
    *("tell_assigned", "tell_assignment_changed", "tell_submitted", "tell_feedback", "tell_clarified"),
    *("notify_assigned", "notify_assignment", "notify_due", "notify_submitted", "notify_feedback", "notify_clarified"),
    *("raise_answer_alarm", "give_after_session", "cancel_work_of_care", "stop_clocks_of_work", "start_clocks_of_work"),
    *("move_due_times", "place_cards", "turn_cards"),
}


def quoted(rule: str, event: Event) -> list[tuple[str, str, Any]]:
    """Which socket event each mailbox gets, with what is sealed under the client's key and in nothing else."""
    found = RULES[rule]
    told = []
    for _, letter in owed_by([found], "assignment:asg_1", Recorded(7, AT, 3, event), "7").letters:
        said = msgspec.msgpack.decode(letter.command, type=Deliver)
        if letter.secret is not None:
            assert (said.payload, letter.owner) == (b"{}", "ada")
        told.append((letter.to, said.name, msgspec.json.decode(letter.secret or said.payload)))
    return told


def submitted(*alerts: tuple[str, str], record: AssignmentRecord = WORK) -> Submitted:
    return Submitted(record=record, alerts=alerts, secret=ANSWERED)


def changed(change: Change) -> AssignmentChanged:
    return AssignmentChanged(record=WORK, change=change, by="tess", secret=SAID)


def test_both_hear_that_something_was_assigned_as_each_of_them_sees_it() -> None:
    told = quoted("tell_assigned", Assigned(record=WORK, shape=Shape({}), secret=GIVEN))
    assert [(to, name) for to, name, _ in told] == [
        ("user:ada", "assignment_created"),
        ("user:tess", "assignment_created"),
    ]
    for _, _, payload in told:
        assert (payload["assignment"]["title"], payload["assignment"]["note"]) == ("Diary of sleep", "Before noon")


def test_what_came_with_its_answers_or_whose_key_is_gone_is_no_news() -> None:
    brought, erased = (
        Assigned(record=BROUGHT_IN, shape=Shape({}), secret=GIVEN),
        Assigned(record=WORK, shape=Shape({}), secret=None),
    )
    assert quoted("tell_assigned", brought) == quoted("tell_assigned", erased) == []
    assert letters("notify_assigned", brought, Tell) == []
    answers = submitted(("a1", "emergency"), record=BROUGHT_IN)
    assert quoted("tell_submitted", answers) == []
    assert letters("notify_submitted", answers, Tell) == letters("raise_answer_alarm", answers, CryForHelp) == []


def test_both_hear_of_a_change_but_not_that_somebody_began_to_write() -> None:
    told = quoted("tell_assignment_changed", changed("extended"))
    assert [(to, name, payload["change"]) for to, name, payload in told] == [
        ("user:ada", "assignment_updated", "extended"),
        ("user:tess", "assignment_updated", "extended"),
    ]
    assert quoted("tell_assignment_changed", changed("started")) == []


def test_both_hear_of_a_submission_and_the_therapist_of_each_answer_that_alarms() -> None:
    told = quoted("tell_submitted", submitted(("a1", "high")))
    assert [(to, name) for to, name, _ in told] == [
        ("user:ada", "assignment_updated"),
        ("user:tess", "assignment_updated"),
        ("user:ada", "submission_created"),
        ("user:tess", "submission_created"),
        ("user:tess", "answer_alert"),
    ]
    assert told[3][2] == {"assignment_id": "asg_1", "version": 2, "late": True}
    alert = {"assignment_id": "asg_1", "client_id": "ada", "version": 2, "alert": "a1", "urgency": "high"}
    assert told[4][2] == alert


def test_an_answer_that_is_an_emergency_raises_one_and_no_other_does() -> None:
    ((to, cry),) = letters("raise_answer_alarm", submitted(("a1", "high"), ("a2", "emergency")), CryForHelp)
    assert (to, cry.kind) == ("distress:ada", "self_harm")
    assert cry.emergency.startswith("emg_")
    assert letters("raise_answer_alarm", submitted(("a1", "high")), CryForHelp) == []


def test_the_client_hears_of_feedback_and_nobody_of_what_is_private() -> None:
    ((to, name, payload),) = quoted("tell_feedback", FeedbackGiven(record=WORK, note=NOTE, secret=SAID))
    assert (to, name, payload["feedback"]["body"]) == ("user:ada", "feedback_given", "What woke you?")
    private = FeedbackGiven(record=WORK, note=replace(NOTE, private=True), secret=SAID)
    assert quoted("tell_feedback", private) == []
    assert letters("notify_feedback", private, Tell) == []


@pytest.mark.parametrize(
    ("asked", "by", "to", "name", "posts"),
    [
        (ASKED, "ada", "tess", "clarification_requested", ["What woke you?"]),
        (REPLIED, "tess", "ada", "clarification_answered", ["What woke you?"]),
        (RESOLVED, "ada", "tess", "clarification_answered", []),
    ],
)
def test_the_other_of_the_two_hears_of_a_question(
    asked: Clarification, by: str, to: str, name: str, posts: list[str]
) -> None:
    ((mailbox, heard, payload),) = quoted(
        "tell_clarified", Clarified(record=WORK, clarification=asked, by=by, secret=SAID)
    )
    assert (mailbox, heard) == (f"user:{to}", name)
    assert [post["body"] for post in payload["clarification"]["posts"]] == posts


@pytest.mark.parametrize(
    ("rule", "event", "told"),
    [
        (
            "notify_assigned",
            Assigned(record=WORK, shape=Shape({}), secret=GIVEN),
            [("ada", "worksheet_assigned", False)],
        ),
        ("notify_assignment", changed("reopened"), [("ada", "worksheet_assigned", False)]),
        ("notify_assignment", changed("extended"), [("ada", "worksheet_assigned", False)]),
        ("notify_assignment", changed("overdue"), [("ada", "worksheet_due", False)]),
        ("notify_assignment", changed("cancelled"), [("ada", "worksheet_due", True)]),
        ("notify_assignment", changed("reviewed"), []),
        ("notify_due", AssignmentReminded(record=WORK, minutes=60), [("ada", "worksheet_due", False)]),
        (
            "notify_submitted",
            submitted(("a1", "normal")),
            [("ada", "worksheet_due", True), ("tess", "worksheet_submitted", False)],
        ),
    ],
)
def test_people_are_told_of_work_and_what_is_over_is_taken_back(
    rule: str, event: Event, told: list[tuple[str, str, bool]]
) -> None:
    found = letters(rule, event, Tell)
    assert [(to, tell.name, tell.withdraw) for to, tell in found] == [
        (f"notifier:{who}", name, withdraw) for who, name, withdraw in told
    ]
    for _, tell in found:
        assert tell.subject == Subject("assignment", "asg_1", 7)
        assert tell.secret is None
        assert tell.withdraw or tell.link == "/worksheets/asg_1"


def test_a_reminder_is_not_worth_telling_once_it_was_due() -> None:
    ((_, tell),) = letters("notify_due", AssignmentReminded(record=WORK, minutes=60), Tell)
    assert (tell.expires_at_ms, tell.values["due_at_ms"]) == (AT, AT)


def test_an_answer_that_needs_the_therapist_is_told_apart_for_each_version() -> None:
    *_, (to, tell) = letters("notify_submitted", submitted(("a1", "high")), Tell)
    assert (to, tell.name) == ("notifier:tess", "worksheet_alert")
    assert tell.subject == Subject("answer_alert", "asg_1#2", 7)


def test_feedback_is_news_once() -> None:
    given = FeedbackGiven(record=WORK, note=NOTE, secret=SAID)
    ((to, tell),) = letters("notify_feedback", given, Tell)
    assert (to, tell.name, tell.subject) == ("notifier:ada", "worksheet_feedback", Subject("feedback", "asg_1", 7))
    assert letters("notify_feedback", replace(given, note=replace(NOTE, edited=AT)), Tell) == []


@pytest.mark.parametrize(
    ("asked", "by", "told"),
    [
        (ASKED, "ada", [("tess", False)]),
        (REPLIED, "tess", [("ada", False)]),
        (RESOLVED, "ada", [("ada", True), ("tess", True)]),
    ],
)
def test_a_question_is_told_to_the_other_until_it_is_resolved(
    asked: Clarification, by: str, told: list[tuple[str, bool]]
) -> None:
    found = letters("notify_clarified", Clarified(record=WORK, clarification=asked, by=by, secret=SAID), Tell)
    assert [(to, tell.withdraw) for to, tell in found] == [(f"notifier:{who}", over) for who, over in told]
    assert {tell.subject for _, tell in found} == {Subject("clarification", "clr_1", 7)}


def test_a_session_that_took_place_is_told_to_the_desk_and_no_other_change_of_it() -> None:
    over = BookingChanged(change="completed", record=BOOKED)
    assert letters("give_after_session", over, SessionOver) == [
        ("desk:ada", SessionOver(therapist="tess", booking="b1"))
    ]
    assert letters("give_after_session", replace(over, change="confirmed"), SessionOver) == []


def test_the_end_of_care_is_told_to_the_desk() -> None:
    assert letters("cancel_work_of_care", CareEnded(care=CARE), CareOver) == [("desk:ada", CareOver("tess"))]


@pytest.mark.parametrize(
    ("rule", "event", "stopped"),
    [
        ("stop_clocks_of_work", CarePaused(care=replace(CARE, state="paused")), True),
        ("start_clocks_of_work", CareResumed(care=CARE), False),
    ],
)
def test_clocks_stand_while_care_rests(rule: str, event: CareEvent, stopped: bool) -> None:
    assert letters(rule, event, CareRests) == [("desk:ada", CareRests("tess", stopped))]


def test_due_times_move_with_the_zone_of_the_client_if_there_is_one() -> None:
    there = PreferencesSet(preferences=Preferences(tz="Asia/Tokyo"))
    assert letters("move_due_times", there, ZoneIs) == [("desk:1", ZoneIs("Asia/Tokyo"))]
    assert letters("move_due_times", PreferencesSet(preferences=Preferences()), ZoneIs) == []


def test_an_assignment_hears_in_which_message_it_is_shown_and_the_message_hears_its_state() -> None:
    refs = (("assignment:asg_1", "blk_1"), ("bill:bil_1", "blk_2"))
    posted = Referred(author="tess", at=AT, target=7, id="msg_1", refs=refs)
    card = Card("1", "msg_1", "blk_1")
    assert letters("place_cards", posted, PlaceCard) == [("assignment:asg_1", PlaceCard(user="tess", card=card))]
    turned = CardsTurned(cards=(card,), state="in_progress")
    assert letters("turn_cards", turned, SettleBlock) == [
        ("room:1", SettleBlock(message_id="msg_1", block_id="blk_1", state="in_progress"))
    ]
