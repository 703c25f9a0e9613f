"""HEAD wherever there is GET (RFC 9110, 9.3.2): the same headers, and no body."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.edge.conventions.streams import UPLOADS_PATH, is_content

_LEFT_BY_ROUTING: Final = ("route", "path_params")


def _answers_itself(path: str) -> bool:
    """Files do: they would be read to the end for nothing."""
    return is_content(path) or path.startswith(f"{UPLOADS_PATH}/")


class Heads:
    """ASGI middleware: asks what is behind it with GET, and keeps the body to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or _answers_itself(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope.update({name: asked[name] for name in _LEFT_BY_ROUTING if name in asked})
                await send(message)
            elif not message.get("more_body"):
                await send({"type": "http.response.body", "body": b""})

        await self._app(asked, receive, send_without_body)
