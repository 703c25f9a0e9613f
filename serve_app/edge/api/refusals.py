"""What a connection is answered that never becomes a request of the application."""

import json
from http import HTTPStatus
from typing import Final

_REASONS: Final = {
    HTTPStatus.BAD_REQUEST: ("invalid_argument", "This is not a valid HTTP request."),
    HTTPStatus.REQUEST_URI_TOO_LONG: ("payload_too_large", "The address is too long."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("payload_too_large", "The header fields are too many or too large."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("overloaded", "There are too many connections. Come back in a while."),
}


def refusal(status: HTTPStatus) -> bytes:
    """The whole answer, as it goes over the wire: a problem document, and the end of the connection."""
    code, detail = _REASONS[status]
    document = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail, "code": code}
    body = json.dumps(document).encode()
    again = "Retry-After: 5\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"{again}Connection: close\r\n\r\n"
    )
    return head.encode() + body
