"""`GET /console/call`, and the file that it makes calls with."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.bounds import CALL_PAGE
from serve_app.edge.conventions.described.documents import DescribedDocument

_OPEN: Final = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}


def call_routes() -> APIRouter:
    """The routes. The page holds nothing: whoever opens it brings a token."""
    router = APIRouter(include_in_schema=False)
    folder = files("serve_app.capabilities.meetings.pages")
    page = DescribedDocument((folder / "call.html").read_bytes(), "text/html")
    script = DescribedDocument((folder / "carewire-call.js").read_bytes(), "text/javascript")

    @router.get(CALL_PAGE)
    async def call_page(request: Request) -> Response:
        return page.answer(request)

    @router.get("/console/carewire-call.js")
    async def call_script(request: Request) -> Response:
        answer = script.answer(request)
        answer.headers.update(_OPEN)
        return answer

    return router
