"""PayPal's webhooks, with a host that has the certificates: whom we ask for one, and whose signature counts."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from common.clock import SystemClock
from common.errors import CarewireError, InvalidArgument, Unavailable
from config.capabilities.payments import PaypalSettings
from serve_app.capabilities.payments.webhooks.certificates import FOLDER, Certificates
from serve_app.capabilities.payments.webhooks.paypal import paypal
from serve_app.edge.webhooks.partners import Preparing, WebhookPartner
from tests.fakes.paypal.signing import SIGNER, WEBHOOK_ID, Signing, certificate, new_key, pem, same_checksum

NOW: Final = SystemClock().now_ms()
ARRIVAL: Final = "arrival:paypal:WH-1"


def said(ref: str) -> dict[str, Any]:
    return {"type": "seen", "provider": "paypal", "ref": ref, "arrival": ARRIVAL, "created": 17}


@dataclass
class CertificateHost:
    """Has certificates, at their addresses. `asked`: how often."""

    answers: dict[str, web.Response]
    url: str = ""
    asked: int = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        found = self.answers[request.path.rpartition("/")[2]]
        return web.Response(body=found.body, status=found.status, headers=found.headers)


@pytest.fixture(scope="module")
def signing() -> Signing:
    return Signing()


@pytest_asyncio.fixture
async def host(signing: Signing) -> AsyncIterator[CertificateHost]:
    made = CertificateHost({"CERT-1": web.Response(body=signing.chain)})
    app = web.Application()
    app.router.add_get("/{path:.*}", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def who(host: CertificateHost, signing: Signing, tmp_path: Path) -> WebhookPartner:
    (tmp_path / "root.pem").write_bytes(signing.root)
    return paypal(
        PaypalSettings(
            client_id="c",
            client_secret=SecretStr("s"),
            webhook_id=WEBHOOK_ID,
            base_url=host.url,
            ca_file=str(tmp_path / "root.pem"),
        ),
        300.0,
    )


BODY: Final = json.dumps(
    {
        "id": "WH-1",
        "event_type": "PAYMENT.CAPTURE.COMPLETED",
        "resource_type": "capture",
        "create_time": "1970-01-01T00:00:17.000Z",
        "resource": {"id": "CAP1", "supplementary_data": {"related_ids": {"order_id": "ORDER1"}}},
    }
).encode()


async def believed(who: WebhookPartner, headers: dict[str, str], body: bytes) -> str | None:
    """Why it is not; None: it is."""
    try:
        assert isinstance(who.verifier, Preparing)
        await who.verifier.prepare(headers, NOW)
        who.verifier.verify(headers, body, NOW)
    except Unavailable:
        return "unavailable"
    except InvalidArgument as error:
        return str((error.details or {})["reason"])
    return None


async def test_paypal_is_believed_by_its_certificate_which_is_fetched_once(
    who: WebhookPartner, host: CertificateHost, signing: Signing
) -> None:
    url = f"{host.url}{FOLDER}CERT-1"
    assert await believed(who, signing.headers(BODY, url, NOW), BODY) is None
    assert await believed(who, signing.headers(BODY, url, NOW - 2 * 86_400_000), BODY) is None  # a retry of its
    assert await believed(who, signing.headers(BODY, url, NOW - 4 * 86_400_000), BODY) == "time"
    assert await believed(who, signing.headers(BODY, url, NOW + 400_000), BODY) == "time"
    assert await believed(who, signing.headers(BODY, url, NOW), BODY + b" ") == "signature"
    assert await believed(who, signing.headers(BODY, url, NOW, webhook_id="WH-OTHER"), BODY) == "signature"
    for header in signing.headers(BODY, url, NOW):
        rest = {name: value for name, value in signing.headers(BODY, url, NOW).items() if name != header}
        assert await believed(who, rest, BODY) == "signature"
    assert host.asked == 1
    (arrival,) = who.events(BODY)
    letter = who.to(arrival, ARRIVAL)
    assert letter is not None
    assert (letter.to, msgspec.msgpack.decode(letter.command)) == ("intent:paypal:ORDER1", said("ORDER1"))


async def test_a_forged_body_of_the_same_checksum_passes_and_can_do_no_more_than_make_us_read(
    who: WebhookPartner, host: CertificateHost, signing: Signing
) -> None:
    """CRC-32 protects nothing: so all that a body can do is to name what is read with our own credentials."""
    borrowed = signing.headers(BODY, f"{host.url}{FOLDER}CERT-1", NOW)
    forged = same_checksum(BODY.replace(b"ORDER1", b"ORDER2"), crc32(BODY))
    assert forged != BODY
    assert await believed(who, borrowed, forged) is None
    (arrival,) = who.events(forged)
    letter = who.to(arrival, ARRIVAL)
    assert letter is not None
    assert msgspec.msgpack.decode(letter.command) == said("ORDER2")  # an id, and nothing of what it claims


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.test/v1/notifications/certs/CERT-1",
        "https://evil.test/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.test/v1/notifications/certs/CERT-1",
        "https://user:pass@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../../redirect",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://evil.test",
        "https://api.paypal.com/other/CERT-1",
        "https://[api.paypal.com/v1/notifications/certs/CERT-1",
        "file:///etc/ssl/certs/ca.pem",
        "",
    ],
)
async def test_a_certificate_of_elsewhere_is_not_even_asked_for(
    who: WebhookPartner, signing: Signing, host: CertificateHost, url: str
) -> None:
    assert await believed(who, signing.headers(BODY, url, NOW), BODY) == "signature"
    assert host.asked == 0


async def test_only_a_certificate_that_leads_to_a_root_and_bears_the_name_signs(
    who: WebhookPartner, host: CertificateHost, signing: Signing
) -> None:
    stranger, key = new_key(), signing.key
    between = certificate("Between", signing.between_key, "Root", signing.root_key, authority=True)
    plain = certificate(SIGNER, stranger, "Between", signing.between_key)
    chains = {
        "STRANGER": pem(certificate(SIGNER, key, SIGNER, key)),
        "OTHERNAME": pem(certificate("api.paypal.com", key, "Between", signing.between_key), between),
        "EXPIRED": pem(certificate(SIGNER, key, "Between", signing.between_key, days=(-9, -1)), between),
        "EARLY": pem(certificate(SIGNER, key, "Between", signing.between_key, days=(1, 9)), between),
        "NOAUTHORITY": pem(certificate(SIGNER, key, SIGNER, stranger), plain, between),
        "GARBAGE": b"nothing of the kind",
        "LONG": signing.chain + b"\n" * 40_000,
    }
    host.answers |= {name: web.Response(body=chain) for name, chain in chains.items()}
    for name in chains:
        headers = signing.headers(BODY, f"{host.url}{FOLDER}{name}", NOW)
        assert await believed(who, headers, BODY) == "signature", name


async def test_a_certificate_that_cannot_be_had_now_is_asked_for_again(
    who: WebhookPartner, host: CertificateHost, signing: Signing
) -> None:
    elsewhere = {"Location": f"{host.url}{FOLDER}CERT-1"}
    host.answers |= {"DOWN": web.Response(status=503), "MOVED": web.Response(status=302, headers=elsewhere)}
    for name in ("DOWN", "MOVED"):
        assert await believed(who, signing.headers(BODY, f"{host.url}{FOLDER}{name}", NOW), BODY) == "unavailable"
    host.answers["DOWN"] = host.answers["CERT-1"]
    assert await believed(who, signing.headers(BODY, f"{host.url}{FOLDER}DOWN", NOW), BODY) is None


async def test_only_so_many_certificates_are_kept(host: CertificateHost, signing: Signing, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(signing.root)
    certificates = Certificates((), host.url, str(tmp_path / "root.pem"))
    for number in range(40):
        host.answers[f"CERT-{number}"] = web.Response(body=signing.chain)
        await certificates.fetch(f"{host.url}{FOLDER}CERT-{number}", NOW)
    with pytest.raises(CarewireError):
        certificates.key(f"{host.url}{FOLDER}CERT-0", NOW)
    certificates.key(f"{host.url}{FOLDER}CERT-39", NOW)
