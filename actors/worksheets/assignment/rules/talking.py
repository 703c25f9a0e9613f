"""What is said about an assignment: feedback on what was handed in, anchored to a field and a stretch of its text; and
questions, which may stop the clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from actors.kernel.contract.entity import Context
from actors.worksheets.assignment.commands import EditFeedback, GiveFeedback
from actors.worksheets.assignment.contents import EventWords, Submission, pack, words
from actors.worksheets.assignment.events import Clarified, FeedbackDeleted, FeedbackGiven
from actors.worksheets.assignment.records import AssignmentRecord, Clarification, ClarificationWords, Note
from actors.worksheets.assignment.rules import course
from actors.worksheets.assignment.shown import ShownClarification, ShownFeedback, ShownPost
from actors.worksheets.assignment.state import AssignmentState
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PayloadTooLarge
from common.ids import derived_id

MOST_NOTES = 500
MOST_CLARIFICATIONS = 200
MOST_POSTS = 100


@dataclass(frozen=True, slots=True)
class TitledWords:
    """What somebody says, and under which title."""

    title: str
    text: str
    quote: str = ""

    def secret(self) -> bytes:
        """As it is sealed."""
        return pack(EventWords(title=self.title, text=self.text, quote=self.quote))


@dataclass(frozen=True, slots=True)
class ClarificationPost:
    """A question, or an answer: about which field, in which words; `key` names it to who says it."""

    words: TitledWords
    key: str = ""
    field: str = ""


def give(
    kept: AssignmentState, record: AssignmentRecord, command: GiveFeedback, context: Context, title: str, seq: int
) -> FeedbackGiven:
    """Feedback on a submission.

    Raises:
        NotFound: there is no such submission.
        InvalidArgument: the field or the stretch is not there.
    """
    handed = next((one for one in record.submissions if one.version == command.version), None)
    if handed is None:
        raise NotFound("There is no such submission.", assignment=record.id)
    if len(kept.notes) >= MOST_NOTES:
        raise PayloadTooLarge(f"There is as much feedback as there may be: {MOST_NOTES}.")
    content: Submission | None = context.parts.get(submission_key(handed.seq))
    quote = _quoted(content.answers if content is not None else {}, command, kept)
    note = Note(
        id=derived_id("fbk", context.now_ms, f"{record.id}#{seq}"),
        version=command.version,
        author=context.by.user,
        private=command.private,
        created=context.now_ms,
        edited=0,
        said=seq,
        field=command.field,
        start=command.start,
        end=command.end,
        key=command.key,
    )
    said = TitledWords(title, words(command.secret).text, quote)
    return FeedbackGiven(author=record.client, secret=said.secret(), record=_counted(record, note, 1), note=note)


def edit(
    record: AssignmentRecord, note: Note, command: EditFeedback, before: EventWords, title: str, now: int, seq: int
) -> FeedbackGiven:
    """Other words, or for other eyes. What it said before is gone."""
    private = note.private if command.private is None else command.private
    text = before.text if command.secret is None else words(command.secret).text
    changed = replace(note, private=private, edited=now, said=seq)
    record = _counted(_counted(record, note, -1), changed, 1)
    said = TitledWords(title, text, before.quote)
    return FeedbackGiven(author=record.client, secret=said.secret(), record=record, note=changed, replaced=note.said)


def delete(record: AssignmentRecord, note: Note, title: str) -> FeedbackDeleted:
    """It is taken back."""
    secret = TitledWords(title, "").secret()
    return FeedbackDeleted(author=record.client, secret=secret, record=_counted(record, note, -1), note=note)


def feedback_shown(note: Note, said: EventWords) -> ShownFeedback:
    """As people see it."""
    return ShownFeedback(
        feedback_id=note.id,
        version=note.version,
        field=note.field or None,
        range={"start": note.start, "end": note.end} if note.start >= 0 else None,
        quote=said.quote or None,
        body=said.text,
        private=note.private,
        author_id=note.author,
        created_at=to_rfc3339(note.created),
        edited_at=to_rfc3339(note.edited) if note.edited else None,
    )


def ask(
    kept: AssignmentState,
    record: AssignmentRecord,
    asked: ClarificationPost,
    context: Context,
    seq: int,
    *,
    stops: bool,
) -> Clarified:
    """A question. Raises InvalidArgument: there is no such field; PayloadTooLarge: too many were asked."""
    if asked.field and kept.shape.field(asked.field) is None:
        raise InvalidArgument("The worksheet has no such field.", details={"field": "field"})
    if len(kept.clarifications) >= MOST_CLARIFICATIONS:
        raise PayloadTooLarge(f"There are as many questions as there may be: {MOST_CLARIFICATIONS}.")
    if record.status == "cancelled":
        raise course.not_now(record)
    one = Clarification(
        id=derived_id("clr", context.now_ms, f"{record.id}#{seq}"),
        field=asked.field,
        state="open",
        posts=(ClarificationWords(author=context.by.user, at=context.now_ms, said=seq, key=asked.key),),
    )
    return _clarified(kept=kept, record=record, one=one, said=asked.words, context=context, stops=stops)


def answer(
    kept: AssignmentState,
    record: AssignmentRecord,
    one: Clarification,
    asked: ClarificationPost,
    context: Context,
    seq: int,
    *,
    stops: bool,
) -> Clarified:
    """An answer; by who asked, a further question. Raises FailedPrecondition: it is resolved."""
    if one.state == "resolved":
        raise FailedPrecondition("This question is resolved. Ask another.", details={"state": one.state})
    if len(one.posts) >= MOST_POSTS:
        raise PayloadTooLarge("There are as many answers as there may be. Ask anew.")
    further = one.posts[0].author == context.by.user
    posts = (*one.posts, ClarificationWords(author=context.by.user, at=context.now_ms, said=seq, key=asked.key))
    changed = replace(one, posts=posts, state="open" if further else "answered")
    return _clarified(kept=kept, record=record, one=changed, said=asked.words, context=context, stops=stops)


def resolve(
    kept: AssignmentState, record: AssignmentRecord, one: Clarification, title: str, context: Context, *, stops: bool
) -> Clarified:
    """It is clear."""
    return _clarified(
        kept=kept,
        record=record,
        one=replace(one, state="resolved"),
        said=TitledWords(title, ""),
        context=context,
        stops=stops,
    )


def clarification_shown(one: Clarification, said: Mapping[int, str]) -> ShownClarification:
    """As people see it. `said`: the words, by the event that holds them."""
    posts = [
        ShownPost(author_id=post.author, body=said.get(post.said, ""), at=to_rfc3339(post.at)) for post in one.posts
    ]
    return ShownClarification(clarification_id=one.id, field=one.field or None, state=one.state, posts=posts)


def submission_key(seq: int) -> str:
    """The key of the part that is what was handed in at this event."""
    return f"submission:{seq}"


def _clarified(
    kept: AssignmentState,
    record: AssignmentRecord,
    one: Clarification,
    said: TitledWords,
    context: Context,
    *,
    stops: bool,
) -> Clarified:
    others = {key: other for key, other in kept.clarifications.items() if key != one.id} | {one.id: one}
    waiting = sum(other.state == "open" for other in others.values())
    record = replace(record, open_clarifications=waiting, updated=context.now_ms)
    if stops and record.working:
        now = context.now_ms
        record = (
            course.stopped(record, "clarification", now) if waiting else course.going_on(record, "clarification", now)
        )
    return Clarified(author=record.client, secret=said.secret(), record=record, clarification=one, by=context.by.user)


def _counted(record: AssignmentRecord, note: Note, by: int) -> AssignmentRecord:
    if note.private:
        return replace(record, private_feedback=record.private_feedback + by)
    return replace(record, feedback=record.feedback + by)


def _quoted(answers: Mapping[str, object], command: GiveFeedback, kept: AssignmentState) -> str:
    """What the stretch says, in code points of that version's text."""
    if command.field and kept.shape.field(command.field) is None:
        raise InvalidArgument("The worksheet has no such field.", details={"field": "field"})
    if command.start < 0:
        return ""
    text = answers.get(command.field)
    if not isinstance(text, str) or not command.start < command.end <= len(text):
        raise InvalidArgument("This stretch is not in what was handed in.", details={"field": "range"})
    return text[command.start : command.end]
