"""What becomes of mails: from a provider's webhook to the address that is not written to any more. The whole way, with
shards, a real mongod, a runner and a mail server."""

import base64
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.activities import Mail
from actors.notifications.notifier.commands import SendMail
from common.clock import SystemClock
from config.capabilities.email import EmailSettings
from serve_app.capabilities.email.capability import mail_figures_of, mail_suppressions_of
from serve_app.capabilities.email.suppressions import SENT, SOFT, SUPPRESSIONS
from serve_app.capabilities.email.webhooks import partners
from tests.activity_rig import a_runner
from tests.contract.test_email_connector import packed
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.partners.mail_server import MailServer
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
KEY: Final = ec.generate_private_key(ec.SECP256R1())
DER: Final = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PARTNERS: Final = list(partners(EmailSettings(sendgrid_webhook_keys=base64.b64encode(DER).decode())))
LIST: Final = "/api/email/suppressions"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, MailServer]]:
    async with AsyncExitStack() as stack:
        server = MailServer()
        await server.start()
        stack.push_async_callback(server.stop)
        rig = house(
            url_of(mongo_port),
            f"test_{uuid.uuid4().hex}",
            tmp_path_factory.mktemp("outcomes"),
            smtp_url=f"smtp://127.0.0.1:{server.port}?tls=none",
            partners=PARTNERS,
        )
        home = await stack.enter_async_context(rig)
        await stack.enter_async_context(a_runner(home))
        yield home, server


@pytest_asyncio.fixture(loop_scope="module")
async def mailing(shared: tuple[House, MailServer]) -> tuple[House, MailServer]:
    home, server = shared
    for collection in (SUPPRESSIONS, SENT, SOFT, "email_days"):
        await home.database[collection].delete_many({})
    server.reset(None)
    return home, server


async def mail(home: House, server: MailServer, to: str, template: str = "announcement") -> str | None:
    """Send one; the key of its activity as the provider saw it. None: it was not sent."""
    before, mail_id = len(server.taken), uuid.uuid4().hex
    owed = SendMail(mail_id=mail_id, owner="usr_ann", urgency="now", secret=packed(Mail(template, to=to)))
    await home.region.submit("notifier:usr_ann", owed, by=SYSTEM, command_id=mail_id)

    async def settled() -> bool:
        rows = await home.ok("GET", "/api/operations/activities", bearer=home.admin())
        return not rows["activities"]

    await eventually(settled, "the mail is settled")
    return server.ids[-1].strip("<>").partition("@")[0] if len(server.taken) > before else None


async def tell(home: House, *events: dict[str, Any]) -> Any:
    """SendGrid's webhook."""
    raw = json.dumps([{"sg_event_id": uuid.uuid4().hex, **one} for one in events]).encode()
    time = str(SystemClock().now_ms() // 1000)
    signature = base64.b64encode(KEY.sign(time.encode() + raw, ec.ECDSA(SHA256()))).decode()
    headers = {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": time,
    }
    async with home.http() as http:
        return await http.post("/api/webhooks/sendgrid", content=raw, headers=headers)


async def suppressed(home: House) -> list[dict[str, Any]]:
    page = await home.ok("GET", LIST, bearer=home.admin())
    found: list[dict[str, Any]] = page["suppressions"]
    return found


async def becomes_suppressed(home: House, reason: str) -> dict[str, Any]:
    async def there() -> bool:
        return [one["reason"] for one in await suppressed(home)] == [reason]

    await eventually(there, f"an address is suppressed: {reason}", timeout_s=10)
    return (await suppressed(home))[0]


async def test_after_a_bounce_nothing_more_is_sent_until_somebody_allows_it(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    key = await mail(home, server, "Ann@mail.test")
    assert (await tell(home, {"event": "bounce", "activity": key, "email": "ann@mail.test"})).json()["received"] == 1
    one = await becomes_suppressed(home, "bounce")
    assert one["address"] == "A***@m***.test"
    assert one["provider"] == "sendgrid"
    assert await mail(home, server, "ANN@mail.test") is None
    assert await mail(home, server, "ann@mail.test", "password_reset") is None  # nobody is there
    removing = f"{LIST}/{one['suppression_id']}?reason=The+mailbox+exists+again."
    await home.ok("DELETE", removing, bearer=home.admin())
    assert await mail(home, server, "ann@mail.test") is not None
    assert await suppressed(home) == []


async def test_who_complained_still_gets_what_their_account_hangs_on(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    key = await mail(home, server, "bob@mail.test")
    await tell(home, {"event": "spamreport", "activity": key})
    await becomes_suppressed(home, "complaint")
    assert await mail(home, server, "bob@mail.test") is None
    assert await mail(home, server, "bob@mail.test", "password_reset") is not None


async def test_three_mails_that_come_back_softly_are_enough_for_a_week(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    keys = [await mail(home, server, "eve@mail.test") for _ in range(3)]
    for key in (keys[0], keys[0], keys[0], keys[1]):  # one mail counts once
        await tell(home, {"event": "bounce", "type": "blocked", "activity": key})
    assert await mail(home, server, "eve@mail.test") is not None
    await tell(home, {"event": "bounce", "type": "blocked", "activity": keys[2]})
    await becomes_suppressed(home, "soft")
    assert await mail(home, server, "eve@mail.test") is None
    home.clock.ahead_ms = 7 * 86_400_000 + 1
    try:
        assert await mail_suppressions_of(home.context).may_send("eve@mail.test", "announcement")
    finally:
        home.clock.ahead_ms = 0


async def test_a_refused_address_is_not_tried_again_by_anybody(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    server.mishaps.append("550 5.1.1 no such user")
    assert await mail(home, server, "gone@mail.test") is None
    await becomes_suppressed(home, "refused")
    before = server.connections
    assert await mail(home, server, "gone@mail.test") is None
    assert server.connections == before


async def test_nothing_that_is_kept_tells_an_address(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    key = await mail(home, server, "canary-7f3d@mail.test")
    await tell(home, {"event": "bounce", "activity": key, "email": "canary-7f3d@mail.test"})
    await becomes_suppressed(home, "bounce")
    for name in await home.database.list_collection_names():
        async for row in home.database[name].find():
            assert b"canary-7f3d" not in repr(row).encode(), name


async def test_a_webhook_again_in_reverse_or_of_nobody_changes_nothing(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    key = await mail(home, server, "zoe@mail.test")
    events = [
        {"event": "delivered", "activity": key, "sg_event_id": f"{key}-1"},
        {"event": "bounce", "activity": key, "sg_event_id": f"{key}-2"},
    ]
    for _ in range(5):
        assert (await tell(home, *reversed(events))).status_code == 200
    assert (await tell(home, {"event": "bounce", "activity": "atv_" + "a" * 26})).status_code == 200
    await becomes_suppressed(home, "bounce")

    async def counted() -> bool:
        rates = await mail_figures_of(home.context).lately()
        return (rates.sent, rates.delivered, rates.bounced) == (1, 1, 2)  # of nobody: a bounce all the same

    await eventually(counted, "each fate is counted once")


async def test_only_administrators_see_it(mailing: tuple[House, MailServer]) -> None:
    home, _ = mailing
    for role in ("client", "therapist", "moderator"):
        await home.refused(403, "permission_denied", "GET", LIST, bearer=token("usr_x", role))


async def test_erasure_leaves_nothing_of_a_persons_addresses(mailing: tuple[House, MailServer]) -> None:
    home, server = mailing
    key = await mail(home, server, "ann@mail.test")
    await tell(home, {"event": "spamreport", "activity": key})
    await becomes_suppressed(home, "complaint")
    kept = mail_suppressions_of(home.context)
    assert len(await kept.of("usr_ann")) == 1
    await kept.forget("usr_ann")
    await kept.forget("usr_ann")
    assert await suppressed(home) == []
    assert await home.database[SENT].count_documents({}) == 0


async def test_a_template_can_be_looked_at(mailing: tuple[House, MailServer]) -> None:
    home, _ = mailing
    path = "/api/email/templates/booking_confirmed/preview?locale=de"
    shown = await home.ok("GET", path, bearer=home.admin())
    assert shown["subject"] == "Ihr Termin ist bestätigt"
    assert shown["languages"] == ["de", "en"]
    await home.refused(404, "not_found", "GET", "/api/email/templates/nothing/preview", bearer=home.admin())
