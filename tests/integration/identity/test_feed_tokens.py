"""Tokens of feeds: good for one feed for a year, whatever happens to other tokens, and for nothing else."""

from typing import Any

import pytest

from actors.calendars.services.feeds.feed_tokens import LIFETIME_MS, MOST
from common.timeline import DAY_MS
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.integration.identity.attacks.victim import HOURS, SERVICE, when

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
OWN = "/api/bookings/feed-tokens"


class Practice:
    """Ada, who has a booking of Tess's, and what calendar programs get."""

    def __init__(self, home: House, ada: Any, tess: Any) -> None:
        self.home = home
        self.ada, self.tess = ada["access_token"], tess["access_token"]
        self.ada_id, self.tess_id = ada["user"]["user_id"], tess["user"]["user_id"]
        self.tokens = f"/api/calendars/{self.tess_id}/feed-tokens"
        self.feed = f"/api/calendars/{self.tess_id}/feed.ics"

    async def status(self, path: str, **options: Any) -> int:
        """What a calendar program gets, which sends no header."""
        return (await self.home.call("GET", path, **options)).status_code


async def a_practice(home: House) -> Practice:
    ada, tess = await home.register("ada@example.org"), await home.staff("tess@example.org", "therapist")
    made = Practice(home, ada, tess)
    schedule = {"tz": "UTC", "weekly": HOURS, "slot_minutes": 60, "services": [SERVICE]}
    await home.ok("PUT", f"/api/calendars/{made.tess_id}", schedule, bearer=made.tess)
    talk = {"therapist_id": made.tess_id, "service_id": "talk", "start": when(10)}
    await home.ok("POST", "/api/bookings", talk, bearer=made.ada)
    return made


async def test_a_feed_is_subscribed_for_a_year_with_an_address_of_its_own(home: House) -> None:
    at = await a_practice(home)
    for tokens, bearer in ((at.tokens, at.tess), (OWN, at.ada)):
        made = await home.ok("POST", tokens, {}, bearer=bearer)
        fed = await home.call("GET", made["path"])
        assert (fed.status_code, fed.text.count("BEGIN:VEVENT")) == (200, 1)
        assert made["path"].endswith(made["token"])
        access = made["path"].partition("?")[0] + f"?token={bearer}"
        assert await at.status(access) == 200
        home.clock.ahead_ms = 300 * DAY_MS
        assert await at.status(made["path"]) == 200
        assert await at.status(access) == 401, "other tokens are over long since"
        home.clock.ahead_ms = LIFETIME_MS + 1000
        assert await at.status(made["path"]) == 401
        home.clock.ahead_ms = 0


async def test_it_opens_no_other_feed_and_nothing_else(home: House) -> None:
    at = await a_practice(home)
    own, calendar = [
        (await home.ok("POST", path, {}, bearer=bearer))["token"]
        for path, bearer in ((OWN, at.tess), (at.tokens, at.tess))
    ]
    assert await at.status(f"/api/bookings/feed.ics?token={own}") == 200
    assert await at.status(f"{at.feed}?token={calendar}") == 200
    for path in (
        f"{at.feed}?token={own}",
        f"/api/bookings/feed.ics?token={calendar}",
        f"/api/calendars/{at.ada_id}/feed.ics?token={calendar}",
        f"/api/calendars/{at.tess_id}?token={calendar}",
        f"/api/bookings?token={calendar}",
        f"/api/auth/me?token={calendar}",
    ):
        assert await at.status(path) == 401, path
    for made in (own, calendar):
        for path in (at.feed, "/api/bookings/feed.ics", "/api/bookings", "/api/auth/me", at.tokens):
            assert await at.status(path, bearer=made) == 401, "nor does a header make it more"
        socket = home.anonymous_client()
        await socket.connect({})
        assert (await socket.error("authenticate", {"token": made}))["code"] == "unauthenticated"


async def test_an_access_token_in_an_address_reads_feeds_and_does_nothing_else(home: House) -> None:
    at = await a_practice(home)
    assert await at.status(f"{at.feed}?token={at.tess}") == 200
    session = "/api/auth/sessions/feed.ics"
    assert (await home.call("DELETE", f"{session}?token={at.ada}")).status_code == 401
    assert (await home.call("DELETE", session, bearer=at.ada)).status_code == 404, "the twin: with a header it is one"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await home.call(method, f"{at.feed}?token={at.tess}")).status_code in (401, 405)
    for path in (
        "/api/rooms/feed.ics/messages",
        "/api/calendars/x/y/feed.ics",
        "/api/users/feed.ics",
        "/api/bookings/feed.ics/",
    ):
        assert await at.status(f"{path}?token={at.ada}") in (401, 404, 307), path


async def test_it_is_good_for_nothing_once_it_is_revoked(home: House) -> None:
    at = await a_practice(home)
    first, second = [await home.ok("POST", at.tokens, {}, bearer=at.tess) for _ in range(2)]
    listed = (await home.ok("GET", at.tokens, bearer=at.tess))["tokens"]
    assert [one["token_id"] for one in listed] == [first["token_id"], second["token_id"]]
    assert all(first["token"] not in str(one) and "token" not in one for one in listed)
    assert await home.ok("DELETE", f"{at.tokens}/{first['token_id']}", bearer=at.tess) == {}
    assert await at.status(first["path"]) == 401
    assert await at.status(second["path"]) == 200
    await home.refused(404, "not_found", "DELETE", f"{at.tokens}/{first['token_id']}", bearer=at.tess)


async def test_what_is_stored_opens_nothing(home: House) -> None:
    at = await a_practice(home)
    made = await home.ok("POST", at.tokens, {}, bearer=at.tess)
    (stored,) = [one async for one in home.database["feed_tokens"].find({"user": at.tess_id})]
    secret = made["token"].rpartition(".")[2]
    assert secret not in str(stored)
    forged = f"cwf1.{stored['_id']}.{stored['digest'][:32]}"
    for wrong in (forged, made["token"][:-1] + ("a" if made["token"][-1] != "a" else "b"), f"cwf1.fdt_x.{secret}"):
        assert await at.status(f"{at.feed}?token={wrong}") == 401


async def test_who_runs_a_calendar_sees_and_revokes_what_others_have_made_for_it(home: House) -> None:
    at = await a_practice(home)
    made = await home.ok("POST", at.tokens, {}, bearer=home.admin())
    assert await at.status(made["path"]) == 200
    (line,) = (await home.ok("GET", at.tokens, bearer=at.tess))["tokens"]
    assert (line["token_id"], line["user_id"]) == (made["token_id"], "root")
    for method, path in (("POST", at.tokens), ("GET", at.tokens), ("DELETE", f"{at.tokens}/{made['token_id']}")):
        for stranger in (at.ada, token("eve", "therapist"), token("mo", "moderator")):
            await home.refused(403, "permission_denied", method, path, bearer=stranger)
    await home.ok("DELETE", f"{at.tokens}/{made['token_id']}", bearer=at.tess)
    assert await at.status(made["path"]) == 401


async def test_ones_own_are_ones_own(home: House) -> None:
    at = await a_practice(home)
    made = await home.ok("POST", OWN, {}, bearer=at.ada)
    assert (await home.ok("GET", OWN, bearer=at.tess))["tokens"] == []
    await home.refused(404, "not_found", "DELETE", f"{OWN}/{made['token_id']}", bearer=at.tess)
    assert await at.status(made["path"]) == 200


@pytest.mark.parametrize("change", [{"blocked": True, "reason": "left"}, {"role": "client"}])
async def test_it_ends_with_the_rights_of_its_owner(home: House, change: dict[str, Any]) -> None:
    at = await a_practice(home)
    made = await home.ok("POST", at.tokens, {}, bearer=at.tess)
    assert await at.status(made["path"]) == 200
    await home.ok("PATCH", f"/api/users/{at.tess_id}", change, bearer=home.admin())
    assert await at.status(made["path"]) == 401


async def test_it_ends_with_its_owner_and_is_in_what_is_exported(home: House) -> None:
    at = await a_practice(home)
    made = await home.ok("POST", OWN, {}, bearer=at.ada)
    exported = await home.ok("GET", "/api/privacy/export", bearer=at.ada)
    assert [one["token_id"] for one in exported["feed_tokens"]] == [made["token_id"]]
    assert made["token"] not in str(exported)
    await home.ok("POST", "/api/privacy/erase", {"password": PASSWORD}, bearer=at.ada)
    assert await at.status(made["path"]) == 401
    assert await home.database["feed_tokens"].count_documents({"user": at.ada_id}) == 0


async def test_a_feed_has_a_bounded_number_and_a_socket_makes_the_same(home: House) -> None:
    at = await a_practice(home)
    socket = await home.socket(at.tess)
    made = await socket.ok("make_calendar_feed_token", {"therapist_id": at.tess_id})
    assert await at.status(made["path"]) == 200
    for _ in range(MOST - 1):
        await home.ok("POST", at.tokens, {}, bearer=at.tess)
    await home.refused(412, "failed_precondition", "POST", at.tokens, {}, bearer=at.tess)
    await socket.ok("revoke_calendar_feed_token", {"therapist_id": at.tess_id, "token_id": made["token_id"]})
    assert await at.status(made["path"]) == 401
    assert len((await socket.ok("list_calendar_feed_tokens", {"therapist_id": at.tess_id}))["tokens"]) == MOST - 1
