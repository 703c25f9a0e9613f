"""What is answered where it is more than an entity gives."""

from typing import Any

import msgspec

from actors.worksheets.assignment.shown import ShownAssignment
from actors.worksheets.series.commands import AssignmentSeriesReply
from serve_app.capabilities.worksheets.work_requests import AssignedReply, ShownSeries


def assigned(one: ShownAssignment, series: AssignmentSeriesReply | None) -> AssignedReply:
    """The assignment, with its series."""
    members: dict[str, Any] = {name: getattr(one, name) for name in msgspec.structs.asdict(one)}
    shown = None if series is None else ShownSeries(series_id=series.series_id, next_at=series.next_at)
    return AssignedReply(**members, series=shown)
