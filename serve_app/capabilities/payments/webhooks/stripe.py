"""Stripe's webhooks: events of https://docs.stripe.com/api/events/types, signed over the raw bytes.

A signature bears its time, bounded both ways; the header is read as https://docs.stripe.com/webhooks#verify-manually
says it, without the SDK, whose own reader lets signatures of any future pass and quotes bodies in its errors.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Letter
from common.ids import is_id
from config.capabilities.payments import StripeSettings
from serve_app.capabilities.payments.webhooks.telling import Object, inner, seconds, text, to_owner, told
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner
from serve_app.edge.webhooks.verifiers import TimedSignature

NAME: Final = "stripe"
_BILL: Final = "carewire_bill"
_SUBSCRIPTION: Final = "carewire_subscription"
_OF_PAYMENT: Final = ("charge", "refund", "dispute", "review")
_OF_CUSTOMER: Final = ("payment_method", "setup_intent", "mandate")
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def stripe(settings: StripeSettings, window_s: float) -> WebhookPartner:
    """The partner. Several secrets may be valid, so they can be changed."""
    secrets = [secret.get_secret_value().encode() for secret in settings.webhook_secrets]
    return WebhookPartner(NAME, TimedSignature(secrets, window_s=window_s), events, to)


def events(raw: bytes) -> Sequence[Arrival]:
    """The one event of a body. Raises ValueError: it is none."""
    event = _decode(raw)
    if not (text(event.get("id")) and text(event.get("type"))):
        raise ValueError("This is no event.")
    return [Arrival(event["id"], event["type"], raw)]


def to(arrival: Arrival, entity: str) -> Letter | None:
    """Our own objects bear the bill's id; what others make of them does not, and is known by the payment. Of what
    happens in an account that is connected to ours, what is done with it there concerns its owner alone."""
    event = _decode(arrival.body)
    about, created = inner(inner(event.get("data")).get("object")), seconds(event.get("created"))
    what, id_ = text(about.get("object")), text(about.get("id"))
    if account := text(event.get("account")):
        concerns = what == "account" or event["type"] == "payout.failed"
        return to_owner(provider=NAME, known_as=account, ref=id_, arrival=entity, created=created) if concerns else None
    payment = id_ if what == "payment_intent" else _id(about.get("payment_intent"))
    if what == "setup_intent":
        payment = id_
    bill = text(inner(about.get("metadata")).get(_BILL))
    if is_id(bill) and is_id(payment):
        return told(entity=f"bill:{bill}", provider=NAME, ref=payment, arrival=entity, created=created)
    if is_id(subscription := _subscription(what, about)):
        of = f"subscription:{subscription}"
        return told(entity=of, provider=NAME, ref=id_, arrival=entity, created=created)
    if what in _OF_PAYMENT and payment:
        return to_owner(provider=NAME, known_as=payment, ref=payment, arrival=entity, created=created)
    if what in ("account", "transfer"):
        return to_owner(provider=NAME, known_as=id_, ref=id_, arrival=entity, created=created)
    return _of_customer(event=event, about=about, what=what, entity=entity, created=created)


def _subscription(what: str, about: Object) -> str:
    """Ours, of which a subscription or an invoice tells: an invoice has the members of its subscription with it."""
    within = about if what == "subscription" else {}
    if what == "invoice":
        within = inner(inner(about.get("parent")).get("subscription_details"))
    return text(inner(within.get("metadata")).get(_SUBSCRIPTION))


def _of_customer(event: Object, about: Object, what: str, entity: str, created: int) -> Letter | None:
    """A method that was taken off a customer names them in what it was before."""
    customer = text(about.get("id")) if what == "customer" else ""
    if what in _OF_CUSTOMER:
        before = inner(inner(event.get("data")).get("previous_attributes"))
        customer = _id(about.get("customer")) or _id(before.get("customer"))
    return (
        to_owner(provider=NAME, known_as=customer, ref=customer, arrival=entity, created=created) if customer else None
    )


def _id(value: Any) -> str:
    return text(value) or text(inner(value).get("id"))
