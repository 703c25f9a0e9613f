"""What goes round every request: its id, its log line, its figures, and the answer to a fault of ours."""

import re
import time
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.clock import SystemClock
from common.errors import CarewireError
from common.ids import new_id
from common.logs import get_logger
from serve_app.edge.api.problems import problem

_ID: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestTracing:
    """ASGI middleware, the outermost one, so that nothing escapes it. Without `echo`, whoever is before us puts the
    request's id into the answer."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, *, echo: bool) -> None:
        self._app = app
        self._echo = echo
        self._log = get_logger("carewire.api")
        self._clock = SystemClock()
        labels = ("method", "route", "status")
        self._answered = Counter("carewire_http_requests", "HTTP requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "carewire_http_request_seconds",
            "Time from a request to the start of its answer.",
            ("route",),
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope)
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._echo:
                    MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:  # logged, and answered with a 500  # noqa: BLE001
                self._log.exception("request.failed", error=type(error).__name__)
                if not status:
                    fault = CarewireError("Something went wrong on our side. It has been logged.")
                    await problem(fault, Request(scope))(scope, receive, send_with_id)
            self._record(scope, status, time.perf_counter() - began)

    def _request_id(self, scope: MutableMapping[str, Any]) -> str:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        request_id = given if _ID.fullmatch(given) else new_id("req", self._clock.now_ms())
        scope["request_id"] = request_id
        return request_id

    def _record(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        # The template ("/api/rooms/{room_id}/messages"), never the path: a label must stay bounded.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
        self._answered.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._log.debug("request.answered", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
