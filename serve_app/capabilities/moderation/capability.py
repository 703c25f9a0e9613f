"""Safety, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter

from common.reach import Reach
from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.moderation.blocks import BlockReader, Blocks
from serve_app.capabilities.moderation.cases import Cases
from serve_app.capabilities.moderation.connectors import CONNECTORS
from serve_app.capabilities.moderation.doors.handling import ModeratorOperations
from serve_app.capabilities.moderation.doors.measures import MeasureOperations
from serve_app.capabilities.moderation.doors.operations import SafetyOperations
from serve_app.capabilities.moderation.health import SafetyHealth
from serve_app.capabilities.moderation.pages.routes import moderation_routes
from serve_app.capabilities.moderation.personal import PersonalSafety
from serve_app.capabilities.moderation.refused import RefusedWords
from serve_app.capabilities.moderation.reports import Reports
from serve_app.capabilities.moderation.restricting import Restrictions
from serve_app.capabilities.moderation.server_events import SAFETY_EVENTS
from serve_app.capabilities.moderation.spam import Spreading
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart
from store.ports.views import Views

FEATURE: Final = "moderation"


def reach_of(settings: Settings, views: Views) -> Reach:
    """Who can reach whom: whoever is not blocked. Everybody, where safety is off."""
    return Reach(BlockReader(views).unreachable) if settings.features.moderation else Reach()


def reports_of(context: ServerContext) -> Reports:
    """The service of reports."""
    return Reports(context.region, context.stores.views, context.clock)


def blocks_of(context: ServerContext) -> Blocks:
    """The service of blocks."""
    return Blocks(context.region, context.stores.views, CareReader(context.stores.views))


def cases_of(context: ServerContext) -> Cases:
    """The service of cases."""
    return Cases(context.region, context.stores.views, context.once(audit_of), context.clock)


def restrictions_of(context: ServerContext) -> Restrictions:
    """What somebody may not do."""
    return Restrictions(context.stores.views, context.clock)


def refused_of(context: ServerContext) -> RefusedWords:
    """What is done with words that were refused."""
    return RefusedWords(context.region)


def spreading_of(context: ServerContext) -> Spreading:
    """Who says the same to how many."""
    return Spreading(context.clock)


def guard(context: ServerContext, operations: Iterable[Operation[Any]]) -> Iterable[Operation[Any]]:
    """These, for whoever may, and not the same to too many; what they refuse to say for somebody is looked at."""
    if not context.settings.features.moderation:
        return operations
    guarded, looked_at = context.once(restrictions_of).guarded, context.once(refused_of).looked_at
    slowed = context.once(spreading_of).slowed
    return [looked_at(slowed(guarded(one))) for one in operations]


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    known = context.once(repeats_of).known
    cases = context.once(cases_of)
    yield from map(known, SafetyOperations(context.once(reports_of), context.once(blocks_of), cases))
    yield from map(known, ModeratorOperations(cases, context.clock))
    yield from map(known, MeasureOperations(cases))


def _routers(_: ApiContext) -> Iterable[APIRouter]:
    yield moderation_routes()


def _listens(context: GatewayContext) -> None:
    restrictions = context.once(restrictions_of)
    context.hub.tasks.spawn(restrictions.follow(context.database))


def _health(context: ApiContext) -> Iterable[HealthPart]:
    yield HealthPart(FEATURE, SafetyHealth(context.census, context.stores.views).look, vital=False)


def _personal(context: ApiContext) -> PersonalSafety:
    return PersonalSafety(context.region, context.once(reports_of), context.once(blocks_of), context.once(cases_of))


MODERATION: Final = Capability(
    name="moderation",
    feature=FEATURE,
    operations=_operations,
    routers=_routers,
    events=SAFETY_EVENTS,
    listens=_listens,
    health=_health,
    personal=_personal,
    connectors=CONNECTORS,
)
