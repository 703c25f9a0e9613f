"""What is addressed to people about their account and their care."""

from typing import Final, Literal

from common.persons import UserId
from serve_app.edge.server_events import Addressed, ServerEvent


class CareUpdated(Addressed, frozen=True, kw_only=True):
    """A care relationship by now. `state`: pending, active, paused or ended; `until`: when a pause ends by itself."""

    care_id: str
    client_id: UserId
    therapist_id: str
    state: str
    proposed_by: str
    since: str
    ended_at: str = ""
    until: str = ""


class SecurityNotice(Addressed, frozen=True, kw_only=True):
    """Something has happened to the account. `role`: with `role_changed`, which one it is now."""

    kind: Literal[
        "login_locked",
        "new_sign_in",
        "session_stolen",
        "register_attempted",
        "password_changed",
        "totp_removed",
        "recovery_code_used",
        "role_changed",
    ]
    role: str = ""


_INBOX: Final = {"event_id": "evt_01KAFZ0000000000000000000", "inbox_seq": 18}
_CARE: Final = {
    "care_id": "care_01KAFZ000000000000000000",
    "client_id": "alice",
    "therapist_id": "tess",
    "state": "active",
    "proposed_by": "tess",
    "since": "2026-11-20T09:30:00.000Z",
}

IDENTITY_EVENTS: Final = (
    ServerEvent(
        "care_updated",
        CareUpdated,
        "every socket of the client or of the therapist, now or when they next connect",
        example=_CARE | _INBOX,
    ),
    ServerEvent(
        "security_notice",
        SecurityNotice,
        "every socket of the account's owner, now or when they next connect",
        example={"kind": "new_sign_in"} | _INBOX,
    ),
)
