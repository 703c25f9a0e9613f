"""Razorpay's webhooks: https://razorpay.com/docs/webhooks/validate-test/, signed over the raw bytes.

No time is signed, so only the event's id (a header, which is not signed either) tells a repeat. Both are hints:
whatever is replayed makes us read a payment, and nothing else. After a secret was changed, retries are signed with the
old one.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Letter
from config.capabilities.payments import RazorpaySettings
from serve_app.capabilities.payments.webhooks.telling import inner, seconds, text, to_owner
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner
from serve_app.edge.webhooks.verifiers import PlainSignature

NAME: Final = "razorpay"
_SIGNATURE: Final = "x-razorpay-signature"
_ID: Final = "x-razorpay-event-id"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def razorpay(settings: RazorpaySettings) -> WebhookPartner:
    """The partner."""
    secrets = [secret.get_secret_value().encode() for secret in settings.webhook_secrets]
    return WebhookPartner(NAME, PlainSignature(secrets, _SIGNATURE), events, to, id_header=_ID)


def events(raw: bytes) -> Sequence[Arrival]:
    """The one event of a body. Without the header it is named by its bytes: a retry sends the same. Raises ValueError:
    it is none."""
    event = _decode(raw)
    if not text(event.get("event")):
        raise ValueError("This is no event.")
    return [Arrival(f"h_{blake2b(raw, digest_size=16).hexdigest()}", event["event"], raw)]


def to(arrival: Arrival, entity: str) -> Letter | None:
    """Whatever is told comes with its payment, or its order."""
    event = _decode(arrival.body)
    payload: Mapping[str, Any] = inner(event.get("payload"))
    payment, order = _entity(payload, "payment"), _entity(payload, "order")
    ref = text(payment.get("order_id")) or text(order.get("id"))
    return (
        to_owner(provider=NAME, known_as=ref, ref=ref, arrival=entity, created=seconds(event.get("created_at")))
        if ref
        else None
    )


def _entity(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return inner(inner(payload.get(name)).get("entity"))
