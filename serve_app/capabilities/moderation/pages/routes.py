"""`GET /console/moderation`, and its script."""

from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.bounds import MODERATION_PAGE
from serve_app.edge.conventions.described.documents import DescribedDocument


def moderation_routes() -> APIRouter:
    """The routes. The page holds nothing: whoever opens it brings a token, and sees what that lets them."""
    router = APIRouter(include_in_schema=False)
    folder = files("serve_app.capabilities.moderation.pages")
    page = DescribedDocument((folder / "moderation.html").read_bytes(), "text/html")
    script = DescribedDocument((folder / "moderation.js").read_bytes(), "text/javascript")

    @router.get(MODERATION_PAGE)
    async def moderation_page(request: Request) -> Response:
        return page.answer(request)

    @router.get(f"{MODERATION_PAGE}.js")
    async def moderation_script(request: Request) -> Response:
        return script.answer(request)

    return router
