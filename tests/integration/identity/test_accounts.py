"""Accounts and sessions over the API, on a real mongod."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pyotp
import pytest

from common.errors import Unauthenticated
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.identity.messages.outbox import OutgoingMail
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.sessions.session_records import Reused
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House, house
from tests.system.harness import wait_until

ADA = "ada@example.org"


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def login(home: House, email: str = ADA, password: str = PASSWORD, **more: Any) -> Any:
    return await home.ok("POST", "/api/auth/login", {"email": email, "password": password, **more})


async def test_whoever_registers_is_signed_in_and_known(home: House) -> None:
    made = await home.register(ADA, name="Ada", device_name="phone")
    me = await home.ok("GET", "/api/auth/me", bearer=made["access_token"])
    assert me == made["user"]
    assert (me["email"], me["name"], me["role"], me["account"]) == (ADA, "Ada", "client", True)
    assert me["user_id"].startswith("usr_")
    (session,) = (await home.ok("GET", "/api/auth/sessions", bearer=made["access_token"]))["items"]
    assert (session["name"], session["current"], session["address"]) == ("phone", True, "10.0.0.1")


async def test_what_is_personal_is_stored_sealed_and_passwords_as_argon2id(home: House) -> None:
    await home.register(ADA, name="Ada Canary", device_name="canary phone")
    for collection in ("accounts", "sessions", "audit", "outbox", "revocations"):
        text = str(await home.database[collection].find().to_list(None))
        assert not any(secret in text for secret in (ADA, "Canary", "canary", PASSWORD, "cwr1.")), collection
    account = await home.database["accounts"].find_one()
    assert account is not None
    assert account["password"].startswith("$argon2id$")


async def test_an_address_has_one_account_whatever_its_case(home: House) -> None:
    await home.register(ADA)
    body = {"email": ADA.upper(), "password": PASSWORD}
    await home.refused(409, "already_exists", "POST", "/api/auth/register", body)
    assert (await login(home, ADA.title()))["user"]["email"] == ADA


async def test_a_user_of_another_issuer_is_one_from_the_first_token_on(home: House) -> None:
    me = await home.ok("GET", "/api/auth/me", bearer=token("stranger", "therapist"))
    assert (me["user_id"], me["role"], me["account"]) == ("stranger", "therapist", False)
    assert (await home.ok("GET", "/api/auth/sessions", bearer=token("stranger")))["items"] == []


async def test_logging_out_ends_this_session_and_everywhere_ends_all(home: House) -> None:
    first, second, third = await home.register(ADA), await login(home), await login(home)
    await home.ok("POST", "/api/auth/logout", bearer=first["access_token"])
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=first["access_token"])
    await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", {"refresh_token": first["refresh_token"]})
    await home.ok("GET", "/api/auth/me", bearer=second["access_token"])
    await home.ok("POST", "/api/auth/logout", {"everywhere": True}, bearer=second["access_token"])
    for one in (second, third):
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=one["access_token"])
    assert await login(home)


async def test_a_token_of_another_issuer_can_be_given_back_too(home: House) -> None:
    one, other = token("stranger"), token("stranger")
    await home.ok("POST", "/api/auth/logout", bearer=one)
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=one)
    await home.ok("GET", "/api/auth/me", bearer=other)
    await home.ok("DELETE", "/api/auth/sessions", bearer=other)
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=other)


async def test_a_device_is_named_and_sent_away_by_its_owner_only(home: House) -> None:
    ada, bob = await home.register(ADA), await home.register("bob@example.org")
    path = f"/api/auth/sessions/{ada['session_id']}"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        await home.refused(404, "not_found", method, path, body, bearer=bob["access_token"])
    renamed = await home.ok("PATCH", path, {"name": "old phone"}, bearer=ada["access_token"])
    assert renamed["name"] == "old phone"
    other = await login(home)
    await home.ok("DELETE", path, bearer=other["access_token"])
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=ada["access_token"])


async def test_refreshing_rotates_and_keeps_session_and_device(home: House) -> None:
    tokens = await home.register(ADA, device_id="d1")
    session = tokens["session_id"]
    for _ in range(3):
        tokens = await home.ok("POST", "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        assert (tokens["session_id"], tokens["device_id"]) == (session, "d1")
        await home.ok("GET", "/api/auth/me", bearer=tokens["access_token"])


async def test_a_refresh_token_shown_twice_ends_its_family_and_tells_the_owner(home: House) -> None:
    first = await home.register(ADA)
    second = await home.ok("POST", "/api/auth/refresh", {"refresh_token": first["refresh_token"]})
    home.clock.ahead_ms += 10_001
    for stolen in (first, second, second):
        body = {"refresh_token": stolen["refresh_token"]}
        await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", body)
    for one in (first, second):
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=one["access_token"])
    user = first["user"]["user_id"]
    assert [mail.template for mail in await home.mails(user)] == ["session_stolen"]
    assert "refresh.reused" in await home.actions(user)


async def test_a_lost_answer_is_no_theft_when_the_refresh_has_a_key(home: House) -> None:
    first = await home.register(ADA)
    body = {"refresh_token": first["refresh_token"]}
    answers = [await home.ok("POST", "/api/auth/refresh", body, Idempotency_Key="r1") for _ in range(2)]
    assert answers[0] == answers[1]
    await home.ok("GET", "/api/auth/me", bearer=answers[0]["access_token"])


TAB = RequestOrigin("10.0.0.1", "Firefox")


async def test_two_tabs_that_refresh_at_once_get_the_same_answer_and_stay_signed_in(home: House) -> None:
    """Over HTTP and, so that nothing in one process can be what keeps them together, at two replicas of the API."""
    first = await home.register(ADA)
    body = {"refresh_token": first["refresh_token"]}
    one, other = await asyncio.gather(*(home.ok("POST", "/api/auth/refresh", body) for _ in range(2)))
    assert one == other
    home.clock.ahead_ms += 5_000
    assert await home.ok("POST", "/api/auth/refresh", body) == one
    await home.ok("GET", "/api/auth/me", bearer=one["access_token"])

    replica = identity_of(home.context)
    services = (home.service.identity, replica.identity)
    signed = await asyncio.gather(*(service.refresh(one["refresh_token"], TAB) for service in services * 5))
    assert len({(each.refresh_token, each.access_token) for each in signed}) == 1
    assert (await home.service.identity.refresh(signed[0].refresh_token, TAB)).session.id == one["session_id"]
    assert "refresh.reused" not in await home.actions(first["user"]["user_id"])
    await replica.close()


@pytest.mark.parametrize(
    ("thief", "after_ms"),
    [(RequestOrigin("10.0.0.2", "Firefox"), 0), (RequestOrigin("10.0.0.1", "curl"), 0), (TAB, 10_001)],
    ids=["another address", "another device", "later"],
)
async def test_a_refresh_token_from_elsewhere_or_later_ends_its_family(
    home: House, thief: RequestOrigin, after_ms: int
) -> None:
    first = await home.register(ADA)
    sessions = home.service.parts.sessions
    won = await sessions.rotate(first["refresh_token"], TAB)
    assert isinstance(won, tuple)
    home.clock.ahead_ms += after_ms
    assert isinstance(await sessions.rotate(first["refresh_token"], thief), Reused)
    with pytest.raises(Unauthenticated):
        await sessions.rotate(won[1], TAB)


async def test_a_token_that_is_two_generations_old_ends_its_family_however_fast(home: House) -> None:
    first = await home.register(ADA)
    sessions = home.service.parts.sessions
    second = await sessions.rotate(first["refresh_token"], TAB)
    assert isinstance(second, tuple)
    assert isinstance(await sessions.rotate(second[1], TAB), tuple)
    assert isinstance(await sessions.rotate(first["refresh_token"], TAB), Reused)


async def test_a_thief_within_the_grace_is_found_out_by_the_next_refresh(home: House) -> None:
    """Behind the same address, with the same browser: thief and owner hold one token, and cannot both use it."""
    first = await home.register(ADA)
    sessions = home.service.parts.sessions
    owner, thief = [await sessions.rotate(first["refresh_token"], TAB) for _ in range(2)]
    assert isinstance(owner, tuple)
    assert isinstance(thief, tuple)
    home.clock.ahead_ms += 900_000
    assert isinstance(await sessions.rotate(thief[1], TAB), tuple)
    home.clock.ahead_ms += 60_000
    assert isinstance(await sessions.rotate(owner[1], TAB), Reused)


async def test_of_two_refreshes_at_once_from_two_places_one_wins_and_the_family_ends(home: House) -> None:
    """The fence is one conditional write. Its twin, a read before a write, lets both through."""
    first = await home.register(ADA)
    sessions = home.service.parts.sessions
    places = (TAB, RequestOrigin("10.9.9.9", "Firefox"))
    both = await asyncio.gather(
        *(sessions.rotate(first["refresh_token"], place) for place in places), return_exceptions=True
    )
    assert sum(isinstance(one, tuple) for one in both) == 1
    assert sum(isinstance(one, Reused | Unauthenticated) for one in both) == 1
    (won,) = (one for one in both if isinstance(one, tuple))
    for place in places:
        with pytest.raises(Unauthenticated):
            await sessions.rotate(won[1], place)


async def test_twin_without_the_conditional_write_both_refreshes_pass(home: House) -> None:
    first = await home.register(ADA)
    shown = home.service.parts.tickets.read(first["refresh_token"])
    both_have_read, passed = asyncio.Barrier(2), []

    async def rotate_without_the_guard() -> None:
        found = await home.database["sessions"].find_one({"_id": shown.session})
        await both_have_read.wait()
        if found is not None and found["generation"] == shown.generation:
            await home.database["sessions"].update_one({"_id": shown.session}, {"$set": {"generation": 2}})
            passed.append(True)

    await asyncio.gather(rotate_without_the_guard(), rotate_without_the_guard())
    assert len(passed) == 2


async def test_a_forged_refresh_token_harms_nobody(home: House) -> None:
    tokens = await home.register(ADA)
    head, _, _ = tokens["refresh_token"].rpartition(".")
    for forged in (f"{head}.{'A' * 43}", "cwr1.x.1." + "A" * 32 + "." + "A" * 43, "rubbish"):
        await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", {"refresh_token": forged})
    await home.ok("POST", "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})


async def test_a_password_is_changed_by_who_knows_the_old_one_and_other_devices_leave(home: House) -> None:
    here, there = await home.register(ADA), await login(home)
    body = {"current_password": "wrong", "new_password": "a new long password"}
    await home.refused(401, "unauthenticated", "POST", "/api/auth/password", body, bearer=here["access_token"])
    await home.ok("POST", "/api/auth/password", body | {"current_password": PASSWORD}, bearer=here["access_token"])
    await home.ok("GET", "/api/auth/me", bearer=here["access_token"])
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=there["access_token"])
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", {"email": ADA, "password": PASSWORD})
    assert await login(home, password="a new long password")


async def the_reset(home: House, user: str) -> OutgoingMail:
    """The message with the code. Nobody waits for it to be sent, or the time would tell who has an account."""
    found: list[OutgoingMail] = []

    async def sent() -> bool:
        found[:] = [mail for mail in await home.mails(user) if mail.template == "password_reset"]
        return bool(found)

    await wait_until(sent, within_s=10, what="no code")
    return found[0]


async def test_a_forgotten_password_is_reset_by_a_code_that_is_good_once(home: House) -> None:
    tokens = await home.register(ADA)
    await home.ok("POST", "/api/auth/password/reset-request", {"email": ADA})
    mail = await the_reset(home, tokens["user"]["user_id"])
    assert mail.to == ADA
    body = {"email": ADA, "code": mail.code, "new_password": "a new long password"}
    await home.refused(401, "unauthenticated", "POST", "/api/auth/password/reset", body | {"code": "00000000"})
    await home.ok("POST", "/api/auth/password/reset", body)
    await home.refused(401, "unauthenticated", "POST", "/api/auth/password/reset", body)
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=tokens["access_token"])
    assert await login(home, password="a new long password")


async def test_a_reset_tells_nobody_who_has_an_account_and_codes_cannot_be_guessed(home: House) -> None:
    user = (await home.register(ADA))["user"]["user_id"]
    answers = [
        await home.call("POST", "/api/auth/password/reset-request", {"email": email}) for email in (ADA, "x@y.org")
    ]
    assert [(one.status_code, one.content) for one in answers] == [(202, b"")] * 2
    mail = await the_reset(home, user)
    codes = home.service.parts.codes
    tries = [await codes.use("reset", user, f"{n:08d}") for n in range(5)]
    assert not any(tries)
    assert not await codes.use("reset", user, mail.code)  # too late: guessing has used it up


async def test_a_code_lapses(home: House) -> None:
    user = (await home.register(ADA))["user"]["user_id"]
    code = await home.service.parts.codes.make("reset", user)
    home.clock.ahead_ms = 16 * 60_000
    assert not await home.service.parts.codes.use("reset", user, code)


async def test_weak_passwords_and_unknown_members_are_refused(home: House) -> None:
    for weak, code in (("short", 400), ("aaaaaaaaaaaaaa", 412), ("abcdefgh", 412)):
        answer = await home.call("POST", "/api/auth/register", {"email": ADA, "password": weak})
        assert answer.status_code == code
        assert weak not in answer.text
    body = {"email": ADA, "password": PASSWORD, "role": "admin"}
    problem = await home.refused(400, "invalid_argument", "POST", "/api/auth/register", body)
    assert problem["details"] == {"field": "role"}


async def enrolled(home: House, bearer: str) -> tuple[str, list[str]]:
    secret = (await home.ok("POST", "/api/auth/totp", {"password": PASSWORD}, bearer=bearer))["secret"]
    body = {"code": code_of(home, secret)}
    codes = (await home.ok("POST", "/api/auth/totp/confirm", body, bearer=bearer))["recovery_codes"]
    home.clock.ahead_ms += 30_000  # the code of this step is used up
    return secret, codes


def code_of(home: House, secret: str) -> str:
    return pyotp.TOTP(secret).at(home.clock.now_ms() // 1000)


async def test_with_a_second_factor_a_password_is_not_enough(home: House) -> None:
    bearer = (await home.register(ADA))["access_token"]
    secret, _ = await enrolled(home, bearer)
    body = {"email": ADA, "password": PASSWORD}
    problem = await home.refused(401, "unauthenticated", "POST", "/api/auth/login", body)
    assert problem["details"] == {"factor": "totp"}
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", body | {"code": "000000"})
    code = code_of(home, secret)
    await login(home, code=code)
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", body | {"code": code})  # replayed
    await home.ok("POST", "/api/auth/totp/remove", {"password": PASSWORD}, bearer=bearer)
    assert await login(home)


async def test_a_recovery_code_is_good_once_and_the_owner_hears_of_it(home: House) -> None:
    tokens = await home.register(ADA)
    _, codes = await enrolled(home, tokens["access_token"])
    assert len(set(codes)) == 8
    await login(home, code=codes[0])
    body = {"email": ADA, "password": PASSWORD, "code": codes[0]}
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", body)
    assert "recovery_code_used" in {mail.template for mail in await home.mails(tokens["user"]["user_id"])}


async def test_an_invitation_makes_a_therapist_once_and_for_its_address_only(home: House) -> None:
    made = await home.ok("POST", "/api/invitations", {"email": "tess@example.org"}, bearer=home.admin())
    body = {"email": "eve@example.org", "password": PASSWORD, "invitation": made["code"]}
    await home.refused(412, "failed_precondition", "POST", "/api/auth/register", body)
    tess = await home.register("tess@example.org", invitation=made["code"])
    assert tess["user"]["role"] == "therapist"
    await home.refused(412, "failed_precondition", "POST", "/api/auth/register", body)
    (listed,) = (await home.ok("GET", "/api/invitations", bearer=home.admin()))["items"]
    assert listed["used_by"] == tess["user"]["user_id"]
    assert listed["code"] is None
    await home.refused(404, "not_found", "DELETE", f"/api/invitations/{listed['invitation_id']}", bearer=home.admin())


async def test_a_failed_registration_leaves_its_invitation_open(home: House) -> None:
    await home.register("tess@example.org")
    made = await home.ok("POST", "/api/invitations", {"email": "tess@example.org"}, bearer=home.admin())
    body = {"email": "tess@example.org", "password": PASSWORD, "invitation": made["code"]}
    await home.refused(409, "already_exists", "POST", "/api/auth/register", body)
    assert (await home.ok("GET", "/api/invitations", bearer=home.admin()))["items"][0]["used_by"] is None


async def test_a_changed_role_is_in_force_at_once_and_a_refresh_brings_it(home: House) -> None:
    ada = await home.register(ADA)
    user = ada["user"]["user_id"]
    await home.ok("PATCH", f"/api/users/{user}", {"role": "moderator"}, bearer=home.admin())
    await home.refused(401, "token_expired", "GET", "/api/auth/me", bearer=ada["access_token"])
    fresh = await home.ok("POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]})
    assert (await home.ok("GET", "/api/auth/me", bearer=fresh["access_token"]))["role"] == "moderator"


async def test_a_block_needs_a_reason_shuts_everything_and_can_be_lifted(home: House) -> None:
    ada = await home.register(ADA)
    path = f"/api/users/{ada['user']['user_id']}"
    await home.refused(412, "failed_precondition", "PATCH", path, {"blocked": True}, bearer=home.admin())
    await home.ok("PATCH", path, {"blocked": True, "reason": "abuse"}, bearer=home.admin())
    for bearer in (ada["access_token"], token(ada["user"]["user_id"])):
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=bearer)
    await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]})
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", {"email": ADA, "password": PASSWORD})
    await home.ok("PATCH", path, {"blocked": False}, bearer=home.admin())
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=ada["access_token"])  # issued before it
    await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]})
    await home.ok("GET", "/api/auth/me", bearer=(await login(home))["access_token"])


async def test_administrators_do_not_change_themselves(home: House) -> None:
    for body in ({"role": "client"}, {"blocked": True, "reason": "x"}):
        await home.refused(412, "failed_precondition", "PATCH", "/api/users/root", body, bearer=home.admin())


async def test_care_is_proposed_by_a_therapist_accepted_by_the_client_and_ended_by_either(home: House) -> None:
    tess = await home.staff("tess@example.org", "therapist")
    ada, eve = await home.register(ADA), await home.register("eve@example.org")
    client, therapist = ada["user"]["user_id"], tess["user"]["user_id"]
    made = await home.ok("POST", "/api/care", {"client_id": client}, bearer=tess["access_token"])
    assert (made["state"], made["therapist_id"]) == ("pending", therapist)
    assert not await home.service.care.cares(client, therapist)
    path = f"/api/care/{made['care_id']}"
    for stranger in (eve["access_token"], token("other", "therapist")):
        await home.refused(404, "not_found", "POST", f"{path}/end", bearer=stranger)
    await home.refused(404, "not_found", "POST", f"{path}/accept", bearer=eve["access_token"])
    await home.ok("POST", f"{path}/accept", bearer=ada["access_token"])
    assert await home.service.care.cares(therapist, client)
    again = {"client_id": client}
    await home.refused(409, "already_exists", "POST", "/api/care", again, bearer=tess["access_token"])
    assert len((await home.ok("GET", "/api/care", bearer=ada["access_token"]))["items"]) == 1
    assert (await home.ok("GET", "/api/care", bearer=eve["access_token"]))["items"] == []
    await home.ok("POST", f"{path}/end", bearer=ada["access_token"])
    assert not await home.service.care.cares(client, therapist)
    await home.refused(412, "failed_precondition", "POST", f"{path}/accept", bearer=ada["access_token"])
    await home.ok("POST", "/api/care", again, bearer=tess["access_token"])


async def test_the_oldest_session_ends_when_there_are_too_many(mongo_url: str, tmp_path: Path) -> None:
    async with house(mongo_url, f"test_{uuid.uuid4().hex}", tmp_path, max_sessions=2) as home:
        tokens = [await home.register(ADA), await login(home), await login(home)]
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=tokens[0]["access_token"])
        for one in tokens[1:]:
            await home.ok("GET", "/api/auth/me", bearer=one["access_token"])


@pytest.mark.parametrize(
    ("typed", "again", "shown"),
    [
        ("mary.o'brien@example.ie ", "Mary.O'Brien@example.ie", "mary.o'brien@example.ie"),
        ("info@xn--bcher-kva.example", "INFO@bücher.example ", "info@bücher.example"),
        ("ju\u0308rgen@example.org", "JÜRGEN@example.org", "jürgen@example.org"),
        ("jane@students.med.dept.example.ac.uk", "jane@students.med.dept.example.ac.uk", None),
    ],
)
async def test_login_reset_and_lockout_know_every_spelling_of_an_address(
    home: House, typed: str, again: str, shown: str | None
) -> None:
    me = await home.register(typed)
    assert me["user"]["email"] == (shown or typed)
    await home.refused(409, "already_exists", "POST", "/api/auth/register", {"email": again, "password": PASSWORD})
    assert (await login(home, again))["user"]["user_id"] == me["user"]["user_id"]
    await home.ok("POST", "/api/auth/password/reset-request", {"email": again})
    assert (await the_reset(home, me["user"]["user_id"])).to == (shown or typed)
    for n in range(8):  # one count, however it is spelt
        body = {"email": (typed, again)[n % 2], "password": "wrong password"}
        answer = await home.call("POST", "/api/auth/login", body)
    assert answer.json()["code"] == "rate_limited"


async def test_a_code_goes_to_the_address_of_the_account_and_not_to_the_one_that_was_typed(home: House) -> None:
    me = await home.register("strasse@example.org")
    await home.ok("POST", "/api/auth/password/reset-request", {"email": "straße@example.org"})
    await home.ok("POST", "/api/auth/password/reset-request", {"email": "STRASSE@example.org"})
    assert (await the_reset(home, me["user"]["user_id"])).to == "strasse@example.org"


async def test_whoever_mistypes_an_address_is_told_what_is_wrong_with_it(home: House) -> None:
    answer = await home.call("POST", "/api/auth/register", {"email": "ada.example.org", "password": PASSWORD})
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": "email"})
    assert answer.json()["detail"] == "email: An email address must have an @-sign."
