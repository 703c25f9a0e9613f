"""`GET /push/sw.js`, the reference worker. The reference page beside it is one of the console's."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.described.documents import DescribedDocument

PAGES: Final = "serve_app.capabilities.notifications.pages"
_SCOPE: Final = {"Service-Worker-Allowed": "/"}  # it may look after the whole site, though it lies in /push/


def worker_routes() -> APIRouter:
    """The route."""
    router = APIRouter(include_in_schema=False)
    worker = DescribedDocument((files(PAGES) / "sw.js").read_bytes(), "text/javascript")

    @router.get("/push/sw.js")
    async def reference_worker(request: Request) -> Response:
        answer = worker.answer(request)
        answer.headers.update(_SCOPE)
        return answer

    return router
