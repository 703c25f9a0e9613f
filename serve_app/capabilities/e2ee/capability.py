"""Rooms that the server cannot read, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.e2ee.operations import KeyOperations
from serve_app.capabilities.e2ee.personal import PersonalKeys
from serve_app.capabilities.e2ee.server_events import E2EE_EVENTS
from serve_app.capabilities.e2ee.service import DeviceDirectory
from serve_app.capabilities.identity.sessions.living import LivingSessions
from serve_app.capabilities.rooms.capability import rooms_of
from serve_app.edge.operation import Operation


def directory_of(context: ServerContext) -> DeviceDirectory:
    """The directory of devices."""
    living = LivingSessions(context.database, context.clock)
    return DeviceDirectory(
        entities=context.region,
        rooms=context.once(rooms_of),
        views=context.stores.views,
        living=living,
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return KeyOperations(context.once(directory_of))


def _personal(context: ApiContext) -> PersonalKeys:
    return PersonalKeys(context.once(directory_of))


E2EE: Final = Capability(name="e2ee", operations=_operations, events=E2EE_EVENTS, personal=_personal)
