"""`GET /push/sw.js`: the reference worker, with the languages and the scope of this installation."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.described.documents import DescribedDocument

_SCOPE: Final = {"Service-Worker-Allowed": "/"}  # it may look after the whole site, though it lies in /push/


def worker_routes() -> APIRouter:
    """The route."""
    router = APIRouter(include_in_schema=False)
    source = (files("serve_app.capabilities.notifications.pages") / "sw.js").read_bytes()
    worker = DescribedDocument(source, "text/javascript")

    @router.get("/push/sw.js")
    async def reference_worker(request: Request) -> Response:
        answer = worker.answer(request)
        answer.headers.update(_SCOPE)
        return answer

    return router
