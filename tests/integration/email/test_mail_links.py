"""From a mail to what it is about: buttons that act once, without signing in; and the delivery that hears when its mail
comes back. The whole way, with shards, a real mongod, a runner and a mail server."""

import email
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
import pytest_asyncio

from config.capabilities.notifications import NotificationSettings
from tests.activity_rig import a_runner
from tests.identity_rig import House, house
from tests.integration.email.test_outcomes import PARTNERS, tell
from tests.integration.identity.attacks.victim import HOURS, SERVICE, when
from tests.mongo import url_of
from tests.partners.mail_server import MailServer
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
PUBLIC = "https://care.example.org"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailing(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, MailServer]]:
    async with AsyncExitStack() as stack:
        server = MailServer()
        await server.start()
        stack.push_async_callback(server.stop)
        rig = house(
            url_of(mongo_port),
            f"test_{uuid.uuid4().hex}",
            tmp_path_factory.mktemp("mail_links"),
            smtp_url=f"smtp://127.0.0.1:{server.port}?tls=none",
            notifications=NotificationSettings(push_wait_s=0.1, online_wait_s=0.2, email_wait_s=0.2),
            partners=PARTNERS,
            public_url=PUBLIC,
        )
        home = await stack.enter_async_context(rig)
        await stack.enter_async_context(a_runner(home))
        yield home, server


def buttons(message: EmailMessage) -> dict[str, str]:
    """What the text of a mail says can be done, and the tokens."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.findall(
        rf"^(.+):\n{re.escape(PUBLIC)}/l/([\w-]+)$", body.get_content().replace("\r\n", "\n"), re.MULTILINE
    )
    return dict(found)


async def mailed(server: MailServer, to: str, subject: str) -> EmailMessage:
    """The mail to somebody about something, once it has come."""
    found: list[EmailMessage] = []

    def arrived() -> bool:
        for one in server.taken:
            message = email.message_from_string(one.data, policy=default)
            assert isinstance(message, EmailMessage)
            if one.to == to and message["Subject"] == subject:
                found.append(message)
        return bool(found)

    async def there() -> bool:
        return arrived()

    await eventually(there, f"{to} gets {subject!r}", timeout_s=20)
    return found[0]


async def booked(home: House, name: str) -> tuple[Any, Any, dict[str, Any]]:
    """A client, a therapist who confirms every request, and a request."""
    client, staff = await home.register(f"{name}@mail.test"), await home.staff(f"t-{name}@mail.test", "therapist")
    user = staff["user"]["user_id"]
    schedule = {
        "tz": "UTC",
        "weekly": HOURS,
        "slot_minutes": 60,
        "services": [SERVICE],
        "rules": {"requires_confirmation": True},
    }
    await home.ok("PUT", f"/api/calendars/{user}", schedule, bearer=staff["access_token"])
    body = {"therapist_id": user, "service_id": "talk", "start": when(10)}
    return client, staff, dict(await home.ok("POST", "/api/bookings", body, bearer=client["access_token"]))


async def test_a_therapist_confirms_and_a_client_cancels_by_one_press_each(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    client, _, booking = await booked(home, "ann")
    path = f"/api/bookings/{booking['id']}"

    async def status() -> str:
        return str((await home.ok("GET", path, bearer=client["access_token"]))["status"])

    asked = buttons(await mailed(server, "t-ann@mail.test", "A session was requested"))
    assert set(asked) == {"Confirm this session", "Cancel this session"}
    assert await status() == "pending"
    await home.ok("POST", f"/api/actions/{asked['Confirm this session']}")
    assert await status() == "confirmed"
    assert (await home.ok("GET", f"/api/actions/{asked['Cancel this session']}"))["state"] == "stale"

    told = buttons(await mailed(server, "ann@mail.test", "Your session is confirmed"))
    assert set(told) == {"Cancel this session"}
    async with home.http() as http:
        assert (await http.get(f"/l/{told['Cancel this session']}")).status_code == 200
        assert await status() == "confirmed"
        assert (await http.post(f"/l/{told['Cancel this session']}")).status_code == 200
    assert await status() == "cancelled"


async def test_a_mail_that_comes_back_is_shown_at_its_notification(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    person = await home.register("bob@mail.test")
    body = {"user_id": person["user"]["user_id"], "title": "News", "body": "Come and see"}
    made = await home.ok("POST", "/api/notifications", body, bearer=home.admin())
    message = await mailed(server, "bob@mail.test", "News")
    deliveries = f"/api/notifications/{made['notification']['id']}/deliveries"

    async def state_is(state: str) -> bool:
        found = await home.ok("GET", deliveries, bearer=person["access_token"])
        return [one["state"] for one in found["deliveries"] if one["channel"] == "email"] == [state]

    await eventually(lambda: state_is("accepted"), "the mail is accepted")
    key = str(message["Message-ID"]).strip("<>").partition("@")[0]
    await tell(home, {"event": "bounce", "activity": key, "email": "bob@mail.test"})
    await eventually(lambda: state_is("bounced"), "the delivery hears of it")
    found = await home.ok("GET", deliveries, bearer=person["access_token"])
    assert found["why"]["email"]["verdict"] == "failed"
    assert found["why"]["email"]["steps"][-1]["rule"] == "suppressed_address"
    await tell(home, {"event": "bounce", "activity": key, "email": "bob@mail.test"})
    span = f"from={when(0, -1)}&to={when(0, 2)}&group_by=channel"
    rows = (await home.ok("GET", f"/api/notifications/analytics?{span}", bearer=home.admin()))["rows"]
    assert {one["channel"]: one["bounced"] for one in rows}["email"] == 1
