"""Worksheets as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded
from actors.worksheets.instruments import shipped_as
from actors.worksheets.worksheet import counting
from actors.worksheets.worksheet.commands import CreateWorksheet, WorksheetCommand
from actors.worksheets.worksheet.entity import TEXTS, FiguresOf, QuotingAnswer, Worksheet, WorksheetTexts, content_key
from actors.worksheets.worksheet.events import Drafted, WorksheetEvent
from actors.worksheets.worksheet.records import Sheet, WorksheetContent, content_of, of_house
from actors.worksheets.worksheet.views import INDEXES, OWN, PUBLIC, WORKSHEETS, view_id, views_of, worksheet_in
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Sheet | None).decode
_content: Final = msgspec.msgpack.Decoder(WorksheetContent).decode


class WorksheetKind(Kind[Worksheet, WorksheetCommand, WorksheetEvent, WorksheetTexts]):
    """`worksheet:<id>`. Nobody listens to one. Those that are shipped are there without ever having been stored. Its
    parts are what its newest versions say (`WorksheetTexts`), and what any other does, by its event's number
    (`"content:3"`)."""

    name = "worksheet"
    commands = WorksheetCommand
    events = WorksheetEvent
    indexes = INDEXES

    @override
    def create(self, key: str) -> Worksheet:
        one = shipped_as(key)
        return Worksheet(key, None if one is None else of_house(one)[0])

    @override
    def snapshot(self, entity: Worksheet) -> bytes:
        return _pack(entity.sheet)

    @override
    def restore(self, key: str, state: bytes) -> Worksheet:
        return Worksheet(key, _state(state))

    @override
    def admit(self, entity: Worksheet, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a worksheet.")

    @override
    def show(self, entity_id: str, recorded: Recorded[WorksheetEvent], part: WorksheetTexts | None) -> None:
        return None

    @override
    def assume_new(self, command: WorksheetCommand) -> bool:
        return isinstance(command, CreateWorksheet)

    @override
    def needs(self, entity: Worksheet, command: WorksheetCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def part_of(self, recorded: Recorded[WorksheetEvent]) -> str:
        return TEXTS

    @override
    def fold(self, part: WorksheetTexts | None, recorded: Recorded[WorksheetEvent]) -> WorksheetTexts:
        event, part = recorded.event, part or WorksheetTexts()
        if isinstance(event, Drafted):
            return WorksheetTexts(None if event.secret is None else _content(event.secret), part.published)
        return WorksheetTexts(part.newest, part.newest) if event.sheet.latest.published else part

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        sheet_id = entity_id.partition(":")[2]
        seqs = [int(key.partition(":")[2]) for key in keys if key != TEXTS]
        found: dict[str, object] = {}
        for recorded in await library.at(entity_id, seqs):
            if isinstance(recorded.event, Drafted) and recorded.event.secret is not None:
                found[content_key(recorded.seq)] = _content(recorded.event.secret)
        if TEXTS in keys:
            found[TEXTS] = await _texts(sheet_id, library)
        return found

    @override
    def effects(self, entity_id: str, recorded: Recorded[WorksheetEvent], part: WorksheetTexts | None) -> Effects:
        sheet, part = recorded.event.sheet, part or WorksheetTexts()
        return Effects(views=views_of(sheet, recorded.seq, part.newest, part.published), owner=sheet.owner)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        match query:
            case QuotingAnswer(answer):
                return answer
            case FiguresOf(asked, schema):
                return await counting.figures_of(entity_id, asked, schema, library)
        return await super().read(query, entity_id, version, library)


async def _texts(sheet_id: str, library: Library) -> WorksheetTexts:
    """What the newest versions say, from the read model."""
    if (one := shipped_as(sheet_id)) is not None:
        content = of_house(one)[1]
        return WorksheetTexts(content, content)
    ids = [view_id(sheet_id, side) for side in (OWN, PUBLIC)]
    views = await library.view(WORKSHEETS, ids)
    newest, published = (None if (view := views.get(one)) is None else worksheet_in(view) for one in ids)
    return WorksheetTexts(content_of(newest), content_of(published))
