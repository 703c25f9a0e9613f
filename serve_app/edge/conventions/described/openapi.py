"""The OpenAPI document, completed: what holds for every operation is written once, here, not in every route."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import RouteContext

from common.errors import InvalidArgument, error_types
from serve_app.edge.api.models import Problem
from serve_app.edge.conventions.described.samples import sample_of
from serve_app.edge.conventions.limits import UNLIMITED, WEBHOOK_PATH
from serve_app.edge.conventions.permits import routes_of
from serve_app.edge.conventions.repeats.idempotency import HEADER
from serve_app.edge.rest import operation_of
from serve_app.edge.rest_documents import REF, answers_of
from serve_app.edge.schemas import components_of

_MEDIA: Final = "application/problem+json"
_REQUEST_ID: Final = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Names the request in logs and answers; made up when missing.",
    "schema": {"type": "string"},
    "example": "req-2026-11-20-1",
}
_IDEMPOTENCY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A repeat with the same key and body gets the first answer back, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]{1,128}$"},
    "example": "5f0c6a0e-8f3a-4f8f-9d0c-1d1c6c1b7f55",
}
_HEADERS: Final = {
    "X-Request-Id": {"description": "The id of the request.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left, and when there is more.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "Requests in a window of seconds.", "schema": {"type": "string"}},
}
_ALWAYS: Final = (400, 429, 500, 503)
_BESIDE_API: Final = frozenset({"401", "403", "429"})  # the rest of an operator's address is said by its route
_NONE: Final[Mapping[str, Any]] = {}
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})


def complete(app: FastAPI) -> None:
    """Let `app.openapi()` say everything. Call it when every route is there."""
    make = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = routes_of(app)
            operations = [found for route in routes if (found := operation_of(route)) is not None]
            answers = components_of(answers_of(operations), REF)
            app.openapi_schema = completed(_as_declared(make(), routes), answers)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # FastAPI's documented way


def _as_declared(document: dict[str, Any], routes: Iterable[RouteContext]) -> dict[str, Any]:
    """The document with the examples that routes declare: FastAPI leaves out of them what is null."""
    for route in routes:
        original: Any = route.original_route
        extra = original.openapi_extra or _NONE
        for method in route.methods or ():
            operation = document["paths"].get(route.path, _NONE).get(method.lower(), _NONE)
            _restore(operation.get("requestBody", _NONE), extra.get("requestBody", _NONE))
            for status, response in extra.get("responses", _NONE).items():
                _restore(operation.get("responses", _NONE).get(status, _NONE), response)
    return document


def _restore(part: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
    contents = part.get("content", _NONE)
    for media_type, content in declared.get("content", _NONE).items():
        if "example" in content and media_type in contents:
            contents[media_type]["example"] = content["example"]


def completed(document: dict[str, Any], answers: Mapping[str, Any] = _NONE) -> dict[str, Any]:
    """The document with the headers, errors and examples that all operations share, and the schemas of their answers.
    Pure."""
    document = deepcopy(document)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(answers)
    schemas.setdefault("Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(path, method, operation)
                _exemplify(operation, schemas)
    return document


def _exemplify(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Bodies and answers without an example get one."""
    answers = [response for status, response in operation["responses"].items() if status.startswith("2")]
    for part in (operation.get("requestBody", {}), *answers):
        for media_type, content in part.get("content", {}).items():
            if media_type.endswith("json") and not {"example", "examples"} & content.keys() and content.get("schema"):
                content["example"] = sample_of(content["schema"], schemas)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    if not path.startswith("/api/"):
        for refused in _BESIDE_API & {*responses, *(() if path in UNLIMITED else ("429",))}:
            responses[refused] = _problem(int(refused))
        return
    parameters = operation.setdefault("parameters", [])
    parameters.append(_REQUEST_ID)
    if method == "post" and not path.startswith(WEBHOOK_PATH):
        parameters.append(_IDEMPOTENCY)
    for status in _statuses(path, method, operation):
        responses[str(status)] = _problem(status)
    for response in responses.values():
        response["headers"] = {**_HEADERS, **response.get("headers", {})}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": _examples(status)}},
    }


def _statuses(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    wanted = {*_ALWAYS, *(int(code) for code in operation["responses"] if code.isdigit() and int(code) >= 400)}
    if operation.get("security"):
        wanted |= {401, 403}
    if "{" in path:
        wanted.add(404)
    if "requestBody" in operation:
        wanted.add(413)
    if method == "post":
        wanted |= {409, 413}
    return wanted


def _examples(status: int) -> dict[str, Any]:
    """One for each code that goes with the status."""
    phrase = HTTPStatus(status).phrase
    codes = dict.fromkeys(kind.code for kind in error_types() if kind.status == status) or (InvalidArgument.code,)
    return {
        code: {
            "value": {
                "type": "about:blank",
                "title": phrase,
                "status": status,
                "detail": "What to do next.",
                "code": code,
                "request_id": "req_01KAFZ0000000000000000000",
            }
        }
        for code in codes
    }
