"""Calendars from outside: REST and sockets over one cluster, as clients use them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import icalendar
from fastapi import FastAPI

from actors.calendars.services.assembly import calendar_services
from common.auth.tokens import Expected, Verified, verify
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.edge.api import problems
from serve_app.edge.conventions.callers import Callers
from serve_app.edge.rest import router_of
from tests.gateway_rig import CLOCK, SECRET, Client, Rig, rig, token

HOURS = {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
SCHEDULE = {
    "tz": "Europe/Berlin",
    "weekly": HOURS,
    "slot_minutes": 60,
    "services": [
        {"service_id": "talk", "title": "Talk", "duration_minutes": 60, "price": {"amount": 9000, "currency": "EUR"}}
    ],
}


async def who(given: object) -> Verified:
    return verify(
        given, SECRET, ["HS256"], now_ms=CLOCK.now_ms(), expected=Expected(issuer=None, audience=None, leeway_s=0)
    )


@dataclass
class House:
    """The API and a cluster with two gateways."""

    rig: Rig
    http: httpx.AsyncClient
    app: FastAPI

    async def call(
        self, method: str, path: str, user: str = "ann", role: str = "client", **more: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token(user, role)}"} | more.pop("headers", {})
        return await self.http.request(method, f"/api{path}", headers=headers, **more)

    async def ok(self, method: str, path: str, user: str = "ann", role: str = "client", **more: Any) -> Any:
        response = await self.call(method, path, user, role, **more)
        assert response.is_success, response.text
        return response.json()

    async def book(self, hour: int, user: str = "ann", **more: Any) -> Any:
        body = {"therapist_id": "doc", "service_id": "talk", "start": when(hour)} | more
        return await self.ok("POST", "/bookings", user, json=body)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    async with rig() as made:
        await made.gateway()
        await made.gateway()
        region = await made.cluster.region("api")
        app = FastAPI()
        problems.install(app)

        app.add_middleware(Callers, verify=who)
        services = calendar_services(region, made.stores.views, CLOCK, made.stores.feed_tokens)
        app.include_router(router_of(calendar_operations(services)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as http:
            found = House(made, http, app)
            for therapist in ("doc", "eve"):
                await found.ok("PUT", f"/calendars/{therapist}", therapist, "therapist", json=SCHEDULE)
            yield found


def when(hour: int, days: int = 7) -> str:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return (day + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_a_booking_over_rest_is_heard_by_watchers_and_by_both_people() -> None:
    async with house() as at:
        watcher, ann = await at.rig.client("bob"), await at.rig.client("ann", gateway=1)
        shown = await watcher.ok("watch_calendar", {"therapist_id": "doc", "from": when(0), "to": when(24)})
        assert when(10) in [one["start"] for one in shown["slots"]]
        made = await at.book(10)
        changed = await watcher.next("availability_changed")
        assert changed["changes"] == [{"start": when(10), "end": when(11), "state": "busy"}]
        assert changed["version"] > shown["version"]
        assert "ann" not in str(changed)
        told = await ann.next("booking_updated")
        assert (told["booking"]["id"], told["change"]) == (made["id"], "created")
        assert (made["status"], made["price"]) == ("confirmed", {"amount": 9000, "currency": "EUR"})
        await at.ok("POST", f"/bookings/{made['id']}/cancel", json={"reason": "illness"})
        changed = await watcher.next("availability_changed", 2)
        assert changed["changes"][0]["state"] == "free"
        await watcher.ok("unwatch_calendar", {"therapist_id": "doc"})


async def test_of_many_over_sockets_and_rest_one_gets_the_time_and_the_others_get_alternatives() -> None:
    async with house() as at:
        sockets = [await at.rig.client(f"s{number}", gateway=number % 2) for number in range(10)]
        wanted = {"therapist_id": "doc", "service_id": "talk", "start": when(10)}

        async def by_socket(client: Client) -> dict[str, Any]:
            ack: dict[str, Any] = await client.call("request_booking", wanted)
            found: dict[str, Any] = (
                ack["data"] if ack["ok"] else ack["error"]["details"] | {"code": ack["error"]["code"]}
            )
            return found

        async def by_rest(number: int) -> dict[str, Any]:
            response = await at.call("POST", "/bookings", f"r{number}", json=wanted)
            found: dict[str, Any] = response.json()
            assert response.status_code in (201, 409), found
            return found

        calls = [by_socket(client) for client in sockets for _ in range(2)] + [by_rest(number) for number in range(30)]
        answers = await asyncio.gather(*calls)
        winners = [one for one in answers if "id" in one]
        losers = [one for one in answers if "id" not in one]
        assert len(winners) == 1
        assert {one["code"] for one in losers} == {"conflict"}
        assert all(one["reasons"] for one in losers)
        assert sum(bool(one["alternatives"]) for one in losers) == len(losers)
        listed = await at.ok("GET", f"/bookings?therapist_id=doc&from={when(0)}&to={when(24)}", "doc", "therapist")
        assert [one["id"] for one in listed["bookings"]] == [winners[0]["id"]]


async def test_a_repeat_with_the_same_key_is_the_same_booking() -> None:
    async with house() as at:
        body = {"therapist_id": "doc", "service_id": "talk", "start": when(10)}
        headers = {"idempotency-key": "abc"}
        first = await at.ok("POST", "/bookings", json=body, headers=headers)
        again = await at.ok("POST", "/bookings", json=body, headers=headers)
        assert again["id"] == first["id"]


async def test_lists_come_in_pages_and_show_ones_own_only() -> None:
    async with house() as at:
        made = [await at.book(hour) for hour in (8, 9, 10, 11)]
        await at.book(12, "bob")
        first = await at.ok("GET", "/bookings?limit=3")
        rest = await at.ok("GET", f"/bookings?limit=3&cursor={first['next_cursor']}")
        assert [one["id"] for one in first["bookings"] + rest["bookings"]] == [one["id"] for one in made]
        assert "next_cursor" not in rest
        assert (await at.call("GET", "/bookings?client_id=bob")).status_code == 403
        assert len((await at.ok("GET", "/bookings?status=confirmed", "doc", "therapist"))["bookings"]) == 5


async def test_bodies_with_unknown_or_wrong_members_name_the_member() -> None:
    async with house() as at:
        wrong = [
            ({"therapist_id": "doc", "start": when(10), "colour": "red"}, "colour"),
            ({"therapist_id": "doc"}, "start"),
            ({"therapist_id": "doc", "start": "tomorrow"}, "start"),
            ({"therapist_id": "../x", "start": when(10)}, "therapist_id"),
        ]
        for body, member in wrong:
            response = await at.call("POST", "/bookings", json=body)
            assert (response.status_code, response.json()["details"]["field"]) == (400, member), response.text
        refused = await at.call("PUT", "/calendars/doc", "doc", "therapist", json=SCHEDULE | {"tz": "Mars/Olympus"})
        assert refused.json()["details"]["field"] == "tz"
        assert (await at.call("PUT", "/calendars/doc", "eve", "therapist", json=SCHEDULE)).status_code == 403


async def test_availability_is_explained_and_a_partial_change_stands_alone() -> None:
    async with house() as at:
        made = await at.book(10, notes="knee")
        found = await at.ok(
            "GET", f"/calendars/doc/availability?from={when(9)}&to={when(13)}&explain=true&service_id=talk"
        )
        assert when(10) not in [one["start"] for one in found["slots"]]
        assert [one["reasons"][0]["code"] for one in found["refused"]] == ["taken"]
        checked = await at.ok(
            "POST", "/bookings/check", "bob", json={"therapist_id": "doc", "start": when(10), "service_id": "talk"}
        )
        assert (checked["available"], checked["reasons"][0]["code"]) == (False, "taken")
        changed = await at.ok("PATCH", f"/bookings/{made['id']}", json={"participants": ["mum"]})
        assert (changed["participants"], changed["start"]) == (["mum"], made["start"])
        changed = await at.ok("PATCH", f"/bookings/{made['id']}", json={"start": when(12)})
        assert (changed["start"], changed["participants"]) == (when(12), ["mum"])
        seen = await at.ok("GET", f"/bookings/{made['id']}")
        assert seen["notes"] == "knee"


async def test_a_therapist_who_is_ill_cancels_all_of_a_day_once() -> None:
    async with house() as at:
        made = [await at.book(hour, user) for hour, user in ((9, "ann"), (10, "bob"), (11, "cy"))]
        bulk = {
            "action": "cancel",
            "therapist_id": "doc",
            "from": when(0),
            "to": when(24),
            "reason": "therapist_unavailable",
        }
        tried = await at.ok("POST", "/bookings/bulk", "doc", "therapist", json=bulk | {"dry_run": True})
        assert [one["status"] for one in tried["results"]] == ["possible"] * 3
        done = await at.ok("POST", "/bookings/bulk", "doc", "therapist", json=bulk)
        assert [(one["booking_id"], one["status"]) for one in done["results"]] == [(one["id"], "done") for one in made]
        assert all(one["alternatives"] for one in done["results"])
        items = [{"booking_id": one["id"]} for one in made]
        again = await at.ok("POST", "/bookings/bulk", "doc", "therapist", json={"action": "cancel", "items": items})
        assert [one["status"] for one in again["results"]] == ["done"] * 3
        refused = await at.ok("POST", "/bookings/bulk", "eve", "therapist", json={"action": "cancel", "items": items})
        assert {one["error"]["code"] for one in refused["results"]} == {"not_found"}
        figures = await at.ok("GET", f"/calendars/doc/analytics?from={when(0)}&to={when(24)}", "doc", "therapist")
        assert figures["cancellations"] == {"therapist_unavailable": 3}
        assert (figures["offered_minutes"], figures["utilisation"]) == (720, 0.0)


async def test_feeds_are_read_by_the_library_and_imports_block_time() -> None:
    async with house() as at:
        made = await at.book(10)
        gone = await at.book(12)
        await at.ok("POST", f"/bookings/{gone['id']}/cancel")
        text = (await at.http.get(f"/api/calendars/doc/feed.ics?token={token('doc', 'therapist')}")).content
        events: dict[str, Any] = {str(one["uid"]): one for one in icalendar.Calendar.from_ical(text).walk("VEVENT")}
        kept = events[f"{made['id']}@carewire"]
        assert kept["dtstart"].dt == datetime.fromisoformat(made["start"])
        assert (kept["status"], kept["sequence"]) == ("CONFIRMED", made["version"])
        assert events[f"{gone['id']}@carewire"]["status"] == "CANCELLED"
        assert b"ann" not in text
        assert (await at.http.get("/api/calendars/doc/feed.ics")).status_code == 401
        assert (await at.http.get(f"/api/calendars/doc/feed.ics?token={token('ann')}")).status_code == 403
        own = (await at.http.get(f"/api/bookings/feed.ics?token={token('ann')}")).content
        assert len(icalendar.Calendar.from_ical(own).walk("VEVENT")) == 2
        await at.ok("POST", "/calendars/eve/import", "eve", "therapist", json={"source": "old", "ics": text.decode()})
        free = [
            one["start"]
            for one in (await at.ok("GET", f"/calendars/eve/availability?from={when(9)}&to={when(15)}"))["slots"]
        ]
        assert when(10) not in free
        assert when(12) in free


async def test_an_import_names_what_it_leaves_out_and_changes_nothing_when_nothing_can_be_read() -> None:
    async with house() as at:

        async def bring_in(*events: str) -> httpx.Response:
            ics = "\r\n".join(["BEGIN:VCALENDAR", *events, "END:VCALENDAR", ""])
            headers = {"Authorization": "Bearer " + token("eve", "therapist")}
            body = {"source": "old", "ics": ics}
            return await at.http.post("/api/calendars/eve/import", json=body, headers=headers)

        async def is_free(hour: int) -> bool:
            slots = (await at.ok("GET", f"/calendars/eve/availability?from={when(9)}&to={when(15)}"))["slots"]
            return when(hour) in [one["start"] for one in slots]

        start = datetime.fromisoformat(when(10)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        good = f"BEGIN:VEVENT\r\nUID:good\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nEND:VEVENT"
        bad = "BEGIN:VEVENT\r\nUID:bad\r\nDTSTART;TZID=Nowhere:20260101T090000\r\nSUMMARY:Anna\r\nEND:VEVENT"
        told = (await bring_in(bad, good)).json()
        left_out = [{"index": 0, "reason": "unknown_time_zone", "uid": "bad"}]
        counts = {"imported": 1, "events": 2, "free": 0, "outside": 0}
        assert told == counts | {"left_out": left_out, "left_out_total": 1}
        assert not await is_free(10)
        refused = await bring_in(bad)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_argument")
        assert not await is_free(10)
        large = [good.replace("UID:good", "DESCRIPTION:" + "x" * 400)] * 4000
        assert (await bring_in(*large)).json()["imported"] == 1
        assert (await bring_in()).json()["events"] == 0
        assert await is_free(10)


async def test_series_and_waitlist_over_rest_and_sockets() -> None:
    async with house() as at:
        body = {
            "therapist_id": "doc",
            "service_id": "talk",
            "start": when(10),
            "rrule": "FREQ=DAILY;COUNT=3",
            "policy": "all",
        }
        made = await at.ok("POST", "/series", json=body)
        assert [one["status"] for one in made["occurrences"]] == ["booked"] * 3
        bob = await at.rig.client("bob")
        joined = await bob.ok(
            "join_waitlist", {"therapist_ids": ["doc"], "service_id": "talk", "from": when(9), "to": when(12)}
        )
        assert joined["position"] == 1
        ended = await at.ok("DELETE", f"/series/{made['series_id']}")
        assert {one["status"] for one in ended["occurrences"]} == {"cancelled"}
        offered = await bob.next("waitlist_offer")
        booked = await bob.ok("accept_offer", {"offer_id": offered["offer"]["offer_id"]})
        assert (booked["status"], booked["start"]) == ("confirmed", when(10))
        assert (await at.ok("GET", "/waitlist", "bob"))["entries"] == []


async def test_every_alternative_of_a_refusal_is_a_body_that_books_moves_or_hands_over() -> None:
    async with house() as at:
        await at.book(10)
        mine = await at.book(12, "bob")
        body = {"therapist_id": "doc", "service_id": "talk", "start": when(10)}
        refused = (await at.call("POST", "/bookings", "cy", json=body)).json()
        assert {one["therapist_id"] for one in refused["alternatives"]} == {"doc", "eve"}
        for number, one in enumerate(refused["alternatives"]):
            made = await at.ok("POST", "/bookings", f"cy{number}", json=one)
            assert (made["therapist_id"], made["start"], made["end"]) == (one["therapist_id"], one["start"], one["end"])
        path = f"/bookings/{mine['id']}"
        refused = (await at.call("POST", f"{path}/reschedule", "bob", json={"start": when(10)})).json()
        near = next(one for one in refused["alternatives"] if one["therapist_id"] == "doc")
        moved = await at.ok("POST", f"{path}/reschedule", "bob", json={"start": near["start"], "end": near["end"]})
        assert (moved["start"], moved["end"]) == (near["start"], near["end"])
        other = next(one for one in refused["alternatives"] if one["therapist_id"] == "eve")
        handed = await at.ok("POST", f"{path}/transfer", "doc", "therapist", json=other)
        assert (handed["therapist_id"], handed["start"]) == ("eve", other["start"])
        wrong = await at.call("POST", "/bookings", json=body | {"end": when(9)})
        assert (wrong.status_code, wrong.json()["details"]["field"]) == (400, "end")


async def test_staff_overrules_with_a_reason_also_in_a_patch_and_over_a_socket() -> None:
    async with house() as at:
        made = await at.book(10)
        path, night = f"/bookings/{made['id']}", {"start": when(2), "override": {"reason": "flies at six"}}
        refused = (await at.call("PATCH", path, "doc", "therapist", json={"start": when(2)})).json()
        assert [one["code"] for one in refused["reasons"]] == ["closed"]
        assert (await at.call("PATCH", path, json=night)).status_code == 403
        changed = await at.ok("PATCH", path, "doc", "therapist", json=night)
        assert (changed["start"], changed["overridden"]) == (when(2), True)
        assert (await at.ok("GET", path, "doc", "therapist"))["override_reason"] == "flies at six"
        doc = await at.rig.client("doc", token=token("doc", "therapist"))
        again = night | {"booking_id": made["id"], "start": when(3)}
        assert (await doc.ok("reschedule_booking", again))["start"] == when(3)
        ann = await at.rig.client("ann")
        ack = await ann.call("reschedule_booking", again | {"start": when(4)})
        assert ack["error"]["code"] == "permission_denied"


async def test_a_calendar_is_told_in_full_and_can_be_put_back_as_it_was_told() -> None:
    async with house() as at:
        body = SCHEDULE | {
            "slot_minutes": 30,
            "rules": {"max_per_day": 3},
            "blackouts": [{"start": when(10), "end": when(11), "reason": "dentist"}],
        }
        put = await at.ok("PUT", "/calendars/doc", "doc", "therapist", json=body)
        got = await at.ok("GET", "/calendars/doc", "doc", "therapist")
        assert put == got
        assert (got["slot_minutes"], got["rules"]["max_per_day"], got["rules"]["bookable_by"]) == (30, 3, "anyone")
        assert got["blackouts"][0]["reason"] == "dentist"
        assert (await at.ok("GET", "/calendars/doc"))["blackouts"][0]["reason"] == ""
        again = await at.ok("PUT", "/calendars/doc", "doc", "therapist", json=got)
        assert again == got | {"version": got["version"] + 1}


async def test_handing_over_a_day_can_be_run_again() -> None:
    async with house() as at:
        made = [await at.book(hour, user) for hour, user in ((9, "ann"), (10, "bob"))]
        bulk = {"action": "transfer", "to_therapist_id": "eve", "items": [{"booking_id": one["id"]} for one in made]}
        done = await at.ok("POST", "/bookings/bulk", "doc", "therapist", json=bulk)
        assert [one["booking"]["therapist_id"] for one in done["results"]] == ["eve", "eve"]
        again = await at.ok("POST", "/bookings/bulk", "doc", "therapist", json=bulk)
        assert [one["status"] for one in again["results"]] == ["done", "done"]
        listed = await at.ok("GET", "/bookings?therapist_id=eve", "eve", "therapist")
        assert [one["version"] for one in listed["bookings"]] == [one["booking"]["version"] for one in done["results"]]
