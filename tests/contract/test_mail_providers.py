"""Providers with an HTTP API, by the suite of connectors; and several providers together."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email import message_from_string
from email.policy import default

import msgspec
import pytest
from typing_extensions import override

from actors.notifications.activities import CalendarInvitation, Mail, Mailed
from common.clock import SystemClock
from config.capabilities.email import SmtpServer
from serve_app.activities.connector import Connector, Later, Misconfigured, Refused
from serve_app.capabilities.email.connectors.failover import EmailConnector
from serve_app.capabilities.email.connectors.mailgun import MailgunProvider
from serve_app.capabilities.email.connectors.providers import MailProvider, MaybeSent, RawMail
from serve_app.capabilities.email.connectors.sendgrid import SendGridProvider
from serve_app.capabilities.email.connectors.smtp import SmtpProvider
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen, key_of
from tests.contract.test_email_connector import (
    HEAD,
    InMemoryLedger,
    a_mail,
    delivering,
    listening,
    packed,
)
from tests.fakes.mail_apis import MailApi
from tests.partners.mail_server import MailServer

AS_STATUS: dict[Mishap, str] = {"busy": "429", "busy_for_7s": "429 7", "failing": "503", "refused": "400"}
SESSION = CalendarInvitation(
    method="REQUEST",
    uid="bkg_1@carewire",
    sequence=3,
    start_ms=1_763_631_000_000,
    end_ms=1_763_634_600_000,
    tz="Europe/Berlin",
    summary="Session",
)


class ApiPartner(Partner):
    def __init__(self, api: MailApi) -> None:
        self.api = api

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return delivering(self.provider("right" if credentials else "wrong"))

    def provider(self, key: str) -> MailProvider:
        return SendGridProvider(key, self.api.url, SystemClock())

    @override
    def payload(self, number: int) -> bytes:
        return packed(Mail("password_reset", to=f"{CANARY}.{number}@mail.test", code="12345678"))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.api.mishaps.extend(AS_STATUS.get(mishap, mishap) for mishap in mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [Seen(one.key, json.dumps([one.to, one.message_id, one.parts]).encode()) for one in self.api.taken]


class MailgunPartner(ApiPartner):
    @override
    def provider(self, key: str) -> MailProvider:
        return MailgunProvider(key, "mg.carewire.test", self.api.url, SystemClock())


class TestSendGrid(ConnectorSuite):
    partner_type: type[ApiPartner] = ApiPartner

    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with an_api() as api:
            yield self.partner_type(api)


class TestMailgun(TestSendGrid):
    partner_type = MailgunPartner


@asynccontextmanager
async def an_api() -> AsyncIterator[MailApi]:
    api = MailApi()
    await api.server.start()
    try:
        yield api
    finally:
        await api.server.stop()


def smtp(server: MailServer, name: str = "smtp") -> SmtpProvider:
    return SmtpProvider(name, SmtpServer("127.0.0.1", server.port, "", "", "none"), HEAD.address, SystemClock())


@pytest.mark.parametrize("partner", [ApiPartner, MailgunPartner])
async def test_an_invitation_arrives_whole(partner: type[ApiPartner]) -> None:
    one = Mail("booking_confirmed", to="ann@mail.test", invitations=(SESSION,), unsubscribe="tok")
    async with an_api() as api:
        connector = partner(api).connector()
        await connector.carry_out(a_mail(one))
        await connector.close()
    (sent,) = api.taken
    (calendar,) = [content for kind, content in sent.parts.items() if kind.startswith("text/calendar")]
    assert any("method=" in kind and "REQUEST" in kind for kind in sent.parts)
    assert "UID:bkg_1@carewire" in calendar
    assert sent.headers["List-Unsubscribe"] == "<https://app.carewire.test/l/tok>"
    assert sent.headers["Auto-Submitted"] == "auto-generated"
    assert sent.message_id == HEAD.message_id(key_of(1))


async def test_a_mail_says_the_same_whoever_delivers_it() -> None:
    mail = Mail("booking_confirmed", to="ann@mail.test", locale="de", tz="Europe/Berlin", invitations=(SESSION,))
    async with listening(MailServer()) as server, an_api() as api:
        for provider in (smtp(server), ApiPartner(api).provider("right"), MailgunPartner(api).provider("right")):
            connector = delivering(provider)
            await connector.carry_out(a_mail(mail))
            await connector.close()
    message = message_from_string(server.taken[0].data, policy=default)
    texts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    unified = [[text.replace("\r\n", "\n") for text in one.parts.values()] for one in api.taken]
    assert unified == [[text.replace("\r\n", "\n") for text in texts]] * 2
    assert {one.message_id for one in api.taken} == {message["Message-ID"]}


@pytest.mark.parametrize(
    "mishap",
    ["421 4.3.0 shutting down", "450 4.2.1 not now", "data 451 4.3.0 busy", "mail 550 5.7.1 not you", "cut at rcpt"],
)
async def test_who_cannot_hands_over_to_the_next_with_the_same_message_id(mishap: str) -> None:
    async with listening(MailServer()) as one, listening(MailServer()) as other:
        connector = delivering(smtp(one), smtp(other, "smtp_backup"))
        one.mishaps.append(mishap)
        answer = await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await connector.close()
    assert one.taken == []
    assert other.ids == [HEAD.message_id(key_of(1))]
    assert msgspec.msgpack.decode(answer, type=Mailed) == Mailed(provider="smtp_backup", message_id=other.ids[0])


async def test_a_refusal_of_the_address_is_everybodys() -> None:
    ledger = InMemoryLedger()
    async with listening(MailServer()) as one, listening(MailServer()) as other:
        connector = delivering(smtp(one), smtp(other, "smtp_backup"), ledger=ledger)
        one.mishaps.append("550 5.1.1 no such user")
        for code in ("address_refused", "suppressed_address"):
            with pytest.raises(Refused) as refusal:
                await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
            assert refusal.value.code == code
        await connector.close()
    assert one.taken == other.taken == []
    assert ledger.suppressed == {"ann@mail.test"}


async def test_a_refusal_by_policy_does_not_condemn_the_address() -> None:
    ledger = InMemoryLedger()
    async with listening(MailServer()) as server:
        connector = delivering(smtp(server), ledger=ledger)
        server.mishaps.append("550 5.7.1 blocked")
        with pytest.raises(Refused) as refusal:
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await connector.close()
    assert refusal.value.code == "mail_refused"
    assert not ledger.suppressed


async def test_who_may_have_it_is_asked_again_before_anybody_else() -> None:
    async with listening(MailServer()) as one, listening(MailServer()) as other:
        connector = delivering(smtp(one), smtp(other, "smtp_backup"))
        one.mishaps.extend(["cut", "cut"])
        call = a_mail(Mail("new_sign_in", to="ann@mail.test"))
        with pytest.raises(MaybeSent):
            await connector.carry_out(call)
        assert other.taken == []
        await connector.carry_out(call)  # cut again: now the other one
        await connector.close()
    assert len(one.taken) == 2
    assert len(set(one.ids + other.ids)) == 1
    assert len(other.taken) == 1


async def test_who_is_down_is_not_waited_for_each_time() -> None:
    calls: list[str] = []

    class Down(MailProvider):
        name = "smtp"

        @override
        async def send(self, mail: RawMail) -> None:
            calls.append(mail.key)
            raise Later("unreachable", "The mail server cannot be reached.")

        @override
        async def close(self) -> None:
            """Nothing is open."""

    async with an_api() as api:
        connector = delivering(Down(), ApiPartner(api).provider("right"))
        for number in range(12):
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test"), number))
        await connector.close()
    assert len(api.taken) == 12
    assert len(calls) == 5  # then its breaker is open


async def test_wrong_credentials_of_one_are_no_reason_to_stop() -> None:
    async with an_api() as wrong, an_api() as right:
        connector = delivering(ApiPartner(wrong).provider("wrong"), MailgunPartner(right).provider("right"))
        await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await connector.close()
        assert len(right.taken) == 1
        both = delivering(ApiPartner(wrong).provider("wrong"), MailgunPartner(right).provider("wrong"))
        with pytest.raises(Misconfigured):
            await both.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await both.close()


async def test_when_nobody_can_the_soonest_is_what_is_told() -> None:
    async with an_api() as one, an_api() as other:
        one.mishaps.append("429 9")
        other.mishaps.append("429 4")
        connector = delivering(ApiPartner(one).provider("right"), MailgunPartner(other).provider("right"))
        with pytest.raises(Later) as later:
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        assert later.value.retry_after_s == 4.0
        await connector.close()


MANY = int(os.environ.get("DRILL_SIZE", "0")) or 200  # `make drill failover` sends 5,000
AT_ONCE = 200
MISHAPS: Sequence[str | None] = (
    None,
    None,
    None,
    "421 4.3.0 busy",
    "450 4.2.1 not now",
    "data 451 4.3.0 busy",
    "cut",
    "cut at rcpt",
    "slow 0.01",
)


@pytest.mark.timeout(300 + MANY)
async def test_whatever_happens_all_arrive_and_doubles_have_one_message_id() -> None:
    dice = random.Random(7)
    servers = MailServer(chance=lambda: dice.choice(MISHAPS)), MailServer(chance=lambda: dice.choice(MISHAPS))
    async with listening(servers[0]) as one, listening(servers[1]) as other:
        connector = delivering(smtp(one), smtp(other, "smtp_backup"))
        for first in range(0, MANY, AT_ONCE):
            some = range(first, min(MANY, first + AT_ONCE))
            await asyncio.gather(*(until_sent(connector, number) for number in some))
        await connector.close()
    taken = Counter(one.ids + other.ids)
    assert set(taken) == {HEAD.message_id(key_of(number)) for number in range(MANY)}
    doubles = sum(times - 1 for times in taken.values())
    print(f"failover: {MANY} mails, {doubles} taken twice, {len(one.ids)} by the first, {len(other.ids)} by the other")
    cut_off = Counter(one.message_id for server in servers for one in server.taken if not one.answered)
    for message_id, times in taken.items():
        assert times <= 1 + cut_off[message_id], message_id


async def until_sent(connector: EmailConnector, number: int) -> None:
    for _ in range(100):
        try:
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test"), number))
        except Later:
            continue
        return
    raise AssertionError(f"mail {number} is not taken by anybody")
