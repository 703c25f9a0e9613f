"""Worksheets, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter

from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.capabilities.worksheets.exchange.shapes import by_models, unchecked
from serve_app.capabilities.worksheets.operations.exchange import ExchangeOperations
from serve_app.capabilities.worksheets.operations.giving import GivingOperations
from serve_app.capabilities.worksheets.operations.sheets import SheetOperations
from serve_app.capabilities.worksheets.operations.talk import TalkOperations
from serve_app.capabilities.worksheets.operations.work import WorkOperations
from serve_app.capabilities.worksheets.personal import PersonalWork
from serve_app.capabilities.worksheets.server_events import WORKSHEET_EVENTS
from serve_app.capabilities.worksheets.sheets import Sheets
from serve_app.capabilities.worksheets.work import Work
from serve_app.capabilities.worksheets.writing.assembly import writing_handlers, writing_operations, writing_routes
from serve_app.capabilities.worksheets.writing.listening import REQUESTS
from serve_app.capabilities.worksheets.writing.server_events import EVENTS as WRITING_EVENTS
from serve_app.capabilities.worksheets.zones import Zones
from serve_app.edge.conventions.described.pages import console_routes
from serve_app.edge.operation import Operation


def sheets_of(context: ServerContext) -> Sheets:
    """The service of worksheets."""
    least = context.settings.worksheets.min_cohort
    return Sheets(context.region, context.stores.views, context.clock, least)


def zones_of(context: ServerContext) -> Zones:
    """Where people's clocks are."""
    return Zones(context.region)


def work_of(context: ServerContext) -> Work:
    """The service of assignments."""
    return Work(
        entities=context.region,
        views=context.stores.views,
        sheets=context.once(sheets_of),
        care=CareReader(context.stores.views),
        zones=context.once(zones_of),
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    known = context.once(repeats_of).known
    work = context.once(work_of)
    yield from map(known, SheetOperations(context.once(sheets_of)))
    yield from map(known, GivingOperations(work, context.once(zones_of)))
    yield from map(known, WorkOperations(work))
    yield from map(known, TalkOperations(work))
    shapes = by_models if isinstance(context, ApiContext) else unchecked
    yield from map(known, ExchangeOperations(context.once(sheets_of), work, shapes))
    yield from writing_operations(context)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    yield console_routes("worksheet", "serve_app.capabilities.worksheets.pages")


def _personal(context: ApiContext) -> PersonalWork:
    return PersonalWork(context.once(work_of), context.once(sheets_of))


WORKSHEETS: Final = Capability(
    name="worksheets",
    feature="worksheets",
    operations=_operations,
    requests=REQUESTS,
    handlers=writing_handlers,
    routes=writing_routes,
    routers=_routers,
    events=(*WORKSHEET_EVENTS, *WRITING_EVENTS),
    personal=_personal,
)
