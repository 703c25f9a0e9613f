"""What is addressed to people about who looks at what is theirs."""

from typing import Final

from serve_app.edge.server_events import Addressed, ServerEvent


class AccessNotice(Addressed, frozen=True, kw_only=True):
    """Staff has opened what is the user's, in an emergency."""

    grant_id: str
    role: str
    reason: str
    until: str


OVERSIGHT_EVENTS: Final = (
    ServerEvent(
        name="access_notice",
        payload=AccessNotice,
        audience="every socket of whose data it is, now or when they next connect",
        description="Told before anything can be read.",
        example={
            "grant_id": "grant_01KAFZ00000000000000000",
            "role": "moderator",
            "reason": "Client does not answer after an alarm.",
            "until": "2026-11-20T09:30:00.000Z",
            "event_id": "evt_01KAFZ0000000000000000000",
            "inbox_seq": 18,
        },
    ),
)
