"""What operators see and do while everything runs, and what partners tell, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter

from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.connecting import job_kinds
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.clock import clock_operations
from serve_app.capabilities.operations.connectors import CONNECTORS
from serve_app.capabilities.operations.job_operations import JobOperations
from serve_app.capabilities.operations.jobs import Jobs
from serve_app.capabilities.operations.operations import activity_operations
from serve_app.capabilities.operations.pools import pool_operations
from serve_app.capabilities.operations.webhook_operations import WebhookOperations
from serve_app.edge.conventions.repeats.mongo_idempotency import MongoIdempotency
from serve_app.edge.operation import Operation
from serve_app.edge.repeats import FIELD, Repeats
from serve_app.edge.webhooks.arrivals import Webhooks
from serve_app.edge.webhooks.routes import webhook_routes


def activities_of(context: ServerContext) -> ActivityOperations:
    """The service behind the operations, and behind the part `activities` of `/health`."""
    return ActivityOperations(
        shards=context.activity_shards,
        put_off=context.stores.activities,
        figures=context.activity_figures,
        audit=context.once(audit_of),
        clock=context.clock,
    )


def webhooks_of(context: ServerContext) -> Webhooks:
    """What takes partners' webhooks."""
    return Webhooks(
        partners=context.partners,
        entities=context.region,
        views=context.stores.views,
        blobs=context.blobs,
        clock=context.clock,
    )


def repeats_of(context: ServerContext) -> Repeats:
    """What knows a deed by its `request_id`."""
    ttl_h = context.settings.http.idempotency_h
    return Repeats(MongoIdempotency(context.database, context.stores.vault, context.clock, ttl_h=ttl_h, named=FIELD))


def jobs_of(context: ServerContext) -> Jobs:
    """What begins long work."""
    kinds = job_kinds(context.settings.features)
    return Jobs(
        entities=context.region,
        views=context.stores.views,
        kinds=kinds,
        audit=context.once(audit_of),
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return map(context.once(repeats_of).known, _declared(context))


def _declared(context: ServerContext) -> Iterable[Operation[Any]]:
    audit = context.once(audit_of)
    yield from activity_operations(context.once(activities_of))
    yield from WebhookOperations(context.once(webhooks_of), audit)
    yield from JobOperations(context.once(jobs_of))
    if context.pools is not None:
        yield from pool_operations(context.pools)
    if context.mover is not None:
        yield from clock_operations(context.mover, audit)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    yield webhook_routes(context.once(webhooks_of))


OPERATIONS: Final = Capability(name="operations", operations=_operations, routers=_routers, connectors=CONNECTORS)
