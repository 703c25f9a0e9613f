"""Errors over HTTP: RFC 9457 problem documents with the contract's `code`; a plain page where a person looks."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from common.errors import CarewireError, InvalidArgument, NotFound, Unauthenticated

MEDIA_TYPE: Final = "application/problem+json"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{status} {title} - Carewire</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem;color:#1b2733}}
h1{{font-size:1.4rem}}a{{color:#0b66c2}}</style></head>
<body><h1>{title}</h1><p>{message}</p><p><a href="/docs">API documentation</a> - <a href="/health">Health</a></p></body>
</html>
"""

_TITLES: Final = {one.value: one.phrase for one in HTTPStatus} | {460: "Checksum Mismatch"}  # the latter is of tus


def problem(
    error: CarewireError, request: Request, *, status: int | None = None, beside: Mapping[str, object] | None = None
) -> Response:
    """The answer to a request that failed with `error`. `status` overrides the one that goes with its code; `beside`
    are members of its own."""
    status = status or error.status
    headers = _headers(error)
    title = _TITLES[status]
    if _is_person(request):
        page = _PAGE.format(status=status, title=escape(title), message=escape(error.message))
        return HTMLResponse(page, status, headers)
    wire = error.to_wire()
    document = {"type": "about:blank", "title": title, "status": status, "detail": wire.pop("message"), **wire}
    if request_id := request.scope.get("request_id"):
        document["request_id"] = request_id
    document |= beside or {}
    return Response(json.dumps(document), status, headers, MEDIA_TYPE)


def out_of_range(request: Request, length: int) -> Response:
    """The answer to who asks for bytes behind the end (RFC 9110, 15.5.17)."""
    error = InvalidArgument("There are no such bytes: the range begins behind the end.", details={"length": length})
    response = problem(error, request, status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    response.headers["Content-Range"] = f"bytes */{length}"
    return response


def install(app: FastAPI) -> None:
    """Let every error of `app` be answered by `problem`."""

    async def carewire_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, CarewireError)
        if isinstance(error, InvalidArgument) and (allow := _spelt(app, request)):
            return _not_allowed(allow, request)
        return problem(error, request)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem(invalid_argument_from(error.errors()), request)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.NOT_FOUND:
            return problem(NotFound("There is nothing at this address."), request)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _allowed(app, request.url.path)
        allow = headers.get("Allow")
        message = f"This address takes {allow}." if allow else f"{error.detail}."
        response = problem(InvalidArgument(message), request, status=error.status_code)
        response.headers.update(headers)
        return response

    app.add_exception_handler(CarewireError, carewire_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)


def _spelt(app: FastAPI, request: Request) -> str:
    """What is taken by the address that is spelt as this one, where that is not what was asked: `/assignments/import`
    is no assignment, whatever is asked of it."""
    path = request.url.path
    if not any(route.path == path for route in iter_route_contexts(app.routes)):
        return ""
    allow = _allowed(app, path)
    return "" if request.method in allow.split(", ") else allow


def _not_allowed(allow: str, request: Request) -> Response:
    error = InvalidArgument(f"This address takes {allow}.")
    response = problem(error, request, status=HTTPStatus.METHOD_NOT_ALLOWED)
    response.headers["Allow"] = allow
    return response


def _allowed(app: FastAPI, path: str) -> str:
    """Every method that this address takes, by all routes with the path of the one that is spelt so, else of the first
    that matches: Starlette names those of one route only, and `/bookings/feed.ics` is not a booking."""
    every = [route for route in iter_route_contexts(app.routes) if getattr(route, "path_regex", None) is not None]
    fitting = [route.path for route in every if route.path_regex.match(path)]
    first = path if path in fitting else next(iter(fitting), None)
    methods = {method for route in every if route.path == first for method in route.methods or ()}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def invalid_argument_from(errors: Sequence[Any]) -> InvalidArgument:
    """The first complaint, in words; `details.field` names the member. What was sent is not repeated."""
    first = errors[0]
    path = [str(part) for part in first["loc"] if part not in {"query", "path", "body", "header"}]
    field = ".".join(path) or next((str(part) for part in first["loc"]), "body")
    return InvalidArgument(f"{field}: {first['msg']}", details={"field": field})


def _headers(error: CarewireError) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return headers


def _is_person(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.url.path.startswith("/api/")
