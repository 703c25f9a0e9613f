"""The connector `email` over SMTP, against a real mail server."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from actors.notifications.activities import Mail
from common.clock import SystemClock
from config.capabilities.email import SmtpServer, Tls
from serve_app.activities.connector import Call, Connector, Erased, Later, Misconfigured, Refused, Unreadable
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.email.connectors.failover import EmailConnector
from serve_app.capabilities.email.connectors.providers import MailProvider, RawMail
from serve_app.capabilities.email.connectors.smtp import SmtpProvider
from serve_app.capabilities.email.message import Composer, Letterhead
from serve_app.capabilities.email.rendering import Templates
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen, a_call, key_of, mark
from tests.partners.certificates import make_node
from tests.partners.mail_server import MailServer

HEAD = Letterhead("Carewire <mail@carewire.test>", "https://app.carewire.test/")
COMPOSER = Composer(HEAD, Templates(HEAD.public_url))
LOGIN = ("carewire", "right")
AS_SMTP: dict[Mishap, str] = {
    "busy": "421 4.7.0 try later, canary-7f3d",
    "failing": f"data 451 4.3.0 {CANARY}",
    "slow": "slow 0.05",
    "silent": "silent",
    "lost_answer": "cut",
    "cut": "cut at rcpt",
    "refused": f"550 5.1.1 no such user {CANARY}@mail.test",
}


@dataclass
class Addresses:
    """Where the accounts of these people are written to."""

    known: dict[str, str] = field(default_factory=dict)

    async def address_of(self, user: str) -> str | None:
        return self.known.get(user)


@dataclass
class InMemoryLedger:
    """Who is not written to, and what was sent."""

    suppressed: set[str] = field(default_factory=set)
    keys: list[str] = field(default_factory=list)

    async def may_send(self, to: str, template: str) -> bool:
        return to not in self.suppressed

    async def sent(self, mail: RawMail) -> None:
        self.keys.append(mail.key)

    async def refused(self, to: str, provider: str, owner: str) -> None:
        self.suppressed.add(to)


class MailPartner(Partner):
    tells_when = False

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.addresses = Addresses()

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        password = LOGIN[1] if credentials else "wrong"
        return connected(self.server, self.addresses, login=(LOGIN[0], password))

    @override
    def payload(self, number: int) -> bytes:
        return packed(Mail("password_reset", to=f"{CANARY}.{number}@mail.test", code="12345678"))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.server.mishaps.extend(AS_SMTP[mishap] for mishap in mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [
            Seen(one.message_id.strip("<>").partition("@")[0], f"{one.to} {one.data}".encode())
            for one in self.server.taken
        ]


def packed(mail: Mail) -> bytes:
    return msgspec.msgpack.encode(mail)


def connected(
    server: MailServer,
    addresses: Addresses | None = None,
    *,
    login: tuple[str, str] = ("", ""),
    tls: Tls = "none",
    trust: ssl.SSLContext | None = None,
    ledger: InMemoryLedger | None = None,
) -> EmailConnector:
    where = SmtpServer("127.0.0.1", server.port, *login, tls)
    provider = SmtpProvider("smtp", where, HEAD.address, SystemClock(), tls=trust)
    return delivering(provider, addresses=addresses, ledger=ledger)


def delivering(
    *providers: MailProvider, addresses: Addresses | None = None, ledger: InMemoryLedger | None = None
) -> EmailConnector:
    return EmailConnector(providers, COMPOSER, addresses or Addresses(), ledger or InMemoryLedger(), SystemClock())


@asynccontextmanager
async def listening(server: MailServer) -> AsyncIterator[MailServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class TestEmail(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with listening(MailServer(login=LOGIN)) as server:
            yield MailPartner(server)


def a_mail(mail: Mail, number: int = 1) -> Call:
    return Call(PartnerKey(mark(number)), packed(mail), mail.user, 1, 1_763_631_000_000)


async def test_a_mail_has_text_and_html_and_says_that_a_machine_wrote_it() -> None:
    async with listening(MailServer()) as server:
        connector = connected(server)
        await connector.carry_out(a_mail(Mail("password_reset", to="ann@mail.test", code="12345678")))
        await connector.close()
    (taken,) = server.taken
    message = message_from_string(taken.data, policy=default)
    assert taken.to == "ann@mail.test"
    assert message["Message-ID"] == f"<{key_of(1)}@carewire.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Carewire <mail@carewire.test>"
    assert message["Date"] == "Thu, 20 Nov 2025 09:30:00 +0000"
    assert "12345678" not in message["Subject"]  # it is shown on locked screens
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert isinstance(part, EmailMessage)
        words = part.get_content()
        assert "12345678" in words
        assert "https://app.carewire.test/reset" in words


async def test_the_address_is_the_one_that_the_account_has_when_it_is_sent() -> None:
    addresses = Addresses({"usr_1": "old@mail.test"})
    async with listening(MailServer()) as server:
        connector = connected(server, addresses)
        call = a_mail(Mail("password_changed", user="usr_1"))
        addresses.known["usr_1"] = "new@mail.test"
        await connector.carry_out(call)
        del addresses.known["usr_1"]
        with pytest.raises(Erased):
            await connector.carry_out(call)
        await connector.close()
    assert [one.to for one in server.taken] == ["new@mail.test"]


async def test_connections_are_kept_and_those_that_died_are_replaced() -> None:
    async with listening(MailServer()) as server:
        connector = connected(server)
        for number in range(3):
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test"), number))
        assert server.connections == 1
        server.hang_up()
        await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test"), 3))
        assert server.connections == 2
        assert len(server.taken) == 4
        await connector.close()


async def test_a_server_that_is_away_is_called_later() -> None:
    server = MailServer()
    await server.start()
    connector = connected(server)
    await server.stop()
    with pytest.raises(Later, match="cannot be reached"):
        await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
    async with listening(server):
        await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await connector.close()


async def test_one_full_mailbox_says_nothing_of_the_server() -> None:
    async with listening(MailServer()) as server:
        server.mishaps.append("452 4.2.2 mailbox full")
        connector = connected(server)
        with pytest.raises(Later) as later:
            await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        assert later.value.only_this
        await connector.close()


async def test_a_sender_that_the_server_refuses_is_ours_to_correct() -> None:
    async with listening(MailServer()) as server:
        server.mishaps.extend(["mail 550 not you", "530 5.7.0 login first"])
        connector = connected(server)
        for _ in range(2):
            with pytest.raises(Misconfigured):
                await connector.carry_out(a_mail(Mail("new_sign_in", to="ann@mail.test")))
        await connector.close()


@pytest.mark.parametrize("address", ["nobody", "a@b@c", "ann@mail.test\r\nBcc: x@mail.test", "@mail.test"])
async def test_what_is_no_address_is_refused_before_anybody_is_called(address: str) -> None:
    async with listening(MailServer()) as server:
        connector = connected(server)
        with pytest.raises(Refused) as refusal:
            await connector.carry_out(a_mail(Mail("new_sign_in", to=address)))
        assert refusal.value.code == "bad_address"
        assert server.connections == 0


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    mail = Mail("new_sign_in", to="jörg@mail.test")
    async with listening(MailServer()) as server:
        connector = connected(server)
        await connector.carry_out(a_mail(mail))
        await connector.close()
        assert [one.to for one in server.taken] == ["jörg@mail.test"]
    async with listening(MailServer(utf8=False)) as server:
        connector = connected(server)
        with pytest.raises(Refused):
            await connector.carry_out(a_mail(mail))
        await connector.close()


async def test_a_template_of_another_version_is_kept() -> None:
    async with listening(MailServer()) as server:
        with pytest.raises(Unreadable):
            await connected(server).carry_out(a_mail(Mail("of_tomorrow", to="ann@mail.test")))


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and one that trusts it."""
    node = make_node(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(node.cert, node.key)
    client = ssl.create_default_context(cafile=node.ca)
    client.check_hostname = False  # the certificates of tests name no host
    return server, client


@pytest.mark.parametrize(("tls", "implicit"), [("starttls", False), ("offered", False), ("implicit", True)])
async def test_mail_goes_over_tls(tls: Tls, implicit: bool, tmp_path: Path) -> None:
    context, trust = contexts(tmp_path)
    async with listening(MailServer(login=LOGIN, tls=context, implicit_tls=implicit)) as server:
        connector = connected(server, login=LOGIN, tls=tls, trust=trust)
        await connector.carry_out(a_call(MailPartner(server), 1))
        await connector.close()
        assert len(server.taken) == 1


@pytest.mark.parametrize(("tls", "implicit"), [("starttls", False), ("implicit", True)])
async def test_a_certificate_of_a_stranger_is_not_taken(tls: Tls, implicit: bool, tmp_path: Path) -> None:
    context, _ = contexts(tmp_path)
    async with listening(MailServer(tls=context, implicit_tls=implicit)) as server:
        with pytest.raises(Misconfigured, match="TLS"):
            await connected(server, tls=tls).carry_out(a_call(MailPartner(server), 1))
        assert server.taken == []


async def test_tls_that_is_asked_for_and_not_there_is_not_done_without() -> None:
    async with listening(MailServer()) as server:
        with pytest.raises(Misconfigured):
            await connected(server, tls="starttls").carry_out(a_call(MailPartner(server), 1))
        assert server.taken == []
