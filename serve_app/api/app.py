"""The REST API as one ASGI application, of parts that are handed in. No Ray here, so tests call it directly."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from serve_app.api import problems
from serve_app.api.access import Verify
from serve_app.api.operations import operations
from serve_app.api.requests import Requests
from serve_app.api.rooms import RoomsReader, rooms_routes
from serve_app.census import Census
from serve_app.health import HealthMonitor

_DESCRIPTION = """Chat happens over Socket.IO; this is for what needs no socket.

Errors are `application/problem+json` (RFC 9457) with a stable `code`. Every answer carries `X-Request-Id`.
"""


@dataclass(frozen=True, slots=True)
class Services:
    """What the API needs of the rest."""

    verify: Verify
    rooms: RoomsReader
    census: Census
    health: HealthMonitor
    registry: CollectorRegistry
    routers: Sequence[APIRouter] = ()  # of the capabilities: calendars, ...


def create_api(services: Services, *, echo_request_id: bool = True) -> FastAPI:
    """The application. Behind Serve's proxy it need not echo the request's id: the proxy does."""
    app = FastAPI(title="Carewire", version=version("carewire"), description=_DESCRIPTION, redoc_url=None)
    app.state.verify = services.verify
    app.add_middleware(Requests, registry=services.registry, echo=echo_request_id)
    problems.install(app)
    app.include_router(operations(services.health, services.census))
    app.include_router(rooms_routes(services.rooms))
    for router in services.routers:
        app.include_router(router)
    return app
