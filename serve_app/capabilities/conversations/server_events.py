"""What sockets hear of conversations."""

from typing import Any, Final

from actors.care.state import WireCover
from actors.rooms.room.wire import WireRoom
from serve_app.capabilities.conversations.examples import CONVERSATION, COVER, REQUESTED
from serve_app.edge.server_events import Addressed, Payload, ServerEvent


class ConversationRequested(Addressed, frozen=True, kw_only=True):
    """Somebody asks the user for a conversation."""

    room: WireRoom


class ConversationUpdated(Payload, frozen=True, kw_only=True):
    """The conversation by now: accepted, declined, paused, open again or closed; or its messages are kept for
    another time (`policy.retention_days`)."""

    room_id: str
    seq: int
    room: WireRoom


class CoverUpdated(Addressed, frozen=True, kw_only=True):
    """Somebody stands in for the therapist, will, or does no more."""

    cover: WireCover


_INBOX: Final[dict[str, Any]] = {"event_id": "evt_01KAFZ0000000000000000000", "inbox_seq": 18}
_ROOM: Final[dict[str, Any]] = {"room_id": CONVERSATION["room_id"]}

CONVERSATION_EVENTS: Final = (
    ServerEvent(
        "conversation_requested",
        ConversationRequested,
        "every socket of whoever is asked, now or when they next connect",
        example={"room": REQUESTED} | _INBOX,
    ),
    ServerEvent(
        "conversation_updated",
        ConversationUpdated,
        "sockets that have joined the room",
        example=_ROOM | {"seq": 4, "room": CONVERSATION | {"last_seq": 4}},
    ),
    ServerEvent(
        "cover_updated",
        CoverUpdated,
        "every socket of the client, of the therapist and of who stands in, now or when they next connect",
        example={"cover": COVER} | _INBOX,
    ),
)
