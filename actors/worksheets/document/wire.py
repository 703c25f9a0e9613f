"""The document's events as clients hear them. Binary members are attachments of the packet."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Shown, Signal, placeholder
from actors.worksheets.yjs.messages import update_message

SYNC: Final = "worksheet_sync"
CLOSED: Final = "worksheet_closed"
GAP: Final = "worksheet_gap"
JOINED: Final = "worksheet_joined"
_NO_SOCKET: Final = "gateways"
_encode: Final = msgspec.json.Encoder().encode


def update_shown(assignment_id: str, attempt: int, update: bytes) -> Shown:
    """An update, for everybody who listens."""
    return Shown(SYNC, message_payload(assignment_id, attempt), attachments=(update_message(update),))


def message_signal(assignment_id: str, attempt: int, message: bytes) -> Signal:
    """A message that is not kept."""
    return Signal(SYNC, message_payload(assignment_id, attempt), attachments=(message,))


def closed_shown(assignment_id: str, attempt: int, reason: str) -> Shown:
    """An attempt is over, for everybody who listens."""
    return Shown(CLOSED, _encode({"assignment_id": assignment_id, "attempt": attempt, "reason": reason}))


def gap_shown(assignment_id: str) -> Shown:
    """More was missed than can be sent again."""
    return Shown(GAP, _encode({"assignment_id": assignment_id}))


class JoinedCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many sockets of a gateway have a document open."""

    gateway: str
    joined: int


def count_signal(count: JoinedCount) -> Signal:
    """What gateways tell each other: no socket gets it."""
    return Signal(JOINED, _encode(count), only=_NO_SOCKET)


def message_payload(assignment_id: str, attempt: int) -> bytes:
    """What stands beside a message, with a placeholder for it."""
    return _encode({"assignment_id": assignment_id, "attempt": attempt, "message": placeholder(0)})
