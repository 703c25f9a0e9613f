"""`/docs`: Swagger UI over `/openapi.json`, from files of this installation. Nothing comes from elsewhere at run time,
and no script stands in the page, so the content security policy can be strict."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from config.errors import NotFound

_ASSETS: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_FOR_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Carewire API</title><link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="api"></div><noscript>This page needs JavaScript. The document itself is at /openapi.json.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true,
  presets: [SwaggerUIBundle.presets.apis], validatorUrl: null
})
"""


def docs_routes() -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)
    static = files("fastapi_offline") / "static"

    @router.get("/docs")
    async def docs() -> Response:
        return HTMLResponse(_PAGE)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    @router.get("/docs/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise NotFound("There is nothing at this address.")
        return FileResponse(str(static / name), media_type=_ASSETS[name], headers=_FOR_A_DAY)

    return router
