"""From a person who forgot their password to the mail in their box: shards, a real mongod, a runner, a mail server."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import bson
import pytest
import pytest_asyncio

from config.settings import ActivitySettings
from serve_app.capabilities.identity.messages.outbox import COLLECTION, MongoOutbox, OutgoingMail
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.partners.mail_server import MailServer
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
RIGHT = ("carewire", "right")
ANN = "ann@mail.test"
QUICK = ActivitySettings(keep_s=0.5, first_retry_s=0.05, longest_retry_s=0.4, breaker_failures=3, breaker_pause_s=0.3)


@asynccontextmanager
async def opened(mongo_port: int, tmp: Path, activities: ActivitySettings) -> AsyncIterator[tuple[House, MailServer]]:
    """A house whose mail goes to this server. No runner yet."""
    async with AsyncExitStack() as stack:
        server = MailServer(login=RIGHT)
        await server.start()
        stack.push_async_callback(server.stop)
        url = f"smtp://carewire:right@127.0.0.1:{server.port}?tls=none"
        name = f"test_{uuid.uuid4().hex}"
        home = await stack.enter_async_context(
            house(url_of(mongo_port), name, tmp, smtp_url=url, activities=activities)
        )
        yield home, server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, MailServer]]:
    async with opened(mongo_port, tmp_path_factory.mktemp("mailing"), QUICK) as both:
        yield both


@pytest_asyncio.fixture(loop_scope="module")
async def mailing(shared: tuple[House, MailServer]) -> AsyncIterator[tuple[House, MailServer]]:
    """As new, and nothing is left in the end."""
    home, server = shared
    await home.empty()
    server.reset(RIGHT)
    yield home, server
    server.reset(RIGHT)
    await server.start()
    async with a_runner(home):
        await over(home)


async def code_for(server: MailServer, address: str, *, count: int = 1) -> str:
    """The code in the last mail to this address."""

    async def came() -> bool:
        return len([one for one in server.taken if one.to == address and one.answered]) >= count

    await eventually(came, f"{count} mails to {address}")
    words = next(one for one in reversed(server.taken) if one.to == address).data.split()
    return next(word for word in words if word.isdigit() and len(word) == 8)


async def registered(home: House, email: str = ANN) -> Any:
    return await home.register(email)


async def ask_reset(home: House, email: str = ANN) -> None:
    await home.ok("POST", "/api/auth/password/reset-request", {"email": email})


async def listed(home: House, **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page = await home.ok("GET", f"/api/operations/activities?{asked}", bearer=home.admin())
    found: list[dict[str, Any]] = page["activities"]
    return found


def email_of(answer: Any) -> dict[str, Any]:
    """How the connector of mail is doing, among the others."""
    found: dict[str, Any] = next(one for one in answer["connectors"] if one["connector"] == "email")
    return found


async def becomes(home: House, state: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many are in this state, and no others."""

    async def so_many() -> bool:
        found = await listed(home)
        return len(found) == count and all(one["state"] == state for one in found)

    await eventually(so_many, f"{count} activities {state}: {await listed(home)}")
    return await listed(home)


async def over(home: House) -> None:
    async def none() -> bool:
        return not await listed(home)

    await eventually(none, "all are over", timeout_s=120.0)


async def dump(home: House) -> bytes:
    names = await home.database.list_collection_names()
    return b"".join([bson.encode(one) for name in names for one in await home.database[name].find().to_list(None)])


async def test_who_forgot_their_password_gets_a_code_by_mail_and_it_is_kept_nowhere(
    mailing: tuple[House, MailServer],
) -> None:
    home, server = mailing
    async with a_runner(home):
        await registered(home)
        await ask_reset(home)
        code = await code_for(server, ANN)
        new = {"email": ANN, "code": code, "new_password": "another correct horse"}
        await home.ok("POST", "/api/auth/password/reset", new)
        await code_for(server, ANN)
        await over(home)
    content = await dump(home)
    assert ANN.encode() not in content
    assert code.encode() not in content
    assert COLLECTION not in await home.database.list_collection_names()


async def test_an_invitation_goes_to_who_has_no_account_yet(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    async with a_runner(home):
        body = {"email": "new@mail.test", "role": "therapist"}
        made = await home.ok("POST", "/api/invitations", body, bearer=home.admin())

        async def came() -> bool:
            return [one.to for one in server.taken] == ["new@mail.test"]

        await eventually(came, "the invitation")
        assert made["code"] in server.taken[0].data.replace("=\r\n", "")


async def test_while_the_server_is_away_mail_is_put_off_and_then_sent(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    async with a_runner(home):
        await registered(home)
        await server.stop()
        await ask_reset(home)
        (one,) = await becomes(home, "parked")
        assert (one["connector"], one["reason"]["code"]) == ("email", "unreachable")
        assert one["attempts"] >= 1
        assert ANN not in str(one)
        await server.start()
        await code_for(server, ANN)
        await over(home)


async def test_wrong_credentials_degrade_and_lose_nothing(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    server.login = ("carewire", "another")
    async with a_runner(home):
        await registered(home)
        await ask_reset(home)

        async def degraded() -> bool:
            email = email_of(await home.ok("GET", "/api/operations/connectors", bearer=home.admin()))
            return bool(email["status"] == "degraded" and "misconfigured" in email.get("last_error", ""))

        await eventually(degraded, "the connector is degraded")
        server.login = RIGHT
        await code_for(server, ANN)


async def test_who_was_erased_is_sent_nothing_more(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    tokens = await registered(home)
    for _ in range(3):
        await ask_reset(home)
    await becomes(home, "waiting", 3)
    user = tokens["user"]["user_id"]
    await home.ok("POST", f"/api/privacy/users/{user}/erase", bearer=home.admin())
    async with a_runner(home):
        await over(home)
    assert server.taken == []


async def test_a_code_that_has_expired_is_not_sent(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    await registered(home)
    turns, notifiers = home.database["journal"], {"_id": {"$regex": "^notifier:"}}
    before = await turns.count_documents(notifiers)
    home.clock.ahead_ms = -16 * 60_000  # so long ago
    await ask_reset(home)

    async def owed() -> bool:
        return await turns.count_documents(notifiers) > before

    await eventually(owed, "the mail is owed")
    home.clock.ahead_ms = 0
    async with a_runner(home):
        await over(home)
    assert server.taken == []


async def test_a_server_that_hangs_up_after_it_took_the_mail_sees_the_same_message_id(
    mailing: tuple[House, MailServer],
) -> None:
    home, server = mailing
    server.mishaps.extend(["cut", "cut"])
    async with a_runner(home):
        await registered(home)
        await ask_reset(home)
        await code_for(server, ANN)
        await over(home)
    assert len(server.taken) == 3
    assert len({(one.message_id, one.data) for one in server.taken}) == 1


async def test_when_shards_and_runners_die_every_mail_is_sent_under_one_key(mongo_port: int, tmp_path: Path) -> None:
    patient = QUICK.model_copy(update={"keep_s": 20.0})
    async with opened(mongo_port, tmp_path, patient) as (home, server):
        await everybody_is_invited_while_shards_and_runners_die(home, server)


async def everybody_is_invited_while_shards_and_runners_die(home: House, server: MailServer) -> None:
    invited = [f"p{number}@mail.test" for number in range(40)]
    server.chance = iter(["cut", None, None, "421 later", None] * 100).__next__
    for email in invited[:20]:
        await home.ok("POST", "/api/invitations", {"email": email, "role": "therapist"}, bearer=home.admin())
    async with a_runner(home):

        async def some() -> bool:
            return len(server.taken) >= 5

        await eventually(some, "the first mails")
        await home.cluster.shards["rooms-0"].stop()
        await home.cluster.start_shard("rooms-0", life="2")
        for email in invited[20:]:
            await home.ok("POST", "/api/invitations", {"email": email, "role": "therapist"}, bearer=home.admin())
    async with a_runner(home):
        await over(home)
    ids = {email: {one.message_id for one in server.taken if one.to == email} for email in invited}
    assert all(len(seen) == 1 for seen in ids.values()), ids
    settled = await home.database["journal"].count_documents({"_id": {"$regex": "^notifier:inv_"}})
    assert settled == 2 * len(invited)  # one turn that owes, one that settles


async def test_what_an_earlier_release_left_is_sent_once_and_the_collection_goes(
    mailing: tuple[House, MailServer],
) -> None:
    home, server = mailing
    tokens = await registered(home)
    user = tokens["user"]["user_id"]
    before = MongoOutbox(home.database, home.service.parts.sealing, home.clock)
    home.clock.ahead_ms = -3600_000  # so long ago that the code has expired since
    await before.send(user, OutgoingMail("new_sign_in", ANN))
    await before.send(user, OutgoingMail("password_reset", ANN, "12345678"))
    home.clock.ahead_ms = 0
    assert home.service.carrying is not None
    async with a_runner(home):
        assert await home.service.carrying.carry_over() == 2
        assert await home.service.carrying.carry_over() == 0
        await over(home)
    assert ["sign-in" in one.data for one in server.taken] == [True]
    assert COLLECTION not in await home.database.list_collection_names()


async def test_what_an_earlier_release_still_writes_is_not_dropped_with_the_collection(
    mailing: tuple[House, MailServer],
) -> None:
    home, server = mailing
    user = (await registered(home))["user"]["user_id"]
    before = MongoOutbox(home.database, home.service.parts.sealing, home.clock)
    carrying = home.service.carrying
    assert carrying is not None
    await before.send(user, OutgoingMail("new_sign_in", ANN))
    see = carrying._page

    async def overtaken() -> list[dict[str, Any]]:
        if not (rows := await see()):
            await before.send(user, OutgoingMail("new_sign_in", ANN))
        return rows

    carrying._page = overtaken  # type: ignore[method-assign]
    try:
        assert await carrying.carry_over() == 1
    finally:
        del carrying._page
    assert await home.database[COLLECTION].count_documents({}) == 1
    async with a_runner(home):
        assert await carrying.carry_over() == 1
        await over(home)
    assert len(server.taken) == 2
    assert COLLECTION not in await home.database.list_collection_names()


async def test_operators_retry_and_drop_and_it_is_recorded(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    await server.stop()
    async with a_runner(home):
        await registered(home)
        await ask_reset(home)
        await ask_reset(home)
        first, second = await becomes(home, "parked", 2)
        path = "/api/operations/activities"
        reason = {"reason": "The person has called instead."}
        dropped = await home.ok("POST", f"{path}/{first['id']}/drop", reason, bearer=home.admin())
        assert dropped["activity"]["id"] == first["id"]
        await server.start()
        retried = await home.ok("POST", f"{path}/{second['id']}/retry", bearer=home.admin())
        assert retried["activity"]["id"] == second["id"]
        await over(home)
        for one in (first, second):
            await home.refused(412, "failed_precondition", "POST", f"{path}/{one['id']}/retry", bearer=home.admin())
    assert len([one for one in server.taken if one.answered]) == 1
    record = await home.ok("GET", "/api/audit", bearer=home.admin())
    kept = {(one["action"], one["resource"], one["why"]) for one in record["items"]}
    assert ("activity.dropped", first["id"], reason["reason"]) in kept
    assert ("activity.retried", second["id"], "") in kept


async def test_strangers_and_nonsense_at_every_door(mailing: tuple[House, MailServer]) -> None:
    home, _ = mailing
    id_ = "atv_" + "a" * 26
    doors = [
        ("GET", "/api/operations/activities", None),
        ("GET", "/api/operations/connectors", None),
        ("POST", f"/api/operations/activities/{id_}/retry", None),
        ("POST", f"/api/operations/activities/{id_}/drop", {"reason": "x"}),
    ]
    for method, path, body in doors:
        await home.refused(401, "unauthenticated", method, path, body)
        for role in ("client", "therapist", "moderator"):
            await home.refused(403, "permission_denied", method, path, body, bearer=token("x", role))
    admin = home.admin()
    for query in ("state=done", "connector=E-Mail", "cursor=x", "limit=0", "limit=201"):
        await home.refused(400, "invalid_argument", "GET", f"/api/operations/activities?{query}", bearer=admin)
    for unknown in ("atv_x", "x", "atv_" + "A" * 26):
        await home.refused(404, "not_found", "POST", f"/api/operations/activities/{unknown}/retry", bearer=admin)
    path = f"/api/operations/activities/{id_}/drop"
    for wrong in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": 1}, {"reason": "x", "more": 1}):
        await home.refused(400, "invalid_argument", "POST", path, wrong, bearer=admin)
    await home.refused(412, "failed_precondition", "POST", path, {"reason": "x"}, bearer=admin)


async def test_lists_come_in_pages(mailing: tuple[House, MailServer]) -> None:
    home, _ = mailing
    await registered(home)
    for _ in range(5):
        await ask_reset(home)
    await becomes(home, "waiting", 5)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await home.ok(
            "GET", f"/api/operations/activities?limit=2{cursor and f'&cursor={cursor}'}", bearer=home.admin()
        )
        seen += [one["id"] for one in page["activities"]]
        if (cursor := page.get("next_cursor", "")) == "":
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == [one["id"] for one in await listed(home, connector="email", state="waiting")]
    assert await listed(home, connector="other") == []
    email = email_of(await home.ok("GET", "/api/operations/connectors", bearer=home.admin()))
    assert (email["connector"], email["status"], email["waiting"]) == ("email", "unserved", 5)


async def test_the_doors_of_the_sockets_are_the_same(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    await server.stop()
    if not home.gateways:
        await home.gateway()
    await registered(home)
    await ask_reset(home)
    admin, client = await home.socket(home.admin()), await home.socket(token("x", "client"))
    async with a_runner(home):
        (one,) = await becomes(home, "parked")
        assert await admin.ok("list_activities", {"state": "parked"}) == {"activities": [one]}
        email = email_of(await admin.ok("list_connectors", {}))
        assert email["connector"] == "email"
        for event, payload in (
            ("list_activities", {}),
            ("list_connectors", {}),
            ("retry_activity", {"activity_id": one["id"]}),
            ("drop_activity", {"activity_id": one["id"], "reason": "x"}),
        ):
            assert (await client.error(event, payload))["code"] == "permission_denied"
        assert (await admin.error("drop_activity", {"activity_id": one["id"]}))["code"] == "invalid_argument"
        dropped = await admin.ok("drop_activity", {"activity_id": one["id"], "reason": "No longer wanted."})
        assert dropped["activity"]["id"] == one["id"]
        await over(home)
        assert (await admin.error("retry_activity", {"activity_id": one["id"]}))["code"] == "failed_precondition"
    assert server.taken == []
