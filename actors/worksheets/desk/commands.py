"""What can be asked of a desk, as it travels from region to shard."""

import msgspec

from actors.kernel.contract.entity import Command
from actors.worksheets.assignment.records import Status
from actors.worksheets.assignment.shown import ShownAssignment, ShownSubmission
from actors.worksheets.desk.letters import (
    CareOver,
    CareRests,
    ForgetDesk,
    NoteSeries,
    SeriesOver,
    SessionOver,
    WorkBegun,
    WorkOver,
    ZoneIs,
)
from actors.worksheets.schema.change import Reliable
from actors.worksheets.worksheet.records import ShownWorksheet, State


class SheetPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of worksheets, the newest first. `next`: the last one's id, where there are more."""

    worksheets: list[ShownWorksheet]
    next: str | None = None


class WorkPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of assignments. `next`: where to go on."""

    assignments: list[ShownAssignment]
    next: str | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A score of a submission, against those before it."""

    submission_id: str
    at: str
    value: int | float
    band: str | None = None
    version: int
    delta_previous: int | float | None
    delta_first: int | float | None
    reliable: Reliable | None
    crossed_cutoff: bool


class Trend(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A score over time. `comparable`: all points are the same score of versions that agree in it."""

    instrument: str | None = None
    worksheet_id: str | None = None
    score: str
    points: list[Point]
    comparable: bool


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """All scores of a person."""

    series: list[Trend]


class HandedPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person handed in, the oldest first. `next`: where to go on."""

    submissions: list[ShownSubmission]
    next: str | None = None


class ListSheets(Command[SheetPage], frozen=True, kw_only=True, tag="sheets"):
    """Worksheets that the person may see. `everything`: of everybody."""

    owner: str = ""
    state: State | None = None
    instrument: str = ""
    before: str | None = None
    limit: int = 50
    everything: bool = False


class ListWork(Command[WorkPage], frozen=True, kw_only=True, tag="work"):
    """Assignments of the person, as client or as therapist. `due_before` in ms."""

    client: str = ""
    worksheet: str = ""
    status: Status | None = None
    due_before: int = 0
    after: str | None = None
    limit: int = 50


class ListTrends(Command[Trends], frozen=True, kw_only=True, tag="trends"):
    """Scores of the person whose desk it is. Only Carewire itself asks, for whom it has checked."""

    score: str = ""


class ListHanded(Command[HandedPage], frozen=True, kw_only=True, tag="handed"):
    """All that the person handed in: for an export. Only Carewire itself asks."""

    after: str | None = None
    limit: int = 50


DeskCommand = (
    ListSheets
    | ListWork
    | ListTrends
    | ListHanded
    | WorkBegun
    | WorkOver
    | NoteSeries
    | SeriesOver
    | SessionOver
    | CareOver
    | CareRests
    | ZoneIs
    | ForgetDesk
)
