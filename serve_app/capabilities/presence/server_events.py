"""What sockets hear of presence."""

from typing import Final

from common.persons import UserId
from serve_app.edge.server_events import Payload, ServerEvent


class UserOnline(Payload, frozen=True, kw_only=True):
    """A user is there. `status`: `online`, `away`, `busy`, or `invisible` on their own sockets; `at`: since when."""

    user_id: UserId
    status: str
    at: str


class UserOffline(Payload, frozen=True, kw_only=True):
    """A user is there no more. `last_seen`: null where it is not known."""

    user_id: UserId
    last_seen: str | None


class PresenceChanged(Payload, frozen=True, kw_only=True):
    """A user who is there wants to be seen otherwise."""

    user_id: UserId
    status: str
    at: str


_TIME: Final = "2026-11-20T09:30:00.000Z"
_WATCHERS: Final = "sockets that watch this user (`watch_presence`)"

PRESENCE_EVENTS: Final = (
    ServerEvent("user_online", UserOnline, _WATCHERS, example={"user_id": "bob", "status": "online", "at": _TIME}),
    ServerEvent("user_offline", UserOffline, _WATCHERS, example={"user_id": "bob", "last_seen": _TIME}),
    ServerEvent(
        "presence_changed", PresenceChanged, _WATCHERS, example={"user_id": "bob", "status": "busy", "at": _TIME}
    ),
)
