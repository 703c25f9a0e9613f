"""Pages of the console: each is a document and one module beside it, which other pages may use too."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serve_app.edge.conventions.bounds import CONSOLE
from serve_app.edge.conventions.described.documents import DescribedDocument

_OPEN: Final = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}


def console_routes(name: str, package: str) -> APIRouter:
    """`/console/<name>` and `/console/carewire-<name>.js`, of `<name>.html` and the script in this package. A page
    holds nothing: whoever opens it brings a token."""
    router, folder = APIRouter(include_in_schema=False), files(package)
    page = DescribedDocument((folder / f"{name}.html").read_bytes(), "text/html")
    script = DescribedDocument((folder / f"carewire-{name}.js").read_bytes(), "text/javascript")

    @router.get(f"{CONSOLE}{name}")
    async def shown(request: Request) -> Response:
        return page.answer(request)

    @router.get(f"{CONSOLE}carewire-{name}.js")
    async def moved_by(request: Request) -> Response:
        answer = script.answer(request)
        answer.headers.update(_OPEN)
        return answer

    return router
