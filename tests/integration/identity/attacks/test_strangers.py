"""The stranger test: every endpoint and every event that exists, as somebody whom it is none of their business.

Both are found by looking at the running program, so one that is added later is tested or the test fails. What the
strangers ask for is really there, and is somebody else's.
"""

import json
import re
from typing import Any

import pytest

from common.policy import POLICY
from serve_app.edge.conventions.permits import actions_of, routes_of
from serve_app.edge.operation import Rest
from tests.declared import operations
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.integration.identity.attacks.asked import THEIR_OWN, asked_of, body_of, examples
from tests.integration.identity.attacks.victim import CANARY, a_victim, what_she_has, when

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
STRANGERS = {
    "nobody": "",
    "another client": "client",
    "another therapist": "therapist",
    "a moderator": "moderator",
}
# Routes that are about the caller alone, or show to everybody what is for everybody. Nothing of hers is in the answer.
OWN = {
    ("GET", "/api/auth/me"),
    ("PATCH", "/api/auth/me"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/auth/totp"),
    ("POST", "/api/auth/totp/confirm"),
    ("POST", "/api/auth/totp/remove"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions"),
    ("GET", "/api/rooms"),
    ("GET", "/api/care"),
    ("GET", "/api/conversations"),
    ("POST", "/api/files"),
    ("OPTIONS", "/api/files/uploads"),
    ("POST", "/api/files/uploads"),
    ("OPTIONS", "/api/files/uploads/{upload_id}"),
    ("HEAD", "/api/files/uploads/{upload_id}"),
    ("PATCH", "/api/files/uploads/{upload_id}"),
    ("POST", "/api/files/uploads/{upload_id}"),
    ("DELETE", "/api/files/uploads/{upload_id}"),
    ("POST", "/api/conversations"),
    ("POST", "/api/calls"),
    ("GET", "/api/emergencies"),
    ("POST", "/api/emergencies"),
    ("GET", "/api/break-glass"),
    ("POST", "/api/break-glass"),
    ("POST", "/api/care"),
    ("GET", "/api/privacy/export"),
    ("POST", "/api/privacy/erase"),
    ("GET", "/api/bookings/feed.ics"),
    ("POST", "/api/bookings/feed-tokens"),
    ("GET", "/api/bookings/feed-tokens"),
    ("GET", "/api/calendars/{therapist_id}"),
    ("GET", "/api/calendars/{therapist_id}/availability"),
    ("GET", "/api/waitlist/analytics"),
    ("POST", "/api/ml/predict"),
    ("POST", "/api/ml/recommend"),
    ("POST", "/api/ml/next-question"),
    ("POST", "/api/ml/screening/{instrument}"),
    ("POST", "/api/ml/predict-batch"),
    ("GET", "/api/ml/model"),
    ("GET", "/api/ml/model/card"),
    ("POST", "/api/ml/classify-message"),
}
# Whoever asks with a ticket is told of the ticket: it names its meeting, and this one is none of ours.
BY_TICKET = {"meeting_offer", "meeting_signal", "subscribe_tracks"}
# Answered by a process that this house has not; what it answers whom is tested with it.
ELSEWHERE = {"search", "suggest", "search_messages"}
BULK = ("POST", "/api/bookings/bulk")  # answers for each booking by itself
# The rooms of others can be told from rooms that are not there: whoever creates a room may choose its id.
TELLING = ("/api/rooms/{room_id}/", "/api/conversations/{room_id}")


def bodies(ids: dict[str, str]) -> dict[tuple[str, str], Any]:
    talk = {"therapist_id": ids["therapist_id"], "service_id": "talk", "client_id": ids["user_id"]}
    span = {"from": when(9), "to": when(18)}
    return {
        ("PATCH", "/api/auth/me"): {"name": "x"},
        ("PATCH", "/api/auth/sessions/{session_id}"): {"name": "stolen"},
        ("PATCH", "/api/users/{user_id}"): {"role": "admin"},
        ("POST", "/api/auth/password"): {"current_password": PASSWORD, "new_password": "a new long password"},
        ("POST", "/api/auth/totp"): {"password": PASSWORD},
        ("POST", "/api/auth/totp/confirm"): {"code": "123456"},
        ("POST", "/api/auth/totp/remove"): {"password": PASSWORD},
        ("POST", "/api/invitations"): {"email": "eve@example.org"},
        ("POST", "/api/care"): {"client_id": "somebody"},
        ("POST", "/api/care/{care_id}/cover"): {"therapist_id": "eve", "until": when(24), "history": "none"},
        ("POST", "/api/conversations"): {"relation": "client_therapist", "with": ids["user_id"]},
        ("POST", "/api/conversations/{room_id}/respond"): {"accept": True, "accept_policy": 1},
        ("POST", "/api/break-glass"): {"subject_id": "somebody", "reason": "no reason at all"},
        ("PUT", "/api/calendars/{therapist_id}"): {"tz": "UTC", "weekly": {}, "slot_minutes": 30, "services": []},
        ("POST", "/api/calendars/{therapist_id}/import"): {"source": "x", "ics": "BEGIN:VCALENDAR\nEND:VCALENDAR"},
        ("POST", "/api/bookings"): talk | {"start": when(20)},
        ("POST", "/api/bookings/check"): talk | {"start": when(10)},
        BULK: {"action": "cancel", "items": [{"booking_id": ids["booking_id"]}], "dry_run": False},
        ("PATCH", "/api/bookings/{booking_id}"): {"notes": "changed"},
        ("POST", "/api/bookings/{booking_id}/reschedule"): {"start": when(20)},
        ("POST", "/api/bookings/{booking_id}/transfer"): {"therapist_id": "eve"},
        ("POST", "/api/series"): talk | {"start": when(20), "rrule": "FREQ=DAILY;COUNT=2", "policy": "all"},
        ("PATCH", "/api/series/{series_id}"): {"status": "paused"},
        ("POST", "/api/waitlist"): {"therapist_ids": [ids["therapist_id"]], "client_id": ids["user_id"]} | span,
        ("PUT", "/api/pools/{pool}"): {"shards": 3},
        ("POST", "/api/calls"): {"callee_id": "somebody", "media": "audio"},
        ("POST", "/api/emergencies"): {"kind": "other"},
        ("POST", "/api/emergencies/{emergency_id}/hand-off"): {"to": "eve"},
        ("PUT", "/api/emergencies/ladders/{ladder_id}"): {"rungs": [{"to": {"user_ids": ["eve"]}, "wait_s": 60}]},
        ("POST", "/api/ml/predict"): {"symptoms": ["high fever"], "age": 34, "sex": "female"},
        ("POST", "/api/ml/screening/{instrument}"): {"answers": [0] * 9},
        ("POST", "/api/ml/classify-message"): {"text": "please cancel my session", "task": "intent"},
    }


def queries(ids: dict[str, str]) -> dict[str, tuple[str, ...]]:
    span = f"from={when(0)}&to={when(24)}"
    return {
        "/api/audit": (f"?subject={ids['user_id']}",),
        "/api/bookings": (
            f"?client_id={ids['user_id']}",
            f"?therapist_id={ids['therapist_id']}",
            f"?series_id={ids['series_id']}",
            f"?client_id={ids['user_id']}&therapist_id={ids['therapist_id']}",
        ),
        "/api/subscriptions/{subscription_id}/usage": ("?feature=sessions",),
        "/api/waitlist": (f"?therapist_id={ids['therapist_id']}",),
        "/api/calendars/{therapist_id}/availability": (f"?{span}&explain=true",),
        "/api/calendars/{therapist_id}/analytics": (f"?{span}",),
        "/api/e2ee/devices": (f"?user_ids={ids['user_id']}",),
        "/api/moderation/cases/{case_id}": ("?why=nobody+asked+for+it",),
    }


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with these ids in it. A parameter that nobody has an id for fails the test."""
    return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path)


def invented(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same shape that nobody has."""
    known = ("instrument", "pool", "version")  # few, and no secret
    return {name: one if name in known else one[:-1] + ("0" if one[-1] != "0" else "1") for name, one in ids.items()}


def paths_of(rest: Rest) -> tuple[str, ...]:
    return (rest.path, *rest.aliases)


def may(actions: set[str], role: str) -> bool:
    return all(POLICY.ever(role, action) for action in actions)


def without_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}


def told(answer: Any) -> Any:
    """What an answer tells: its status, and its words (HEAD has none)."""
    return answer.status_code, without_id(answer.json()) if answer.content else {}


def public_of(home: House) -> set[tuple[str, str]]:
    """Method and path of what needs no token, as the documentation says."""
    paths = home.app.openapi()["paths"].items()
    return {(method.upper(), path) for path, item in paths for method, told in item.items() if "security" not in told}


async def test_every_endpoint_refuses_every_stranger(home: House, record_property: Any) -> None:
    """Refused, or about the stranger's own things only; in no case a word of hers, nor a sign that it is there."""
    victim = await a_victim(home)
    before = await what_she_has(home, victim)
    declared = {(one.rest.method, path): one for one in operations() if one.rest for path in paths_of(one.rest)}
    real, other, tried, public = victim.ids, invented(victim.ids), 0, public_of(home)
    for route in routes_of(home.app):
        template = route.path or ""
        for method in sorted(route.methods or ()):
            key = (method, template)
            wanted = queries(real).get(template, ("",)) if method == "GET" else ("",)
            for query in wanted:
                for who, role in STRANGERS.items():
                    bearer = token(f"stranger-{tried}", role) if role else ""
                    body, path = bodies(real).get(key), filled(template, real) + query
                    if body is None and key in declared:
                        body = body_of(declared[key], real, template)
                    answer = await home.call(method, path, body, bearer=bearer)
                    tried += 1
                    said = f"{who}: {method} {template}{query} -> {answer.status_code} {answer.text[:300]}"
                    assert CANARY not in answer.text, said
                    assert answer.status_code < 500, said
                    if not role:
                        assert answer.status_code == 401 or key in public, said
                        continue
                    own = key in OWN or (key in declared and declared[key].name in THEIR_OWN)
                    if key in public or (own and may(actions_of(route), role)):
                        continue
                    if key == BULK and role == "therapist":
                        assert [one["error"]["code"] for one in answer.json()["results"]] == ["not_found"], said
                        continue
                    ticketed = key in declared and declared[key].name in BY_TICKET
                    assert answer.status_code in ((401, 403, 404) if ticketed else (403, 404)), said
                    if "{" in template and not template.startswith(TELLING):
                        nothing = await home.call(method, filled(template, other) + query, body, bearer=bearer)
                        assert told(nothing) == told(answer), said
    record_property("requests", tried)
    print(f"strangers: {tried} requests to {len(routes_of(home.app))} routes")
    assert tried >= 260
    assert await what_she_has(home, victim) == before


def of_rooms(ids: dict[str, str]) -> dict[str, Any]:
    room = {"room_id": ids["room_id"]}
    about = room | {"message_id": ids["message_id"]}
    return {
        "join_room": room,
        "leave_room": room | {"forever": True},
        "add_members": room | {"user_ids": ["stranger-client"]},
        "remove_member": room | {"user_id": ids["user_id"]},
        "update_room": room | {"title": "taken"},
        "message": room | {"body": "hello"},
        "edit_message": about | {"body": "changed"},
        "delete_message": about,
        "react": about | {"emoji": "👍"},
        "unreact": about | {"emoji": "👍"},
        "mark_read": room | {"seq": 1},
        "typing_start": room,
        "typing_stop": room,
        "history": room,
    }


def of_bookings(ids: dict[str, str]) -> dict[str, Any]:
    booking, offer = {"booking_id": ids["booking_id"]}, {"offer_id": ids["offer_id"]}
    series = {"series_id": ids["series_id"]}
    return {
        "get_booking": booking,
        "update_booking": booking | {"notes": "changed"},
        "list_reminders": booking,
        "send_reminder": booking,
        "transfer_booking": booking | {"therapist_id": "eve"},
        "complete_booking": booking,
        "no_show_booking": booking,
        "get_series": series,
        "update_series": series | {"status": "paused"},
        "delete_series": series,
        "confirm_booking": booking,
        "reschedule_booking": booking | {"start": when(20)},
        "cancel_booking": booking,
        "update_booking_status": booking | {"status": "completed"},
        "revoke_booking_feed_token": {"feed_token_id": ids["feed_token_id"]},
        "leave_waitlist": {"entry_id": ids["entry_id"]},
        "accept_offer": offer,
        "decline_offer": offer,
    }


def of_care(ids: dict[str, str]) -> dict[str, Any]:
    care = {"care_id": ids["care_id"]}
    return {
        "pause_care": care,
        "resume_care": care,
        "accept_care": care,
        "end_care": care,
        "begin_cover": care | {"therapist_id": "eve", "until": when(24), "history": "none"},
        "end_cover": care | {"cover_id": ids["cover_id"]},
    }


def of_conversations(ids: dict[str, str]) -> dict[str, Any]:
    room = {"room_id": ids["room_id"]}
    return {
        "respond_conversation": room | {"accept": True, "accept_policy": 1},
        "get_conversation": room,
        "pause_conversation": room,
        "resume_conversation": room,
        "close_conversation": room,
    }


def in_her_name(ids: dict[str, str]) -> dict[str, Any]:
    """What strangers may do for themselves, done for her."""
    talk = {"therapist_id": ids["therapist_id"], "service_id": "talk", "client_id": ids["user_id"]}
    wish = {"therapist_ids": [ids["therapist_id"]], "client_id": ids["user_id"], "from": when(9), "to": when(18)}
    calendar, span = {"therapist_id": ids["therapist_id"]}, {"from": when(0), "to": when(24)}
    return {
        "update_calendar": calendar | {"tz": "UTC"},
        "get_calendar_analytics": calendar | span,
        "import_calendar": calendar | {"source": "x", "ics": "BEGIN:VCALENDAR\nEND:VCALENDAR"},
        "get_calendar_feed": calendar,
        "make_calendar_feed_token": calendar,
        "list_calendar_feed_tokens": calendar,
        "revoke_calendar_feed_token": calendar | {"token_id": ids["token_id"]},
        "list_bookings": {"client_id": ids["user_id"]},
        "list_waitlist": calendar,
        "create_series": talk | {"start": when(20), "rrule": "FREQ=DAILY;COUNT=2", "policy": "all"},
        "check_conflicts": talk | {"start": when(10)},
        "request_booking": talk | {"start": when(20)},
        "join_waitlist": wish,
        "create_room": {"room_id": ids["room_id"]},
        "emergency_alert": {"kind": "other", "user_id": ids["user_id"]},
        "get_ladder": {"ladder_id": ids["ladder_id"]},
        "set_ladder": {"ladder_id": ids["ladder_id"], "rungs": [{"to": {"user_ids": ["eve"]}, "wait_s": 60}]},
    }


def of_operators(ids: dict[str, str]) -> dict[str, Any]:
    """What administrators may do."""
    job, activity = {"job_id": ids["job_id"]}, {"activity_id": ids["activity_id"]}
    return {
        "list_activities": {},
        "notification_analytics": {"from": when(0), "to": when(24)},
        "list_connectors": {},
        "retry_activity": activity,
        "drop_activity": activity | {"reason": "nobody asked"},
        "list_webhooks": {},
        "replay_webhook": {"partner": ids["partner"], "event_id": ids["event_id"]},
        "list_jobs": {},
        "resize_pool": {"pool": ids["pool"], "shards": 3},
        "start_job": {"kind": "rebuild_projections"},
        "get_job": job,
        "pause_job": job,
        "resume_job": job,
        "cancel_job": job,
    }


def of_emergencies(ids: dict[str, str]) -> dict[str, Any]:
    emergency = {"emergency_id": ids["emergency_id"]}
    return {
        "get_emergency": emergency,
        "acknowledge_emergency": emergency,
        "hand_off_emergency": emergency | {"to": "eve"},
        "resolve_emergency": emergency,
        "cancel_emergency": emergency,
    }


def of_sheets(ids: dict[str, str]) -> dict[str, Any]:
    """What is said of a worksheet while it is filled in. Whoever does not hear it may stop hearing it."""
    sheet = {"assignment_id": ids["assignment_id"]}
    return {
        "join_worksheet": sheet,
        "worksheet_sync": sheet | {"attempt": 1, "message": "AAICAAA="},
    }


def of_calls(ids: dict[str, str]) -> dict[str, Any]:
    call = {"call_id": ids["call_id"]}
    return {"get_call": call, "answer_call": call, "decline_call": call, "cancel_call": call}


# Who has a link, or looks for what is for everybody, need not say who they are.
FOR_ANYBODY = {one.name for one in operations() if one.anonymous}
# Events about the caller alone, or for everybody.
OWN_EVENTS = {
    "call_user",
    "list_emergencies",
    "authenticate",
    "list_rooms",
    "list_conversations",
    "create_conversation",
    "list_care",
    "propose_care",
    "inbox_ack",
    "leave_worksheet",
    "unwatch_calendar",
    "unwatch_meeting",
    "watch_calendar",
    "get_calendar",
    "get_availability",
    "get_booking_feed",
    "make_booking_feed_token",
    "list_booking_feed_tokens",
    "get_waitlist_analytics",
    "bulk_bookings",
    "set_presence",
    "watch_presence",
    "unwatch_presence",
}


async def test_every_event_refuses_every_stranger(home: House) -> None:
    victim = await a_victim(home)
    before, ids = await what_she_has(home, victim), victim.ids
    deployed = set(home.gateways[0].handlers)
    about_hers = of_rooms(ids) | of_bookings(ids) | of_care(ids) | of_emergencies(ids) | of_calls(ids)
    about_hers |= in_her_name(ids) | of_operators(ids) | of_conversations(ids) | of_sheets(ids)
    by_example = examples(ids, frozenset(about_hers) | OWN_EVENTS)
    about_hers |= by_example
    assert deployed - THEIR_OWN == set(about_hers) | OWN_EVENTS, "a new event: say what a stranger may do with it"
    for role in filter(None, STRANGERS.values()):
        client = await home.socket(token(f"stranger-{role}", role))
        for event, payload in about_hers.items():
            error = await client.error(event, payload)
            refusals = {"permission_denied", "not_found"} | ({"unauthenticated"} if event in BY_TICKET else set())
            assert error["code"] in refusals, (role, event, error)
        nowhere = invented(ids)
        hidden = of_bookings(nowhere) | of_care(nowhere) | of_emergencies(nowhere) | of_calls(nowhere)
        for event, payload in hidden.items():
            assert await client.error(event, payload) == await client.error(event, about_hers[event]), (role, event)
        assert await client.ok("list_rooms", {}) == {"rooms": []}
        span = {"therapist_id": ids["therapist_id"], "from": when(0), "to": when(24)}
        assert set(await client.ok("watch_calendar", span)) == {"version", "tz", "slots"}
        foreign = await client.error("authenticate", {"token": victim.bearer})
        assert foreign["code"] == "permission_denied"
        assert not any(CANARY in str(payload) for _, payload in client.received)
    anonymous = home.anonymous_client()
    await anonymous.connect({})
    for event in sorted(deployed - {"authenticate"} - FOR_ANYBODY):
        error = await anonymous.error(event, about_hers.get(event, {}))
        assert error["code"] == "unauthenticated", event
    assert await what_she_has(home, victim) == before


async def test_what_a_stranger_asks_for_themselves_over_a_socket_says_nothing_of_her(home: House) -> None:
    """Her ids where the request names some: refused, or about the stranger alone."""
    victim = await a_victim(home)
    before = await what_she_has(home, victim)
    theirs = [one for one in operations() if one.name in THEIR_OWN and one.name in home.gateways[0].handlers]
    assert len(theirs) > 30
    for role in filter(None, STRANGERS.values()):
        client = await home.socket(token(f"own-{role}", role))
        for operation in theirs:
            answer = await client.call(operation.name, asked_of(operation, victim.ids) or {})
            assert CANARY not in json.dumps(answer), (role, operation.name)
            refused = {"internal"} if operation.name in ELSEWHERE else {"internal", "unavailable"}
            assert answer["ok"] or answer["error"]["code"] not in refused, (role, answer)
        assert not any(CANARY in str(payload) for _, payload in client.received), role
    assert await what_she_has(home, victim) == before


async def test_what_strangers_may_not_do_she_and_her_therapist_may(home: House) -> None:
    """The twin: the same ids are good in the right hands, so the refusals above are about who asks."""
    victim = await a_victim(home)
    ids = victim.ids
    read = [f"/api/bookings/{ids['booking_id']}", f"/api/series/{ids['series_id']}"]
    for path in read:
        for bearer in (victim.bearer, victim.therapist):
            await home.ok("GET", path, bearer=bearer)
    for event, payload in (of_rooms(ids) | of_bookings(ids)).items():
        if event in ("leave_room", "remove_member", "update_booking_status", "decline_offer"):
            continue  # the last of their kind, or not possible yet
        await victim.socket.call(event, payload)
    assert (await home.ok("GET", read[0], bearer=victim.bearer))["status"] == "cancelled"
    assert (await home.ok("GET", "/api/bookings?status=confirmed", bearer=victim.bearer))["bookings"]
