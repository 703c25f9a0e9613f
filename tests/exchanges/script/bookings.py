"""Bookings: made, repeated, listed."""

from tests.exchanges.script.asking import EVERYBODY, TALK, Asking, when


async def booking(ask: Asking) -> None:
    good = TALK | {"start": ask.next_start()}
    for path, event in (("/api/bookings/check", "check_conflicts"), ("/api/bookings", "request_booking")):
        for who in EVERYBODY:
            staff = {} if who in ("nobody", "ann", "bob") else {"client_id": "dan"}
            await ask.rest(who, "POST", path, good | staff | {"start": ask.next_start()})
            await ask.emit(who, event, good | staff | {"start": ask.next_start()})
        await ask.malformed("ann", "POST", path, event, good | {"start": ask.next_start(), "notes": "knee"})
        taken = good | {"start": ask.next_start()}
        await ask.rest("ann", "POST", path, taken)
        for who in ("bob", "ann"):
            await ask.rest(who, "POST", path, taken)
            await ask.emit(who, event, taken)
        for more in (
            {"service_id": "sing"},
            {"therapist_id": "nobody-there"},
            {"client_id": "bob"},
            {"start": when(2), "override": {"reason": "x"}},
            {"override": {"reason": ""}},
            {"override": {"reason": "x", "why": 1}},
            {"start": "tomorrow"},
            {"start": when(1)},
            {"end": taken["start"]},
            {"end": when(24 * 300)},
            {"duration_minutes": 0},
            {"participants": ["a b"]},
            {"participants": ["pia"] * 101},
            {"calendar_version": 1, "start": ask.next_start()},
            {"request_id": "r" * 129},
            {"hold": "yes"},
            {"start": when(24 * 92 + 12)},
        ):
            await ask.rest("ann", "POST", path, taken | more)
            await ask.emit("ann", event, taken | more)
    await ask.rest(
        "doc",
        "POST",
        "/api/bookings",
        TALK | {"start": when(3), "client_id": "dan", "override": {"reason": "late"}},
    )
    await _repeats(ask)


async def _repeats(ask: Asking) -> None:
    wanted = TALK | {"start": ask.next_start()}
    keyed = {"headers": {"Idempotency-Key": "first"}}
    for _ in range(3):
        await ask.rest("ann", "POST", "/api/bookings", wanted, **keyed)
    await ask.rest("ann", "POST", "/api/bookings", wanted | {"start": ask.next_start()}, **keyed)
    await ask.rest("bob", "POST", "/api/bookings", wanted, **keyed)
    await ask.rest("ann", "POST", "/api/bookings/check", wanted, **keyed)
    for key in ("", "x" * 129, "a b"):
        await ask.rest("ann", "POST", "/api/bookings", wanted, headers={"Idempotency-Key": key})
    await ask.rest("ann", "PATCH", "/api/bookings/nothing-there", {}, headers={"Idempotency-Key": "x" * 129})
    named = TALK | {"start": ask.next_start(), "request_id": "deed-1"}
    await ask.rest("ann", "POST", "/api/bookings", named)
    await ask.rest("ann", "POST", "/api/bookings", named)
    await ask.emit("ann", "request_booking", named)
    await ask.emit("ann", "request_booking", named | {"start": ask.next_start()})
    await ask.rest("bob", "POST", "/api/bookings", named | {"start": ask.next_start()})
    other = TALK | {"start": ask.next_start(), "request_id": "deed-2"}
    await ask.emit("ann", "request_booking", other)
    await ask.rest("ann", "POST", "/api/bookings", other)
    await ask.rest("ann", "POST", "/api/bookings", other, headers={"Idempotency-Key": "deed-2"})


async def listing(ask: Asking) -> None:
    for who in EVERYBODY:
        await ask.rest(who, "GET", "/api/bookings?limit=2")
        await ask.emit(who, "list_bookings", {"limit": 2})
        await ask.rest(who, "GET", "/api/bookings?therapist_id=doc&limit=2")
        await ask.emit(who, "list_bookings", {"therapist_id": "doc", "limit": 2})
        await ask.rest(who, "GET", "/api/bookings?client_id=ann&limit=1")
        await ask.emit(who, "list_bookings", {"client_id": "ann", "limit": 1})
    page = await ask.rest("ann", "GET", "/api/bookings?limit=2")
    await ask.rest("ann", "GET", f"/api/bookings?limit=2&cursor={page['next_cursor']}")
    await ask.emit("ann", "list_bookings", {"limit": 2, "cursor": page["next_cursor"]})
    for query in (
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=2.0",
        "limit=",
        "limit=%2B2",
        "limit=1&limit=2",
        "status=confirmed&limit=1",
        "status=x",
        "status=",
        f"from={when(24 * 8)}&limit=1",
        f"to={when(0)}",
        "from=x",
        "to=x",
        "from=",
        "cursor=x",
        "cursor=",
        "cursor=" + "x" * 600,
        "therapist_id=a%20b",
        "client_id=",
        "series_id=nothing-there",
        "series_id=a%20b",
        "colour=red",
        "booking_id=x&limit=1",
        "client_id=a%0a",
        "limit=x&status=y",
        "since=x&limit=1",
    ):
        await ask.rest("ann", "GET", f"/api/bookings?{query}")
    for payload in (
        {"limit": 0},
        {"limit": 201},
        {"limit": "2"},
        {"status": "x"},
        {"from": "x"},
        {"cursor": "x"},
        {"cursor": "x" * 600},
        {"therapist_id": "a b"},
        {"series_id": "nothing-there"},
        {"colour": "red"},
        {"since": when(0)},
        {"status": "confirmed", "limit": 1},
    ):
        await ask.emit("ann", "list_bookings", payload)
