"""Writing together, put together: what the capability hands on."""

from collections.abc import Iterable

from realtime.front.handlers import Handler
from realtime.front.raw.routes import RawRoute
from serve_app.capabilities.capability import GatewayContext, ServerContext
from serve_app.capabilities.worksheets.writing.listening import SheetListening
from serve_app.capabilities.worksheets.writing.messages import Messages, Pace
from serve_app.capabilities.worksheets.writing.metrics import WritingMetrics
from serve_app.capabilities.worksheets.writing.operations import DraftOperations
from serve_app.capabilities.worksheets.writing.sheets import OpenDocuments
from serve_app.capabilities.worksheets.writing.writings import Writings
from serve_app.capabilities.worksheets.writing.yjs_route import YjsRoute


def writings_of(context: ServerContext) -> Writings:
    """What is asked of the assignments."""
    return Writings(context.region, context.settings.worksheets.gather_ms / 1000)


def sheets_of(context: GatewayContext) -> OpenDocuments:
    """The documents that are open here."""
    settings = context.settings
    alone = settings.gateway.replicas == 1 and not settings.gateway.elastic
    most = settings.worksheets.max_joined
    return OpenDocuments(context.hub, context.once(writings_of), most_joined=most, alone=alone)


def pace_of(context: ServerContext) -> Pace:
    """How many updates a person may send."""
    return Pace(context.settings.worksheets.updates_per_s, context.settings.limits, context.clock)


def messages_of(context: GatewayContext) -> Messages:
    """What is done with a message."""
    sheets, metrics = context.once(sheets_of), WritingMetrics(context.registry)
    metrics.counts(lambda: len(sheets))
    return Messages(
        context.once(writings_of), sheets, context.settings.worksheets, metrics=metrics, clock=context.clock
    )


def writing_handlers(context: GatewayContext) -> Iterable[Handler]:
    """The sockets' own events."""
    writings, sheets = context.once(writings_of), context.once(sheets_of)
    messages, pace = context.once(messages_of), context.once(pace_of)
    return SheetListening(hub=context.hub, writings=writings, sheets=sheets, messages=messages, pace=pace).handlers()


def writing_routes(context: GatewayContext) -> Iterable[RawRoute]:
    """The way in for y-websocket."""
    writings, sheets = context.once(writings_of), context.once(sheets_of)
    messages, pace = context.once(messages_of), context.once(pace_of)
    yield YjsRoute(joining=context.hub.joining, writings=writings, sheets=sheets, messages=messages, pace=pace).route()


def writing_operations(context: ServerContext) -> DraftOperations:
    """Drafts of clients without Yjs."""
    return DraftOperations(context.once(writings_of))
