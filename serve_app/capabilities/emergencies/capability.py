"""Emergencies, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.emergencies.connectors import CONNECTORS
from serve_app.capabilities.emergencies.health import LadderHealth
from serve_app.capabilities.emergencies.operations import EmergencyOperations
from serve_app.capabilities.emergencies.people import RungPeople
from serve_app.capabilities.emergencies.personal import PersonalEmergencies
from serve_app.capabilities.emergencies.server_events import EMERGENCY_EVENTS
from serve_app.capabilities.emergencies.service import Emergencies
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart


def roles_of(context: ServerContext) -> Roles:
    """Who has a role."""
    return Roles(context.database, context.clock)


def people_of(context: ServerContext) -> RungPeople:
    """Who stands on a rung."""
    return RungPeople(context.region, CareReader(context.stores.views), context.once(roles_of))


def emergencies_of(context: ServerContext) -> Emergencies:
    """The service of emergencies."""
    return Emergencies(
        entities=context.region,
        views=context.stores.views,
        people=context.once(people_of),
        care=CareReader(context.stores.views),
        audit=context.once(audit_of),
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    operations = EmergencyOperations(context.once(emergencies_of), context.settings.notifications.emergency_advice)
    return map(context.once(repeats_of).known, operations)


def _health(context: ApiContext) -> Iterable[HealthPart]:
    """Under the name of notifications, where these are on: somebody will look there."""
    name = "notifications" if context.settings.features.notifications else "emergencies"
    yield HealthPart(name, LadderHealth(context.once(people_of)).look, vital=False, advisory=True)


def _personal(context: ApiContext) -> PersonalEmergencies:
    return PersonalEmergencies(context.once(emergencies_of))


EMERGENCIES: Final = Capability(
    name="emergencies",
    operations=_operations,
    events=EMERGENCY_EVENTS,
    connectors=CONNECTORS,
    health=_health,
    personal=_personal,
)
