"""What clients emit about presence. The handlers are the front's (`realtime.front.presence`)."""

from typing import Final

from common.persons import UserId
from realtime.delivery.requests import SetPresence, WatchPresence
from serve_app.edge.operation import ClientEvent, Example
from serve_app.edge.server_events import Payload


class ChosenStatus(Payload, frozen=True, kw_only=True):
    """The status that was chosen."""

    status: str


class PresenceView(Payload, frozen=True, kw_only=True):
    """Who is there. `last_seen`: null for who is there now, and where it is not known."""

    status: str
    last_seen: str | None
    devices: int


class WatchedPresence(Payload, frozen=True, kw_only=True):
    """The presence of each user that was asked for."""

    presence: dict[UserId, PresenceView]


_BOB: Final = {"bob": {"status": "online", "last_seen": None, "devices": 2}}

PRESENCE_REQUESTS: Final = (
    ClientEvent(
        "set_presence",
        "presence.set",
        SetPresence,
        "signal",
        response=ChosenStatus,
        example=Example({"status": "busy"}, {"status": "busy"}),
        description="How the user wants to be seen, on all devices.",
    ),
    ClientEvent(
        "watch_presence",
        "presence.watch",
        WatchPresence,
        "read",
        response=WatchedPresence,
        example=Example({"user_ids": ["bob"]}, {"presence": _BOB}),
        description="Hear who is there, of these users, from now on.",
    ),
    ClientEvent(
        "unwatch_presence",
        "presence.watch",
        WatchPresence,
        "read",
        response=WatchedPresence,
        example=Example({"user_ids": ["bob"]}, {"presence": {}}),
        description="Hear of these users no more.",
    ),
)
