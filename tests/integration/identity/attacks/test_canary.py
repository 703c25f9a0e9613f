"""A unique string in every field that a person can fill, and none of them in logs, metric labels or error bodies."""

import json
from typing import Any

import pytest
from prometheus_client import generate_latest

from tests.gateway_rig import Client, token
from tests.identity.doubles import remembered_logs
from tests.identity_rig import House
from tests.integration.identity.attacks.victim import HOURS, when

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
CANARY = "zq7canary"
MEMBER = f"{CANARY}-member"  # the name of a member that is not known: a mistake is named, so that it can be found


def planted(name: str) -> str:
    return f"{CANARY}-{name}"


Tried = tuple[str, str, Any]


def on_accounts(email: str, password: str) -> list[Tried]:
    return [
        ("POST", "/api/auth/register", {"email": email, "password": password}),
        ("POST", "/api/auth/register", {"email": planted("mail"), "password": "x", MEMBER: 1}),
        ("POST", "/api/auth/login", {"email": email, "password": planted("wrong")}),
        ("POST", "/api/auth/login", {"email": email, "password": planted("wrong"), "code": planted("code")}),
        ("POST", "/api/auth/refresh", {"refresh_token": planted("refresh")}),
        ("POST", "/api/auth/password", {"current_password": planted("old"), "new_password": planted("new")}),
        ("POST", "/api/auth/password/reset", {"email": email, "code": "12345678", "new_password": planted("new")}),
        ("PATCH", "/api/auth/me", {"name": planted("n" * 200)}),
        ("POST", "/api/care", {"client_id": planted("a b")}),
        ("POST", "/api/break-glass", {"subject_id": "ada", "reason": planted("reason")}),
        ("GET", f"/api/rooms/{planted('room?')}/messages", None),
        ("GET", f"/api/rooms?cursor={planted('cursor')}", None),
        ("GET", f"/api/{planted('path')}", None),
    ]


def on_calendars(booking: str) -> list[Tried]:
    talk = {"therapist_id": "doc", "service_id": "talk", "start": when(10), "notes": planted("notes")}
    wish = {"therapist_ids": ["doc"], "from": when(9), "to": when(12), "note": planted("wish")}
    series = talk | {"rrule": "FREQ=DAILY;COUNT=2", "policy": "all"}
    del series["notes"]
    return [
        ("POST", "/api/bookings", talk),  # taken
        ("POST", "/api/bookings", talk | {"override": {"reason": planted("override")}}),
        ("POST", "/api/bookings", talk | {"start": planted("start")}),
        ("POST", "/api/bookings", talk | {"service_id": planted("service")}),
        ("POST", "/api/bookings", talk | {"notes": planted("n" * 5000)}),
        ("POST", "/api/bookings", talk | {"participants": [planted("a b")]}),
        ("POST", "/api/bookings/check", talk | {MEMBER: 1}),
        ("PATCH", f"/api/bookings/{booking}", {"notes": {"no": planted("object")}}),
        ("POST", f"/api/bookings/{booking}/cancel", {"reason": planted("r" * 2000)}),
        ("POST", f"/api/bookings/{booking}/no-show", {"reason": planted("reason")}),
        ("POST", "/api/bookings/bkg_none/cancel", {"reason": planted("reason")}),
        ("POST", "/api/series", series | {"rrule": planted("FREQ=DAILY")}),
        ("POST", "/api/series", series | {"exceptions": [planted("date")]}),
        ("POST", "/api/waitlist", wish | {"urgency": planted("urgency")}),
        ("POST", "/api/waitlist", wish | {"note": planted("n" * 2000)}),
        ("POST", "/api/waitlist", wish | {"weekdays": [planted("day")]}),
        ("GET", f"/api/bookings?from={planted('from')}", None),
        ("GET", f"/api/calendars/doc/availability?from={when(0)}&to={when(1)}&tz={planted('tz')}", None),
        ("GET", f"/api/calendars/doc/feed.ics?token={planted('token')}", None),
        ("PUT", "/api/calendars/doc", {"tz": planted("tz"), "weekly": {}, "slot_minutes": 30, "services": []}),
        ("POST", "/api/calendars/doc/import", {"source": "x", "ics": planted("ics")}),
    ]


def on_the_model() -> list[Tried]:
    asked = {"symptoms": [planted("symptom")], "age": 34, "sex": "female", "medical_history": [planted("history")]}
    profile = {"age": 34, "sex": "female", "allergies": [planted("allergy")], "medications": [planted("drug")]}
    return [
        ("POST", "/api/ml/predict", asked | {"sex": planted("sex")}),
        ("POST", "/api/ml/predict", asked | {"age": planted("age")}),
        ("POST", "/api/ml/predict", asked | {MEMBER: planted("x")}),
        ("POST", "/api/ml/predict", asked | {"symptoms": [planted("s" * 5000)]}),
        ("POST", "/api/ml/recommend", {"condition": planted("condition"), "profile": profile}),
        ("POST", "/api/ml/recommend", {"condition": planted("condition"), "profile": profile | {"age": -1}}),
        ("POST", "/api/ml/next-question", asked | {"duration_days": planted("days")}),
        ("POST", f"/api/ml/screening/{planted('test')}", {"answers": []}),
        ("POST", "/api/ml/screening/phq9", {"answers": [planted("answer")] * 9}),
    ]


def on_a_socket(message: str, booking: str) -> list[tuple[str, Any]]:
    room, talk = {"room_id": "canary"}, {"therapist_id": "doc", "service_id": "talk", "start": when(10)}
    return [
        ("message", room | {"body": {"no": planted("object")}}),
        ("message", room | {"body": planted("b"), MEMBER: 1}),
        ("react", room | {"message_id": message, "emoji": planted("e" * 40)}),
        (planted("event"), {"x": planted("x")}),
        ("set_presence", {"status": planted("status")}),
        ("watch_presence", {"user_ids": [planted("a b")]}),
        ("watch_calendar", {"therapist_id": "doc", "from": planted("from"), "to": when(12)}),
        ("request_booking", talk | {"notes": planted("notes")}),
        ("request_booking", talk | {"notes": [planted("notes")]}),
        ("check_conflicts", talk | {"start": planted("start")}),
        ("cancel_booking", {"booking_id": "bkg_none", "reason": planted("reason")}),
        ("update_booking_status", {"booking_id": booking, "status": planted("status")}),
        ("join_waitlist", {"therapist_ids": ["doc"], "from": when(12), "to": when(9), "note": planted("note")}),
    ]


async def refused_over_http(home: House, bearer: str, tried: list[Tried]) -> list[str]:
    """The errors. What is good (a symptom that nobody knows) is no error, and may say what it was asked."""
    errors = []
    for method, path, body in tried:
        answer = await home.call(method, path, body, bearer=bearer, Idempotency_Key=planted("key"))
        if answer.status_code >= 400:
            errors.append(answer.text)
    return errors


async def a_talk(client: Client) -> str:
    await client.ok("create_room", {"room_id": "canary", "title": planted("title")})
    sent = await client.ok("message", {"room_id": "canary", "body": planted("body"), "client_id": planted("cid")})
    await client.ok("edit_message", {"room_id": "canary", "message_id": sent["id"], "body": planted("edit")})
    return str(sent["id"])


async def test_planted_strings_appear_in_no_log_no_metric_and_no_error(home: House) -> None:
    email, password, doc = f"{CANARY}@example.org", planted("password"), token("doc", "therapist")
    service = {"service_id": "talk", "title": planted("service"), "duration_minutes": 60}
    schedule = {"tz": "UTC", "weekly": HOURS, "slot_minutes": 60, "services": [service]}
    with remembered_logs() as logged:
        new = {"email": email, "password": password, "name": planted("name"), "device_name": planted("device")}
        ada = await home.ok("POST", "/api/auth/register", new, User_Agent=planted("agent"))
        bearer = ada["access_token"]
        await home.ok("PUT", "/api/calendars/doc", schedule, bearer=doc)
        talk = {"therapist_id": "doc", "service_id": "talk", "start": when(10), "notes": planted("notes")}
        booking = (await home.ok("POST", "/api/bookings", talk, bearer=bearer))["id"]
        asked = {"symptoms": [planted("symptom"), "cough"], "age": 34, "sex": "female"}
        await home.ok("POST", "/api/ml/predict", asked, bearer=bearer)
        tried = on_accounts(email, password) + on_calendars(booking) + on_the_model()
        errors = await refused_over_http(home, bearer, tried)
        errors += await refused_over_http(home, doc, on_calendars(booking))
        await home.call("POST", "/api/auth/password/reset-request", {"email": email})
        await home.call("GET", "/api/auth/me", bearer=planted("token"))
        client = await home.socket(bearer)
        message = await a_talk(client)
        errors += [json.dumps(await client.error(*one)) for one in on_a_socket(message, booking)]
        reason = {"reason": planted("a reason in words")}
        await home.ok("POST", f"/api/bookings/{booking}/cancel", reason, bearer=bearer)
        await home.ok("DELETE", "/api/auth/sessions", bearer=bearer)
    metrics = b"".join(generate_latest(registry) for registry in (home.registry, *home.registries)).decode()
    text = "\n".join(errors).replace(MEMBER, "")
    assert len(errors) >= 60
    assert "request.answered" in logged.getvalue()  # the net was out
    assert "carewire_gateway" in metrics
    where = {"logs": logged.getvalue(), "metrics": metrics, "errors": text}
    found = {name: [line for line in content.splitlines() if CANARY in line][:5] for name, content in where.items()}
    assert not any(found.values()), found
