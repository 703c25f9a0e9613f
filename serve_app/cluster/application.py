"""The REST API as one ASGI application, of parts that are handed in. No Ray here, so tests call it directly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from common.clock import Clock, SystemClock
from config.settings import HttpSettings, LimitSettings
from serve_app.edge.api import problems
from serve_app.edge.api.docs import docs_routes
from serve_app.edge.api.requests import RequestTracing
from serve_app.edge.conventions.bounds import BodyLimit, HeadLimit, SecurityHeaders
from serve_app.edge.conventions.callers import Callers, Verify, VerifyFeed
from serve_app.edge.conventions.described.openapi import complete
from serve_app.edge.conventions.heads import Heads
from serve_app.edge.conventions.limits import RateLimits
from serve_app.edge.conventions.operators import Operators
from serve_app.edge.conventions.permits import check_permits
from serve_app.edge.conventions.readings import Observe, Readings
from serve_app.edge.conventions.repeats.idempotency import HEADER, REPLAYED, Idempotency, IdempotencyStore
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from serve_app.processes.routes import process_routes

_DESCRIPTION = """Chat happens over Socket.IO; this is for what needs no socket.

Errors are `application/problem+json` (RFC 9457) with a stable `code`. Every answer carries `X-Request-Id`. Send an
`Idempotency-Key` with a POST, and a repeat of it gets the first answer. Lists come in pages: `limit`, `cursor` in,
`next_cursor` out. `RateLimit` tells how much is left.
"""
_EXPOSED = (
    *("X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After", "ETag", REPLAYED),
    *("Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
    *("Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Upload-Expires", "Carewire-File"),
    *("Content-Range", "Content-Disposition", "Accept-Ranges"),
)
_UPLOADING = (
    *("Tus-Resumable", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Offset", "Upload-Checksum"),
    *("X-HTTP-Method-Override", "Range", "If-Range"),
)


def _one() -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Conventions:
    """The bounds of requests, and the memory of those that are repeated. Without a `store`, an Idempotency-Key means
    nothing."""

    http: HttpSettings = field(default_factory=HttpSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    clock: Clock = field(default_factory=SystemClock)
    store: IdempotencyStore | None = None
    fingerprint_key: bytes = b""
    replicas: Callable[[], int] = _one  # of the API: they share the limits


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services that the API needs of the rest."""

    verify: Verify
    census: ProcessMonitor
    health: HealthMonitor
    registry: CollectorRegistry
    conventions: Conventions = field(default_factory=Conventions)
    routers: Sequence[APIRouter] = ()  # of the capabilities: identity, rooms, calendars, ...
    asyncapi: Callable[[], dict[str, Any]] | None = None  # the document of the sockets; None: there is none
    verify_feed: VerifyFeed | None = None  # None: feeds take the same tokens as everything else
    observer: Observe | None = None  # keeps the record of what staff reads


def create_api(services: ApiServices, *, listens: bool = True) -> FastAPI:
    """The application. Behind Serve's proxies (it does not listen itself) it need not echo the request's id, which they
    do, but bounds the heads of requests, which they do not.

    Raises:
        LookupError: a route names no action of the policy.
    """
    app = FastAPI(
        title="Carewire",
        version=version("carewire"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # `docs_routes` has it
        redirect_slashes=False,  # Starlette's redirect repeats the Host header of whoever asks, and forgets https
    )
    problems.install(app)
    app.include_router(docs_routes(lambda: app.openapi(), services.asyncapi))
    app.include_router(process_routes(services.health, services.census))
    for router in services.routers:
        app.include_router(router)
    check_permits(app)
    complete(app)
    _surround(app, services)
    app.add_middleware(Heads)
    if not listens:
        app.add_middleware(HeadLimit, settings=services.conventions.http)
    app.add_middleware(RequestTracing, registry=services.registry, echo=listens)
    return app


def _surround(app: FastAPI, services: ApiServices) -> None:
    """The middleware, the innermost first."""
    conventions = services.conventions
    http, clock = conventions.http, conventions.clock
    if services.observer is not None:
        app.add_middleware(Readings, observe=services.observer)
    if conventions.store is not None:
        app.add_middleware(Idempotency, store=conventions.store, key=conventions.fingerprint_key)
    app.add_middleware(BodyLimit, max_bytes=http.max_body_bytes)
    app.add_middleware(RateLimits, settings=conventions.limits, clock=clock, replicas=conventions.replicas)
    app.add_middleware(
        Callers,
        verify=services.verify,
        verify_feed=services.verify_feed,
        trusted_proxies=http.trusted_proxies,
        operators=Operators(http.operations_token),
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(http.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "X-Request-Id",
            "If-Match",
            "If-None-Match",
            HEADER,
            *_UPLOADING,
        ],
        expose_headers=list(_EXPOSED),
        max_age=600,
    )
    app.add_middleware(SecurityHeaders)
