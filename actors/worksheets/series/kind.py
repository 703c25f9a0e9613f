"""Work that recurs, as the kernel sees it."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded
from actors.worksheets.assignment.commands import Assign
from actors.worksheets.desk.letters import NoteSeries, SeriesOver
from actors.worksheets.series.commands import SeriesCommand, SessionTook, TimeCame
from actors.worksheets.series.entity import GIVEN, Assignments, sheet_key
from actors.worksheets.series.events import AssignmentSeries, Occurred, SeriesBegan, SeriesEvent
from actors.worksheets.worksheet.views import OWN, WORKSHEETS, view_id
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(AssignmentSeries | None).decode


class AssignmentSeriesKind(Kind[Assignments, SeriesCommand, SeriesEvent, bytes]):
    """`assignments:<series id>`. Nobody listens to one. Its parts are what is given each time, sealed as it is, and in
    which state the worksheet is when the next one is made."""

    name = "assignments"
    commands = SeriesCommand
    events = SeriesEvent

    @override
    def create(self, key: str) -> Assignments:
        return Assignments(key)

    @override
    def snapshot(self, entity: Assignments) -> bytes:
        return _pack(entity.series)

    @override
    def restore(self, key: str, state: bytes) -> Assignments:
        return Assignments(key, _state(state))

    @override
    def admit(self, entity: Assignments, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a series.")

    @override
    def show(self, entity_id: str, recorded: Recorded[SeriesEvent], part: bytes | None) -> None:
        return None

    @override
    def needs(self, entity: Assignments, command: SeriesCommand) -> Sequence[str]:
        if entity.series is None or not isinstance(command, SessionTook | TimeCame):
            return ()
        return (GIVEN, sheet_key(entity.series.template.worksheet))

    @override
    def is_passing(self, key: str) -> bool:
        return key != GIVEN

    @override
    def part_of(self, recorded: Recorded[SeriesEvent]) -> str | None:
        return GIVEN if isinstance(recorded.event, SeriesBegan) else None

    @override
    def fold(self, part: bytes | None, recorded: Recorded[SeriesEvent]) -> bytes | None:
        return recorded.event.secret if isinstance(recorded.event, SeriesBegan) else part

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        found: dict[str, object] = {}
        if GIVEN in keys:
            (began,) = await library.at(entity_id, [1])
            found[GIVEN] = began.event.secret
        owned = {view_id(key.partition(":")[2], OWN): key for key in keys if key != GIVEN}
        views = await library.view(WORKSHEETS, list(owned)) if owned else {}
        return found | {owned[id_]: view.fields["state"] for id_, view in views.items()}

    @override
    def effects(self, entity_id: str, recorded: Recorded[SeriesEvent], part: bytes | None) -> Effects:
        event = recorded.event
        series = event.series
        letters = []
        if isinstance(event, SeriesBegan):
            letters.append(_made(series, event.first, series.template, event.secret))
            begun = NoteSeries(series=series.id, therapist=series.template.therapist, each_session=series.each_session)
            letters.append(Letter(f"desk:{series.template.client}", _pack(begun)))
        if isinstance(event, Occurred):
            letters.append(_made(series, event.assignment, event.command, event.secret))
        if series.over:
            letters.append(Letter(f"desk:{series.template.client}", _pack(SeriesOver(series.id))))
        return Effects(letters=letters)


def _made(series: AssignmentSeries, assignment: str, command: Assign, secret: bytes | None) -> Letter:
    """The letter that makes one."""
    asked = msgspec.structs.replace(command, series=series.id)
    owner = series.template.client if secret is not None else ""
    return Letter(f"assignment:{assignment}", _pack(asked), secret, owner)
