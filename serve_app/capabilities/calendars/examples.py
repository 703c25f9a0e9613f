"""Examples of what is asked of calendars and answered, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

_AT: Final = {"created_at": "2026-11-02T08:15:00.000Z", "updated_at": "2026-11-02T08:15:00.000Z"}
_SLOT: Final = {"start": "2026-11-20T09:00:00.000Z", "end": "2026-11-20T10:00:00.000Z"}
_LATER: Final = {"start": "2026-11-27T09:00:00.000Z", "end": "2026-11-27T10:00:00.000Z"}
_DAY: Final = {"from": "2026-11-20T00:00:00.000Z", "to": "2026-11-21T00:00:00.000Z"}
_OF_CALENDAR: Final = {"therapist_id": "usr_tess"}
_OF_BOOKING: Final = {"booking_id": "bkg_01KAFZ0000000000000000000A"}
_OF_SERIES: Final = {"series_id": "ser_01KAFZ0000000000000000000B"}
_OF_OFFER: Final = {"offer_id": "bkg_01KAFZ0000000000000000000C"}
_ENTRY: Final = "wait_01KAFZ0000000000000000000D"
_FEED_KEY: Final = "fdt_01KAFZ0000000000000000000E"
_SCHEDULE: Final[dict[str, Any]] = {
    "tz": "Europe/Berlin",
    "weekly": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]},
    "slot_minutes": 60,
    "services": [{"service_id": "talk", "duration_minutes": 60, "title": "Talk"}],
}
_BOOKING: Final[dict[str, Any]] = {
    "id": _OF_BOOKING["booking_id"],
    "therapist_id": "usr_tess",
    "client_id": "usr_ada",
    **_SLOT,
    "tz": "Europe/Berlin",
    "status": "confirmed",
    "participants": [],
    "version": 1,
    **_AT,
    "service_id": "talk",
}
_WANTED: Final = {"therapist_id": "usr_tess", "service_id": "talk", "start": _SLOT["start"]}
_TOLD: Final[dict[str, Any]] = {
    "token_id": _FEED_KEY,
    "user_id": "usr_tess",
    "created_at": "2026-11-02T08:15:00.000Z",
    "expires_at": "2027-11-02T08:15:00.000Z",
}
_SERIES: Final[dict[str, Any]] = {
    **_OF_SERIES,
    "therapist_id": "usr_tess",
    "client_id": "usr_ada",
    "service_id": "talk",
    "start": _SLOT["start"],
    "tz": "Europe/Berlin",
    "rrule": "FREQ=WEEKLY;COUNT=2",
    "status": "active",
    "occurrences": [
        {**_SLOT, "status": "confirmed", "booking_id": _OF_BOOKING["booking_id"]},
        {**_LATER, "status": "confirmed", "booking_id": "bkg_01KAFZ0000000000000000000F"},
    ],
}
_STANDING: Final[dict[str, Any]] = {"entry_id": _ENTRY, "position": 1, "priority": []}
_ICS: Final = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Carewire//EN\r\nEND:VCALENDAR\r\n"


def _token(address: str) -> dict[str, Any]:
    token = f"cwf1.{_FEED_KEY}.c2VjcmV0LXRoYXQtaXMtdG9sZC1vbmNl"
    return _TOLD | {"token": token, "path": f"/api/{address}/feed.ics?token={token}"}


GET_CALENDAR: Final = Example(_OF_CALENDAR, _SCHEDULE | _OF_CALENDAR | {"version": 7})
UPDATE_CALENDAR: Final = Example(_OF_CALENDAR | _SCHEDULE, _SCHEDULE | _OF_CALENDAR | {"version": 8})
GET_AVAILABILITY: Final = Example(
    _OF_CALENDAR | _DAY | {"service_id": "talk"},
    _OF_CALENDAR | {"version": 7, "tz": "Europe/Berlin", "slots": [_SLOT | {"remaining": 1}]},
)
GET_CALENDAR_ANALYTICS: Final = Example(
    _OF_CALENDAR | _DAY,
    {
        **_OF_CALENDAR,
        **_DAY,
        "offered_minutes": 420,
        "booked_minutes": 60,
        "utilisation": 0.14,
        "bookings": {"confirmed": 1},
        "lead_time_hours": {"median": 432.8, "shortest": 432.8, "longest": 432.8},
        "cancellations": {},
        "late_cancellations": 0,
        "no_shows": {},
    },
)
IMPORT_CALENDAR: Final = Example(
    _OF_CALENDAR | {"source": "practice", "ics": _ICS},
    {"imported": 0, "events": 0, "free": 0, "outside": 0, "left_out": [], "left_out_total": 0},
)
GET_CALENDAR_FEED: Final = Example(_OF_CALENDAR, {"ics": _ICS})
GET_BOOKING_FEED: Final = Example({}, {"ics": _ICS})
MAKE_CALENDAR_FEED_TOKEN: Final = Example(_OF_CALENDAR, _token("calendars/usr_tess"))
LIST_CALENDAR_FEED_TOKENS: Final = Example(_OF_CALENDAR, {"tokens": [_TOLD]})
REVOKE_CALENDAR_FEED_TOKEN: Final = Example(_OF_CALENDAR | {"token_id": _FEED_KEY}, {})
MAKE_BOOKING_FEED_TOKEN: Final = Example({}, _token("bookings"))
LIST_BOOKING_FEED_TOKENS: Final = Example({}, {"tokens": [_TOLD]})
REVOKE_BOOKING_FEED_TOKEN: Final = Example({"feed_token_id": _FEED_KEY}, {})
WATCH_CALENDAR: Final = Example(
    _OF_CALENDAR | _DAY, {"version": 7, "tz": "Europe/Berlin", "slots": [_SLOT | {"remaining": 1}]}
)
UNWATCH_CALENDAR: Final = Example(_OF_CALENDAR, {})

REQUEST_BOOKING: Final = Example(_WANTED, _BOOKING)
LIST_BOOKINGS: Final = Example({"limit": 50}, {"bookings": [_BOOKING]})
CHECK_CONFLICTS: Final = Example(_WANTED, {"available": True, "reasons": [], "alternatives": []})
BULK_BOOKINGS: Final = Example(
    {"action": "cancel", "items": [_OF_BOOKING], "reason": "illness"},
    {
        "dry_run": False,
        "results": [_OF_BOOKING | {"status": "done", "booking": _BOOKING | {"status": "cancelled", "version": 2}}],
    },
)
GET_BOOKING: Final = Example(_OF_BOOKING, _BOOKING | {"notes": "By train."})
UPDATE_BOOKING: Final = Example(_OF_BOOKING | {"notes": "By car."}, _BOOKING | {"version": 2, "notes": "By car."})
CONFIRM_BOOKING: Final = Example(_OF_BOOKING, _BOOKING | {"version": 2})
RESCHEDULE_BOOKING: Final = Example(_OF_BOOKING | {"start": _LATER["start"]}, _BOOKING | _LATER | {"version": 2})
TRANSFER_BOOKING: Final = Example(
    _OF_BOOKING | {"therapist_id": "usr_tom"}, _BOOKING | {"therapist_id": "usr_tom", "version": 2}
)
CANCEL_BOOKING: Final = Example(
    _OF_BOOKING | {"reason": "illness"}, _BOOKING | {"status": "cancelled", "version": 2, "cancel_reason": "illness"}
)
COMPLETE_BOOKING: Final = Example(_OF_BOOKING, _BOOKING | {"status": "completed", "version": 2})
NO_SHOW_BOOKING: Final = Example(_OF_BOOKING, _BOOKING | {"status": "no_show", "version": 2})
UPDATE_BOOKING_STATUS: Final = Example(
    _OF_BOOKING | {"status": "completed"}, _BOOKING | {"status": "completed", "version": 2}
)

CREATE_SERIES: Final = Example(_WANTED | {"rrule": "FREQ=WEEKLY;COUNT=2", "policy": "all"}, _SERIES)
GET_SERIES: Final = Example(_OF_SERIES, _SERIES)
UPDATE_SERIES: Final = Example(_OF_SERIES | {"status": "paused"}, _SERIES | {"status": "paused"})
DELETE_SERIES: Final = Example(_OF_SERIES, _SERIES | {"status": "ended"})

JOIN_WAITLIST: Final = Example(_DAY | {"therapist_ids": ["usr_tess"], "service_id": "talk"}, _STANDING)
LIST_WAITLIST: Final = Example(
    {},
    {
        "entries": [
            {
                **_STANDING,
                **_DAY,
                "client_id": "usr_ada",
                "therapist_ids": ["usr_tess"],
                "service_id": "talk",
                "urgency": "normal",
                "joined_at": "2026-11-02T08:15:00.000Z",
            }
        ]
    },
)
GET_WAITLIST_ANALYTICS: Final = Example(
    {},
    {
        "waiting": 4,
        "joined": 9,
        "offered": 6,
        "accepted": 5,
        "declined": 1,
        "lapsed": 0,
        "acceptance": 0.83,
        "waited_hours": 30.5,
        "demand_by_hour": [0] * 9 + [4, 3, 2] + [0] * 12,
    },
)
LEAVE_WAITLIST: Final = Example({"entry_id": _ENTRY}, {})
ACCEPT_OFFER: Final = Example(_OF_OFFER, _BOOKING | {"id": _OF_OFFER["offer_id"]})
DECLINE_OFFER: Final = Example(_OF_OFFER, {})
