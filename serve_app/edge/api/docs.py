"""`/openapi.json` and `/asyncapi.json`, and `/docs`: Swagger UI over the first, from files of this installation.
Nothing comes from elsewhere at run time, and no script stands in the page, so the content security policy can be
strict."""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from common.errors import NotFound
from serve_app.edge.api.access import for_operators
from serve_app.edge.conventions.described.documents import DescribedDocument

_ASSETS: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_DAY_S: Final = 86_400
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Carewire API</title><link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><p>The routes are below, and in <a href="/openapi.json">OpenAPI</a>; the events of the socket are in
<a href="/asyncapi.json">AsyncAPI</a>.</p><div id="api"></div>
<noscript>The list below needs JavaScript.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true,
  presets: [SwaggerUIBundle.presets.apis], validatorUrl: null
})
"""


def docs_routes(
    openapi: Callable[[], dict[str, Any]], asyncapi: Callable[[], dict[str, Any]] | None = None
) -> APIRouter:
    """The routes. Each document is made when it is first asked for, and once. `asyncapi`: None: there is none."""
    router = APIRouter(include_in_schema=False)
    static = files("fastapi_offline") / "static"
    page = DescribedDocument(_PAGE.encode(), "text/html")
    start = DescribedDocument(_START.encode(), "text/javascript")

    @cache
    def description() -> DescribedDocument:
        return DescribedDocument(json.dumps(openapi(), separators=(",", ":")).encode(), "application/json")

    @cache
    def events() -> DescribedDocument:
        if asyncapi is None:
            raise NotFound("There is nothing at this address.")
        return DescribedDocument(json.dumps(asyncapi(), separators=(",", ":")).encode(), "application/json")

    @cache
    def file(name: str) -> DescribedDocument:
        return DescribedDocument((static / name).read_bytes(), _ASSETS[name], max_age_s=_DAY_S)

    @router.get("/openapi.json", dependencies=[for_operators])
    async def openapi_document(request: Request) -> Response:
        return description().answer(request)

    @router.get("/asyncapi.json", dependencies=[for_operators])
    async def asyncapi_document(request: Request) -> Response:
        return events().answer(request)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return page.answer(request)

    @router.get("/docs/start.js")
    async def script(request: Request) -> Response:
        return start.answer(request)

    @router.get("/docs/{name}")
    async def asset(name: str, request: Request) -> Response:
        if name not in _ASSETS:
            raise NotFound("There is nothing at this address.")
        return file(name).answer(request)

    return router
