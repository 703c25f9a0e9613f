"""The program's doors with nothing behind them: for documents, and for tests that compare declarations."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from config.settings import Settings
from realtime.front.handlers import Handler
from serve_app.capabilities.capability import ApiContext, GatewayContext
from serve_app.catalogue import CAPABILITIES, client_events, handlers_of, routers_of, server_events
from serve_app.cluster.application import ApiServices, create_api
from serve_app.edge.asyncapi import asyncapi
from serve_app.processes.health import HealthMonitor


class _Absent:
    """Stands for what a running process would have. It can be handed on, and named parts of it too."""

    def __getattr__(self, name: str) -> "_Absent":
        return self

    def __getitem__(self, name: object) -> "_Absent":
        return self


_ABSENT: Final[Any] = _Absent()
_OF_A_PROCESS: Final = ("region", "stores", "direct", "reach", "database", "blobs", "pools")
_OF_ACTIVITIES: Final = ("activity_shards", "activity_figures")


def _stand_ins(settings: Settings) -> dict[str, Any]:
    """Stand-ins for what both doors would have of a running process."""
    return dict.fromkeys(_OF_A_PROCESS + _OF_ACTIVITIES, _ABSENT) | {
        "settings": settings,
        "clock": SystemClock(),
        "related": None,
        "partners": [],
        "root": "of nothing",
        "mover": _ABSENT if settings.clock.settable else None,
    }


def api_context(settings: Settings) -> ApiContext:
    """A context of which routers can be made, and nothing more."""
    return ApiContext(**_stand_ins(settings), census=_ABSENT, predictor=_ABSENT, capabilities=CAPABILITIES)


def unconnected_api(settings: Settings) -> FastAPI:
    """The REST application of these settings. It says what there is, and can answer nobody."""
    services = ApiServices(
        verify=_ABSENT,
        census=_ABSENT,
        health=HealthMonitor([]),
        registry=CollectorRegistry(),
        routers=routers_of(api_context(settings)),
        asyncapi=lambda: asyncapi_of(settings),
    )
    return create_api(services)


def asyncapi_of(settings: Settings) -> dict[str, Any]:
    """The AsyncAPI document of these settings."""
    heard = list(server_events(settings.features).values())
    host = f"{settings.gateway.host}:{settings.gateway.port}"
    return asyncapi(client_events(api_context(settings)), heard, version=version("carewire"), host=host)


def unconnected_handlers(settings: Settings) -> list[Handler]:
    """The handlers of every capability's socket events."""
    return handlers_of(GatewayContext(**_stand_ins(settings), hub=_ABSENT))
