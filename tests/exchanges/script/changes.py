"""Bookings: changed, ended, many at once."""

import itertools
from typing import Any

from tests.exchanges.script.asking import STRANGERS, Asking, when


async def changing(ask: Asking) -> None:
    for operation, event, extra in (
        ("", "get_booking", None),
        ("", "update_booking", {"notes": "by train"}),
        ("/confirm", "confirm_booking", {}),
        ("/reschedule", "reschedule_booking", {"start": "next"}),
        ("/transfer", "transfer_booking", {"therapist_id": "eve"}),
        ("/cancel", "cancel_booking", {"reason": "illness"}),
    ):
        method = {"get_booking": "GET", "update_booking": "PATCH"}.get(event, "POST")
        path = "/api/bookings/{booking_id}" + operation
        for door in ("rest", "socket"):
            hold: dict[str, Any] = {"hold": True} if event == "confirm_booking" else {}
            about = (await ask.made(**hold))["id"]
            for who in (*STRANGERS, "root" if event != "confirm_booking" else "bob", "doc", "ann", "ann"):
                body = None if extra is None else {k: ask.next_start() if v == "next" else v for k, v in extra.items()}
                if door == "rest":
                    await ask.rest(who, method, path.format(booking_id=about), body)
                else:
                    await ask.emit(who, event, {"booking_id": about} | (body or {}))
        about = (await ask.made())["id"]
        if extra is not None:
            filled = {k: ask.next_start() if v == "next" else v for k, v in extra.items()}
            await ask.malformed(
                "doc" if event == "transfer_booking" else "ann", method, path, event, {"booking_id": about} | filled
            )
        await ask.bad_addresses("doc", method, path, event, "booking_id", None if extra is None else {})
        for who in ("nobody", "mo", "cat"):
            await ask.rest(who, method, path.format(booking_id="a%20b"), raw="{")
        await ask.rest("ann", method, path.format(booking_id=about) + "?colour=red", extra and {"colour": "red"})
    await _moves(ask)


async def _moves(ask: Asking) -> None:
    booking, other = await ask.made(), await ask.made("bob")
    about = booking["id"]
    for change in (
        {"start": other["start"]},
        {"start": when(2)},
        {"start": other["start"], "end": other["end"]},
        {"start": ask.next_start(), "duration_minutes": 0},
        {"start": ask.next_start(), "override": {"reason": "x"}},
        {"end": other["end"]},
        {},
    ):
        await ask.rest("ann", "PATCH", f"/api/bookings/{about}", change)
        await ask.emit("ann", "update_booking", {"booking_id": about} | change)
        await ask.rest("ann", "POST", f"/api/bookings/{about}/reschedule", change)
        await ask.emit("ann", "reschedule_booking", {"booking_id": about} | change)
    for more in (
        {"participants": ["pia", "pit"]},
        {"participants": ["a b"]},
        {"notes": None},
        {"service_id": "group"},
    ):
        await ask.rest("ann", "PATCH", f"/api/bookings/{about}", more)
        await ask.emit("ann", "update_booking", {"booking_id": about} | more)
    for target in ("nobody-there", "room-1", "doc"):
        await ask.rest("doc", "POST", f"/api/bookings/{about}/transfer", {"therapist_id": target})
        await ask.emit("doc", "transfer_booking", {"booking_id": about, "therapist_id": target})
    keyed = {"headers": {"Idempotency-Key": "move"}}
    start = {"start": ask.next_start()}
    await ask.rest("ann", "POST", f"/api/bookings/{about}/reschedule", start, **keyed)
    await ask.rest("ann", "POST", f"/api/bookings/{about}/reschedule", start, **keyed)


async def ending(ask: Asking) -> None:
    past = {"client_id": "ann", "override": {"reason": "noted afterwards"}}
    hour = itertools.count(-40, 2)
    for operation, event in (("/complete", "complete_booking"), ("/no-show", "no_show_booking")):
        path = "/api/bookings/{booking_id}" + operation
        for door in ("rest", "socket"):
            about = (await ask.made("doc", **past, start=when(next(hour))))["id"]
            for who in (*STRANGERS, "ann", "root" if door == "rest" else "doc", "doc"):
                if door == "rest":
                    await ask.rest(who, "POST", path.format(booking_id=about), {"reason": "x"})
                else:
                    await ask.emit(who, event, {"booking_id": about, "reason": "x"})
        ahead = (await ask.made())["id"]
        await ask.rest("doc", "POST", path.format(booking_id=ahead))
        await ask.emit("doc", event, {"booking_id": ahead})
        await ask.malformed("doc", "POST", path, event, {"booking_id": ahead, "reason": "x"})
        await ask.bad_addresses("doc", "POST", path, event, "booking_id")
    for status in ("confirmed", "completed", "no_show", "cancelled", "held", 7):
        about = (await ask.made("doc", **past, start=when(next(hour))))["id"]
        for who in ("nobody", "ann", "eve", "mo", "doc", "doc"):
            await ask.emit(who, "update_booking_status", {"booking_id": about, "status": status})
    await ask.emit("doc", "update_booking_status", {"booking_id": about})
    for words in ("a\nb", "x" * 1001, "\u0007"):
        await ask.rest("ann", "POST", f"/api/bookings/{ahead}/cancel", {"reason": words})
        await ask.emit("ann", "cancel_booking", {"booking_id": ahead, "reason": words})


async def bulk(ask: Asking) -> None:
    path, event = "/api/bookings/bulk", "bulk_bookings"
    for action, more in (
        ("cancel", {}),
        ("reschedule", {"start": "next"}),
        ("transfer", {"therapist_id": "eve"}),
        ("complete", {}),
        ("no_show", {}),
    ):
        one, other = (await ask.made())["id"], (await ask.made("bob"))["id"]
        for door in ("rest", "socket"):
            for who in ("nobody", "ann", "eve", "mo", "doc"):
                for dry in (True, False):
                    items = [
                        {"booking_id": booking} | {k: ask.next_start() if v == "next" else v for k, v in more.items()}
                        for booking in (one, other, "nothing-there")
                    ]
                    body = {"action": action, "items": items, "alternatives": False, "dry_run": dry}
                    if door == "rest":
                        await ask.rest(who, "POST", path, body)
                    else:
                        await ask.emit(who, event, body)
    wrong: dict[str, Any]
    for wrong in (
        {"action": "cancel"},
        {"action": "sing"},
        {"action": "cancel", "items": []},
        {"action": "cancel", "items": [{"booking_id": "a b"}]},
        {"action": "cancel", "items": [{"booking_id": "b"}] * 501},
        {"action": "cancel", "therapist_id": "doc"},
        {"action": "cancel", "therapist_id": "doc", "from": when(24 * 300), "to": when(24 * 301)},
        {"action": "cancel", "therapist_id": "doc", "from": "x", "to": when(24 * 301)},
        {"action": "cancel", "therapist_id": "doc", "since": when(0)},
    ):
        await ask.rest("doc", "POST", path, wrong)
        await ask.emit("doc", event, wrong)
    await ask.malformed(
        "doc",
        "POST",
        path,
        event,
        {"action": "cancel", "therapist_id": "doc", "from": when(24 * 300), "to": when(24 * 301)},
    )
