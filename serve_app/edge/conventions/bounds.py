"""What bounds a request and what goes with every answer: sizes of head and body, security headers."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import CarewireError, InvalidArgument, PayloadTooLarge
from config.settings import HttpSettings
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.streams import STREAMED_PATHS, is_content, is_ndjson, is_upload

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
CONSOLE: Final = "/console/"
CALL_PAGE: Final = f"{CONSOLE}call"
MODERATION_PAGE: Final = f"{CONSOLE}moderation"
NOTIFICATIONS_PAGE: Final = f"{CONSOLE}notifications"
_CALLS_MAY: Final = "camera=(self), microphone=(self), display-capture=(self), geolocation=()"
_STRICT: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_FOR_DOCS: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_FOR_WORKER: Final = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
_FOR_NOTIFICATIONS: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_FOR_CALLS: Final = (  # gateways have ports, and maybe hosts, of their own
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self' ws: wss:; media-src blob:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_FOR_CONSOLE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_FOR_FORMS: Final = f"{_STRICT}; form-action 'self'"
_FOR_FILES: Final = "sandbox; default-src 'none'"
_POLICIES: Final = {
    "/docs": _FOR_DOCS,
    "/push/": _FOR_WORKER,
    "/l/": _FOR_FORMS,
    CALL_PAGE: _FOR_CALLS,
    NOTIFICATIONS_PAGE: _FOR_NOTIFICATIONS,
    CONSOLE: _FOR_CONSOLE,
}


def _policy_for(path: str) -> str:
    """What a page or a script of this path may do."""
    if is_content(path):
        return _FOR_FILES
    return next((policy for prefix, policy in _POLICIES.items() if path.startswith(prefix)), _STRICT)


class SecurityHeaders:
    """ASGI middleware. Personal answers are not to be cached unless a route says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if scope["path"] == CALL_PAGE:
                    headers["Permissions-Policy"] = _CALLS_MAY
                headers["Content-Security-Policy"] = _policy_for(scope["path"])
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class HeadLimit:
    """ASGI middleware for an application behind Serve's proxies, which bound no headers: the same bounds as on our own
    port (`serve_app.edge.api.bounded`), at the first place where they can hold."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
            return
        error = PayloadTooLarge("The address or the headers of the request are too large.")
        await problem(error, Request(scope), status=refused)(scope, receive, send)

    def _refusal(self, scope: Scope) -> HTTPStatus | None:
        bounds, headers = self._settings, scope["headers"]
        url = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
        if url > bounds.max_url_bytes:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        total = url + sum(len(name) + len(value) + 4 for name, value in headers)
        if len(headers) > bounds.max_headers or total > bounds.max_header_bytes:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return None


class BodyLimit:
    """ASGI middleware: a body above the limit is refused, by what it says of itself or when it gets there. What is
    streamed has limits of its own."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streamed = scope["type"] == "http" and scope["path"] in STREAMED_PATHS and is_ndjson(scope)
        if scope["type"] != "http" or streamed or is_upload(scope):
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        refused: CarewireError | None = None
        if not declared.isdigit():
            refused = InvalidArgument("Content-Length is not a number.")
        elif int(declared) > self._max:
            refused = self._too_large()
        if refused is not None:
            await problem(refused, Request(scope))(scope, receive, send)
            return
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._max:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The body is too large: at most {self._max} bytes.", details={"limit": self._max})
