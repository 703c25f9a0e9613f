"""A real mail server (aiosmtpd) that keeps a ledger of what it took, and misbehaves on demand.

`python -m tests.partners.mail_server --port 2525 --ledger FILE` runs it alone: each mail it
takes is a line of JSON in the file.
"""

import argparse
import asyncio
import email
import json
import os
import random
import ssl
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ACCEPTED: Final = "250 OK"


@dataclass(frozen=True)
class Taken:
    """A mail whose DATA arrived. `answered`: the client was told so."""

    message_id: str
    to: str
    data: str
    answered: bool


@dataclass
class MailServer:
    """Listens on this loop. `mishaps` are for the next mails, one each; without any, `chance` decides.

    Mishaps: an answer (`"450 busy"`, to RCPT; `"data 451 busy"`, to DATA; `"mail 550 no"`, to MAIL), `"slow 0.2"`,
    `"silent"`, `"cut"` (hangs up after DATA, having taken the mail), `"cut at rcpt"`.
    """

    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    utf8: bool = True
    chance: Callable[[], str | None] = lambda: None
    keep: Callable[[Taken], None] = lambda _: None
    taken: list[Taken] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _protocols: list[SMTP] = field(default_factory=list)
    _mishap: dict[int, str] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs, in the order in which they came."""
        return [one.message_id for one in self.taken]

    def reset(self, login: tuple[str, str] | None) -> None:
        """As new."""
        self.login, self.chance = login, lambda: None
        self.taken.clear()
        self.mishaps.clear()

    async def start(self, port: int = 0) -> None:
        """Listen, if it does not."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        context = self.tls if self.implicit_tls else None
        self._server = await loop.create_server(self._protocol, "127.0.0.1", port or self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Away, with all its connections; `start` brings it back at the same port."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()
        await asyncio.sleep(0)

    def hang_up(self) -> None:
        """On everybody."""
        for protocol in self._protocols:
            cut(protocol)
        self._protocols.clear()

    def _protocol(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings(action="ignore"):  # it warns of what tests want: logins without TLS
            protocol = SMTP(
                self,
                loop=asyncio.get_running_loop(),
                hostname="mail.test",
                tls_context=None if self.implicit_tls else self.tls,
                authenticator=self._authenticate if self.login else None,
                auth_required=self.login is not None,
                auth_require_tls=False,
                enable_SMTPUTF8=self.utf8,
            )
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self.login, handled=False)

    async def handle_MAIL(  # noqa: N802 # aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mishap = self.mishaps.popleft() if self.mishaps else self.chance()
        self._mishap[id(server)] = mishap or ""
        if mishap and mishap.startswith("mail "):
            return mishap.removeprefix("mail ")
        envelope.mail_from = address
        return ACCEPTED

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mishap = self._mishap[id(server)]
        if mishap == "cut at rcpt":
            cut(server)
        if mishap[:1].isdigit():
            return mishap
        envelope.rcpt_tos.append(address)
        return ACCEPTED

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mishap = self._mishap[id(server)]
        if mishap.startswith("slow "):
            await asyncio.sleep(float(mishap.removeprefix("slow ")))
        if mishap.startswith("data "):
            return mishap.removeprefix("data ")
        content = envelope.content
        data = content if isinstance(content, str) else (content or b"").decode(errors="surrogateescape")
        taken = Taken(
            email.message_from_string(data)["Message-ID"], envelope.rcpt_tos[0], data, mishap not in ("cut", "silent")
        )
        self.taken.append(taken)
        self.keep(taken)
        if mishap == "cut":
            cut(server)
        if mishap == "silent":
            await asyncio.get_running_loop().create_future()
        return ACCEPTED


def cut(protocol: SMTP) -> None:
    """Hang up without a word."""
    if isinstance(protocol.transport, asyncio.WriteTransport):
        protocol.transport.abort()


def _keeper(path: Path) -> Callable[[Taken], None]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(taken: Taken) -> None:
        os.write(handle, json.dumps(asdict(taken)).encode() + b"\n")

    return keep


def _chance(mishaps: list[str], share: float, dice: random.Random) -> Callable[[], str | None]:
    return lambda: dice.choice(mishaps) if mishaps and dice.random() < share else None


async def _serve(options: argparse.Namespace) -> None:
    server = MailServer(
        keep=_keeper(options.ledger), chance=_chance(options.mishap, options.share, random.Random(options.seed))
    )
    await server.start(options.port)
    print(f"listening on {server.port}", flush=True)
    await asyncio.get_running_loop().create_future()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--mishap", action="append", default=[], help="one that happens now and then")
    parser.add_argument("--share", type=float, default=0.0, help="of the mails that meet one")
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
