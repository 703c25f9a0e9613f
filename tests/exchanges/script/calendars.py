"""Calendars: how they are set up, when they are free, their feeds."""

from typing import Any

from tests.exchanges.script.asking import EVERYBODY, HOURS, SCHEDULE, Asking, when


async def calendars(ask: Asking) -> None:
    path = "/api/calendars/doc"
    for who in ("nobody", "ann", "cat", "eve", "mo"):
        await ask.rest(who, "PUT", path, SCHEDULE)
        await ask.emit(who, "update_calendar", SCHEDULE | {"therapist_id": "doc"})
    await ask.rest("ann", "GET", path)
    await ask.emit("ann", "get_calendar", {"therapist_id": "doc"})
    await ask.rest("doc", "PUT", path, SCHEDULE)
    await ask.emit("eve", "update_calendar", SCHEDULE | {"therapist_id": "eve"})
    shown = await ask.rest("doc", "GET", path)
    await ask.rest("doc", "PUT", path, shown | {"therapist_id": "doc", "version": 1})
    await ask.rest("doc", "PUT", path, shown | {"therapist_id": "eve"})
    await ask.rest("root", "PUT", "/api/calendars/room-1", {"tz": "UTC", "weekly": HOURS, "kind": "room"})
    for who in EVERYBODY:
        await ask.rest(who, "GET", path)
        await ask.emit(who, "get_calendar", {"therapist_id": "doc"})
    for member, wrong in (
        ("tz", "Nowhere/Else"),
        ("weekly", {"mon": [["9", "12:00"]]}),
        ("weekly", {"someday": []}),
        ("slot_minutes", 0),
        ("slot_minutes", "30"),
        ("services", [{"service_id": "a b", "duration_minutes": 60}]),
        ("services", [{"service_id": "a", "duration_minutes": 60, "resources": ["room-1"]}]),
        ("services", [{"service_id": "a", "duration_minutes": 60, "colour": 1}]),
        ("holidays", {"country": "de"}),
        ("therapist_id", "a b"),
        ("version", "1"),
    ):
        await ask.rest("doc", "PUT", path, SCHEDULE | {member: wrong})
        await ask.emit("doc", "update_calendar", {"therapist_id": "doc"} | SCHEDULE | {member: wrong})
    await ask.malformed(
        "doc", "PUT", "/api/calendars/{therapist_id}", "update_calendar", {"therapist_id": "doc", "tz": "UTC"}
    )
    await ask.rest("doc", "PUT", path, SCHEDULE)
    await ask.bad_addresses("doc", "PUT", "/api/calendars/{therapist_id}", "update_calendar", "therapist_id", SCHEDULE)
    await ask.bad_addresses("doc", "GET", "/api/calendars/{therapist_id}", "get_calendar", "therapist_id")
    for who in ("nobody", "cat", "eve"):
        await ask.rest(who, "PUT", "/api/calendars/a%20b", raw="{")


async def availability(ask: Asking) -> None:
    span = {"from": when(24 * 9), "to": when(24 * 9 + 4)}
    query = f"from={span['from']}&to={span['to']}"
    path = "/api/calendars/doc/availability"
    good = span | {"therapist_id": "doc"}
    for who in EVERYBODY:
        await ask.rest(who, "GET", f"{path}?{query}&service_id=talk")
        await ask.emit(who, "get_availability", good | {"service_id": "talk"})
    for more in (
        "",
        "duration_minutes=30",
        "duration=90",
        "duration=90&duration_minutes=30",
        "duration=30.0",
        "duration=%2030",
        "duration=x",
        "duration=",
        "duration=0",
        "duration=1441",
        "duration_minutes=1_0",
        "duration_minutes=-5",
        "duration_minutes=99999999999999999999999",
        "explain=true",
        "explain=YES&duration=60",
        "explain=off",
        "explain=1",
        "explain=2",
        "explain=",
        "tz=Asia/Tokyo",
        "tz=Nowhere",
        "tz=" + "x" * 70,
        "tz=",
        "service_id=",
        "service_id=sing",
        "service_id=a%20b",
        "service_id=" + "x" * 200,
        "service_id=a%00b",
        "service_id=talk&service_id=group",
        "colour=red",
        "therapist_id=eve",
        "since=2027",
        "from=yesterday",
        "from=" + "x" * 50,
        "from=",
        f"to={span['from']}",
        "to=2027-03-10T02:00:00%2B01:00",
    ):
        await ask.rest("ann", "GET", f"{path}?{query}&{more}")
    for alone in (
        "",
        f"from={span['from']}",
        f"to={span['to']}",
        "duration=x&explain=maybe",
        f"{query}&limit=x",
        "%ff=%fe",
    ):
        await ask.rest("ann", "GET", f"{path}?{alone}")
    members: dict[str, Any]
    for members in (
        {"duration_minutes": 30},
        {"duration": 90, "duration_minutes": 30},
        {"duration": "90"},
        {"duration": 0},
        {"explain": True},
        {"explain": "true"},
        {"tz": "Asia/Tokyo"},
        {"tz": "Nowhere"},
        {"tz": "x" * 70},
        {"service_id": "sing"},
        {"service_id": "a b"},
        {"colour": "red"},
        {"from": "yesterday"},
        {"from": None},
        {"to": span["from"]},
    ):
        await ask.emit("ann", "get_availability", good | members)
    await ask.bad_addresses(
        "ann", "GET", "/api/calendars/{therapist_id}/availability?" + query, "get_availability", "therapist_id"
    )
    figures = "/api/calendars/doc/analytics"
    for who in EVERYBODY:
        await ask.rest(who, "GET", f"{figures}?{query}")
        await ask.emit(who, "get_calendar_analytics", good)
    for more in (
        "",
        f"from={span['from']}",
        "from=x&to=y",
        f"{query}&colour=red",
        f"from={span['to']}&to={span['from']}",
    ):
        await ask.rest("doc", "GET", f"{figures}?{more}")
    await ask.emit("doc", "get_calendar_analytics", good | {"to": "x"})
    for who in ("nobody", "ann", "eve", "doc"):
        await ask.emit(who, "watch_calendar", good | {"service_id": "talk"})
        await ask.emit(who, "unwatch_calendar", {"therapist_id": "doc"})
    await ask.emit("ann", "watch_calendar", good | {"explain": True})
    await ask.emit("ann", "watch_calendar", {"therapist_id": "nothing-there"} | span)
    await ask.emit("ann", "unwatch_calendar", {})


async def feeds(ask: Asking) -> None:
    event = "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20270401T100000Z\r\nDTEND:20270401T110000Z\r\nEND:VEVENT"
    ics = f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n"
    busy = {"therapist_id": "eve", "source": "old", "ics": ics}
    for who in ("nobody", "ann", "doc", "mo", "eve", "root"):
        await ask.rest(who, "POST", "/api/calendars/eve/import", {"source": "old", "ics": ics})
        await ask.emit(who, "import_calendar", busy)
    await ask.malformed("eve", "POST", "/api/calendars/{therapist_id}/import", "import_calendar", busy)
    for calendar, who in (
        ("doc", "doc"),
        ("doc", "root"),
        ("doc", "ann"),
        ("eve", "doc"),
        ("none", "doc"),
        ("doc", "nobody"),
        ("doc", "mo"),
    ):
        await ask.rest(who, "GET", f"/api/calendars/{calendar}/feed.ics")
        await ask.emit(who, "get_calendar_feed", {"therapist_id": calendar})
    for who in EVERYBODY:
        await ask.rest(who, "GET", "/api/bookings/feed.ics")
        await ask.emit(who, "get_booking_feed")
    await ask.emit("ann", "get_booking_feed", {"colour": "red"})
    await ask.rest("ann", "GET", "/api/bookings/feed.ics?colour=red")
    await ask.rest("ann", "GET", "/api/bookings/feed.ics?token=" + "x" * 5000)
    await ask.rest("ann", "HEAD", "/api/bookings/feed.ics")
    await ask.rest("nobody", "GET", "/api/bookings/feed.ics?token=rubbish")
    made = {}
    for at, of, who in (("/api/calendars/doc", "calendar", "doc"), ("/api/bookings", "booking", "ann")):
        about = {"therapist_id": "doc"} if of == "calendar" else {}
        for other in EVERYBODY:
            await ask.rest(other, "POST", f"{at}/feed-tokens", {})
            await ask.emit(other, f"make_{of}_feed_token", about)
            await ask.rest(other, "GET", f"{at}/feed-tokens")
            await ask.emit(other, f"list_{of}_feed_tokens", about)
        for raw in ("", "{", '{"colour":1}', "[]"):
            await ask.rest(who, "POST", f"{at}/feed-tokens", raw=raw)
        await ask.emit(who, f"make_{of}_feed_token", about | {"colour": 1})
        made[of] = token = await ask.rest(who, "POST", f"{at}/feed-tokens")
        member = "token_id" if of == "calendar" else "feed_token_id"
        feed = f"{at}/feed.ics?token={token['token']}"
        await ask.rest("nobody", "GET", feed)
        await ask.rest("nobody", "HEAD", feed)
        await ask.rest("nobody", "GET", "/api/bookings?token=" + token["token"])
        await ask.rest("nobody", "GET", f"/api/calendars/eve/feed.ics?token={token['token']}")
        for other in (*(one for one in EVERYBODY if one != who), who, who):
            await ask.rest(other, "DELETE", f"{at}/feed-tokens/{token['token_id']}")
        await ask.rest("nobody", "GET", feed)
        again = await ask.emit(who, f"make_{of}_feed_token", about)
        for other in ("nobody", "cat", "eve", who, who):
            await ask.emit(other, f"revoke_{of}_feed_token", about | {member: again["token_id"]})
        await ask.rest(who, "DELETE", f"{at}/feed-tokens/a%20b")
        await ask.emit(who, f"revoke_{of}_feed_token", about | {member: "a b"})
