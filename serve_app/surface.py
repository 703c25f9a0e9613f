"""Every route of the program, in one list: what a replica of the API deploys, and what the tests put to the test."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from serve_app.calendars.routes import routers
from serve_app.conventions.permits import permit
from serve_app.identity.assembly import IdentityService
from serve_app.pools import Resizable, pool_routes
from serve_app.prediction.routes import Predictor, prediction_routes


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
