"""What answers need of storage: words and what was handed in, opened."""

from collections.abc import Iterable

from actors.kernel.contract.entity import Library
from actors.worksheets.assignment.commands import ClarificationPage, FeedbackPage, SubmissionPage
from actors.worksheets.assignment.contents import EventWords, submission_in, words
from actors.worksheets.assignment.queries import AssignmentOf, ClarificationsOf, FeedbackOf, KnownAnswer, SubmissionsOf
from actors.worksheets.assignment.rules.handing import submission_shown
from actors.worksheets.assignment.rules.talking import clarification_shown, feedback_shown
from actors.worksheets.assignment.shaping import assignment_shown
from actors.worksheets.assignment.shown import ShownSubmission
from common.errors import NotFound


async def read(query: object, entity_id: str, library: Library) -> object | None:
    """The answer to a query; None: it is none of ours."""
    match query:
        case KnownAnswer(answer):
            return answer
        case AssignmentOf():
            said = await _said((one.said for one in query.record.extensions if one.said), entity_id, library)
            return assignment_shown(
                query.record,
                query.version,
                title=query.title,
                user=query.user,
                seq=query.seq,
                note=query.note,
                reasons={seq: one.text for seq, one in said.items()},
            )
        case SubmissionsOf():
            found = await _submissions(query, entity_id, library)
            return found[0] if query.one else SubmissionPage(submissions=found)
        case FeedbackOf():
            said = await _said((one.said for one in query.notes), entity_id, library)
            feedback = [feedback_shown(one, said.get(one.said, EventWords())) for one in query.notes]
            return feedback[0] if query.one else FeedbackPage(feedback=feedback)
        case ClarificationsOf():
            posts = (post.said for one in query.clarifications for post in one.posts)
            texts = {seq: one.text for seq, one in (await _said(posts, entity_id, library)).items()}
            shown = [clarification_shown(one, texts) for one in query.clarifications]
            return shown[0] if query.one else ClarificationPage(clarifications=shown)
    return None


async def _said(seqs: Iterable[int], entity_id: str, library: Library) -> dict[int, EventWords]:
    wanted = sorted(set(seqs))
    found = await library.at(entity_id, wanted) if wanted else []
    return {one.seq: words(one.event.secret) for one in found}


async def _submissions(query: SubmissionsOf, entity_id: str, library: Library) -> list[ShownSubmission]:
    """What was handed in. Raises NotFound: it cannot be read any more."""
    handed = {one.seq: one for one in query.handed}
    found = await library.at(entity_id, sorted(handed)) if handed else []
    opened = [(handed[one.seq], one.event.secret) for one in found if one.event.secret is not None]
    if query.one and not opened:
        raise NotFound("There is no such submission.")
    return [submission_shown(query.record, one, submission_in(secret)) for one, secret in opened]
