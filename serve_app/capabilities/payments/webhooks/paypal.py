"""PayPal's webhooks, verified offline: https://developer.paypal.com/api/rest/webhooks/rest/#link-offlineverification.

What is signed (RSA, SHA-256) is `id|time|webhook id|CRC-32 of the body`. The certificate is fetched from PayPal, and
believed if it is theirs (`certificates`). CRC-32 protects nothing: whoever has one signed webhook can make another body
of the same checksum. So a body is a hint, and what it is about is read with our own credentials.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zlib import crc32

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from typing_extensions import override

from actors.kernel.contract.entity import Letter
from config.capabilities.payments import PaypalSettings
from serve_app.capabilities.payments.webhooks.certificates import Certificates
from serve_app.capabilities.payments.webhooks.telling import Object, inner, text, to_owner
from serve_app.edge.webhooks.partners import Arrival, Preparing, WebhookPartner
from serve_app.edge.webhooks.verifiers import out_of_time, unbase64, wrong_signature

NAME: Final = "paypal"
BACK_S: Final = 3 * 86_400.0
"""Retries go on for three days, and may bear the time of the first."""
_ALGORITHM: Final = "SHA256withRSA"
_LONGEST: Final = 512
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class PaypalSignature(Preparing):
    """`ahead_s`: how far the time may be ahead of ours."""

    webhook_id: str
    certificates: Certificates
    ahead_s: float

    @override
    async def prepare(self, headers: Mapping[str, str], now_ms: int) -> None:
        """Fetch the certificate that is named, unless it is there. Raises InvalidArgument: it is none of PayPal's;
        Unavailable: it cannot be fetched now."""
        await self.certificates.fetch(_header(headers, "paypal-cert-url"), now_ms)

    @override
    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        if _header(headers, "paypal-auth-algo") != _ALGORITHM:
            raise wrong_signature()
        id_, time = _header(headers, "paypal-transmission-id"), _header(headers, "paypal-transmission-time")
        said = f"{id_}|{time}|{self.webhook_id}|{crc32(raw)}"
        key = self.certificates.key(_header(headers, "paypal-cert-url"), now_ms)
        try:
            key.verify(unbase64(_header(headers, "paypal-transmission-sig")), said.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            raise wrong_signature() from None
        self._check_time(time, now_ms)

    def _check_time(self, time: str, now_ms: int) -> None:
        try:
            at_ms = _ms_of(time)
        except (ValueError, OverflowError):
            raise wrong_signature() from None
        if not -BACK_S * 1000 <= at_ms - now_ms <= self.ahead_s * 1000:
            raise out_of_time(self.ahead_s if at_ms > now_ms else BACK_S)


def paypal(settings: PaypalSettings, window_s: float) -> WebhookPartner:
    """The partner."""
    assert settings.webhook_id is not None
    certificates = Certificates(settings.cert_hosts, settings.base_url, settings.ca_file)
    return WebhookPartner(NAME, PaypalSignature(settings.webhook_id, certificates, window_s), events, to)


def events(raw: bytes) -> Sequence[Arrival]:
    """The one event of a body. Raises ValueError: it is none."""
    event = _decode(raw)
    if not (text(event.get("id")) and text(event.get("event_type"))):
        raise ValueError("This is no event.")
    return [Arrival(event["id"], event["event_type"], raw)]


def to(arrival: Arrival, entity: str) -> Letter | None:
    """An order bears its own id; what is made of it names the order, or bears our reference; a dispute names captures;
    else what it belongs to is linked."""
    event = _decode(arrival.body)
    about = inner(event.get("resource"))
    created = _seconds(text(event.get("create_time")))
    order = text(inner(inner(about.get("supplementary_data")).get("related_ids")).get("order_id"))
    if text(event.get("resource_type")) == "checkout-order":
        order = text(about.get("id"))
    known_as = order or text(about.get("custom_id")) or _disputed(about) or _linked(about)
    return (
        to_owner(provider=NAME, known_as=known_as, ref=order or known_as, arrival=entity, created=created)
        if known_as
        else None
    )


def _disputed(about: Object) -> str:
    found = about.get("disputed_transactions")
    first = inner(found[0]) if isinstance(found, list) and found else {}
    return text(first.get("seller_transaction_id"))


def _linked(about: Object) -> str:
    links = about.get("links")
    for link in links if isinstance(links, list) else ():
        if inner(link).get("rel") == "up":
            return text(inner(link).get("href")).rpartition("/")[2]
    return ""


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value or len(value) > _LONGEST * 4:
        raise wrong_signature()
    return value


def _ms_of(time: str) -> int:
    at = datetime.fromisoformat(time)
    if at.tzinfo is None:
        raise ValueError(time)
    return int(at.astimezone(UTC).timestamp() * 1000)


def _seconds(time: str) -> int:
    try:
        return _ms_of(time) // 1000
    except (ValueError, OverflowError):
        return 0
