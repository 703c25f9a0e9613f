"""Worksheets as doors serve them. The rules are the entity's (`actors.worksheets.worksheet`)."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.worksheets.desk.commands import ListSheets, SheetPage
from actors.worksheets.instruments import shipped
from actors.worksheets.readmodels import READERS, reader_id
from actors.worksheets.schema import answers as answering
from actors.worksheets.schema.checking import check, check_licence
from actors.worksheets.schema.expressions.values import whole
from actors.worksheets.schema.fields import Licence, Schema
from actors.worksheets.schema.showing import alerts_of, shown
from actors.worksheets.versions import Versions
from actors.worksheets.worksheet.commands import (
    ArchiveWorksheet,
    CreateWorksheet,
    GetAssignable,
    GetFigures,
    GetWorksheet,
    PublishWorksheet,
    UpdateWorksheet,
)
from actors.worksheets.worksheet.entity import check_words
from actors.worksheets.worksheet.figures import Figures
from actors.worksheets.worksheet.records import (
    Assignable,
    Origin,
    ShownWorksheet,
    Visibility,
    WorksheetContent,
    content_of,
)
from common.clock import Clock
from common.errors import PayloadTooLarge
from common.ids import new_id
from common.policy import POLICY, Relation
from serve_app.capabilities.worksheets.requests import (
    CreateWorksheetRequest,
    Evaluated,
    InstrumentList,
    ListWorksheets,
    ShownError,
    ShownInstrument,
    UpdateWorksheetRequest,
)
from serve_app.edge.conventions.paging import decode_cursor
from store.ports.views import Views

_LARGEST: Final = 131_072  # a turn is bounded, and each assignment keeps it
_pack: Final = msgspec.msgpack.Encoder().encode


class Sheets:
    """One a process. `least`: how many people a figure is of at least."""

    def __init__(self, entities: EntityClient, views: Views, clock: Clock, least: int) -> None:
        self._entities, self._views, self._clock = entities, views, clock
        self._least = least

    async def create(self, asked: CreateWorksheetRequest, *, by: Principal, trace: str) -> ShownWorksheet:
        """A new one.

        Raises:
            PermissionDenied: not for clients.
            InvalidArgument: the schema is none; `details.path`.
            FailedPrecondition: it is restricted, and there is no permission.
            NotFound: it cannot be derived from what is not there.
        """
        POLICY.require(by.role, "worksheet.create", {Relation.NONE})
        content = WorksheetContent(
            title=asked.title, schema=asked.schema, description=asked.description, licence=asked.licence
        )
        return await self.make(content, asked.visibility, asked.derived_from, by=by, trace=trace)

    async def make(
        self, content: WorksheetContent, visibility: Visibility, origin: Origin | None, *, by: Principal, trace: str
    ) -> ShownWorksheet:
        """The same, of what it says. Raises as `create`."""
        _check(content)
        if origin is not None:
            await self.get(origin.worksheet_id, origin.version, by=by, trace=trace)
        worksheet = new_id("wks", self._clock.platform_ms())
        command = CreateWorksheet(
            visibility=visibility,
            origin=("", 0) if origin is None else (origin.worksheet_id, origin.version),
            secret=_pack(content),
        )
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=by, trace=trace)

    async def update(
        self, asked: UpdateWorksheetRequest, versions: Versions, *, by: Principal, trace: str
    ) -> ShownWorksheet:
        """The next version; with `derived_from`, another worksheet.

        Raises:
            NotFound, PermissionDenied: it is not the caller's.
            FailedPrecondition: it is used word by word, and the words are others (reason `verbatim`).
        """
        present = await self.get(asked.worksheet_id, None, by=by, trace=trace)
        content = _merged(present, asked)
        if asked.derived_from is not None:
            return await self.make(content, asked.visibility or "private", asked.derived_from, by=by, trace=trace)
        if present.instrument is not None:
            before = content_of(present)
            if before is not None:
                check_words(before, content)
        _check(content)
        command = UpdateWorksheet(visibility=asked.visibility, versions=versions, secret=_pack(content))
        return await self._entities.ask(f"worksheet:{asked.worksheet_id}", command, by=by, trace=trace)

    async def publish(self, worksheet: str, versions: Versions, *, by: Principal, trace: str) -> ShownWorksheet:
        """It may be given from now on. Raises as the entity does."""
        command = PublishWorksheet(versions=versions)
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=by, trace=trace)

    async def archive(self, worksheet: str, versions: Versions, *, by: Principal, trace: str) -> ShownWorksheet:
        """It is given no more. Raises as the entity does."""
        command = ArchiveWorksheet(versions=versions)
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=by, trace=trace)

    async def get(self, worksheet: str, version: int | None, *, by: Principal, trace: str) -> ShownWorksheet:
        """A version of one that the caller may see. Raises NotFound."""
        known = await self._views.get(READERS, [reader_id(by.user, worksheet)])
        command = GetWorksheet(version=version or 0, assigned=bool(known))
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=by, trace=trace)

    async def assignable(self, worksheet: str, version: int | None, *, by: Principal, trace: str) -> Assignable:
        """What is given of it. Raises NotFound; FailedPrecondition: it is not published, or archived."""
        command = GetAssignable(version=version or 0)
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=by, trace=trace)

    async def page(self, asked: ListWorksheets, *, by: Principal, trace: str) -> SheetPage:
        """Those that the caller may see."""
        command = ListSheets(
            owner=asked.owner or "",
            state=asked.state,
            instrument=asked.instrument or "",
            before=None if asked.cursor is None else str(decode_cursor(asked.cursor, str)[0]),
            limit=asked.limit,
            everything=POLICY.allows(by.role, Relation.NONE, "worksheet.read"),
        )
        return await self._entities.ask(f"desk:{by.user}", command, by=by, trace=trace)

    async def evaluate(
        self, worksheet: str, version: int | None, answers: dict[str, Any], *, by: Principal, trace: str
    ) -> Evaluated:
        """What answers come to; nothing is stored. Raises NotFound."""
        found = await self.get(worksheet, version, by=by, trace=trace)
        return evaluated(found.schema, answers)

    async def figures(
        self, worksheet: str, version: int | None, since: int, until: int, *, months: bool, by: Principal, trace: str
    ) -> Figures:
        """How it fares among the caller's clients; for administrators, among all. Raises NotFound."""
        await self.get(worksheet, version, by=by, trace=trace)
        command = GetFigures(
            therapist="" if POLICY.allows(by.role, Relation.NONE, "worksheet.read") else by.user,
            version=version or 0,
            since=since,
            until=until,
            months=months,
            least=self._least,
        )
        return await self._entities.ask(f"worksheet:{worksheet}", command, by=SYSTEM, trace=trace)


def instruments() -> InstrumentList:
    """Those that are shipped."""
    return InstrumentList(
        [
            ShownInstrument(
                instrument=one.instrument,
                worksheet_id=one.worksheet,
                title=one.title,
                licence=one.licence,
                scores=[msgspec.to_builtins(score) for score in one.schema.scores],
            )
            for one in shipped()
        ]
    )


def evaluated(schema: Schema, answers: dict[str, Any]) -> Evaluated:
    """What answers to this schema come to. What is wrong counts as if it were not there."""
    kind_wrong = {key for key, value in answers.items() if answering.complaint_of(schema, key, value) is not None}
    taken = {key: whole(value) for key, value in answers.items() if key not in kind_wrong}
    look = shown(schema, taken, answering.rows_in(taken))
    wrong = answering.complaints(schema, answers, look)
    return Evaluated(
        visible=look.visible,
        missing=answering.missing(schema, look),
        errors=[ShownError(one.field, one.code, one.message) for one in wrong],
        scores=look.scores,
        alerts=alerts_of(schema, look),
    )


def _merged(present: ShownWorksheet, asked: UpdateWorksheetRequest) -> WorksheetContent:
    licence: Licence | None = asked.licence or present.licence
    return WorksheetContent(
        title=asked.title or present.title,
        schema=asked.schema or present.schema,
        description=asked.description or present.description,
        licence=licence,
    )


def _check(content: WorksheetContent) -> None:
    check(content.schema)
    check_licence(content.licence)
    if len(_pack(content)) > _LARGEST:
        raise PayloadTooLarge(f"This worksheet is too large: at most {_LARGEST} bytes. Make two of it.")
