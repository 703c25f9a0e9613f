"""The types of notifications: their category, how much they matter, and where they are told by default."""

from typing import Final, Literal

import msgspec

Channel = Literal["in_app", "push", "email"]
Priority = Literal["low", "normal", "high", "critical"]
CHANNELS: Final[tuple[Channel, ...]] = ("in_app", "push", "email")


class NotificationType(msgspec.Struct, frozen=True):
    """`at_once`: push and mail wait for nobody, and nothing holds them back. `email_at_once`: its mail does not wait.
    `locked`: nobody can turn it off."""

    type: str
    category: str
    priority: Priority = "normal"
    push: bool = True
    email: bool = True
    email_at_once: bool = False
    locked: bool = False
    at_once: bool = False

    def told_by(self, channel: Channel) -> bool:
        """Is it told there, unless somebody chose otherwise?"""
        return {"in_app": True, "push": self.push, "email": self.email}[channel]


_ALL: Final = (
    NotificationType("appointment_reminder", "appointments", "high"),
    NotificationType("booking_requested", "appointments"),
    NotificationType("booking_confirmed", "appointments", email_at_once=True),
    NotificationType("booking_changed", "appointments", "high", email_at_once=True),
    NotificationType("booking_cancelled", "appointments", "high", email_at_once=True),
    NotificationType("waitlist_offer", "appointments", "high"),
    NotificationType("payment_succeeded", "payments", push=False, email_at_once=True),
    NotificationType("payment_failed", "payments", "high"),
    NotificationType("payment_action_required", "payments", "high"),
    NotificationType("payment_refunded", "payments", push=False),
    NotificationType("invoice_ready", "payments", push=False, email_at_once=True),
    NotificationType("subscription_changed", "payments"),
    NotificationType("worksheet_assigned", "worksheets"),
    NotificationType("worksheet_due", "worksheets"),
    NotificationType("worksheet_submitted", "worksheets"),
    NotificationType("worksheet_feedback", "worksheets"),
    NotificationType("clarification_requested", "worksheets"),
    NotificationType("worksheet_alert", "worksheets", "high"),
    NotificationType("chat_message", "messages", email=False),
    NotificationType("message_mention", "messages", email=False),
    NotificationType("message_ack_requested", "messages", "high", email=False),
    NotificationType("incoming_call", "calls", "critical", email=False, at_once=True),
    NotificationType("missed_call", "calls", "high", email=False, at_once=True),
    NotificationType("somebody_waiting", "meetings", "high", email=False),
    NotificationType("recording_ready", "meetings", email=False),
    NotificationType("session_outcome", "meetings"),
    NotificationType("safety_alert", "emergency", "critical", email_at_once=True, locked=True, at_once=True),
    NotificationType("emergency_alert", "emergency", "critical", email_at_once=True, locked=True, at_once=True),
    NotificationType("system_update", "system", "low", push=False, email=False),
    NotificationType("maintenance", "system", push=False),
    NotificationType("announcement", "system"),
    NotificationType("report_updated", "system"),
    NotificationType("message_held", "system", email=False),
    NotificationType("case_overdue", "system", "high"),
    NotificationType("cover_changed", "system"),
    NotificationType("security_code", "security", "high", push=False, email_at_once=True, locked=True),
    NotificationType("security_notice", "security", "high", email_at_once=True, locked=True),
)
TYPES: Final = {one.type: one for one in _ALL}
CATEGORIES: Final = tuple(dict.fromkeys(one.category for one in _ALL))
