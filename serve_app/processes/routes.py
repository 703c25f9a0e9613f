"""Routes for operators and load balancers: health, metrics, status."""

import time
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from common.lib.fresh import Fresh
from serve_app.edge.api.access import Admin, for_operators, is_operator
from serve_app.edge.api.models import HealthReport
from serve_app.edge.conventions.described.documents import DescribedDocument
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor

_FRESH_S: Final = 1.0  # a page of metrics that young is given again: who asks often must not keep all processes busy


def process_routes(monitor: HealthMonitor, census: ProcessMonitor) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["operations"])
    started = time.monotonic()

    async def page() -> DescribedDocument:
        return DescribedDocument(await census.metrics(), CONTENT_TYPE_LATEST)

    pages = Fresh(page, _FRESH_S)

    @router.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("/docs")

    @router.get("/health", operation_id="health", response_model=HealthReport, responses={503: {"model": HealthReport}})
    async def health(request: Request) -> Response:
        """The health of the whole, and for operators of every part, with the age of its last success. 503 when chat
        does not work."""
        report = await monitor.look()
        document: dict[str, Any] = {"status": report.status}
        if is_operator(request):
            document = asdict(report) | {"uptime": round(time.monotonic() - started, 1), "version": version("carewire")}
        return JSONResponse(document, 503 if report.status == "down" else 200, {"Cache-Control": "no-store"})

    @router.get("/livez", operation_id="livez", response_class=PlainTextResponse)
    async def livez() -> str:
        """This process answers. Asks nobody else: what it needs being away is no reason to restart it."""
        return "ok"

    @router.get(
        "/readyz",
        operation_id="readyz",
        response_class=PlainTextResponse,
        responses={503: {"description": "not ready"}},
    )
    async def readyz() -> Response:
        """Send requests here, or not."""
        report = await monitor.look()
        return PlainTextResponse("ready" if report.status != "down" else "not ready", _ready_status(report.status))

    @router.get(
        "/metrics",
        operation_id="metrics",
        response_class=PlainTextResponse,
        dependencies=[for_operators],
        responses={401: {}, 403: {}},
    )
    async def metrics(request: Request) -> Response:
        """Prometheus metrics of all processes, whoever answers. The label `process` tells them apart. For operators."""
        return (await pages.get()).answer(request)

    @router.get("/api/status", operation_id="status")
    async def status(request: Request, _: Admin) -> list[dict[str, Any]]:
        """Every process: what `carewire status --json` prints. For administrators."""
        return [sighting.row() for sighting in await census.sightings()]

    return router


def _ready_status(status: str) -> int:
    return 503 if status == "down" else 200
