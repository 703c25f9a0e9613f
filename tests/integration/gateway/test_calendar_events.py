"""Both fronts of calendars are one: every REST operation has its event, with the same members, answers and refusals."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from serve_app.edge.conventions.permits import actions_of, routes_of
from tests.declared import declared_events
from tests.gateway_rig import Client, token
from tests.integration.calendars.test_calendars import House, house, when

EVENT_OF = {
    ("GET", "/api/calendars/{therapist_id}"): "get_calendar",
    ("PUT", "/api/calendars/{therapist_id}"): "update_calendar",
    ("GET", "/api/calendars/{therapist_id}/availability"): "get_availability",
    ("GET", "/api/calendars/{therapist_id}/analytics"): "get_calendar_analytics",
    ("POST", "/api/calendars/{therapist_id}/import"): "import_calendar",
    ("GET", "/api/calendars/{therapist_id}/feed.ics"): "get_calendar_feed",
    ("GET", "/api/bookings/feed.ics"): "get_booking_feed",
    ("POST", "/api/calendars/{therapist_id}/feed-tokens"): "make_calendar_feed_token",
    ("GET", "/api/calendars/{therapist_id}/feed-tokens"): "list_calendar_feed_tokens",
    ("DELETE", "/api/calendars/{therapist_id}/feed-tokens/{token_id}"): "revoke_calendar_feed_token",
    ("POST", "/api/bookings/feed-tokens"): "make_booking_feed_token",
    ("GET", "/api/bookings/feed-tokens"): "list_booking_feed_tokens",
    ("DELETE", "/api/bookings/feed-tokens/{feed_token_id}"): "revoke_booking_feed_token",
    ("POST", "/api/bookings"): "request_booking",
    ("GET", "/api/bookings"): "list_bookings",
    ("POST", "/api/bookings/check"): "check_conflicts",
    ("POST", "/api/bookings/bulk"): "bulk_bookings",
    ("GET", "/api/bookings/{booking_id}"): "get_booking",
    ("PATCH", "/api/bookings/{booking_id}"): "update_booking",
    ("POST", "/api/bookings/{booking_id}/confirm"): "confirm_booking",
    ("POST", "/api/bookings/{booking_id}/reschedule"): "reschedule_booking",
    ("POST", "/api/bookings/{booking_id}/transfer"): "transfer_booking",
    ("POST", "/api/bookings/{booking_id}/cancel"): "cancel_booking",
    ("POST", "/api/bookings/{booking_id}/complete"): "complete_booking",
    ("POST", "/api/bookings/{booking_id}/no-show"): "no_show_booking",
    ("GET", "/api/bookings/{booking_id}/reminders"): "list_reminders",
    ("POST", "/api/bookings/{booking_id}/reminders"): "send_reminder",
    ("POST", "/api/series"): "create_series",
    ("GET", "/api/series/{series_id}"): "get_series",
    ("PATCH", "/api/series/{series_id}"): "update_series",
    ("DELETE", "/api/series/{series_id}"): "delete_series",
    ("POST", "/api/waitlist"): "join_waitlist",
    ("GET", "/api/waitlist"): "list_waitlist",
    ("GET", "/api/waitlist/analytics"): "get_waitlist_analytics",
    ("DELETE", "/api/waitlist/{entry_id}"): "leave_waitlist",
    ("POST", "/api/waitlist/offers/{offer_id}/accept"): "accept_offer",
    ("POST", "/api/waitlist/offers/{offer_id}/decline"): "decline_offer",
}
ROUTE_OF = {event: route for route, event in EVENT_OF.items()}
OF_SOCKETS_ALONE = {"watch_calendar", "unwatch_calendar", "update_booking_status"}
OF_ROOMS = {"create_booking_from_message"}  # declared there
OF_CALENDARS = ("calendar.", "booking.", "series.", "waitlist.")
_CHANGING = {"id", "booking_id", "series_id", "entry_id", "version", "start", "end", "hold_expires_at"} | {
    "created_at",
    "updated_at",
    "token_id",
    "token",
    "path",
    "expires_at",
}
Who = tuple[str, str]
ANN, DOC, EVE, MO = ("ann", "client"), ("doc", "therapist"), ("eve", "therapist"), ("mo", "moderator")
TALK = {"therapist_id": "doc", "service_id": "talk"}
TALK_WISH = {"therapist_ids": ["doc"], "service_id": "talk", "from": when(8), "to": when(20)}
DAILY = {"rrule": "FREQ=DAILY;COUNT=2", "policy": "all"}


class Fronts:
    """Asks the same over REST and over a socket."""

    def __init__(self, at: House) -> None:
        self._at = at
        self._sockets: dict[Who, Client] = {}

    async def rest(self, event: str, payload: Mapping[str, Any], who: Who) -> Any:
        """The answer, or the error as sockets tell it."""
        method, template = ROUTE_OF[event]
        left = dict(payload)
        path = re.sub(r"\{(\w+)\}", lambda match: str(left.pop(match[1])), template).removeprefix("/api")
        more: dict[str, Any] = {"params": left} if method == "GET" else {"json": left}
        answer = await self._at.call(method, path, *who, **more)
        if answer.is_success:
            calendar = answer.headers["content-type"].startswith("text/calendar")
            return {"ics": answer.text} if calendar else answer.json()
        told = answer.json()
        return {"code": told["code"], "message": told["detail"]} | _details(told)

    async def socket(self, event: str, payload: Mapping[str, Any], who: Who) -> Any:
        """The answer, or the error."""
        if who not in self._sockets:
            self._sockets[who] = await self._at.rig.client(who[0], token=token(*who))
        ack = await self._sockets[who].call(event, payload)
        return ack["data"] if ack["ok"] else ack["error"]

    async def same(self, event: str, payload: Mapping[str, Any], who: Who) -> Any:
        """The one answer of both, to the letter."""
        by_rest, by_socket = await self.rest(event, payload, who), await self.socket(event, payload, who)
        assert by_rest == by_socket, event
        return by_rest

    async def alike(self, event: str, who: Who, *requests: Mapping[str, Any]) -> Any:
        """Both answers to two requests that differ in what they are about only."""
        one, other = requests
        by_rest, by_socket = await self.rest(event, one, who), await self.socket(event, other, who)
        assert "code" not in by_rest, by_rest
        assert _shape(by_rest) == _shape(by_socket), event
        return by_rest, by_socket


def _details(told: dict[str, Any]) -> dict[str, Any]:
    return {"details": told["details"]} if "details" in told else {}


def _shape(node: Any, name: str = "") -> Any:
    """What does not depend on which booking it is."""
    if isinstance(node, dict):
        return {key: _shape(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_shape(value) for value in node]
    return "..." if name in _CHANGING else node


async def test_every_operation_over_rest_has_its_event_with_the_same_members_under_the_same_action() -> None:
    async with house() as at:
        routes = {(method, route.path): route for route in routes_of(at.app) for method in route.methods or ()}
        assert {key for key in routes if str(key[1]).startswith("/api")} == set(EVENT_OF)
        declared = at.rig.gateways[0].handlers
        events = {name for name, handler in declared.items() if handler.action.startswith(OF_CALENDARS)}
        assert events == set(EVENT_OF.values()) | OF_SOCKETS_ALONE | OF_ROOMS
        paths = at.app.openapi()["paths"]
        for (method, path), event in EVENT_OF.items():
            assert set(actions_of(routes[method, path])) == {declared[event].action}, event
            told = paths[path][method.lower()]
            members = {one["name"] for one in told.get("parameters", ()) if one["in"] in ("path", "query")} - {"token"}
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            assert {one.encode_name for one in msgspec.structs.fields(declared[event].request)} == members | set(
                body.get("properties", {})
            ), event


def test_the_documentation_lists_every_pair() -> None:
    told = (Path(__file__).parents[3] / "docs" / "calendars.md").read_text()
    rows = set(re.findall(r"^\| `(\w+) (\S+)` \| `(\w+)` \| `(\S+)` \|$", told, re.MULTILINE))
    declared = declared_events()
    assert rows == {(*route, event, declared[event].action) for route, event in EVENT_OF.items()}
    assert all(f"`{event}" in told for event in OF_SOCKETS_ALONE)


async def test_what_is_read_over_rest_and_over_a_socket_is_the_same() -> None:
    async with house() as at:
        fronts = Fronts(at)
        made = await at.book(10, notes="knee")
        ahead = await at.ok("POST", "/series", json=_talk(12) | DAILY)
        await at.ok("POST", "/waitlist", json=TALK_WISH)
        span = {"from": when(8), "to": when(12)}
        about, doc = {"booking_id": made["id"]}, {"therapist_id": "doc"}
        assert (await fronts.same("get_booking", about, ANN))["notes"] == "knee"
        assert (await fronts.same("get_calendar", doc, ANN))["slot_minutes"] == 60
        free = await fronts.same("get_availability", TALK | span | {"tz": "Asia/Tokyo", "explain": True}, ANN)
        assert (free["tz"], bool(free["slots"]), bool(free["refused"])) == ("Asia/Tokyo", True, True)
        assert len((await fronts.same("list_bookings", {}, ANN))["bookings"]) == 3
        page = await fronts.same("list_bookings", doc | span | {"status": "confirmed", "limit": 1}, DOC)
        assert [one["id"] for one in page["bookings"]] == [made["id"]]
        assert (await fronts.same("check_conflicts", TALK | {"start": when(10)}, ANN))["reasons"][0]["code"] == "taken"
        assert len((await fronts.same("get_series", {"series_id": ahead["series_id"]}, ANN))["occurrences"]) == 2
        assert (await fronts.same("get_calendar_analytics", doc | span, DOC))["booked_minutes"] == 60
        assert (await fronts.same("get_waitlist_analytics", {}, DOC))["waiting"] == 1
        for event, payload, who in (("get_calendar_feed", doc, DOC), ("get_booking_feed", {}, ANN)):
            by_rest, by_socket = await fronts.rest(event, payload, who), await fronts.socket(event, payload, who)
            assert by_rest["ics"].count("BEGIN:VEVENT") == 3
            assert by_rest.keys() == by_socket.keys()
            assert by_socket["ics"].count("BEGIN:VEVENT") == 3
        waiting = [await ask("list_waitlist", {}, ANN) for ask in (fronts.rest, fronts.socket)]
        assert [one["entries"][0]["entry_id"] for one in waiting] == [waiting[0]["entries"][0]["entry_id"]] * 2


async def test_what_is_done_over_rest_and_over_a_socket_is_alike() -> None:
    async with house() as at:
        fronts = Fronts(at)
        one, other = await fronts.alike("request_booking", ANN, _talk(8, hold=True), _talk(9, hold=True))
        about = [{"booking_id": made["id"]} for made in (one, other)]
        await fronts.alike("confirm_booking", ANN, *about)
        await fronts.alike("update_booking", ANN, *(made | {"notes": "by train"} for made in about))
        starts = ({"start": when(10)}, {"start": when(11)})
        await fronts.alike("reschedule_booking", ANN, *(made | to for made, to in zip(about, starts, strict=True)))
        await fronts.alike("transfer_booking", DOC, *(made | {"therapist_id": "eve"} for made in about))
        await fronts.alike("cancel_booking", ANN, *(made | {"reason": "illness"} for made in about))
        past = [await _begun(at, hours) for hours in (3, 5, 7, 9)]
        await fronts.alike("complete_booking", DOC, past[0], past[1])
        await fronts.alike("no_show_booking", DOC, past[2], past[3])
        many, more = await fronts.alike("create_series", ANN, _talk(12) | DAILY, _talk(13) | DAILY)
        series = [{"series_id": made["series_id"]} for made in (many, more)]
        await fronts.alike("update_series", ANN, *(made | {"status": "paused"} for made in series))
        await fronts.alike("delete_series", ANN, *series)
        items = [await at.book(hour) for hour in (15, 16)]
        bulk = [{"action": "cancel", "items": [{"booking_id": made["id"]}], "alternatives": False} for made in items]
        await fronts.alike("bulk_bookings", DOC, *bulk)
        wish, same = (
            await fronts.rest("join_waitlist", TALK_WISH, ANN),
            await fronts.socket("join_waitlist", TALK_WISH, ANN),
        )
        assert wish.keys() == same.keys()
        await fronts.alike("leave_waitlist", ANN, {"entry_id": wish["entry_id"]}, {"entry_id": same["entry_id"]})
        feeds: list[tuple[str, Who, dict[str, Any]]] = [
            ("calendar", DOC, {"therapist_id": "doc"}),
            ("booking", ANN, {}),
        ]
        for of, who, feed in feeds:
            tokens = await fronts.alike(f"make_{of}_feed_token", who, feed, feed)
            assert len((await fronts.same(f"list_{of}_feed_tokens", feed, who))["tokens"]) == 2
            named = "token_id" if of == "calendar" else "feed_token_id"
            gone = [feed | {named: one["token_id"]} for one in tokens]
            await fronts.alike(f"revoke_{of}_feed_token", who, *gone)
        schedule = await at.ok("GET", "/calendars/eve", "eve", "therapist") | {"therapist_id": "eve"}
        await fronts.alike("update_calendar", EVE, schedule, schedule)
        busy = {"therapist_id": "eve", "source": "old", "ics": (await fronts.rest("get_booking_feed", {}, ANN))["ics"]}
        await fronts.alike("import_calendar", EVE, busy, busy)


async def test_refusals_are_the_same_over_rest_and_over_a_socket() -> None:
    async with house() as at:
        fronts = Fronts(at)
        booking = {"booking_id": (await at.book(10))["id"]}
        made = await at.ok("POST", "/series", json=_talk(12) | DAILY)
        series = {"series_id": made["series_id"]}
        entry = {"entry_id": (await at.ok("POST", "/waitlist", json=TALK_WISH))["entry_id"]}
        doc, span = {"therapist_id": "doc"}, {"from": when(8), "to": when(12)}
        for event, payload, who, code in (
            ("get_calendar", {"therapist_id": "nobody"}, ANN, "not_found"),
            ("update_calendar", doc | {"tz": "Nowhere/Else"}, DOC, "invalid_argument"),
            ("update_calendar", doc | {"tz": "UTC", "colour": "red"}, DOC, "invalid_argument"),
            ("update_calendar", doc | {"tz": "UTC"}, EVE, "permission_denied"),
            ("get_availability", doc | {"from": when(9), "to": when(9)}, ANN, "invalid_argument"),
            ("get_availability", doc | span | {"tz": "Nowhere"}, ANN, "invalid_argument"),
            ("get_calendar_analytics", doc | span, EVE, "permission_denied"),
            ("get_calendar_analytics", doc | span, ANN, "permission_denied"),
            ("import_calendar", doc | {"source": "old", "ics": "no"}, DOC, "invalid_argument"),
            ("get_calendar_feed", doc, EVE, "permission_denied"),
            ("make_calendar_feed_token", doc, EVE, "permission_denied"),
            ("list_calendar_feed_tokens", doc, ANN, "permission_denied"),
            ("revoke_calendar_feed_token", doc | {"token_id": "fdt_none"}, EVE, "permission_denied"),
            ("revoke_calendar_feed_token", doc | {"token_id": "fdt_none"}, DOC, "not_found"),
            ("revoke_booking_feed_token", {"feed_token_id": "fdt_none"}, ANN, "not_found"),
            ("request_booking", _talk(10), ("bob", "client"), "conflict"),
            ("request_booking", _talk(10) | {"service_id": "sing"}, ANN, "not_found"),
            ("request_booking", _talk(11) | {"client_id": "bob"}, ANN, "permission_denied"),
            ("request_booking", _talk(2) | {"override": {"reason": "x"}}, ANN, "permission_denied"),
            ("request_booking", _talk(11) | {"start": "tomorrow"}, ANN, "invalid_argument"),
            ("request_booking", _talk(11) | {"colour": "red"}, ANN, "invalid_argument"),
            ("request_booking", {"service_id": "talk", "start": when(11)}, ANN, "invalid_argument"),
            ("check_conflicts", _talk(10) | {"client_id": "bob"}, ANN, "permission_denied"),
            ("list_bookings", doc, EVE, "permission_denied"),
            ("list_bookings", doc, MO, "permission_denied"),
            ("bulk_bookings", {"action": "cancel"}, DOC, "invalid_argument"),
            ("bulk_bookings", {"action": "cancel"}, ANN, "permission_denied"),
            ("get_booking", booking, EVE, "not_found"),
            ("update_booking", booking | {"notes": "x"}, EVE, "not_found"),
            ("update_booking", booking | {"start": when(12)}, ANN, "conflict"),
            ("confirm_booking", booking, ANN, "failed_precondition"),
            ("reschedule_booking", booking | {"start": when(12)}, ANN, "conflict"),
            ("reschedule_booking", booking | {"start": when(2)}, ANN, "conflict"),
            ("transfer_booking", booking | {"therapist_id": "eve"}, ANN, "permission_denied"),
            ("cancel_booking", booking | {"reason": 7}, ANN, "invalid_argument"),
            ("complete_booking", booking, DOC, "failed_precondition"),
            ("complete_booking", booking, ANN, "permission_denied"),
            ("no_show_booking", booking, DOC, "failed_precondition"),
            ("create_series", _talk(9) | {"rrule": "FREQ=HOURLY", "policy": "all"}, ANN, "invalid_argument"),
            ("create_series", _talk(9) | {"rrule": "FREQ=DAILY", "policy": "some"}, ANN, "invalid_argument"),
            ("create_series", _talk(10) | DAILY, ("bob", "client"), "conflict"),
            ("update_series", series | _moving_on(made, 10), ANN, "conflict"),
            ("get_series", series, EVE, "not_found"),
            ("update_series", series, ANN, "invalid_argument"),
            ("update_series", series | {"status": "paused"}, EVE, "not_found"),
            ("delete_series", series, EVE, "not_found"),
            ("join_waitlist", TALK_WISH | {"urgency": "now"}, ANN, "invalid_argument"),
            ("join_waitlist", TALK_WISH | {"client_id": "bob"}, ANN, "permission_denied"),
            ("list_waitlist", doc, EVE, "permission_denied"),
            ("get_waitlist_analytics", {}, ANN, "permission_denied"),
            ("leave_waitlist", entry, EVE, "not_found"),
            ("accept_offer", {"offer_id": "bkg_none"}, ANN, "not_found"),
            ("decline_offer", {"offer_id": "bkg_none"}, ANN, "not_found"),
        ):
            told = await fronts.same(event, payload, who)
            assert told.get("code") == code, (event, payload, told)
            if code == "conflict" and event.endswith("_series"):
                assert [one["status"] for one in told["details"]["occurrences"]] == ["conflict", "available"]
            elif code == "conflict":
                assert told["details"]["reasons"]
                assert told["details"]["alternatives"]


def _talk(hour: int, **more: Any) -> dict[str, Any]:
    return TALK | {"start": when(hour)} | more


def _moving_on(series: dict[str, Any], hour: int) -> dict[str, Any]:
    """All of the series to another hour."""
    return {"scope": "all", "booking_id": series["occurrences"][0]["booking_id"], "start": when(hour)}


async def test_a_series_over_a_conflict_tells_its_occurrences_beside_the_code_and_books_nothing() -> None:
    async with house() as at:
        await at.book(10, "bob")
        dry = await at.call("POST", "/series", json=_talk(10) | DAILY | {"dry_run": True})
        refused = await at.call("POST", "/series", json=_talk(10) | DAILY)
        assert (dry.status_code, refused.status_code) == (200, 409)
        assert refused.json()["code"] == "conflict"
        assert refused.json()["occurrences"] == dry.json()["occurrences"]
        assert (await at.ok("GET", "/bookings"))["bookings"] == []
        left = await at.call("POST", "/series", json=_talk(10) | DAILY | {"policy": "available"})
        assert [one["status"] for one in left.json()["occurrences"]] == ["conflict", "booked"]


async def _begun(at: House, hour: int) -> dict[str, Any]:
    """A booking of yesterday, by staff, outside the rules."""
    body = _talk(hour) | {"start": when(hour, -1), "client_id": "ann", "override": {"reason": "noted afterwards"}}
    return {"booking_id": (await at.ok("POST", "/bookings", "doc", "therapist", json=body))["id"]}
