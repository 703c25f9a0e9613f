"""Ada, and something of hers of every kind there is: what strangers must not get at."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.gateway_rig import Client, token
from tests.identity_rig import House

CANARY = "Canary"
PUSH_KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
_U = "01KAFZ0000000000000000000A"
OF_NOBODY = {
    "file_id": f"file_{_U}",
    "run_id": f"run_{_U}",
    "meeting_id": f"mtg_{_U}",
    "participant_id": f"prt_{_U}",
    "recording_id": f"rec_{_U}",
    "report_id": f"rep_{_U}",
    "case_id": f"case_{_U}",
    "held_id": f"hld_{_U}",
    "restriction_id": f"rst_{_U}",
    "track_id": f"trk_{_U}",
    "upload_id": f"upl_{_U}",
    "payout_id": "pot_nobody-1",
    "review_id": f"rev_{_U}-1",
    "hold_id": f"hold_{_U}",
    "version": "1",
}
"""Of what she has not: ids as they are made, which nobody has."""
HOURS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
SERVICE = {"service_id": "talk", "title": "Talk", "duration_minutes": 60}


def when(hour: int, days: int = 7) -> str:
    """An instant of a day ahead."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days, hours=hour)
    return day.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Victim:
    """What is hers; `ids` fill the paths."""

    bearer: str
    therapist: str  # a bearer token of hers
    socket: Client
    ids: dict[str, str] = field(default_factory=dict)


async def a_victim(home: House) -> Victim:
    """With a room, a booking, a series, a place on the waitlist, an offer, care, a grant over her, a session."""
    ada = await home.register("ada@example.org", name=f"Ada {CANARY}", device_name=f"{CANARY} phone")
    tess = await home.staff("tess@example.org", "therapist")
    user, bearer, staff = ada["user"]["user_id"], ada["access_token"], tess["access_token"]
    care = await home.ok("POST", "/api/care", {"client_id": user}, bearer=staff)
    invitation = await home.ok("POST", "/api/invitations", {"email": "new@example.org"}, bearer=home.admin())
    body = {"subject_id": user, "reason": "for this very test"}
    grant = await home.ok("POST", "/api/break-glass", body, bearer=token("mo", "moderator"))
    socket = await home.socket(bearer)
    room = f"room-of-{user}"
    await socket.ok("create_room", {"room_id": room, "title": f"{CANARY} room"})
    sent = await socket.ok("message", {"room_id": room, "body": f"{CANARY} message"})
    ids = {
        "user_id": user,
        "session_id": ada["session_id"],
        "care_id": care["care_id"],
        "cover_id": "cov_01KAFZ0000000000000000000A",
        "invitation_id": invitation["invitation_id"],
        "grant_id": grant["grant_id"],
        "room_id": room,
        "message_id": sent["id"],
        "therapist_id": tess["user"]["user_id"],
        "instrument": "phq9",
        "partner": "stripe",
        "event_id": "evt_1",
        "job_id": "job_01KAFZ0000000000000000000A",
        "activity_id": "atv_" + "a" * 26,
        "pool": "rooms",
        "broadcast_id": "brd_01KAFZ0000000000000000000A",
        "banner_id": "bnr_01KAFZ0000000000000000000A",
        "ladder_id": tess["user"]["user_id"],
    } | OF_NOBODY
    cry = {"kind": "other", "message": f"{CANARY} cry", "location": {"lat": 52.5, "lon": 13.4}, "share_location": True}
    ids["emergency_id"] = (await home.ok("POST", "/api/emergencies", cry, bearer=bearer))["emergency"]["id"]
    called = {"callee_id": f"friend-of-{user}", "media": "audio"}
    ids["call_id"] = (await home.ok("POST", "/api/calls", called, bearer=bearer))["call"]["id"]
    later = {"room_id": room, "body": f"{CANARY} later", "send_at": when(20)}
    ids["scheduled_id"] = (await socket.ok("schedule_message", later))["scheduled"]["scheduled_id"]
    ids["block_id"] = "blk_1"
    await _told(home, bearer, ids)
    await _billed(home, bearer, staff, ids)
    await _given(home, bearer, ids)
    victim = Victim(bearer, staff, socket, ids)
    await _on_the_calendar(home, victim)
    return victim


async def _told(home: House, bearer: str, ids: dict[str, str]) -> None:
    """A notification, and a device that is pushed to."""
    notice = {
        "user_id": ids["user_id"],
        "title": f"{CANARY} title",
        "body": f"{CANARY} body",
        "data": {"note": f"{CANARY} data"},
        "link": f"/{CANARY} link",
        "dedupe_key": f"{CANARY} key",
    }
    made = await home.ok("POST", "/api/notifications", notice, bearer=home.admin())
    ids["notification_id"] = made["notification"]["id"]
    endpoint = f"https://fcm.googleapis.com/{CANARY}-endpoint"
    body = {"subscription": {"endpoint": endpoint, "keys": PUSH_KEYS}, "device_id": "dev_ada"}
    await home.ok("POST", "/api/push/subscriptions", body, bearer=bearer)
    ids["device_id"] = "dev_ada"


async def _billed(home: House, bearer: str, staff: str, ids: dict[str, str]) -> None:
    """What she owes, and who she is to whoever is paid. Of what she has not, ids that nobody has."""
    line = {"description": f"{CANARY} line", "quantity": 1, "unit_amount": 9000}
    bill = {"payer_id": ids["user_id"], "currency": "EUR", "lines": [line]}
    ids["bill_id"] = (await home.ok("POST", "/api/bills", bill, bearer=staff))["bill_id"]
    await home.ok("POST", "/api/payments/customers", {"name": f"{CANARY} name"}, bearer=bearer)
    of_the_bill = ids["bill_id"].partition("_")[2]
    ids |= {
        "payer_id": ids["user_id"],
        "client_id": ids["user_id"],
        "payment_id": f"pay_{of_the_bill}-1",
        "dispute_id": f"dsp_{of_the_bill}-1",
        "invoice_id": "inv_01KAFZ0000000000000000000A",
        "issuer_id": ids["therapist_id"],
        "subscription_id": "sub_01KAFZ0000000000000000000A",
        "method_id": "pm_01KAFZ0000000000000000000A",
        "usage_id": "use_1",
        "plan_id": "pln_01KAFZ0000000000000000000A",
        "code": "NOBODY10",
        "template": "booking_confirmed",
        "token": "x" * 40,
        "suppression_id": "sup_" + "a" * 26,
    }


async def _given(home: House, bearer: str, ids: dict[str, str]) -> None:
    """A worksheet that somebody who cares for her made and gave her; she handed it in, and it was talked about."""
    carer = f"carer-of-{ids['user_id']}"
    staff = token(carer, "therapist")
    await home.ok("POST", "/api/care", {"client_id": ids["user_id"], "therapist_id": carer}, bearer=home.admin())
    fields = [{"id": "story", "type": "long_text", "label": f"{CANARY} question"}]
    sheet = await home.ok(
        "POST", "/api/worksheets", {"title": f"{CANARY} sheet", "schema": {"fields": fields}}, bearer=staff
    )
    path = f"/api/worksheets/{sheet['worksheet_id']}"
    await home.ok("POST", f"{path}/publish", {}, bearer=staff)
    given = await home.ok("POST", f"{path}/assign", {"client_id": ids["user_id"]}, bearer=staff)
    ids["worksheet_id"], ids["assignment_id"] = sheet["worksheet_id"], given["assignment_id"]
    path = f"/api/assignments/{given['assignment_id']}"
    await home.ok("POST", f"{path}/submit", {"answers": {"story": f"{CANARY} answer"}}, bearer=bearer)
    said = {"version": 1, "body": f"{CANARY} feedback"}
    ids["feedback_id"] = (await home.ok("POST", f"{path}/feedback", said, bearer=staff))["feedback_id"]
    asked = await home.ok("POST", f"{path}/clarifications", {"question": f"{CANARY} ask"}, bearer=bearer)
    ids["clarification_id"] = asked["clarification_id"]


async def _on_the_calendar(home: House, victim: Victim) -> None:
    therapist, bearer = victim.ids["therapist_id"], victim.bearer
    closed = {"start": when(0, 9), "end": when(1, 9), "reason": f"{CANARY} leave"}
    schedule = {"tz": "UTC", "weekly": HOURS, "slot_minutes": 60, "services": [SERVICE], "blackouts": [closed]}
    await home.ok("PUT", f"/api/calendars/{therapist}", schedule, bearer=victim.therapist)
    talk = {"therapist_id": therapist, "service_id": "talk"}
    body = talk | {"start": when(10), "notes": f"{CANARY} notes"}
    for path, name, whose in (
        (f"/api/calendars/{therapist}/feed-tokens", "token_id", victim.therapist),
        ("/api/bookings/feed-tokens", "feed_token_id", bearer),
    ):
        victim.ids[name] = (await home.ok("POST", path, {}, bearer=whose))["token_id"]
    victim.ids["booking_id"] = (await home.ok("POST", "/api/bookings", body, bearer=bearer))["id"]
    series = talk | {"start": when(12), "rrule": "FREQ=DAILY;COUNT=2", "policy": "all"}
    victim.ids["series_id"] = (await home.ok("POST", "/api/series", series, bearer=bearer))["series_id"]
    before_her = token(f"before-{victim.ids['user_id']}")
    other = await home.ok("POST", "/api/bookings", talk | {"start": when(14)}, bearer=before_her)
    for hours in ((14, 15), (16, 17)):
        span = {"from": when(hours[0]), "to": when(hours[1])}
        wish = {"therapist_ids": [therapist], "service_id": "talk", "note": f"{CANARY} wish"} | span
        victim.ids["entry_id"] = (await home.ok("POST", "/api/waitlist", wish, bearer=bearer))["entry_id"]
    await home.ok("POST", f"/api/bookings/{other['id']}/cancel", {}, bearer=before_her)
    offer = await victim.socket.next("waitlist_offer")
    victim.ids["offer_id"] = offer["offer"]["offer_id"]


async def what_she_has(home: House, victim: Victim) -> list[Any]:
    """All of it as she sees it: nothing that a stranger tried may change it."""
    ids, bearer = victim.ids, victim.bearer
    paths = (
        "/api/auth/me",
        "/api/auth/sessions",
        "/api/care",
        f"/api/rooms/{ids['room_id']}/messages",
        f"/api/bookings/{ids['booking_id']}",
        "/api/bookings",
        f"/api/series/{ids['series_id']}",
        "/api/bookings/feed-tokens",
        f"/api/calendars/{ids['therapist_id']}",
    )
    found = await asyncio.gather(*(home.ok("GET", path, bearer=bearer) for path in paths))
    found.append(await home.ok("GET", f"/api/calendars/{ids['therapist_id']}/feed-tokens", bearer=victim.therapist))
    waiting = (await home.ok("GET", "/api/waitlist", bearer=bearer))["entries"]
    lines = sorted((one["entry_id"], one.get("offer", {}).get("offer_id", "")) for one in waiting)
    members = (await victim.socket.ok("join_room", {"room_id": ids["room_id"]}))["members"]
    return [*found, lines, members]
