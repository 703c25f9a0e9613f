"""Series and the waitlist."""

from typing import Any

from tests.exchanges.script.asking import EVERYBODY, STRANGERS, TALK, Asking, when


async def series(ask: Asking) -> None:
    def wanted(**more: Any) -> dict[str, Any]:
        next(ask._hours)
        return TALK | {"start": ask.next_start(), "rrule": "FREQ=DAILY;COUNT=1", "policy": "all"} | more

    for who in EVERYBODY:
        staff = {} if who in ("nobody", "ann", "bob") else {"client_id": "dan"}
        for dry in (True, False):
            await ask.rest(who, "POST", "/api/series", wanted(dry_run=dry) | staff)
            await ask.emit(who, "create_series", wanted(dry_run=dry) | staff)
    await ask.malformed("ann", "POST", "/api/series", "create_series", wanted(dry_run=True))
    taken = (await ask.made("bob"))["start"]
    for more in (
        {"rrule": "FREQ=SECONDLY"},
        {"rrule": "nothing"},
        {"policy": "some"},
        {"start": taken},
        {"start": taken, "policy": "available"},
        {"start": taken, "dry_run": True},
        {"client_id": "bob"},
        {"service_id": "sing"},
        {"exceptions": ["x"]},
        {"exceptions": [taken] * 401},
    ):
        await ask.rest("ann", "POST", "/api/series", wanted() | more)
        await ask.emit("ann", "create_series", wanted() | more)
    named = wanted(request_id="series-1")
    for _ in range(2):
        await ask.rest("ann", "POST", "/api/series", named)
        await ask.emit("ann", "create_series", named)
    keyed = wanted()
    for _ in range(2):
        await ask.rest("ann", "POST", "/api/series", keyed, headers={"Idempotency-Key": "series"})
    for door in ("rest", "socket"):
        made = await ask.rest("ann", "POST", "/api/series", wanted(rrule="FREQ=DAILY;COUNT=3"))
        about, occurrence = made["series_id"], made["occurrences"][0]["booking_id"]
        later = ask.next_start()
        for method, event, bodies in (
            ("GET", "get_series", [None]),
            (
                "PATCH",
                "update_series",
                [
                    {"status": "paused"},
                    {"status": "paused"},
                    {"status": "active"},
                    {},
                    {"status": "x"},
                    {"booking_id": occurrence},
                    {"booking_id": occurrence, "start": later, "dry_run": True},
                    {"booking_id": occurrence, "start": later},
                    {"booking_id": occurrence, "start": later, "status": "paused"},
                    {"scope": "all", "booking_id": occurrence, "start": taken},
                ],
            ),
            ("DELETE", "delete_series", [None]),
        ):
            for who in (*STRANGERS, "doc", "ann"):
                for body in bodies:
                    if door == "rest":
                        await ask.rest(who, method, f"/api/series/{about}", body)
                    else:
                        await ask.emit(who, event, {"series_id": about} | (body or {}))
    for method, event in (("GET", "get_series"), ("PATCH", "update_series"), ("DELETE", "delete_series")):
        await ask.bad_addresses("ann", method, "/api/series/{series_id}", event, "series_id")
    await ask.malformed(
        "ann", "PATCH", "/api/series/{series_id}", "update_series", {"series_id": about, "status": "paused"}
    )


async def waitlist(ask: Asking) -> None:
    wish = {"therapist_ids": ["doc"], "service_id": "talk", "from": when(24 * 200), "to": when(24 * 201)}
    for who in EVERYBODY:
        staff = {} if who in ("nobody", "ann", "bob") else {"client_id": "dan"}
        await ask.rest(who, "POST", "/api/waitlist", wish | staff)
        await ask.emit(who, "join_waitlist", wish | staff)
    await ask.malformed("ann", "POST", "/api/waitlist", "join_waitlist", wish)
    more: dict[str, Any]
    for more in (
        {"urgency": "now"},
        {"client_id": "bob"},
        {"weekdays": ["xyz"]},
        {"times": [["9", "x"]]},
        {"from": "x"},
        {"to": when(0)},
        {"therapist_ids": ["nobody-there"]},
        {"therapist_ids": ["d"] * 60},
        {"service_id": "sing"},
        {"therapist_ids": []},
        {"since": when(0)},
        {"note": "x" * 5000},
        {"note": "at noon"},
    ):
        await ask.rest("ann", "POST", "/api/waitlist", wish | more)
        await ask.emit("ann", "join_waitlist", wish | more)
    for _ in range(2):
        await ask.rest("bob", "POST", "/api/waitlist", wish, headers={"Idempotency-Key": "wish"})
        await ask.rest("bob", "POST", "/api/waitlist", wish | {"request_id": "wish-1"})
        await ask.emit("bob", "join_waitlist", wish | {"request_id": "wish-1"})
    for who in EVERYBODY:
        await ask.rest(who, "GET", "/api/waitlist")
        await ask.emit(who, "list_waitlist")
        await ask.rest(who, "GET", "/api/waitlist?therapist_id=doc")
        await ask.emit(who, "list_waitlist", {"therapist_id": "doc"})
        await ask.rest(who, "GET", "/api/waitlist/analytics")
        await ask.emit(who, "get_waitlist_analytics")
    for query in (
        "therapist_id=",
        "therapist_id=a%20b",
        "therapist_id=none",
        "colour=red",
        "therapist_id=eve&therapist_id=doc",
    ):
        await ask.rest("doc", "GET", f"/api/waitlist?{query}")
    for payload in ({"therapist_id": ""}, {"therapist_id": "a b"}, {"therapist_id": None}, {"colour": "red"}):
        await ask.emit("doc", "list_waitlist", payload)
    await ask.emit("doc", "get_waitlist_analytics", {"colour": "red"})
    for door in ("rest", "socket"):
        entry = (await ask.rest("ann", "POST", "/api/waitlist", wish))["entry_id"]
        for who in (*STRANGERS, "ann", "ann"):
            if door == "rest":
                await ask.rest(who, "DELETE", f"/api/waitlist/{entry}")
            else:
                await ask.emit(who, "leave_waitlist", {"entry_id": entry})
    await ask.bad_addresses("ann", "DELETE", "/api/waitlist/{entry_id}", "leave_waitlist", "entry_id")
    for verb in ("accept", "decline"):
        for door in ("rest", "socket"):
            await _offer(ask, verb, door)
        await ask.bad_addresses("ann", "POST", "/api/waitlist/offers/{offer_id}/" + verb, f"{verb}_offer", "offer_id")
        await ask.rest("ann", "POST", f"/api/waitlist/offers/none/{verb}", raw="{")
        await ask.emit("ann", f"{verb}_offer", {"offer_id": "none", "colour": "red"})


async def _offer(ask: Asking, verb: str, door: str) -> None:
    full = await ask.made("bob")
    span = {"from": full["start"], "to": full["end"]}
    await ask.rest("cat", "POST", "/api/waitlist", {"therapist_ids": ["doc"], "service_id": "talk"} | span)
    await ask.rest("bob", "POST", f"/api/bookings/{full['id']}/cancel", {})
    waiting = await ask.rest("cat", "GET", "/api/waitlist")
    offer = next((one["offer"]["offer_id"] for one in waiting["entries"] if one.get("offer")), "none")
    for who in ("nobody", "ann", "eve", "mo", "cat", "cat"):
        if door == "rest":
            await ask.rest(who, "POST", f"/api/waitlist/offers/{offer}/{verb}")
        else:
            await ask.emit(who, f"{verb}_offer", {"offer_id": offer})
    for entry in waiting["entries"]:
        await ask.rest("cat", "DELETE", f"/api/waitlist/{entry['entry_id']}")
