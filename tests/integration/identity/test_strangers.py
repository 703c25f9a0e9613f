"""The stranger test: every endpoint and every event that exists, as somebody whom it is none of their business.

Both are found by looking at the running program, so one that is added later is tested or the test fails.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from config.policy import Policy
from realtime.permits import ACTIONS
from serve_app.conventions.permits import actions_of, is_public, routes_of
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = Policy()
STRANGERS = {
    "nobody": "",
    "another client": "client",
    "another therapist": "therapist",
    "a moderator": "moderator",
}
# Routes that are about the caller alone: a stranger asks for their own (empty) things, and gets nothing of others.
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
    ("GET", "/api/break-glass"),
    ("POST", "/api/break-glass"),
    ("POST", "/api/care"),
    ("GET", "/api/privacy/export"),
    ("POST", "/api/privacy/erase"),
}
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/api/auth/me"): {"name": "x"},
    ("PATCH", "/api/auth/sessions/{session_id}"): {"name": "stolen"},
    ("PATCH", "/api/users/{user_id}"): {"role": "admin"},
    ("POST", "/api/auth/password"): {"current_password": PASSWORD, "new_password": "a new long password"},
    ("POST", "/api/auth/totp"): {"password": PASSWORD},
    ("POST", "/api/auth/totp/confirm"): {"code": "123456"},
    ("POST", "/api/auth/totp/remove"): {"password": PASSWORD},
    ("POST", "/api/invitations"): {"email": "eve@example.org"},
    ("POST", "/api/care"): {"client_id": "somebody"},
    ("POST", "/api/break-glass"): {"subject_id": "somebody", "reason": "no reason at all"},
}
QUERIES = {"/api/audit": "?subject={user_id}"}


@dataclass
class Victim:
    """Ada and what is hers; `ids` fill the paths."""

    tokens: Any
    ids: dict[str, str] = field(default_factory=dict)
    message: str = ""


async def a_victim(home: House) -> Victim:
    ada = await home.register("ada@example.org", name="Ada Canary", device_name="Canary phone")
    tess = await home.staff("tess@example.org", "therapist")
    user, bearer = ada["user"]["user_id"], ada["access_token"]
    care = await home.ok("POST", "/api/care", {"client_id": user}, bearer=tess["access_token"])
    invitation = await home.ok("POST", "/api/invitations", {"email": "new@example.org"}, bearer=home.admin())
    body = {"subject_id": user, "reason": "for this very test"}
    grant = await home.ok("POST", "/api/break-glass", body, bearer=token("mo", "moderator"))
    socket = await home.socket(bearer)
    room = f"room-of-{user}"
    await socket.ok("create_room", {"room_id": room, "title": "Canary room"})
    sent = await socket.ok("message", {"room_id": room, "body": "Canary message"})
    ids = {
        "user_id": user,
        "session_id": ada["session_id"],
        "care_id": care["care_id"],
        "invitation_id": invitation["invitation_id"],
        "grant_id": grant["grant_id"],
        "room_id": room,
    }
    return Victim(ada, ids, sent["id"])


async def test_every_endpoint_refuses_every_stranger(home: House) -> None:
    """Refused, or about the stranger's own things only; and in no case a word of hers."""
    victim = await a_victim(home)
    tried = 0
    for route in routes_of(home.app):
        for method in sorted(route.methods or ()):
            key, path = (method, route.path or ""), filled(route.path or "", victim.ids)
            for who, role in STRANGERS.items():
                bearer = token(f"stranger-{tried}", role) if role else ""
                query = QUERIES.get(path, "").format(**victim.ids)
                answer = await home.call(method, path + query, BODIES.get(key), bearer=bearer)
                tried += 1
                said = f"{who}: {method} {path} -> {answer.status_code} {answer.text[:200]}"
                assert "Canary" not in answer.text, said
                assert answer.status_code < 500, said
                if not role:
                    assert answer.status_code == 401 or is_public(route), said
                elif not is_public(route) and (key not in OWN or not may(actions_of(route), role)):
                    assert answer.status_code in (403, 404), said
    assert tried >= 140
    await home.ok("GET", "/api/auth/me", bearer=victim.tokens["access_token"])  # nothing of hers was touched
    assert (await home.ok("GET", "/api/auth/sessions", bearer=victim.tokens["access_token"]))["items"][0]["name"] == (
        "Canary phone"
    )


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with the victim's ids in it. A parameter that nobody has an id for fails the test."""
    return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path)


def may(actions: set[str], role: str) -> bool:
    return all(POLICY.ever(role, action) for action in actions)


def payloads(room: str, message: str) -> dict[str, Any]:
    about = {"room_id": room, "message_id": message}
    return {
        "join_room": {"room_id": room},
        "leave_room": {"room_id": room, "forever": True},
        "add_members": {"room_id": room, "user_ids": ["stranger-client"]},
        "remove_member": {"room_id": room, "user_id": "somebody"},
        "update_room": {"room_id": room, "title": "taken"},
        "message": {"room_id": room, "body": "hello"},
        "edit_message": about | {"body": "changed"},
        "delete_message": about,
        "react": about | {"emoji": "x"},
        "unreact": about | {"emoji": "x"},
        "mark_read": {"room_id": room, "seq": 1},
        "typing_start": {"room_id": room},
        "typing_stop": {"room_id": room},
        "history": {"room_id": room},
    }


def booking_payloads() -> dict[str, Any]:
    """Of bookings, places and offers that are not the stranger's."""
    booking = {"booking_id": "bkg_of_somebody_else"}
    return {
        "confirm_booking": booking,
        "reschedule_booking": booking | {"start": "2030-01-01T10:00:00.000Z"},
        "cancel_booking": booking,
        "update_booking_status": booking | {"status": "completed"},
        "leave_waitlist": {"entry_id": "wtl_of_somebody_else"},
        "accept_offer": {"offer_id": "off_of_somebody_else"},
        "decline_offer": {"offer_id": "off_of_somebody_else"},
    }


# Events about the caller alone, or that begin something new.
OWN_EVENTS = {"authenticate", "list_rooms", "inbox_ack", "create_room"} | {
    "set_presence",
    "watch_presence",
    "unwatch_presence",
    "watch_calendar",
    "unwatch_calendar",
    "check_conflicts",
    "request_booking",
    "join_waitlist",
}


async def test_every_event_refuses_every_stranger(home: House) -> None:
    victim = await a_victim(home)
    gateway: Any = home.gateways[0]
    deployed = set(gateway._front._events._handlers)
    about_others = payloads(victim.ids["room_id"], victim.message) | booking_payloads()
    assert deployed == set(about_others) | OWN_EVENTS, "a new event: say what a stranger may do with it"
    assert deployed <= set(ACTIONS)
    for role in filter(None, STRANGERS.values()):
        client = await home.socket(token(f"stranger-{role}", role))
        for event, payload in about_others.items():
            error = await client.error(event, payload)
            assert error["code"] in ("permission_denied", "not_found"), (role, event, error)
        assert await client.ok("list_rooms", {}) == {"rooms": []}
        claimed = await client.error("create_room", {"room_id": victim.ids["room_id"]})
        assert claimed["code"] in ("permission_denied", "already_exists")
        foreign = await client.error("authenticate", {"token": victim.tokens["access_token"]})
        assert foreign["code"] == "permission_denied"
        assert not any("Canary" in str(payload) for _, payload in client.received)
    anonymous = home.anonymous_client()
    await anonymous.connect({})
    for event in sorted(deployed - {"authenticate"}):
        error = await anonymous.error(event, about_others.get(event, {}))
        assert error["code"] == "unauthenticated", event
    page = await home.ok("GET", f"/api/rooms/{victim.ids['room_id']}/messages", bearer=victim.tokens["access_token"])
    assert [message["body"] for message in page["messages"]] == ["Canary message"]
