"""Examples of what is asked about notifications and answered, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

_AT: Final = "2026-11-20T08:15:00.000Z"
_ID: Final = "ntf_01KAFZ000000000001ABCDEF"
_OF_IT: Final = {"notification_id": _ID}
_DEVICE: Final = {"device_id": "dev_phone"}
NOTIFICATION: Final[dict[str, Any]] = {
    "id": _ID,
    "type": "announcement",
    "category": "system",
    "priority": "normal",
    "title": "The practice is closed on Friday",
    "body": "We are back on Monday.",
    "data": {},
    "count": 1,
    "created_at": _AT,
    "seen_at": None,
    "read_at": None,
    "archived_at": None,
    "seq": 1,
}
_READ: Final = NOTIFICATION | {"seen_at": _AT, "read_at": _AT}
_NEW: Final = {"user_id": "usr_ada", "title": NOTIFICATION["title"], "body": NOTIFICATION["body"]}
_STEPS: Final = [{"rule": "not_configured", "outcome": "pass"}, {"rule": "type_off", "outcome": "pass"}]
_PLAN: Final[dict[str, Any]] = {"verdict": "sent", "steps": _STEPS}
_PREFERENCES: Final[dict[str, Any]] = {
    "version": 2,
    "tz": "Europe/Berlin",
    "locale": "de",
    "channels": {"push": True, "email": True},
    "types": {"announcement": {"email": False}},
    "preview": "none",
    "rooms": {},
    "muted": {},
    "quiet_hours": {"enabled": True, "hours": {"mon": [["22:00", "07:00"]]}},
    "digest": {"email": "daily", "at": "08:00"},
}
_REGISTERED: Final[dict[str, Any]] = {
    **_DEVICE,
    "platform": "web",
    "registered_at": _AT,
    "last_success_at": _AT,
    "state": "active",
}
_TOKENED: Final = {"device": _REGISTERED, "pull_token": "gKx0..."}

TYPES: Final = Example(
    {},
    {
        "types": [
            {
                "type": "announcement",
                "category": "system",
                "priority": "normal",
                "channels": {"in_app": True, "push": True, "email": True},
                "locked": False,
            }
        ]
    },
)
CREATE: Final = Example(_NEW, {"notification": NOTIFICATION})
CREATE_SEVERAL: Final = Example({"notifications": [_NEW]}, {"results": [{"index": 0, "status": "created", "id": _ID}]})
LIST: Final = Example({"unread": True, "limit": 20}, {"notifications": [NOTIFICATION], "unread": 1})
GET: Final = Example(_OF_IT, {"notification": NOTIFICATION})
COUNT: Final = Example({}, {"unread": 1, "by_category": {"system": 1}})
READ: Final = Example(_OF_IT, {"notification": _READ})
UNREAD: Final = Example(_OF_IT, {"notification": NOTIFICATION | {"seen_at": _AT}})
ARCHIVE: Final = Example(_OF_IT, {"notification": _READ | {"archived_at": _AT}})
SNOOZE: Final = Example(
    _OF_IT | {"until": "2026-11-21T08:00:00.000Z"}, {"notification": NOTIFICATION | {"seen_at": _AT}}
)
READ_SEVERAL: Final = Example({"ids": [_ID]}, {"changed": 1, "unread": 0})
READ_ALL: Final = Example({"up_to": 1}, {"up_to": 1, "unread": 0})
GET_PREFERENCES: Final = Example({}, _PREFERENCES)
UPDATE_PREFERENCES: Final = Example({"types": {"announcement": {"email": False}}}, _PREFERENCES)
EXPLAIN: Final = Example({"type": "announcement", "channel": "push"}, _PLAN)
DELIVERIES: Final = Example(
    _OF_IT,
    {
        "deliveries": [
            {
                "id": "dlv_01KAFZ00000000001MABCDEF",
                "channel": "in_app",
                "state": "accepted",
                "attempts": 1,
                "sent_at": _AT,
                "accepted_at": _AT,
            }
        ],
        "why": {"in_app": _PLAN, "push": _PLAN, "email": _PLAN},
    },
)
PUSH_KEY: Final = Example({}, {"public_key": "BNbx...", "key_id": "k1"})
SUBSCRIBE: Final = Example(
    {
        "subscription": {
            "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        }
    },
    _TOKENED,
)
REGISTER_TOKEN: Final = Example(
    {"token": "c1d2e3f4-token-of-the-app", "platform": "android"},
    {"device": _REGISTERED | {"platform": "android"}, "pull_token": "gKx0..."},
)
DEVICES: Final = Example({}, {"devices": [_REGISTERED]})
OF_DEVICE: Final = Example(_DEVICE, {})
PROVE: Final = Example(_DEVICE | {"proof": "Zk9v..."}, {"device": _REGISTERED | {"platform": "android"}})
PERMISSION: Final = Example(_DEVICE | {"state": "granted"}, {})
PULL: Final = Example({"after": 0}, {"notifications": [NOTIFICATION], "next": 1})
RECEIPTS: Final = Example(
    {"receipts": [{"delivery_id": "dlv_01KAFZ00000000001MABCDEF", "event": "displayed"}]}, {"recorded": 1}
)
