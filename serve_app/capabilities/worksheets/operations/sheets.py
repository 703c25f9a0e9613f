"""Every operation of worksheets themselves."""

from collections.abc import Iterator
from typing import Any

from actors.worksheets.versions import Versions
from actors.worksheets.worksheet.figures import Figures
from actors.worksheets.worksheet.records import ShownWorksheet
from common.timeline import parse_instant
from serve_app.capabilities.worksheets import examples, requests
from serve_app.capabilities.worksheets.operations.declaring import SHEETS
from serve_app.capabilities.worksheets.sheets import Sheets, instruments
from serve_app.edge.conventions.paging import encode_cursor
from serve_app.edge.operation import Caller, Operation, Result


class SheetOperations:
    """One a process."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._making()
        yield from self._changing()
        yield from self._reading()
        yield from self._trying()

    def _making(self) -> Iterator[Operation[Any]]:
        async def create(request: requests.CreateWorksheetRequest, caller: Caller) -> Result:
            return _versioned(await self._sheets.create(request, by=caller.by, trace=caller.trace))

        async def update(request: requests.UpdateWorksheetRequest, caller: Caller) -> Result:
            made = await self._sheets.update(request, _versions(request, caller), by=caller.by, trace=caller.trace)
            return _versioned(made)

        asked = {"title": "Diary", "schema": examples.SCHEMA}
        yield SHEETS.change(
            "create_worksheet",
            "worksheet.create",
            request=requests.CreateWorksheetRequest,
            call=create,
            under="",
            response=ShownWorksheet,
            example=(asked, examples.WORKSHEET),
            description="Make a worksheet: version 1, a draft.",
            status=201,
        )
        yield SHEETS.change(
            "update_worksheet",
            "worksheet.publish",
            request=requests.UpdateWorksheetRequest,
            call=update,
            under="/{worksheet_id}",
            response=ShownWorksheet,
            example=({"title": "Diary"}, {**examples.WORKSHEET, "version": 2}),
            description="The next version, a draft; what is left out stays. What is used word by word keeps its words: "
            "with `derived_from` it is another worksheet.",
            method="PUT",
            versioned=True,
        )

    def _changing(self) -> Iterator[Operation[Any]]:
        async def publish(request: requests.ChangeWorksheet, caller: Caller) -> Result:
            found = await self._sheets.publish(
                request.worksheet_id, _versions(request, caller), by=caller.by, trace=caller.trace
            )
            return _versioned(found)

        async def archive(request: requests.ChangeWorksheet, caller: Caller) -> Result:
            found = await self._sheets.archive(
                request.worksheet_id, _versions(request, caller), by=caller.by, trace=caller.trace
            )
            return _versioned(found)

        for verb, call, description in (
            ("publish", publish, "The newest version may be given from now on, and changes no more."),
            ("archive", archive, "It is given to nobody any more; assignments that exist go on."),
        ):
            yield SHEETS.change(
                f"{verb}_worksheet",
                "worksheet.publish",
                request=requests.ChangeWorksheet,
                call=call,
                under=f"/{{worksheet_id}}/{verb}",
                response=ShownWorksheet,
                example=({}, examples.PUBLISHED),
                description=description,
                versioned=True,
            )

    def _reading(self) -> Iterator[Operation[Any]]:
        async def get(request: requests.OfWorksheet, caller: Caller) -> Result:
            found = await self._sheets.get(request.worksheet_id, request.version, by=caller.by, trace=caller.trace)
            return _versioned(found)

        async def page(request: requests.ListWorksheets, caller: Caller) -> requests.WorksheetPage:
            found = await self._sheets.page(request, by=caller.by, trace=caller.trace)
            more = None if found.next is None else encode_cursor(found.next)
            return requests.WorksheetPage(worksheets=found.worksheets, next_cursor=more)

        async def shipped(_: requests.ListInstruments, __: Caller) -> requests.InstrumentList:
            return instruments()

        yield SHEETS.read(
            "list_instruments",
            "worksheet.read",
            request=requests.ListInstruments,
            call=shipped,
            under="/instruments",
            response=requests.InstrumentList,
            example=({}, {"instruments": []}),
            description="Instruments that are shipped: published, and used word by word.",
        )
        yield SHEETS.read(
            "list_worksheets",
            "worksheet.read",
            request=requests.ListWorksheets,
            call=page,
            under="",
            response=requests.WorksheetPage,
            example=({"state": "published"}, {"worksheets": [examples.PUBLISHED]}),
            description="Own worksheets, shared ones, and those that the caller was given; the newest first.",
        )
        yield SHEETS.read(
            "get_worksheet",
            "worksheet.read",
            request=requests.OfWorksheet,
            call=get,
            under="/{worksheet_id}",
            response=ShownWorksheet,
            example=({}, examples.PUBLISHED),
            description="A worksheet in one of its versions. Drafts are their owner's.",
            versioned=True,
        )

    def _trying(self) -> Iterator[Operation[Any]]:
        async def evaluate(request: requests.Evaluate, caller: Caller) -> requests.Evaluated:
            return await self._sheets.evaluate(
                request.worksheet_id, request.version, request.answers, by=caller.by, trace=caller.trace
            )

        async def figures(request: requests.AnalyticsRequest, caller: Caller) -> Figures:
            return await self._sheets.figures(
                request.worksheet_id,
                request.version,
                0 if request.from_ is None else parse_instant(request.from_, "from"),
                0 if request.to is None else parse_instant(request.to, "to"),
                months=request.group_by == "month",
                by=caller.by,
                trace=caller.trace,
            )

        yield SHEETS.read(
            "evaluate_worksheet",
            "worksheet.read",
            request=requests.Evaluate,
            call=evaluate,
            under="/{worksheet_id}/evaluate",
            response=requests.Evaluated,
            example=({"answers": examples.ANSWERS}, examples.EVALUATED),
            description="What answers come to: what is shown, missing and wrong, scores and alerts. Stores nothing.",
            method="POST",
        )
        yield SHEETS.read(
            "worksheet_analytics",
            "worksheet.analytics",
            request=requests.AnalyticsRequest,
            call=figures,
            under="/{worksheet_id}/analytics",
            response=Figures,
            example=({}, examples.FIGURES),
            description="How it fares among the caller's own clients; for administrators, among all. A figure of too "
            "few people is null, and so is what it could be computed from.",
        )


def _versioned(one: ShownWorksheet) -> Result:
    return Result(one, version=one.version)


def _versions(request: requests.UpdateWorksheetRequest | requests.ChangeWorksheet, caller: Caller) -> Versions:
    """Those that a change is meant for: the payload says it, or `If-Match`."""
    return caller.versions if request.version is None else (request.version,)
