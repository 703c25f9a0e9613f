"""What an attacker with a real client tries next: other people's keys, races, more rights, what answers give away."""

import asyncio
from typing import Any

import pyotp
import pytest

from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.system.harness import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADA = "ada@example.org"


async def test_nobody_gives_themselves_a_role(home: House) -> None:
    ada = await home.register(ADA)
    user, bearer = ada["user"]["user_id"], ada["access_token"]
    for member in ("role", "status", "account", "user_id", "epoch", "totp"):
        body = {"email": "eve@example.org", "password": PASSWORD, member: "admin"}
        await home.refused(400, "invalid_argument", "POST", "/api/auth/register", body)
        await home.refused(400, "invalid_argument", "PATCH", "/api/auth/me", {"name": "x", member: 1}, bearer=bearer)
    await home.refused(403, "permission_denied", "PATCH", f"/api/users/{user}", {"role": "admin"}, bearer=bearer)
    fresh = await home.ok("POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]})
    assert fresh["user"]["role"] == "client"


async def test_an_idempotency_key_of_somebody_else_gets_nothing_of_theirs(home: House) -> None:
    """The same key and body from two people are two requests, with a token and without."""
    body = {"subject_id": "somebody", "reason": "for this very test"}
    grants = [
        await home.ok("POST", "/api/break-glass", body, bearer=token(user, "moderator"), Idempotency_Key="same")
        for user in ("mo", "max", "mo")
    ]
    assert grants[0] == grants[2]
    assert grants[1]["grant_id"] != grants[0]["grant_id"]
    await home.register(ADA)
    login = {"email": ADA, "password": PASSWORD}
    mine = await home.ok("POST", "/api/auth/login", login, Idempotency_Key="same")
    other = await home.ok("POST", "/api/auth/login", login, Idempotency_Key="same", address="10.6.6.6")
    assert mine["session_id"] != other["session_id"]
    guessed = login | {"password": "a wrong password"}
    await home.refused(409, "conflict", "POST", "/api/auth/login", guessed, Idempotency_Key="same")


async def test_a_session_is_always_a_new_one_whatever_the_device_says(home: House) -> None:
    """No fixation: naming somebody's device, or their device token, neither finds nor ends their session."""
    ada = await home.register(ADA, device_id="phone-1")
    body = {"email": "eve@example.org", "password": PASSWORD, "device_id": "phone-1"}
    eve = await home.ok("POST", "/api/auth/register", body)
    assert eve["session_id"] != ada["session_id"]
    again = await home.ok("POST", "/api/auth/login", body | {"device_token": ada["device_token"]})
    assert again["user"]["email"] == "eve@example.org"
    (mine,) = (await home.ok("GET", "/api/auth/sessions", bearer=ada["access_token"]))["items"]
    assert mine["session_id"] == ada["session_id"]


async def test_of_ten_refreshes_at_once_from_ten_places_one_passes_and_then_none(home: House) -> None:
    ada = await home.register(ADA)
    body = {"refresh_token": ada["refresh_token"]}
    places = [f"10.0.1.{n}" for n in range(10)]
    answers = await asyncio.gather(*(home.call("POST", "/api/auth/refresh", body, address=one) for one in places))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=won["access_token"])
    await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", {"refresh_token": won["refresh_token"]})


async def with_a_second_factor(home: House) -> pyotp.TOTP:
    bearer = (await home.register(ADA))["access_token"]
    secret: str = (await home.ok("POST", "/api/auth/totp", {"password": PASSWORD}, bearer=bearer))["secret"]
    factor = pyotp.TOTP(secret)
    await home.ok("POST", "/api/auth/totp/confirm", {"code": code_of(home, factor)}, bearer=bearer)
    home.clock.ahead_ms += 30_000  # the code of this step is used up
    return factor


def code_of(home: House, factor: pyotp.TOTP) -> str:
    return factor.at(home.clock.now_ms() // 1000)


async def test_of_five_logins_with_one_code_at_once_one_passes(home: House) -> None:
    factor = await with_a_second_factor(home)
    body = {"email": ADA, "password": PASSWORD, "code": code_of(home, factor)}
    tries = (home.call("POST", "/api/auth/login", body, address=f"10.0.1.{n}") for n in range(5))
    passed, *others = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
    assert passed == 200
    assert set(others) <= {401, 429}  # the last may be told to wait: four wrong ones at once count against the account


async def test_codes_of_the_second_factor_cannot_be_guessed_one_by_one(home: House) -> None:
    await with_a_second_factor(home)
    body = {"email": ADA, "password": PASSWORD}
    codes = [
        (await home.call("POST", "/api/auth/login", body | {"code": f"{n:06d}"}, address="10.6.6.6")).status_code
        for n in range(50)
    ]
    assert codes.count(401) <= 8
    assert set(codes) == {401, 429}


async def test_people_who_type_their_code_second_lock_nobody_out_at_their_address(home: House) -> None:
    """A practice has one address: whoever signs in there in two steps, all day long, is no attack."""
    factor = await with_a_second_factor(home)
    body = {"email": ADA, "password": PASSWORD}
    for _ in range(30):
        await home.refused(401, "unauthenticated", "POST", "/api/auth/login", body)
        home.clock.ahead_ms += 30_000
        await home.ok("POST", "/api/auth/login", body | {"code": code_of(home, factor)})


async def test_a_reset_code_is_void_after_five_guesses_over_http(home: House) -> None:
    user = (await home.register(ADA))["user"]["user_id"]
    code = await home.service.parts.codes.make("reset", user)
    wrong = "00000000" if code != "00000000" else "00000001"
    body = {"email": ADA, "new_password": "a new long password"}
    for n, tried in enumerate([wrong] * 5 + [code]):
        guess = body | {"code": tried}
        await home.refused(401, "unauthenticated", "POST", "/api/auth/password/reset", guess, address=f"10.7.{n}.1")


async def test_whoever_asks_which_addresses_have_accounts_is_slowed_and_the_owners_hear_of_it(home: House) -> None:
    """Registration has to say it (`already_exists`); so it counts like a wrong password."""
    user = (await home.register(ADA))["user"]["user_id"]
    emails = [ADA, *(f"friend{n}@example.org" for n in range(30))]
    for email in emails[1:]:
        await home.register(email)
    codes = []
    for email in emails * 2:
        body = {"email": email, "password": PASSWORD}
        codes.append((await home.call("POST", "/api/auth/register", body, address="10.6.6.6")).status_code)
    assert codes[:2] == [409, 409]
    assert codes.count(409) <= 30
    assert set(codes) == {409, 429}
    await home.register("late@example.org")  # elsewhere

    async def told() -> bool:
        return "register_attempted" in {mail.template for mail in await home.mails(user)}

    await wait_until(told, within_s=10, what="the owner was not told")


async def test_a_reset_that_is_asked_for_is_looked_into_after_the_answer(home: House) -> None:
    """So the time of the answer tells nothing: what differs comes later."""
    await home.register(ADA)
    accounts: Any = home.service.parts.accounts
    by_mail, go_on = accounts.by_mail, asyncio.Event()

    async def slow(email: str) -> Any:
        await go_on.wait()
        return await by_mail(email)

    accounts.by_mail = slow
    try:
        async with asyncio.timeout(10):
            for email in (ADA, "nobody@example.org"):
                await home.ok("POST", "/api/auth/password/reset-request", {"email": email})
    finally:
        go_on.set()
        del accounts.by_mail


async def test_cursors_of_others_and_cursors_made_by_hand_show_nothing_of_theirs(home: House) -> None:
    for n in range(3):
        await home.register(f"user{n}@example.org")
    page = await home.ok("GET", "/api/audit?limit=2", bearer=home.admin())
    for cursor in (page["next_cursor"], "WzFd", "W10", "bnVsbA", "WzFlMzAwXQ", "x" * 512):
        answer = await home.call("GET", f"/api/audit?cursor={cursor}", bearer=token("eve"))
        assert answer.status_code == 400 or answer.json()["items"] == []
