"""Answers of the calendar routes."""

from typing import Any, Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from config.errors import Conflict
from serve_app.api.models import Problem
from serve_app.api.problems import MEDIA_TYPE, problem

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 409, 412, 503)
}


def answer(document: object, status: int = 200) -> Response:
    """A JSON document; bytes are one already."""
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Response(body, status, media_type="application/json")


def conflicting(error: Conflict, request: Request) -> Response:
    """409 with `reasons` and `alternatives` beside the problem's own members, as the contract has it."""
    made = problem(error, request)
    if made.media_type != MEDIA_TYPE or not error.details:
        return made
    document = msgspec.json.decode(bytes(made.body)) | error.details
    headers = {name: value for name, value in made.headers.items() if name != "content-length"}
    return Response(msgspec.json.encode(document), made.status_code, headers, MEDIA_TYPE)
