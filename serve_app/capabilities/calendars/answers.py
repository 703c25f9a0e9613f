"""Answers of the calendar routes."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from typing_extensions import override

from common.errors import Conflict
from serve_app.edge.api.models import Problem
from serve_app.edge.api.problems import MEDIA_TYPE, problem

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 409, 412, 503)
}


class CalendarRoute(APIRoute):
    """A route whose `Conflict` is told with its details (`reasons` and `alternatives`, of a series `occurrences`)
    beside the problem's own members."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except Conflict as error:
                return _conflicting(error, request)

        return told


def answer(document: object, status: int = 200) -> Response:
    """A JSON document; bytes are one already."""
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Response(body, status, media_type="application/json")


def _conflicting(error: Conflict, request: Request) -> Response:
    made = problem(error, request)
    if made.media_type != MEDIA_TYPE or not error.details:
        return made
    document = msgspec.json.decode(bytes(made.body)) | error.details
    headers = {name: value for name, value in made.headers.items() if name != "content-length"}
    return Response(msgspec.json.encode(document), made.status_code, headers, MEDIA_TYPE)
