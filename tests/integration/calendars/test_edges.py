"""Edges of calendars as their users meet them, over REST."""

from typing import Any

from tests.gateway_rig import token
from tests.integration.calendars.test_calendars import SCHEDULE, House, house, when

TALK = {"therapist_id": "doc", "service_id": "talk"}
NAMELESS = SCHEDULE | {"services": [{"title": "x"}]}
SHORT = {"service_id": "short", "duration_minutes": 60, "format": "video"}


def codes(told: dict[str, Any]) -> list[str]:
    return [one["code"] for one in told["reasons"]]


async def put(at: House, calendar: str, role: str = "therapist", **more: Any) -> None:
    await at.ok("PUT", f"/calendars/{calendar}", calendar, role, json=SCHEDULE | more)


async def test_price_and_format_go_with_the_service_and_the_price_stays_when_only_the_time_changes() -> None:
    async with house() as at:
        talk: Any = SCHEDULE["services"]
        await put(at, "doc", services=[*talk, SHORT])
        made = await at.book(10)
        await put(at, "doc", services=[talk[0] | {"price": {"amount": 1, "currency": "EUR"}}, SHORT])
        path = f"/bookings/{made['id']}"
        moved = await at.ok("POST", f"{path}/reschedule", json={"start": when(11)})
        assert moved["price"] == made["price"]
        other = await at.ok("PATCH", path, json={"service_id": "short"})
        assert (other["service_id"], other.get("price"), other["format"]) == ("short", None, "video")


async def test_times_are_free_only_where_the_room_is_free_as_well() -> None:
    async with house() as at:
        await put(at, "room-1", "admin", kind="room", services=[])
        service = {"service_id": "lab", "duration_minutes": 60, "resources": ["room-1"]}
        for name in ("doc", "eve"):
            await put(at, name, services=[service])
        await at.ok("POST", "/bookings", json={"therapist_id": "doc", "service_id": "lab", "start": when(10)})
        span = f"from={when(9)}&to={when(12)}&service_id=lab"
        found = await at.ok("GET", f"/calendars/eve/availability?{span}&explain=true", "bob")
        assert [one["start"] for one in found["slots"]] == [when(9), when(11)]
        assert [(one["start"], one["end"], codes(one)) for one in found["refused"]] == [
            (when(10), when(11), ["resource_taken"])
        ]
        socket = await at.rig.client("bob")
        watched = {"therapist_id": "eve", "service_id": "lab", "from": when(9), "to": when(12)}
        assert (await socket.ok("watch_calendar", watched))["slots"] == found["slots"]


async def test_a_series_goes_on_after_a_pause_as_it_was_before() -> None:
    """At the times that it was moved to, and without what was cancelled for itself."""
    async with house() as at:
        wanted = TALK | {"start": when(10), "rrule": "FREQ=DAILY;COUNT=3", "policy": "all"}
        made = await at.ok("POST", "/series", json=wanted)
        path, bookings = f"/series/{made['series_id']}", [one["booking_id"] for one in made["occurrences"]]
        await at.ok("POST", f"/bookings/{bookings[1]}/cancel")
        await at.ok("PATCH", path, json={"scope": "all", "booking_id": bookings[0], "start": when(12)})
        paused = await at.ok("PATCH", path, json={"status": "paused"})
        assert {one["status"] for one in paused["occurrences"]} == {"cancelled"}
        for _ in range(2):
            active = await at.ok("PATCH", path, json={"status": "active"})
            assert [(one["start"], one["status"]) for one in active["occurrences"]] == [
                (when(12), "confirmed"),
                (when(10, 8), "cancelled"),
                (when(12, 9), "confirmed"),
            ]
        listed = await at.ok("GET", f"/bookings?series_id={made['series_id']}&client_id=ann&status=confirmed")
        assert [one["start"] for one in listed["bookings"]] == [when(12), when(12, 9)]


async def test_a_series_asked_for_twice_under_one_name_is_one() -> None:
    async with house() as at:
        wanted = TALK | {"start": when(10), "rrule": "FREQ=DAILY;COUNT=2", "policy": "all", "request_id": "mine"}
        first = await at.ok("POST", "/series", json=wanted)
        socket = await at.rig.client("ann")
        again = await socket.ok("create_series", wanted)
        assert again["series_id"] == first["series_id"]
        assert [one["booking_id"] for one in again["occurrences"]] == [
            one["booking_id"] for one in first["occurrences"]
        ]


async def test_what_makes_no_sense_is_refused_with_the_member_that_is_wrong() -> None:
    async with house() as at:
        made = await at.book(10)
        item: dict[str, Any] = {"items": [{"booking_id": made["id"]}]}
        wish = {"therapist_ids": ["doc"], "service_id": "talk", "from": when(9), "to": when(12)}
        series = TALK | {"start": when(12), "rrule": "FREQ=DAILY;COUNT=1", "policy": "all"}
        wrong: tuple[tuple[str, str, str, str, dict[str, Any] | None, int, str | None], ...] = (
            ("ann", "client", "POST", "/series", series | {"exceptions": [when(12)]}, 400, "exceptions"),
            ("ann", "client", "POST", "/waitlist", wish | {"from": when(9, -2), "to": when(12, -2)}, 400, "to"),
            ("ann", "client", "POST", "/waitlist", wish | {"therapist_ids": ["nobody"]}, 404, None),
            ("ann", "client", "POST", "/waitlist", wish | {"service_id": "sing"}, 404, None),
            ("ann", "client", "GET", "/bookings?cursor=later", None, 400, "cursor"),
            ("ann", "client", "GET", "/bookings?status=lost", None, 400, "status"),
            ("doc", "therapist", "POST", "/bookings/bulk", {"action": "reschedule"} | item, 400, "items.start"),
            ("doc", "therapist", "POST", "/bookings/bulk", {"action": "transfer"} | item, 400, "items"),
            (
                "doc",
                "therapist",
                "PUT",
                "/calendars/doc",
                SCHEDULE | {"services": [{"title": "x"}]},
                400,
                "services[0].",
            ),
        )
        for user, role, method, path, body, status, field in wrong:
            answer = await at.call(method, path, user, role, json=body)
            assert answer.status_code == status, (path, answer.text)
            assert answer.json().get("details", {}).get("field", "").startswith(field or ""), (path, answer.text)
        early = (await at.call("POST", f"/bookings/{made['id']}/complete", "doc", "therapist")).json()
        assert early["details"]["legal"] == ["reschedule", "transfer", "update", "cancel"]


async def test_a_dry_run_refuses_what_the_run_refuses_in_the_same_words() -> None:
    async with house() as at:
        made = [await at.book(hour, user) for hour, user in ((10, "ann"), (11, "bob"))]
        await at.book(10, "cy", therapist_id="eve")
        items = [{"booking_id": one["id"]} for one in made]
        for body in (
            {"action": "complete", "items": items},
            {"action": "transfer", "to_therapist_id": "eve", "items": items[:1]},
        ):
            dry, done = [
                (await at.ok("POST", "/bookings/bulk", "doc", "therapist", json=body | {"dry_run": run}))["results"]
                for run in (True, False)
            ]
            assert [one["status"] for one in done] == ["failed"] * len(done)
            assert [one["error"]["code"] for one in dry] == [one["error"]["code"] for one in done]
            assert [one["error"]["message"] for one in dry] == [one["error"]["message"] for one in done]


async def test_alternatives_are_people_with_whom_the_client_may_book() -> None:
    async with house() as at:
        await put(at, "room-1", "admin", kind="room")
        await put(at, "eve", rules={"bookable_by": "care_relationship"})
        await at.book(10)
        wanted = TALK | {"start": when(10)}
        refused = (await at.call("POST", "/bookings", "bob", json=wanted)).json()
        assert {one["therapist_id"] for one in refused["alternatives"]} == {"doc"}
        checked = await at.ok("POST", "/bookings/check", "bob", json=wanted | {"therapist_id": "eve"})
        assert codes(checked) == ["care_relationship"]
        assert {one["therapist_id"] for one in checked["alternatives"]} == {"doc"}


async def test_who_hands_a_booking_over_hears_of_it_as_the_others_do() -> None:
    async with house() as at:
        made = await at.book(10)
        sockets = [
            await at.rig.client(user, token=token(user, role))
            for user, role in (("doc", "therapist"), ("eve", "therapist"), ("ann", "client"))
        ]
        await at.ok("POST", f"/bookings/{made['id']}/transfer", "root", "admin", json={"therapist_id": "eve"})
        for socket in sockets:
            told = await socket.next("booking_updated")
            assert (told["change"], told["booking"]["therapist_id"]) == ("transferred", "eve")
