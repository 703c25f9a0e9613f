"""`GET /push/sw.js`, the reference worker; and `GET /console/notifications`, the reference page."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.bounds import NOTIFICATIONS_PAGE
from serve_app.edge.conventions.described.documents import DescribedDocument

_SCOPE: Final = {"Service-Worker-Allowed": "/"}  # it may look after the whole site, though it lies in /push/


def page_routes() -> APIRouter:
    """The routes. The page holds nothing: whoever opens it brings a token."""
    router = APIRouter(include_in_schema=False)
    worker = _document("sw.js", "text/javascript")
    page, script = _document("console.html", "text/html"), _document("console.js", "text/javascript")

    @router.get("/push/sw.js")
    async def reference_worker(request: Request) -> Response:
        answer = worker.answer(request)
        answer.headers.update(_SCOPE)
        return answer

    @router.get(NOTIFICATIONS_PAGE)
    async def notifications_page(request: Request) -> Response:
        return page.answer(request)

    @router.get("/console/carewire-notifications.js")
    async def notifications_script(request: Request) -> Response:
        return script.answer(request)

    return router


def _document(name: str, media_type: str) -> DescribedDocument:
    return DescribedDocument((files("serve_app.capabilities.notifications.pages") / name).read_bytes(), media_type)
