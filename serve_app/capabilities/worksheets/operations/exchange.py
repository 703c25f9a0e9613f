"""Every operation of worksheets and answers in other formats."""

from collections.abc import Iterator
from typing import Any, Final

from actors.worksheets.assignment.shown import ShownAssignment
from serve_app.capabilities.worksheets import examples, requests, work_requests
from serve_app.capabilities.worksheets.exchange import exchanging, responses
from serve_app.capabilities.worksheets.exchange.shapes import Shapes
from serve_app.capabilities.worksheets.operations.declaring import SHEETS, WORK
from serve_app.capabilities.worksheets.sheets import Sheets
from serve_app.capabilities.worksheets.work import Work
from serve_app.edge.operation import Caller, Operation, Result

_FORM: Final = {"title": "Diary", "elements": [{"type": "comment", "name": "story", "title": "What happened?"}]}
_RESPONSE: Final = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "questionnaire": f"urn:carewire:worksheet:{examples.WORKSHEET_ID}|1",
    "authored": examples.TIME,
    "item": [{"linkId": "mood", "answer": [{"valueDecimal": 7}]}],
}


class ExchangeOperations:
    """One a process. `shapes`: how FHIR's resources are checked beside what we read of them."""

    def __init__(self, sheets: Sheets, work: Work, shapes: Shapes) -> None:
        self._sheets, self._work, self._shapes = sheets, work, shapes

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._worksheets()
        yield from self._answers()

    def _worksheets(self) -> Iterator[Operation[Any]]:
        async def bring_in(request: requests.ImportWorksheet, caller: Caller) -> Result:
            content, report = exchanging.read(request, self._shapes)
            if request.dry_run:
                return Result(requests.Imported(report=report), status=200)
            made = await self._sheets.make(content, "private", None, by=caller.by, trace=caller.trace)
            return Result(requests.Imported(worksheet=made, report=report))

        async def hand_out(request: requests.ExportWorksheet, caller: Caller) -> dict[str, Any]:
            found = await self._sheets.get(request.worksheet_id, request.version, by=caller.by, trace=caller.trace)
            return exchanging.written(found, request.format)

        yield SHEETS.change(
            "import_worksheet",
            "worksheet.import",
            request=requests.ImportWorksheet,
            call=bring_in,
            under="/import",
            response=requests.Imported,
            example=({"format": "surveyjs", "document": _FORM}, {"report": {"kept": 1, "dropped": []}}),
            description="A worksheet of another format. What cannot be kept is named; with `strict` it is refused, "
            "with `dry_run` nothing is stored.",
            status=201,
            statuses=(200,),
        )
        yield SHEETS.read(
            "export_worksheet",
            "worksheet.read",
            request=requests.ExportWorksheet,
            call=hand_out,
            under="/{worksheet_id}/export",
            response=requests.Exported,
            example=({"format": "surveyjs"}, _FORM),
            description="A worksheet in another format: our own, a Questionnaire (FHIR R4), or a SurveyJS form.",
        )

    def _answers(self) -> Iterator[Operation[Any]]:
        async def bring_in(request: work_requests.ImportResponse, caller: Caller) -> Result:
            self._shapes(request.document)
            response = responses.read(request.document)
            sheet = await self._sheets.assignable(
                response.worksheet, response.version, by=caller.by, trace=caller.trace
            )
            answers, rows = responses.answers_of(response, sheet.schema)
            made = await self._work.bring_in(
                request.client_id,
                sheet,
                answers=answers,
                rows=rows,
                authored=response.authored,
                by=caller.by,
                trace=caller.trace,
            )
            return Result(made, version=made.version)

        yield WORK.change(
            "import_response",
            "worksheet.assign",
            request=work_requests.ImportResponse,
            call=bring_in,
            under="/import",
            response=ShownAssignment,
            example=({"client_id": "usr_ada", "document": _RESPONSE}, {**examples.SUBMITTED, "source": "import"}),
            description="A QuestionnaireResponse (FHIR R4) of somebody in the caller's care, to a worksheet of ours. "
            "It keeps its "
            "time.",
            status=201,
            refuses=SHEETS.refuses,
        )
