"""How many events a user, and an address, may send: token buckets by class of event, over all sockets of a gateway.

Buckets are of one gateway: a user with sockets at n gateways has n of each. An address may do many times what a user
may, for all who share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.buckets import Buckets, Quota
from common.clock import Clock
from common.errors import RateLimited
from config.settings import LimitSettings
from realtime.delivery.connections import Connection
from realtime.delivery.metrics import GatewayMetrics
from realtime.front.permits import ACTIONS

CONNECT: Final = "connect"
_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    CONNECT: ("authenticate",),
    "message": ("message", "edit_message", "delete_message", "react", "unreact"),
    "signal": ("typing_start", "typing_stop", "mark_read", "inbox_ack", "set_presence"),
    "read": (
        "join_room",
        "leave_room",
        "list_rooms",
        "history",
        "watch_presence",
        "unwatch_presence",
        "watch_calendar",
        "unwatch_calendar",
        "get_calendar",
        "get_availability",
        "check_conflicts",
        "get_booking",
        "list_bookings",
        "get_series",
        "list_waitlist",
        "get_waitlist_analytics",
        "list_calendar_feed_tokens",
        "list_booking_feed_tokens",
    ),
    "write": (  # and what takes as long
        "get_calendar_analytics",
        "get_calendar_feed",
        "get_booking_feed",
        "create_room",
        "add_members",
        "remove_member",
        "update_room",
        "update_calendar",
        "make_calendar_feed_token",
        "revoke_calendar_feed_token",
        "make_booking_feed_token",
        "revoke_booking_feed_token",
        "import_calendar",
        "request_booking",
        "update_booking",
        "confirm_booking",
        "reschedule_booking",
        "transfer_booking",
        "cancel_booking",
        "complete_booking",
        "no_show_booking",
        "update_booking_status",
        "bulk_bookings",
        "create_series",
        "update_series",
        "delete_series",
        "join_waitlist",
        "leave_waitlist",
        "accept_offer",
        "decline_offer",
    ),
}
CLASS_OF: Final[Mapping[str, str]] = {event: kind for kind, events in _EVENTS.items() for event in events}


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    users: Buckets
    addresses: Buckets


class EventLimits:
    """The limits of one gateway."""

    def __init__(self, settings: LimitSettings, clock: Clock, metrics: GatewayMetrics) -> None:
        """Raises LookupError: an event is in no class."""
        if bare := ACTIONS.keys() - CLASS_OF.keys():
            raise LookupError(f"events without a class: {sorted(bare)}")
        self._clock = clock
        self._metrics = metrics
        rates = {
            CONNECT: settings.connects_per_s,
            "message": settings.messages_per_s,
            "signal": settings.signals_per_s,
            "read": settings.reads_per_s,
            "write": settings.writes_per_s,
        }
        classes = {name: _class(name, per_s, settings) for name, per_s in rates.items()}
        self._of = {event: classes[kind] for event, kind in CLASS_OF.items()} if settings.enabled else {}

    def check(self, connection: Connection, event: str) -> None:
        """Count one event.

        Raises:
            RateLimited: it is one too many, of its user or of its address.
        """
        limit = self._of.get(event)
        if limit is None:
            return
        now_s = self._clock.monotonic_s()
        if (user := connection.user) and (wait_s := limit.users.take(user, now_s)):
            raise self._refused(limit, "user", wait_s)
        if wait_s := limit.addresses.take(connection.address, now_s):
            raise self._refused(limit, "address", wait_s)

    def check_connect(self, user: str) -> None:
        """Count a connection of this user, whose address has been counted at the door.

        Raises:
            RateLimited: it is one too many.
        """
        limit = self._of.get("authenticate")
        if limit is not None and (wait_s := limit.users.take(user, self._clock.monotonic_s())):
            raise self._refused(limit, "user", wait_s)

    def _refused(self, limit: _Class, whose: str, wait_s: float) -> RateLimited:
        self._metrics.limited.labels(limit.name, whose).inc()
        return RateLimited("Too many events. Slow down.", retry_after_s=round(wait_s, 3), details={"class": limit.name})


def _class(name: str, per_s: float, settings: LimitSettings) -> _Class:
    burst, factor = per_s * settings.burst_s, settings.address_factor
    return _Class(name, Buckets(Quota(per_s, burst)), Buckets(Quota(per_s * factor, burst * factor)))
