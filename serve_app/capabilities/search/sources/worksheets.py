"""Worksheets: one's own, those that are shared, and those that one was given."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from actors.kernel.contract.entity import as_themselves
from actors.kernel.contract.ports import EntityClient
from actors.worksheets.instruments import shipped
from actors.worksheets.readmodels import READERS, reader_id
from actors.worksheets.schema.fields import Schema
from actors.worksheets.worksheet.commands import GetWorksheet
from actors.worksheets.worksheet.events import Drafted, SheetChanged
from actors.worksheets.worksheet.records import ShownWorksheet, of_house, shown
from common.errors import NotFound, PermissionDenied
from common.timeline import parse_instant
from serve_app.capabilities.search.port import Among, Delete, Key, Keys
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.follower.consumer import Turned
from store.ports.views import ViewQuery, Views

TYPE: Final = "worksheets"
_EVERYBODY: Final = "everybody"
_MOST_GIVEN: Final = 1000


class WorksheetFeeder:
    """What worksheets ask, as their owners see them."""

    kinds = frozenset({"worksheet"})

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        changes = [one for one in turned.recorded if one.seq and isinstance(one.event, Drafted | SheetChanged)]
        if not changes:
            return ()
        version, sheet = changes[-1].seq, changes[-1].event.sheet
        try:
            found = await self._entities.ask(turned.entity, GetWorksheet(), by=as_themselves(sheet.owner))
        except (NotFound, PermissionDenied):
            return (Delete(Key(TYPE, sheet.id), version),)
        return (_entry(found, version, everybody=sheet.visibility == "shared" and sheet.published is not None),)

    async def all(self) -> AsyncIterator[Sequence[Fed]]:
        """Those that are shipped. See `Standing.all`."""
        found = []
        for one in shipped():
            sheet, content = of_house(one)
            seen = shown(sheet, sheet.latest, content, permission=False)
            found.append(_entry(seen, one.version, everybody=True))
        yield found


def _entry(one: ShownWorksheet, version: int, *, everybody: bool) -> Entry:
    filters: Values = {
        "owner": [one.owner_id],
        "status": [one.state],
        "audience": [_EVERYBODY] if everybody else [],
    }
    key, at = Key(TYPE, one.worksheet_id), parse_instant(one.updated_at)
    return Entry(key, version, at, title=one.title, text=_text(one), filters=filters)


def _text(one: ShownWorksheet) -> str:
    return "\n".join([one.description or "", *_labels(one.schema)]).strip()


def _labels(schema: Schema) -> list[str]:
    fields = [inner for field in schema.fields for inner in (field, *field.fields)]
    return [*(one.title for one in schema.sections if one.title), *(one.label for one in fields)]


class WorksheetSource:
    """The worksheets that somebody may see: the worksheet itself says what they do."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, entities: EntityClient, views: Views) -> None:
        self._entities, self._views = entities, views

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        query = ViewQuery(
            collection=READERS, equal={"user": reader.by.user}, order_by="worksheet", descending=True, limit=_MOST_GIVEN
        )
        given = frozenset(Key(TYPE, str(view.fields["worksheet"])) for view in await self._views.find(query))
        own = [(Among("owner", frozenset({reader.by.user})),), (Among("audience", frozenset({_EVERYBODY})),)]
        return [*own, (Keys(given),)] if given else own

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        given = await self._views.get(READERS, [reader_id(reader.by.user, id_) for id_ in ids])
        theirs = {view.fields["worksheet"] for view in given.values()}
        seen = await asyncio.gather(*(self._seen(id_, reader, assigned=id_ in theirs) for id_ in ids))
        return {id_: _opened(one) for id_, one in zip(ids, seen, strict=True) if one is not None}

    async def _seen(self, id_: str, reader: Reader, *, assigned: bool) -> ShownWorksheet | None:
        command = GetWorksheet(assigned=assigned)
        try:
            return await self._entities.ask(f"worksheet:{id_}", command, by=reader.by, trace=reader.trace)
        except (NotFound, PermissionDenied):
            return None


def _opened(one: ShownWorksheet) -> Opened:
    return Opened(
        type=TYPE,
        id=one.worksheet_id,
        title=one.title,
        text=_text(one),
        quoted=True,
        at=parse_instant(one.updated_at),
        user_id=one.owner_id,
        link=f"/worksheets/{one.worksheet_id}",
        values={"status": [one.state]},
    )
