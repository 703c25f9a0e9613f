"""What the capabilities declare, without a gateway: for tests that compare declarations."""

from typing import Any, Final

from config.settings import ClockSettings, Settings
from realtime.front.handlers import Handler, by_event
from serve_app.catalogue import CAPABILITIES
from serve_app.cluster.blueprint import api_context, unconnected_handlers
from serve_app.edge.operation import Declared, Operation

EVERYTHING: Final = Settings(clock=ClockSettings(settable=True))


def operations() -> list[Operation[Any]]:
    """Every operation."""
    context = api_context(EVERYTHING)
    return [operation for one in CAPABILITIES for operation in one.operations(context)]


def declared() -> list[Declared]:
    """Every declaration of what clients may ask a capability for."""
    return [*operations(), *(event for one in CAPABILITIES for event in one.requests)]


def declared_events() -> dict[str, Handler]:
    """The handler of each that is not the front's own."""
    return by_event(unconnected_handlers(EVERYTHING))
