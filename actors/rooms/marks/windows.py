"""The time in which a message may be changed or taken back. Pure."""

from actors.rooms.messages.chat_message import Message
from common.errors import FailedPrecondition


def check(window_s: int, message: Message, now_ms: int) -> None:
    """Raises FailedPrecondition: the window is over. 0: it never is."""
    if window_s and now_ms > message.sent_at + window_s * 1000:
        raise FailedPrecondition("It is too late to change this message.", details={"reason": "too_late"})
