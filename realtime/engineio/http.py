"""The HTTP side of Engine.IO: what a request asks for, and how answers are built."""

import asyncio
import base64
import gzip
import json
import zlib
from typing import Any, Final
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from engineio.async_drivers.aiohttp import translate_request
from engineio.packet import MESSAGE, NOOP, Packet
from engineio.payload import Payload

from realtime.websocket.handshake import HandshakeRequest

SEPARATOR: Final = "\x1e"
_MAX_POSTED: Final = 1000  # packets; python-engineio's own limit of 16 is less than clients send
_FORM: Final = "d="
_CHECKED_HEADERS: Final = (
    "Origin",
    "Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Access-Control-Request-Headers",
)


class BodyError(ValueError):
    """A POST that makes no sense."""


def environ_of(request: web.Request) -> dict[str, Any]:
    """The environ that python-socketio hands to connect handlers, with the peer's address in it."""
    environ: dict[str, Any] = translate_request(request)
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if isinstance(peer, tuple):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = str(peer[0]), str(peer[1])
    return environ


def cors_environ(request: HandshakeRequest) -> dict[str, Any]:
    """As much of it as CORS needs."""
    environ: dict[str, Any] = {"REQUEST_METHOD": request.method}
    for name in _CHECKED_HEADERS:
        if (value := request.headers.get(name)) is not None:
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
    return environ


def decoded(encoded: str, *, parse_json: bool = True) -> Packet | None:
    """A packet that a client may send; None when it may not.

    `parse_json`: as python-engineio does with messages; otherwise they stay text.
    """
    if encoded[:1] == "b":
        try:
            return Packet(MESSAGE, base64.b64decode(encoded[1:], validate=True))
        except ValueError:
            return None
    if encoded[:1] not in {"1", "3", "4", "6"}:
        return None
    kind = int(encoded[0])
    if kind != MESSAGE:
        return Packet(kind if kind != NOOP else NOOP, encoded[1:])
    try:
        return Packet(encoded_packet=encoded) if parse_json else Packet(MESSAGE, encoded[1:])
    except RecursionError:  # JSON that is nested too deeply
        return None


async def body_of(request: web.Request, max_bytes: int, within_s: float) -> str:
    """The packets in the body of a POST, JSONP's wrapping taken off.

    Raises:
        BodyError: larger than `max_bytes`, not there after `within_s` seconds, broken, or not UTF-8.
    """
    if (request.content_length or 0) > max_bytes:
        raise BodyError("The payload is too large.")
    chunks, size = [], 0
    try:
        async with asyncio.timeout(within_s):
            while chunk := await request.content.readany():
                size += len(chunk)
                if size > max_bytes:
                    raise BodyError("The payload is too large.")
                chunks.append(chunk)
    except TimeoutError:
        raise BodyError("The payload did not come in time.") from None
    except (HttpProcessingError, web.RequestPayloadError):
        request.content.feed_eof()  # or aiohttp reads on, and reports the same once more
        raise BodyError("The payload is not encoded as its headers say.") from None
    try:
        body = b"".join(chunks).decode()
    except UnicodeDecodeError:
        raise BodyError("The payload is not UTF-8.") from None
    return _unwrapped(body) if body.startswith(_FORM) else body


def _unwrapped(form: str) -> str:
    """The body of a JSONP client, which posts it as the field `d` of a form."""
    value = form.removeprefix(_FORM)
    if "&" in value:
        raise BodyError("There is another field than `d` in this form.")
    try:
        return unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        raise BodyError("The payload is not UTF-8.") from None


def packets_of(body: str, *, parse_json: bool) -> list[Packet]:
    """The packets of a POST. All or none, so that nothing of a bad one is handled.

    Raises:
        BodyError: one of them makes no sense, or there are too many.
    """
    parts = body.split(SEPARATOR)
    if len(parts) > max(_MAX_POSTED, Payload.max_decode_packets):
        raise BodyError("There are too many packets in this payload.")
    packets = []
    for part in parts:
        packet = decoded(part, parse_json=parse_json)
        if packet is None:
            raise BodyError("This is not an Engine.IO packet.")
        packets.append(packet)
    return packets


def text_response(body: str, jsonp: int | None) -> dict[str, Any]:
    """A good answer, in the form that python-engineio builds responses from."""
    kind = "text/plain"
    if jsonp is not None:
        body, kind = f"___eio[{jsonp}]({json.dumps(body)});", "text/javascript"
    return {"status": "200 OK", "headers": [("Content-Type", f"{kind}; charset=UTF-8")], "response": body.encode()}


def compressed(reply: dict[str, Any], accepted: str) -> None:
    """Compress the body in place, as the client prefers, if it knows how."""
    for encoding in (one.split(";")[0].strip() for one in accepted.split(",")):
        if encoding in ("gzip", "deflate"):
            pack = gzip.compress if encoding == "gzip" else zlib.compress
            reply["response"] = pack(reply["response"])
            reply["headers"].append(("Content-Encoding", encoding))
            return
