"""A broadcast from end to end: made at a door, told by a runner, in everybody's list once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/api/notifications/broadcasts"
IN_A_DAY, IN_A_MONTH = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (1, 30))
WORDS = {"title": "Maintenance", "body": "On Sunday at 02:00."}


async def make(home: House, audience: Any, **members: Any) -> Any:
    body = WORDS | {"audience": audience} | members
    return (await home.ok("POST", PATH, body, bearer=home.admin()))["broadcast"]


async def how(home: House, made: Any) -> Any:
    return (await home.ok("GET", f"{PATH}/{made['id']}", bearer=home.admin()))["broadcast"]


async def until(home: House, made: Any, status: str) -> Any:
    async def there() -> bool:
        return bool((await how(home, made))["status"] == status)

    await eventually(there, f"not {status}: {await how(home, made)}")
    return await how(home, made)


async def titles(home: House, user: str, role: str = "client") -> list[str]:
    page = await home.ok("GET", "/api/notifications", bearer=token(user, role))
    return [one["title"] for one in page["notifications"]]


async def seen(home: House, *people: str, role: str) -> None:
    """They have been here."""
    for one in people:
        await home.call("GET", "/api/rooms", bearer=token(one, role))
    await home.sightings.settled()


async def test_everybody_of_a_role_is_told_once_and_nobody_else(home: House) -> None:
    await seen(home, "tess-1", "tom-1", role="therapist")
    await seen(home, "ada-1", role="client")
    account = await home.staff("tia-1@example.org", "therapist")
    async with a_runner(home):
        made = await make(home, {"role": "therapist"})
        done = await until(home, made, "done")
    assert (done["total"], done["done"], done["failed"]) == (3, 3, 0)
    for user in ("tess-1", "tom-1", account["user"]["user_id"]):
        assert await titles(home, user, "therapist") == ["Maintenance"]
    assert await titles(home, "ada-1") == []


async def test_a_dry_run_tells_nobody_and_says_how_many_it_would(home: House) -> None:
    people = [f"p{number:02}-2" for number in range(12)]
    dry = await make(home, {"user_ids": [*people, people[0]]}, dry_run=True)
    assert (dry["total"], dry["sample"], dry["done"]) == (12, people[:10], 0)
    await home.refused(404, "not_found", "GET", f"{PATH}/{dry['id']}", bearer=home.admin())
    assert await titles(home, people[0]) == []


async def test_it_is_paused_gone_on_with_and_its_pace_is_kept(home: House) -> None:
    people = [f"q{number:03}-3" for number in range(12)]
    begun = asyncio.get_running_loop().time()
    async with a_runner(home):
        made = await make(home, {"user_ids": people}, rate_per_s=4)  # 20 a page, but 4 a second
        await home.ok("POST", f"{PATH}/{made['id']}/pause", {}, bearer=home.admin())
        assert (await how(home, made))["status"] == "paused"
        await home.ok("POST", f"{PATH}/{made['id']}/resume", {}, bearer=home.admin())
        done = await until(home, made, "done")
    assert done["done"] == 12
    assert asyncio.get_running_loop().time() - begun >= 11 / 4
    assert [await titles(home, one) for one in people] == [["Maintenance"]] * 12


async def test_a_page_that_is_told_again_tells_nobody_twice(home: House) -> None:
    made = await make(home, {"user_ids": ["ada-4", "bob-4"]})
    async with a_runner(home) as first:
        await eventually(lambda: _heard(home, "ada-4"), "ada was not told")
        await first.close(within_s=0)
    async with a_runner(home):
        assert (await until(home, made, "done"))["done"] == 2
    assert await titles(home, "ada-4") == await titles(home, "bob-4") == ["Maintenance"]


async def _heard(home: House, user: str) -> bool:
    return bool(await titles(home, user))


async def test_who_was_erased_meanwhile_is_told_nothing(home: House) -> None:
    ada = await home.register("ada-5@example.org")
    user = ada["user"]["user_id"]
    await home.ok("POST", f"/api/privacy/users/{user}/erase", bearer=home.admin())
    async with a_runner(home):
        made = await make(home, {"role": "client"})
        await until(home, made, "done")
    assert user not in str(await home.database["inbox"].find_one({"user": user}))


async def test_what_is_made_for_later_waits_and_can_be_cancelled(home: House) -> None:
    made = await make(home, {"all": True}, send_at="2099-01-01T00:00:00Z")
    assert made["status"] == "scheduled"
    over = await home.ok("POST", f"{PATH}/{made['id']}/cancel", {}, bearer=home.admin())
    assert over["broadcast"]["status"] == "cancelled"
    await home.refused(412, "failed_precondition", "POST", f"{PATH}/{made['id']}/resume", {}, bearer=home.admin())


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": {}},
        {"audience": {"user_ids": []}},
        {"audience": {"role": "plumber"}},
        {"audience": {"all": False}},
        {"audience": {"role": "client", "all": True}},
        {"audience": {"all": True}, "title": ""},
        {"audience": {"all": True}, "title": "x" * 201},
        {"audience": {"all": True}, "title": "a\r\nBcc: eve@example.org"},
        {"audience": {"all": True}, "type": "nonsense"},
        {"audience": {"all": True}, "rate_per_s": 0},
        {"audience": {"all": True}, "send_at": "2001-01-01T00:00:00Z"},
        {"audience": {"all": True}, "send_at": IN_A_MONTH, "expires_at": IN_A_DAY},
    ],
)
async def test_a_broadcast_that_is_none_is_refused(home: House, wrong: Any) -> None:
    await home.refused(400, "invalid_argument", "POST", PATH, WORDS | wrong, bearer=home.admin())


async def test_only_administrators_make_or_see_one(home: House) -> None:
    body = WORDS | {"audience": {"all": True}}
    for role in ("client", "therapist", "moderator"):
        bearer = token(f"eve-{role}", role)
        await home.refused(403, "permission_denied", "POST", PATH, body, bearer=bearer)
        await home.refused(403, "permission_denied", "GET", f"{PATH}/brd_{'0' * 26}", bearer=bearer)


async def test_what_became_of_it_is_counted_by_day_type_and_channel(home: House) -> None:
    async with a_runner(home):
        made = await make(home, {"user_ids": ["ann-9", "bob-9", "cyd-9"]}, type="maintenance", channels=["in_app"])
        await until(home, made, "done")
    span = "from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z"
    path = "/api/notifications/analytics"
    assert (await home.ok("GET", f"{path}?{span}", bearer=home.admin()))["rows"] == []
    today = made["created_at"][:10]
    span = f"from={today}T00:00:00Z&to={today}T23:59:59Z&group_by=type,channel"
    rows = (await home.ok("GET", f"{path}?{span}", bearer=home.admin()))["rows"]
    (row,) = [one for one in rows if (one["type"], one["channel"]) == ("maintenance", "in_app")]
    assert (row["created"], row["sent"], row["accepted"]) == (3, 3, 3)
    for wrong in ("group_by=name", "to=2019-01-01T00:00:00Z"):
        address = f"{path}?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z&{wrong}"
        if wrong.startswith("to="):
            address = f"{path}?from=2020-01-01T00:00:00Z&{wrong}"
        await home.refused(400, "invalid_argument", "GET", address, bearer=home.admin())
    await home.refused(403, "permission_denied", "GET", f"{path}?{span}", bearer=token("tess", "therapist"))
