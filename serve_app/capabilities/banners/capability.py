"""Banners, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.banners.operations import BannerOperations
from serve_app.capabilities.banners.server_events import BANNER_EVENTS
from serve_app.capabilities.banners.telling import BannerTelling
from serve_app.capabilities.capability import Capability, GatewayContext, ServerContext
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    operations = BannerOperations(context.region, context.once(audit_of), context.clock)
    return map(context.once(repeats_of).known, operations)


def _listens(context: GatewayContext) -> None:
    BannerTelling(context.hub, context.region).begin()


BANNERS: Final = Capability(
    name="banners", feature="notifications", operations=_operations, events=BANNER_EVENTS, listens=_listens
)
