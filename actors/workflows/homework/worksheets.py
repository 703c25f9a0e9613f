"""What follows from events of assignments: both sides find in their mailboxes what changed; alarming answers are told
at once, and an emergency among them is raised. What quotes somebody is sealed under the client's key till then."""

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.emergencies.person.commands import CryForHelp
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.workflows.inbox import INBOX, event_id, tell
from actors.worksheets.assignment.contents import given_in, submission_in, words
from actors.worksheets.assignment.events import Assigned, AssignmentChanged, Clarified, FeedbackGiven, Submitted
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.rules.talking import clarification_shown, feedback_shown
from actors.worksheets.assignment.shaping import assignment_shown
from common.ids import derived_id

DISTRESS: Final = "distress"
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def tell_assigned(entity_id: str, recorded: Recorded[Assigned]) -> Owed:
    """Client and therapist: `assignment_created`. What came with its answers is no news."""
    record, secret = recorded.event.record, recorded.event.secret
    if secret is None or record.source:
        return NOTHING
    told, given = event_id(entity_id, recorded), given_in(secret)
    letters = []
    for user in (record.client, record.therapist):
        seen = assignment_shown(record, recorded.seq, title=given.title, user=user, note=given.note)
        letters.append(
            _sealed(record=record, user=user, told=told, name="assignment_created", payload={"assignment": seen})
        )
    return Owed(letters)


def tell_changed(entity_id: str, recorded: Recorded[AssignmentChanged]) -> Owed:
    """Client and therapist: `assignment_updated`. That somebody began to write is no news."""
    event = recorded.event
    if event.change == "started":
        return NOTHING
    title = words(event.secret).title
    return Owed(_updated(entity_id=entity_id, recorded=recorded, record=event.record, change=event.change, title=title))


def tell_submitted(entity_id: str, recorded: Recorded[Submitted]) -> Owed:
    """Client and therapist: `assignment_updated`, `submission_created`; the therapist: an `answer_alert` each."""
    event, record = recorded.event, recorded.event.record
    if record.source:
        return NOTHING
    handed = record.submissions[-1]
    title = "" if event.secret is None else submission_in(event.secret).title
    letters = _updated(entity_id=entity_id, recorded=recorded, record=record, change="submitted", title=title)
    payload: dict[str, object] = {"assignment_id": record.id, "version": handed.version, "late": handed.late}
    told = event_id(entity_id, recorded, "submission")
    letters += tell((record.client, record.therapist), told, "submission_created", payload)
    for alert, urgency in event.alerts:
        payload = {
            "assignment_id": record.id,
            "client_id": record.client,
            "version": handed.version,
            "alert": alert,
            "urgency": urgency,
        }
        letters += tell((record.therapist,), event_id(entity_id, recorded, alert), "answer_alert", payload)
    return Owed(letters)


def raise_alarm(entity_id: str, recorded: Recorded[Submitted]) -> Owed:
    """An answer of which its worksheet says that it is an emergency raises one."""
    event, record = recorded.event, recorded.event.record
    if record.source or not any(urgency == "emergency" for _, urgency in event.alerts):
        return NOTHING
    emergency = derived_id("emg", recorded.at_ms, f"{entity_id}#{recorded.seq}")
    return Owed([Letter(f"{DISTRESS}:{record.client}", _pack(CryForHelp(emergency=emergency, kind="self_harm")))])


def tell_feedback(entity_id: str, recorded: Recorded[FeedbackGiven]) -> Owed:
    """The client: `feedback_given`. What is private is told to nobody."""
    event, record = recorded.event, recorded.event.record
    if event.note.private:
        return NOTHING
    feedback = feedback_shown(event.note, words(event.secret))
    payload = {"assignment_id": record.id, "feedback": feedback}
    told = event_id(entity_id, recorded)
    return Owed([_sealed(record=record, user=record.client, told=told, name="feedback_given", payload=payload)])


def tell_clarified(entity_id: str, recorded: Recorded[Clarified]) -> Owed:
    """The other of the two: `clarification_requested`, `clarification_answered`. All that was said before is read with
    the question itself."""
    event, record = recorded.event, recorded.event.record
    last = event.clarification.posts[-1]
    newest = msgspec.structs.replace(event.clarification, posts=(last,))
    shown = clarification_shown(newest, {last.said: words(event.secret).text})
    name = "clarification_requested" if len(event.clarification.posts) == 1 else "clarification_answered"
    if event.clarification.state == "resolved":
        name = "clarification_answered"
        shown = msgspec.structs.replace(shown, posts=[])
    payload = {"assignment_id": record.id, "clarification": shown}
    other = record.therapist if event.by == record.client else record.client
    return Owed([_sealed(record=record, user=other, told=event_id(entity_id, recorded), name=name, payload=payload)])


def _updated(
    entity_id: str, recorded: Recorded[object], record: AssignmentRecord, change: str, title: str
) -> list[Letter]:
    told = event_id(entity_id, recorded)
    letters = []
    for user in (record.client, record.therapist):
        seen = assignment_shown(record, recorded.seq, title=title, user=user)
        letters.append(
            _sealed(
                record=record,
                user=user,
                told=told,
                name="assignment_updated",
                payload={"assignment": seen, "change": change},
            )
        )
    return letters


def _sealed(record: AssignmentRecord, user: str, told: str, name: str, payload: Mapping[str, object]) -> Letter:
    """A letter to a mailbox that quotes: sealed under the client's key until it is sent."""
    return Letter(f"{INBOX}:{user}", _pack(Deliver(told, name, b"{}")), _to_json(payload), record.client)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_assigned", "assignment", Assigned, tell_assigned, to=(INBOX,)),
    Reaction("tell_assignment_changed", "assignment", AssignmentChanged, tell_changed, to=(INBOX,)),
    Reaction("tell_submitted", "assignment", Submitted, tell_submitted, to=(INBOX,)),
    Reaction("raise_answer_alarm", "assignment", Submitted, raise_alarm, to=(DISTRESS,)),
    Reaction("tell_feedback", "assignment", FeedbackGiven, tell_feedback, to=(INBOX,)),
    Reaction("tell_clarified", "assignment", Clarified, tell_clarified, to=(INBOX,)),
]
