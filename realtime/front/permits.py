"""The policy at the door of every event: the action that each stands under.

The role is looked at here; the relation (member, owner, ...) is known by the entity that the event is for, whose rules
a test holds to the table.
"""

from collections.abc import Mapping
from typing import Final

from common.policy import Policy

POLICY: Final = Policy()
ACTIONS: Final[Mapping[str, str]] = {
    "authenticate": "socket.authenticate",
    "create_room": "room.create",
    "join_room": "room.join",
    "leave_room": "room.leave",
    "list_rooms": "room.list",
    "add_members": "room.manage",
    "remove_member": "room.manage",
    "update_room": "room.manage",
    "message": "room.post",
    "edit_message": "room.edit_message",
    "delete_message": "room.delete_message",
    "react": "room.react",
    "unreact": "room.react",
    "mark_read": "room.mark_read",
    "typing_start": "room.type",
    "typing_stop": "room.type",
    "history": "room.read",
    "inbox_ack": "inbox.read",
    "set_presence": "presence.set",
    "watch_presence": "presence.watch",
    "unwatch_presence": "presence.watch",
    "watch_calendar": "calendar.availability",
    "unwatch_calendar": "calendar.availability",
    "get_calendar": "calendar.availability",
    "get_availability": "calendar.availability",
    "update_calendar": "calendar.manage",
    "get_calendar_analytics": "calendar.manage",
    "import_calendar": "calendar.manage",
    "get_calendar_feed": "calendar.feed",
    "get_booking_feed": "booking.read",
    "make_calendar_feed_token": "calendar.share_feed",
    "list_calendar_feed_tokens": "calendar.share_feed",
    "revoke_calendar_feed_token": "calendar.share_feed",
    "make_booking_feed_token": "booking.share_feed",
    "list_booking_feed_tokens": "booking.share_feed",
    "revoke_booking_feed_token": "booking.share_feed",
    "check_conflicts": "booking.create",
    "request_booking": "booking.create",
    "get_booking": "booking.read",
    "list_bookings": "booking.read",
    "update_booking": "booking.reschedule",
    "confirm_booking": "booking.confirm",
    "reschedule_booking": "booking.reschedule",
    "transfer_booking": "booking.transfer",
    "cancel_booking": "booking.cancel",
    "complete_booking": "booking.close",
    "no_show_booking": "booking.close",
    "update_booking_status": "booking.close",
    "bulk_bookings": "booking.close",
    "create_series": "series.create",
    "get_series": "series.read",
    "update_series": "series.manage",
    "delete_series": "series.manage",
    "join_waitlist": "waitlist.join",
    "list_waitlist": "waitlist.read",
    "get_waitlist_analytics": "waitlist.figures",
    "leave_waitlist": "waitlist.leave",
    "accept_offer": "waitlist.leave",
    "decline_offer": "waitlist.leave",
}
