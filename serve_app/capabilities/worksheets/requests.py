"""What people send about worksheets: one Struct each, at both doors; and pages of what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.worksheets.schema.fields import Licence, Passage, Schema
from actors.worksheets.schema.scoring import Scored
from actors.worksheets.worksheet.records import Origin, ShownWorksheet, State, Visibility
from common.decoding import Id, Instant, Request
from serve_app.capabilities.worksheets.members import Cursor, Format, Limit, Number, Title, WorksheetId
from serve_app.edge.conventions.paging import DEFAULT_PAGE
from serve_app.edge.operation import Repeatable


class CreateWorksheetRequest(Request, Repeatable, frozen=True, kw_only=True):
    """A worksheet. `derived_from`: what it was made of."""

    title: Title
    description: Passage | None = None
    schema: Schema
    visibility: Visibility = "private"
    licence: Licence | None = None
    derived_from: Origin | None = None


class OfWorksheet(Request, frozen=True, kw_only=True):
    """One worksheet; `version`: the newest that the caller may see, unless it is said."""

    worksheet_id: WorksheetId
    version: Number | None = None


class UpdateWorksheetRequest(Request, Repeatable, frozen=True, kw_only=True):
    """The next version: what is left out stays. With `derived_from` it is another worksheet."""

    worksheet_id: WorksheetId
    version: Number | None = None
    title: Title | None = None
    description: Passage | None = None
    schema: Schema | None = None
    visibility: Visibility | None = None
    licence: Licence | None = None
    derived_from: Origin | None = None


class ChangeWorksheet(Request, Repeatable, frozen=True, kw_only=True):
    """Something done about one."""

    worksheet_id: WorksheetId
    version: Number | None = None


class ListWorksheets(Request, frozen=True, kw_only=True):
    """Which."""

    owner: Id | None = None
    state: State | None = None
    instrument: Annotated[str, Meta(max_length=64)] | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ListInstruments(Request, frozen=True):
    """Those that are shipped."""


class Evaluate(Request, frozen=True, kw_only=True):
    """Answers to try: nothing is stored."""

    worksheet_id: WorksheetId
    version: Number | None = None
    answers: dict[str, Any]


class ImportWorksheet(Request, Repeatable, frozen=True, kw_only=True):
    """A worksheet in another format. `strict`: refused, if anything of it cannot be kept."""

    format: Format
    document: dict[str, Any]
    title: Title | None = None
    dry_run: bool = False
    strict: bool = False
    permission: Passage | None = None


class ExportWorksheet(Request, frozen=True, kw_only=True):
    """A worksheet in this format."""

    worksheet_id: WorksheetId
    version: Number | None = None
    format: Format = "carewire"


class Exported(msgspec.Struct, frozen=True):
    """A worksheet in another format: the members are those of the format."""


class AnalyticsRequest(Request, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Figures of what was handed in within these bounds."""

    worksheet_id: WorksheetId
    version: Number | None = None
    from_: Instant | None = None
    to: Instant | None = None
    group_by: Literal["month"] | None = None


# -- answers -----------------------------------------------------------------------------------------------------------


class WorksheetPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page, the newest first. `next_cursor` is missing on the last one."""

    worksheets: list[ShownWorksheet]
    next_cursor: str | None = None


class ShownInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that is shipped."""

    instrument: str
    worksheet_id: str
    title: str
    licence: Licence
    scores: list[dict[str, Any]]


class InstrumentList(msgspec.Struct, frozen=True):
    """All of them."""

    instruments: list[ShownInstrument]


class ShownError(msgspec.Struct, frozen=True):
    """What is wrong with an answer."""

    field: str
    code: str
    message: str


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """What answers come to."""

    visible: list[str]
    missing: list[str]
    errors: list[ShownError]
    scores: dict[str, Scored | None]
    alerts: list[str]


class DroppedPart(msgspec.Struct, frozen=True):
    """What cannot be kept, and why."""

    path: str
    reason: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """`kept`: how many fields."""

    kept: int
    dropped: list[DroppedPart]


class Imported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The worksheet, unless it was tried only, and what became of the document."""

    worksheet: ShownWorksheet | None = None
    report: ImportReport
