"""The symptom model, for the list of capabilities. It keeps nothing of anybody."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from serve_app.capabilities.capability import ApiContext, Capability
from serve_app.capabilities.prediction.routes import message_routes, prediction_routes
from serve_app.edge.conventions.permits import permit
from serve_app.processes.health import Finding, HealthPart
from serve_app.processes.monitor import finding_of_models


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    if context.predictor is None:
        raise LookupError("the feature ml is on, and nobody was deployed who answers for the model")
    yield prediction_routes(context.predictor, [permit("ml.use")])
    yield message_routes(context.predictor, [permit("ml.classify")])


def _health(context: ApiContext) -> Iterable[HealthPart]:
    async def look() -> Finding:
        return finding_of_models(await context.census.of_kind("predictor"))

    yield HealthPart("ml", look, vital=False)


PREDICTION: Final = Capability(name="prediction", feature="ml", routers=_routers, health=_health)
