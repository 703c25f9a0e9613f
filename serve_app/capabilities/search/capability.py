"""Search, for the list of capabilities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from actors.rooms.room.kind import RoomKind
from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.operations.capability import jobs_of, repeats_of
from serve_app.capabilities.rooms.capability import rooms_of
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking import pages
from serve_app.capabilities.search.asking.addressed import Addresses
from serve_app.capabilities.search.asking.granted import Grants
from serve_app.capabilities.search.asking.pages import Pages
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.connectors import CONNECTORS
from serve_app.capabilities.search.doors.operations import SearchOperations
from serve_app.capabilities.search.erased import ErasedPeople
from serve_app.capabilities.search.health import SearchHealth
from serve_app.capabilities.search.personal import PersonalSearch
from serve_app.capabilities.search.process.link import SearchLink
from serve_app.capabilities.search.sources.table import directory_of, sources_of, types_of
from serve_app.capabilities.search.upkeep import Upkeep
from serve_app.edge.conventions.described.pages import console_routes
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart

FEATURE: Final = "search"


def link_of(context: ServerContext) -> SearchLink:
    """The way to the search process."""
    return SearchLink(context.database, context.settings.cluster.node_tls())


def pages_of(context: ServerContext) -> Pages:
    """Pages of answers."""
    return Pages(context.database, context.stores.vault, context.root, context.clock)


def search_of(context: ServerContext) -> Search:
    """The service of search."""
    directory = directory_of(context.database, context.stores, context.clock, context.root)
    return Search(
        link=context.once(link_of),
        sources=sources_of(
            region=context.region,
            database=context.database,
            stores=context.stores,
            clock=context.clock,
            directory=directory,
            rooms=RoomKind(context.settings.rooms),
        ),
        memberships=context.once(rooms_of).joined,
        pages=context.once(pages_of),
        addresses=Addresses(directory.accounts),
        grants=Grants(context.database, context.once(audit_of), context.clock),
        entities=context.region,
        analyser=Analyser(context.settings.search.languages),
        rerank=context.settings.search.rerank,
    )


def upkeep_of(context: ServerContext) -> Upkeep:
    """What administrators do with the index."""
    return Upkeep(context.once(link_of), context.once(jobs_of), context.database)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    types = types_of(context.settings.features)
    operations = SearchOperations(context.once(search_of), context.once(upkeep_of), types)
    return map(context.once(repeats_of).known, operations)


def _routers(_: ApiContext) -> Iterable[APIRouter]:
    yield console_routes("search", "serve_app.capabilities.search.pages")


def _health(context: ApiContext) -> Iterable[HealthPart]:
    yield HealthPart(FEATURE, SearchHealth(context.census).look, vital=False)


def _personal(context: ApiContext) -> PersonalSearch:
    return PersonalSearch(context.once(pages_of), ErasedPeople(context.database, context.stores.vault))


def _indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return {pages.COLLECTION: pages.INDEXES}


SEARCH: Final = Capability(
    name="search",
    feature=FEATURE,
    operations=_operations,
    routers=_routers,
    health=_health,
    personal=_personal,
    indexes=_indexes,
    connectors=CONNECTORS,
)
