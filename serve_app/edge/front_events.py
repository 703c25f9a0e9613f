"""What the front itself emits and takes, whatever the capabilities: sessions, errors, going elsewhere."""

from typing import Final

from msgspec import UNSET, UnsetType

from common.persons import UserId
from realtime.delivery.requests import Authenticate
from serve_app.edge.operation import ClientEvent, Example
from serve_app.edge.server_events import Payload, ServerEvent


class SessionPayload(Payload, frozen=True, kw_only=True):
    """Who this socket is to the server. `gateway`: the process that has it. `inbox_seq`: the inbox's last number."""

    connection_id: str
    user_id: UserId
    role: str
    gateway: str
    server_time: str
    inbox_seq: int


class ErrorPayload(Payload, frozen=True, kw_only=True):
    """The error object, and `event`: which one failed."""

    code: str
    message: str
    details: dict[str, object] | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET
    event: str | UnsetType = UNSET


class TokenExpiringPayload(Payload, frozen=True, kw_only=True):
    """When the token ends, and the connection with it."""

    expires_at: str


class ReconnectPayload(Payload, frozen=True, kw_only=True):
    """After how many milliseconds the connection will be closed."""

    delay_ms: int


_TIME: Final = "2026-11-20T09:30:00.000Z"
_ONE: Final = "this socket"

SESSION: Final = ServerEvent(
    name="session",
    payload=SessionPayload,
    audience=_ONE,
    description="After a successful connect, or `authenticate`.",
    example={
        "connection_id": "h9Wq2c0sAAAB",
        "user_id": "alice",
        "role": "client",
        "gateway": "gateway-0",
        "server_time": _TIME,
        "inbox_seq": 17,
    },
)
ERROR: Final = ServerEvent(
    name="error",
    payload=ErrorPayload,
    audience=_ONE,
    description="An event without an ack failed (`event` names it), a room could not be recovered (`event` "
    "is `recover`), or the "
    "connection is about to be closed.",
    example={"code": "not_found", "message": "There is no such room.", "event": "message"},
)
TOKEN_EXPIRING: Final = ServerEvent(
    name="token_expiring",
    payload=TokenExpiringPayload,
    audience=_ONE,
    description="Send a fresh token with `authenticate` before then.",
    example={"expires_at": _TIME},
)
RECONNECT: Final = ServerEvent(
    name="reconnect",
    payload=ReconnectPayload,
    audience=_ONE,
    description="This gateway is leaving: connect again, elsewhere.",
    example={"delay_ms": 1200},
)

FRONT_EVENTS: Final = (SESSION, ERROR, TOKEN_EXPIRING, RECONNECT)

FRONT_REQUESTS: Final = (
    ClientEvent(
        "authenticate",
        "socket.authenticate",
        Authenticate,
        "connect",
        example=Example({"token": "eyJhbGciOiJIUzI1NiJ9.e30.Q"}, {}),
        description="Who the socket belongs to, said after it connected; or a fresh token for one that is known.",
        anonymous=True,
    ),
)
