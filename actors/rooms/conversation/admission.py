"""Whether something may be said in a conversation, and whether what it asks for was accepted. Pure."""

from typing import Final

import msgspec

from actors.rooms.conversation.binding import (
    State,
)
from actors.rooms.conversation.policy import Policy
from actors.rooms.room.state import RoomState
from common.errors import FailedPrecondition, PermissionDenied, RateLimited

SAID: Final[dict[State, str]] = {
    "requested": "This conversation has not been accepted yet.",
    "declined": "This conversation was declined.",
    "paused": "This conversation is paused.",
    "closed": "This conversation is closed.",
}


def require_open(room: RoomState) -> None:
    """Raises FailedPrecondition where nothing may be said now; `details.help` says who is there meanwhile."""
    binding = room.binding
    if binding is None or binding.state == "open":
        return
    help_ = [{"title": help_line.title, "contact": help_line.contact} for help_line in room.settings.help]
    details: dict[str, object] = {"reason": binding.state, "help": help_}
    raise FailedPrecondition(SAID[binding.state], details=details, room=room.id)


def require_talk(room: RoomState) -> None:
    """May anything be said or done here that the others see?

    Raises:
        FailedPrecondition: see `require_open`.
        PermissionDenied: one of two has barred the other.
    """
    if room.barred and room.profile is not None and room.profile.kind == "direct":
        raise PermissionDenied("This person cannot be reached.", details={"reason": "unreachable"})
    require_open(room)


def check_post(room: RoomState, user: str) -> None:
    """May this member say something here, as things are?

    Raises:
        FailedPrecondition, PermissionDenied: see `require_talk`.
        RateLimited: the other is to answer first.
    """
    require_talk(room)
    most = room.policy.max_first_messages
    if most and room.spoken.get(user, 0) >= most and not any(other != user for other in room.spoken):
        raise RateLimited(
            f"At most {most} messages until there is an answer.",
            details={"reason": "first_messages"},
            retry_after_s=3600,
        )


def check_policy(policy: Policy, version: int, accepted: int | None) -> None:
    """Raises FailedPrecondition: these are the terms, and they have not been agreed to."""
    if accepted != version:
        details: dict[str, object] = {
            "reason": "policy",
            "policy": msgspec.to_builtins(policy),
            "policy_version": version,
        }
        raise FailedPrecondition("Read the policy of this conversation, and accept it.", details=details)
