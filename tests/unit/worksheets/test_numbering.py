"""`seq` of an assignment is the number of its document's last event, in whatever tells of it."""

from actors.worksheets.assignment.commands import GetAssignment, Reopen
from actors.worksheets.assignment.events import AssignmentChanged, Submitted
from actors.worksheets.assignment.queries import AssignmentOf
from actors.worksheets.document.commands import GetDraft
from tests.unit.worksheets.lectern import ADA, TESS, Lectern


def seen(sheet: Lectern) -> int:
    answer = sheet.do(GetAssignment(), ADA).reply
    assert isinstance(answer, AssignmentOf)
    return answer.seq


def test_events_answers_and_the_draft_agree() -> None:
    sheet = Lectern()
    sheet.assign()
    assert seen(sheet) == 0
    sheet.save(mood=3)  # the update, and that it has begun
    (begun,) = sheet.told(AssignmentChanged)
    assert (begun.record.written, seen(sheet), sheet.version) == (2, 2, 3)
    sheet.save(mood=4)
    sheet.submit()
    (handed,) = sheet.told(Submitted)
    assert (handed.record.written, seen(sheet)) == (4, 4)
    answer = sheet.do(Reopen(), TESS).reply
    assert isinstance(answer, AssignmentOf)
    written = sheet.told(AssignmentChanged)[-1].record.written
    draft = sheet.do(GetDraft(), ADA).reply
    assert (answer.seq, written, seen(sheet), draft.seq) == (7, 7, 7, 7)  # type: ignore[attr-defined]
