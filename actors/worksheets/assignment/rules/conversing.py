"""Which rule decides what is said about an assignment."""

from collections.abc import Iterable, Sequence

from actors.kernel.contract.entity import Context, Decision
from actors.worksheets.assignment.commands import (
    AnswerClarification,
    AskClarification,
    AssignmentCommand,
    DeleteFeedback,
    EditFeedback,
    GiveFeedback,
    ListClarifications,
    ListFeedback,
    ResolveClarification,
)
from actors.worksheets.assignment.contents import EventWords, words
from actors.worksheets.assignment.events import Clarified
from actors.worksheets.assignment.queries import ClarificationsOf, FeedbackOf
from actors.worksheets.assignment.records import AssignmentRecord, Clarification, Note
from actors.worksheets.assignment.rules import course, talking
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.rights import may, relation
from actors.worksheets.assignment.rules.talking import ClarificationPost, TitledWords, submission_key
from common.errors import NotFound
from common.policy import POLICY, Relation

Feedback = GiveFeedback | EditFeedback | DeleteFeedback | ListFeedback
Clarifying = AskClarification | AnswerClarification | ResolveClarification | ListClarifications
Conversing = Feedback | Clarifying


def said_key(seq: int) -> str:
    """The key of the part that is what an event says."""
    return f"said:{seq}"


def needs(one: Facing, command: AssignmentCommand) -> Sequence[str]:
    """What feedback points at, and what it said before."""
    if isinstance(command, GiveFeedback):
        found = next((each for each in one.known.submissions if each.version == command.version), None)
        return () if found is None else (submission_key(found.seq),)
    if isinstance(command, EditFeedback):
        note = one.kept.notes.get(command.feedback)
        return () if note is None else (said_key(note.said),)
    return ()


def decide(one: Facing, record: AssignmentRecord, command: Conversing, context: Context, version: int) -> Decision:
    """Decide one of them. Raises NotFound, PermissionDenied; others as `talking`."""
    if isinstance(command, Feedback):
        return _feedback(one=one, record=record, command=command, context=context, version=version)
    may(record, context.by, "worksheet.clarify")
    if isinstance(command, ListClarifications):
        return Decision(ClarificationsOf(tuple(one.kept.clarifications.values())))
    if isinstance(command, AskClarification):
        return _ask(one=one, record=record, command=command, context=context, version=version)
    clarification = one.kept.clarifications.get(command.clarification)
    if clarification is None:
        raise NotFound("There is no such question.", assignment=record.id)
    if isinstance(command, AnswerClarification):
        return _answer(
            one=one, record=record, clarification=clarification, command=command, context=context, version=version
        )
    if clarification.state == "resolved":
        return Decision(ClarificationsOf((clarification,), one=True))
    title = one.given(context).title
    stops = one.house.clarification_stops
    return _clarified(
        talking.resolve(kept=one.kept, record=record, one=clarification, title=title, context=context, stops=stops),
        record,
        context,
    )


def _ask(one: Facing, record: AssignmentRecord, command: AskClarification, context: Context, version: int) -> Decision:
    known = _named(one.kept.clarifications.values(), context.by.user, command.key)
    if known is not None:
        return Decision(ClarificationsOf((known,), one=True))
    asked = ClarificationPost(
        TitledWords(one.given(context).title, words(command.secret).text), command.key, command.field
    )
    stops = one.house.clarification_stops
    event = talking.ask(kept=one.kept, record=record, asked=asked, context=context, seq=version + 1, stops=stops)
    return _clarified(event, record, context)


def _answer(
    one: Facing,
    record: AssignmentRecord,
    clarification: Clarification,
    command: AnswerClarification,
    context: Context,
    version: int,
) -> Decision:
    if _named([clarification], context.by.user, command.key) is not None:
        return Decision(ClarificationsOf((clarification,), one=True))
    asked = ClarificationPost(TitledWords(one.given(context).title, words(command.secret).text), command.key)
    stops = one.house.clarification_stops
    event = talking.answer(
        kept=one.kept, record=record, one=clarification, asked=asked, context=context, seq=version + 1, stops=stops
    )
    return _clarified(event, record, context)


def _named(among: Iterable[Clarification], author: str, key: str) -> Clarification | None:
    """The one in which its author has said this already."""
    if not key:
        return None
    for one in among:
        if any(post.author == author and post.key == key for post in one.posts):
            return one
    return None


def _clarified(event: Clarified, before: AssignmentRecord, context: Context) -> Decision:
    moved = event.record.due != before.due
    timers = course.timers(event.record, context.now_ms) if moved else []
    return Decision(ClarificationsOf((event.clarification,), one=True), events=[event], timers=timers)


def _feedback(one: Facing, record: AssignmentRecord, command: Feedback, context: Context, version: int) -> Decision:
    if isinstance(command, ListFeedback):
        may(record, context.by, "worksheet.follow")
        return Decision(FeedbackOf(_seen(one, record, command, context)))
    may(record, context.by, "worksheet.feedback")
    title = one.given(context).title
    if isinstance(command, GiveFeedback):
        by = context.by.user
        for note in one.kept.notes.values():
            if command.key and note.author == by and note.key == command.key:
                return Decision(FeedbackOf((note,), one=True))
        given = talking.give(
            kept=one.kept, record=record, command=command, context=context, title=title, seq=version + 1
        )
        return Decision(FeedbackOf((given.note,), one=True), events=[given])
    known = one.kept.notes.get(command.feedback)
    if known is None and isinstance(command, DeleteFeedback):
        return Decision()
    if known is None:
        raise NotFound("There is no such feedback.", assignment=record.id)
    if isinstance(command, DeleteFeedback):
        return Decision(events=[talking.delete(record, known, title)])
    before: EventWords = context.parts.get(said_key(known.said)) or EventWords()
    edited = talking.edit(
        record=record, note=known, command=command, before=before, title=title, now=context.now_ms, seq=version + 1
    )
    return Decision(FeedbackOf((edited.note,), one=True), events=[edited])


def _seen(one: Facing, record: AssignmentRecord, command: ListFeedback, context: Context) -> tuple[Note, ...]:
    """What is private, only who gave the assignment sees."""
    found = relation(record, context.by.user)
    private = found is Relation.OWNER and POLICY.allows(context.by.role, found, "worksheet.private")
    notes = [note for note in one.kept.notes.values() if private or not note.private]
    return tuple(note for note in notes if command.version in (0, note.version))
