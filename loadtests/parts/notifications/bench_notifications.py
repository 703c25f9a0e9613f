"""What a push and a mail cost: `python -m loadtests.parts.notifications.bench_notifications [--quick]`.

Each connector sends to a partner in another process that takes everything at once; CPU is this process's own. Browsers'
pushes stand beside pywebpush (one session for all) and web-push of Node; a push is encrypted in each. A mail is made
whole: rendered in two languages, with an invitation.
"""

import argparse
import asyncio
import base64
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pywebpush import webpush_async

from actors.notifications.activities import ApnsAddress, CalendarInvitation, FcmAddress, Mail, Push, WebPushAddress
from common.clock import SystemClock
from config.capabilities.email import SmtpServer
from serve_app.activities.connector import Call, Connector
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.email.connectors.failover import EmailConnector
from serve_app.capabilities.email.connectors.providers import RawMail
from serve_app.capabilities.email.connectors.smtp import SmtpProvider
from serve_app.capabilities.email.message import Composer, Letterhead
from serve_app.capabilities.email.rendering import Templates
from serve_app.capabilities.notifications.connectors.apns import ApnsConnector, ApnsPlaces
from serve_app.capabilities.notifications.connectors.apns_tokens import ProviderTokens
from serve_app.capabilities.notifications.connectors.fcm import FcmConnector
from serve_app.capabilities.notifications.connectors.vapid import derived_key
from serve_app.capabilities.notifications.connectors.webpush import WebPushConnector

_NODE: Final = Path(__file__).parents[2] / "peers" / "web_push.mjs"
_AT_MS: Final = 1_763_631_000_000
_SUBJECT: Final = "mailto:ops@carewire.test"
_AT_ONCE: Final = 32
_CLOCK: Final = SystemClock()
_ANDROID: Final = FcmAddress(token="t" * 160)
_IPHONE: Final = ApnsAddress(token="a1" * 32)
Once = Callable[[int], Awaitable[object]]


class _Nobody:
    """Nobody is suppressed, and nobody has an account."""

    async def may_send(self, to: str, template: str) -> bool:
        return True

    async def sent(self, mail: RawMail) -> None:
        """It is kept nowhere."""

    async def refused(self, to: str, provider: str, owner: str) -> None:
        """It is kept nowhere."""

    async def address_of(self, user: str) -> str | None:
        return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="does it work? The figures mean nothing")
    options = parser.parse_args()
    asyncio.run(_all(100 if options.quick else 3000, 1 if options.quick else 3))


async def _all(count: int, rounds: int) -> None:
    with TemporaryDirectory() as folder:
        async with _partners() as ports:
            browser = _browser(ports["http"])
            ways: dict[str, tuple[int, Callable[[], Any]]] = {
                "browser": (count, lambda: _sending(_webpush(ports["http"]), _packed(browser))),
                "browser, pywebpush": (count, lambda: _pywebpush(ports["http"], browser)),
                "Firebase": (
                    count,
                    lambda: _sending(_fcm(Path(folder), ports["http"]), _packed(_ANDROID)),
                ),
                "Apple": (
                    count,
                    lambda: _sending(_apns(Path(folder), ports["apns"]), _packed(_IPHONE)),
                ),
                "mail": (count // 4, lambda: _sending(_smtp(ports["smtp"]), _mail())),
            }
            for _ in range(rounds):
                for name, (number, way) in ways.items():
                    async with way() as once:
                        print(name, await _measured(once, number))
                _print_node(ports["http"], count)


async def _measured(once: Once, count: int) -> str:
    """CPU of one, and how many a second there are."""
    await _many(once, _AT_ONCE * 2)
    began_cpu, began = time.process_time(), time.perf_counter()
    await _many(once, count)
    cpu_s, took_s = time.process_time() - began_cpu, time.perf_counter() - began
    return f"{cpu_s / count * 1e6:.0f} us of CPU, {count / took_s:.0f}/s (on a core alone {count / cpu_s:.0f}/s)"


async def _many(once: Once, count: int) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await once(number)

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


@asynccontextmanager
async def _sending(connector: Connector, payload: bytes) -> AsyncIterator[Once]:
    async def once(number: int) -> object:
        return await connector.carry_out(
            Call(key=PartnerKey(number.to_bytes(16)), payload=payload, owner="usr_1", attempt=1, made_at_ms=_AT_MS)
        )

    yield once
    await connector.close()


@asynccontextmanager
async def _pywebpush(port: int, to: WebPushAddress) -> AsyncIterator[Once]:
    scalar = derived_key(b"1" * 32).private.private_numbers().private_value.to_bytes(32)
    key = base64.urlsafe_b64encode(scalar).decode()
    keys = {"p256dh": _text(to.p256dh), "auth": _text(to.auth)}
    subscription: dict[str, Any] = {"endpoint": to.endpoint, "keys": keys}
    body = json.dumps({"v": 1, "n": 7, "d": "dlv_01KAFZ3NHG1JQ2V8S5T6W7X9YZ", "t": "appointments", "u": "normal"})
    async with aiohttp.ClientSession() as session:

        async def once(_: int) -> object:
            claims: dict[str, Any] = {"sub": _SUBJECT}
            return await webpush_async(
                subscription, body, vapid_private_key=key, vapid_claims=claims, ttl=60, aiohttp_session=session
            )

        yield once


def _print_node(port: int, count: int) -> None:
    if not (Path(__file__).parents[3] / "tests" / "js" / "node_modules" / "web-push").exists():
        print("browser, web-push of Node: not installed")
        return
    command = ["node", str(_NODE), str(port), str(count), str(_AT_ONCE)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    print(f"browser, web-push of Node {told['cpu_us']:.0f} us of CPU, {told['per_s']:.0f}/s")


def _webpush(port: int) -> Connector:
    return WebPushConnector([derived_key(b"1" * 32)], _SUBJECT, [f"127.0.0.1:{port}"], _CLOCK)


def _fcm(folder: Path, port: int) -> Connector:
    url, key = f"http://127.0.0.1:{port}", rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "project_id": "bench", "private_key": pem, "token_uri": f"{url}/token"}
    file = folder / "account.json"
    file.write_text(json.dumps(account | {"client_email": "bench@bench.test", "private_key_id": "1"}))
    return FcmConnector(file, url, _CLOCK)


def _apns(folder: Path, port: int) -> Connector:
    file = folder / "key.p8"
    key = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    places = ApnsPlaces(f"https://127.0.0.1:{port}", "", "test.carewire")
    return ApnsConnector(places, ProviderTokens(file, "KEY1234567", "TEAM123456", _CLOCK), _CLOCK, tls=trusting)


def _smtp(port: int) -> Connector:
    head = Letterhead("Carewire <mail@carewire.test>", "https://app.carewire.test")
    provider = SmtpProvider(
        "smtp", SmtpServer(host="127.0.0.1", port=port, user="", password="", tls="none"), head.address, _CLOCK
    )
    return EmailConnector(
        providers=[provider],
        composer=Composer(head, Templates(head.public_url)),
        addresses=_Nobody(),
        ledger=_Nobody(),
        clock=_CLOCK,
    )


def _browser(port: int) -> WebPushAddress:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return WebPushAddress(endpoint=f"http://127.0.0.1:{port}/push/d1", p256dh=point, auth=os.urandom(16))


def _packed(to: WebPushAddress | FcmAddress | ApnsAddress) -> bytes:
    push = Push(to=to, delivery="dlv_01KAFZ3NHG1JQ2V8S5T6W7X9YZ", seq=7, category="appointments", topic="booking:1")
    return msgspec.msgpack.encode(push)


def _mail() -> bytes:
    session = CalendarInvitation(
        method="REQUEST",
        uid="bkg_1@carewire",
        sequence=3,
        start_ms=_AT_MS,
        end_ms=_AT_MS + 3_600_000,
        tz="Europe/Berlin",
        summary="Session",
    )
    values: dict[str, str | int] = {"starts_at_ms": _AT_MS, "therapist": "Dr. Ada Adler"}
    mail = Mail(
        "booking_confirmed",
        to="ann@mail.test",
        locale="de",
        tz="Europe/Berlin",
        values=values,
        invitations=(session,),
    )
    return msgspec.msgpack.encode(mail)


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


@asynccontextmanager
async def _partners() -> AsyncIterator[dict[str, int]]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtests.peers.partners", stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    main()
