"""`/l/{token}`: a page that shows what would happen, and a form that makes it happen. Mail scanners follow links, and
some press buttons by script: so looking changes nothing, the page has no script, and one effect is all there is."""

from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse

from actors.notifications.action_titles import language_of, title_of
from common.auth.links import LinkTokens
from common.errors import CarewireError, FailedPrecondition, NotFound
from serve_app.capabilities.links.actions import State
from serve_app.capabilities.links.service import Links
from serve_app.capabilities.links.words import page_words

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 18px/1.5 system-ui, sans-serif; color: #1c2733; background: #f3f5f7; margin: 0 }}
main {{ max-width: 32rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: 8px }}
button {{ font: inherit; color: #fff; background: #0b5c8a; border: 0; border-radius: 6px; padding: .6rem 1.2rem }}
button:focus-visible {{ outline: 3px solid #1c2733; outline-offset: 2px }}
</style>
<main>
<h1>{title}</h1>
<p>{told}</p>
{form}
</main>
</html>
"""
_FORM: Final = '<form method="post"><button type="submit">{title}</button></form>'
_CHOICE: Final = "choice"
_MOST_BYTES: Final = 4096
Languages = Annotated[str, Header(alias="Accept-Language", max_length=1024)]


def link_routes(links: Links) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/l/{token}")
    async def look(token: str, accept_language: Languages = "") -> HTMLResponse:
        try:
            found = await links.look(token, accept_language)
        except CarewireError as error:
            return _of_error(links.tokens, token, accept_language, error)
        return _page(accept_language, found.title, found.state)

    @router.post("/l/{token}")
    async def act(token: str, request: Request, accept_language: Languages = "") -> HTMLResponse:
        try:
            await links.act(token, await _choice(request))
            title = title_of(links.tokens.read(token).action, accept_language)
        except CarewireError as error:
            return _of_error(links.tokens, token, accept_language, error)
        return _page(accept_language, title, "done")

    return router


async def _choice(request: Request) -> str:
    """What was chosen in the form. RFC 8058 posts a form of its own, without a choice."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return ""
    pairs = (part.partition("=") for part in body.decode("ascii", "replace").split("&"))
    return next((value for name, _, value in pairs if name == _CHOICE), "")


def _of_error(tokens: LinkTokens, token: str, accepted: str, error: CarewireError) -> HTMLResponse:
    state = (error.details or {}).get("state") if isinstance(error, FailedPrecondition) else None
    try:
        title = title_of(tokens.read(token).action, accepted)
    except NotFound:
        return _answer(accepted, "Carewire", page_words("none", accepted), error.status)
    if state in ("expired", "stale"):
        return _answer(accepted, title, page_words(str(state), accepted), error.status)
    return _answer(accepted, title, page_words("later", accepted), error.status)


def _page(accepted: str, title: str, state: State) -> HTMLResponse:
    form = _FORM.format(title=escape(title)) if state == "open" else ""
    return _answer(accepted=accepted, title=title, told=page_words(state, accepted), status=200, form=form)


def _answer(accepted: str, title: str, told: str, status: int, form: str = "") -> HTMLResponse:
    content = _PAGE.format(language=language_of(accepted), title=escape(title), told=escape(told), form=form)
    return HTMLResponse(content, status, {"Cache-Control": "no-store", "Vary": "Accept-Language"})
