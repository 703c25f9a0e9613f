"""Every route of the program, in one list: what a replica of the API deploys, and what the tests put to the test."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from serve_app.capabilities.calendars.routes import routers
from serve_app.capabilities.identity.assembly import IdentityService
from serve_app.capabilities.prediction.routes import Predictor, prediction_routes
from serve_app.cluster.pools import Resizable, pool_routes
from serve_app.edge.conventions.permits import permit


def routers_of(
    identity: IdentityService, calendars: CalendarServices, predictor: Predictor, pools: Resizable
) -> list[APIRouter]:
    """The routers of all capabilities. Chat and operations are part of the application itself."""
    return [
        *identity.routers,
        *routers(calendars),
        prediction_routes(predictor, [permit("ml.use")]),
        pool_routes(pools),
    ]
