"""What sockets hear of notifications."""

from typing import Final

from msgspec import UNSET, UnsetType

from actors.notifications.notifier.answers import WireNotification
from common.persons import OtherId
from serve_app.capabilities.notifications.examples import NOTIFICATION
from serve_app.edge.server_events import Addressed, Payload, ServerEvent

_OWN: Final = "every socket of the person"
_AT: Final = "2026-11-20T08:15:00.000Z"


class NotificationTold(Addressed, frozen=True, kw_only=True):
    """A notification. It stays in the inbox until it is acknowledged."""

    notification: WireNotification


class NotificationUpdated(Payload, frozen=True, kw_only=True):
    """How a notification stands after it was seen, read, archived, put off, or made unread."""

    id: OtherId
    seen_at: str | None
    read_at: str | None
    archived_at: str | None


class NotificationsRead(Payload, frozen=True, kw_only=True):
    """All up to there was read, of one category or of all. `unread`: how many are left of those."""

    up_to: int
    category: str | UnsetType = UNSET
    unread: int


class Unread(Payload, frozen=True, kw_only=True):
    """How many are unread, in all and by category."""

    unread: int
    by_category: dict[str, int]


NOTIFICATION_EVENTS: Final = (
    ServerEvent(
        name="notification",
        payload=NotificationTold,
        audience=_OWN,
        description="The person is told something.",
        example={"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 7, "notification": NOTIFICATION},
    ),
    ServerEvent(
        name="notification_updated",
        payload=NotificationUpdated,
        audience=_OWN,
        description="The person saw, read, archived or put off a notification, at one of their sockets.",
        example={"id": NOTIFICATION["id"], "seen_at": _AT, "read_at": _AT, "archived_at": None},
    ),
    ServerEvent(
        name="notifications_read",
        payload=NotificationsRead,
        audience=_OWN,
        description="The person read all up to a number.",
        example={"up_to": 7, "unread": 0},
    ),
    ServerEvent(
        name="unread",
        payload=Unread,
        audience=_OWN,
        description="After whatever changes it, at most once a second.",
        example={"unread": 1, "by_category": {"system": 1}},
    ),
)
