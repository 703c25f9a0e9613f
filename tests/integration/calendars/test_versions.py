"""Versions as entity tags (RFC 9110, 8.8.3): who has it is not sent it again, who changes it says which is meant."""

import asyncio
from typing import Any

from tests.integration.calendars.test_calendars import SCHEDULE, House, house, when


async def _patched(at: House, booking: str, tag: str, notes: str) -> Any:
    return await at.call("PATCH", f"/bookings/{booking}", json={"notes": notes}, headers={"if-match": tag})


async def test_a_booking_that_one_has_is_not_sent_again() -> None:
    async with house() as at:
        made = await at.call("POST", "/bookings", json={"therapist_id": "doc", "service_id": "talk", "start": when(9)})
        tag, path = made.headers["etag"], f"/bookings/{made.json()['id']}"
        assert tag == f'"{made.json()["version"]}"'
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = await at.call("GET", path, headers={"if-none-match": given})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        for given in ('"x"', tag.strip('"'), ""):
            answer = await at.call("GET", path, headers={"if-none-match": given})
            assert (answer.status_code, answer.headers["etag"]) == (200, tag)


async def test_a_change_that_is_meant_for_another_version_changes_nothing() -> None:
    async with house() as at:
        made = await at.book(9, notes="first")
        tag = f'"{made["version"]}"'
        good = await _patched(at, made["id"], tag, "second")
        assert (good.status_code, good.headers["etag"]) == (200, f'"{good.json()["version"]}"')
        steps: list[tuple[str, Any]] = [
            ("", {"notes": "third"}),
            ("", {"start": when(12)}),
            ("/reschedule", {"start": when(12)}),
            ("/cancel", {}),
            ("/confirm", {}),
        ]
        for stale in (tag, f"W/{good.headers['etag']}", '"x"', '"999"'):
            for step, body in steps:
                method = "POST" if step else "PATCH"
                path = f"/bookings/{made['id']}{step}"
                answer = await at.call(method, path, json=body, headers={"if-match": stale})
                assert (answer.status_code, answer.json()["code"]) == (412, "failed_precondition")
                assert answer.json()["details"]["reason"] == "version"
        shown = await at.ok("GET", f"/bookings/{made['id']}")
        assert (shown["notes"], shown["status"], shown["start"]) == ("second", "confirmed", when(9))
        free = await at.ok("GET", f"/calendars/doc/availability?from={when(12)}&to={when(13)}&service_id=talk")
        assert [one["start"] for one in free["slots"]] == [when(12)]  # what was taken for the move was given back
        for fine in (f'"7000", "{shown["version"]}"', "*"):
            assert (await _patched(at, made["id"], fine, "fine")).status_code == 200


async def test_of_many_changes_of_one_version_one_is_made() -> None:
    """Without If-Match all of them are, and the last one wins unseen."""
    async with house() as at:
        made = await at.book(9)
        tag = f'"{made["version"]}"'
        answers = await asyncio.gather(*(_patched(at, made["id"], tag, f"note {n}") for n in range(8)))
        assert sorted(one.status_code for one in answers) == [200] + [412] * 7
        unconditional = await asyncio.gather(*(_patched(at, made["id"], "*", f"note {n}") for n in range(8)))
        assert {one.status_code for one in unconditional} == {200}


async def test_a_calendar_is_set_up_for_the_version_that_was_read() -> None:
    async with house() as at:
        shown = await at.call("GET", "/calendars/doc", "doc", "therapist")
        tag = {"if-match": shown.headers["etag"]}
        first = await at.call("PUT", "/calendars/doc", "doc", "therapist", json=SCHEDULE, headers=tag)
        again = await at.call("PUT", "/calendars/doc", "doc", "therapist", json=SCHEDULE, headers=tag)
        assert (first.status_code, again.status_code) == (200, 412)
        # `version` of the body is what one got, put back: nothing hangs on it
        body = SCHEDULE | {"version": 1}
        assert (await at.call("PUT", "/calendars/doc", "doc", "therapist", json=body)).status_code == 200
