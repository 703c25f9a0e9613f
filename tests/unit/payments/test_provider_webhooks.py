"""Webhooks of payment providers: who is believed, and who is told. Bodies are hints, so little is read of them."""

import hashlib
import hmac
import json
from typing import Any, Final

import msgspec
import pytest
from pydantic import SecretStr

from common.clock import SystemClock
from common.errors import InvalidArgument
from config.capabilities.payments import PaymentSettings, PaypalSettings, RazorpaySettings, StripeSettings
from config.settings import Settings
from serve_app.capabilities.payments.webhooks import partners
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner

NOW: Final = SystemClock().now_ms()
ARRIVAL: Final = "arrival:p:evt_1"
PAYPAL: Final = PaypalSettings(client_id="c", client_secret=SecretStr("s"), webhook_id="WH-1")
STRIPE: Final = StripeSettings(
    secret_key=SecretStr("sk_test_1"), webhook_secrets=(SecretStr("whsec_b"), SecretStr("whsec_a"))
)
RAZORPAY: Final = RazorpaySettings(
    key_id="rzp_test_1", key_secret=SecretStr("s"), webhook_secrets=(SecretStr("new"), SecretStr("old"))
)


def partner(name: str) -> WebhookPartner:
    payments = PaymentSettings(stripe=STRIPE, paypal=PAYPAL, razorpay=RAZORPAY)
    settings = Settings(_env_file=None, payments=payments)  # type: ignore[call-arg] # of pydantic-settings
    return next(one for one in partners(settings) if one.name == name)


def stripe_event(object_: dict[str, Any], type_: str = "payment_intent.succeeded", **more: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": type_, "created": 17, "data": {"object": object_}, **more}).encode()


def told(name: str, body: bytes) -> tuple[str, dict[str, Any]] | None:
    """Who is told what."""
    who = partner(name)
    (arrival,) = who.events(body)
    letter = who.to(arrival, ARRIVAL)
    return None if letter is None else (letter.to, msgspec.msgpack.decode(letter.command))


def said(ref: str, provider: str = "stripe", created: int = 17) -> dict[str, Any]:
    return {"type": "seen", "provider": provider, "ref": ref, "arrival": ARRIVAL, "created": created}


OURS: Final = {"carewire_bill": "bil_1"}


@pytest.mark.parametrize(
    ("about", "entity", "ref"),
    [
        ({"object": "payment_intent", "id": "pi_1", "metadata": OURS}, "bill:bil_1", "pi_1"),
        ({"object": "setup_intent", "id": "seti_1", "metadata": OURS, "customer": "cus_1"}, "bill:bil_1", "seti_1"),
        ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1", "metadata": OURS}, "bill:bil_1", "pi_1"),
        ({"object": "refund", "id": "re_1", "payment_intent": "pi_1", "metadata": {}}, "intent:stripe:pi_1", "pi_1"),
        ({"object": "dispute", "id": "dp_1", "payment_intent": {"id": "pi_1"}}, "intent:stripe:pi_1", "pi_1"),
        ({"object": "setup_intent", "id": "seti_1", "customer": "cus_1"}, "intent:stripe:cus_1", "cus_1"),
        ({"object": "payment_method", "id": "pm_1", "customer": "cus_1"}, "intent:stripe:cus_1", "cus_1"),
        ({"object": "customer", "id": "cus_1"}, "intent:stripe:cus_1", "cus_1"),
        ({"object": "account", "id": "acct_1"}, "intent:stripe:acct_1", "acct_1"),
    ],
)
def test_stripe_tells_whose_object_it_is(about: dict[str, Any], entity: str, ref: str) -> None:
    assert told("stripe", stripe_event(about)) == (entity, said(ref))


def test_stripe_tells_of_a_method_that_was_taken_off_whose_it_was() -> None:
    body = {"object": "payment_method", "id": "pm_1", "customer": None}
    event = {"id": "evt_1", "type": "payment_method.detached", "created": 17}
    data = {"object": body, "previous_attributes": {"customer": "cus_1"}}
    assert told("stripe", json.dumps({**event, "data": data}).encode()) == ("intent:stripe:cus_1", said("cus_1"))


@pytest.mark.parametrize(
    "body",
    [
        stripe_event({"object": "payment_intent", "id": "pi_1", "metadata": {}}),
        stripe_event({"object": "payment_intent", "id": "pi_1", "metadata": {"carewire_bill": "bil 1/$"}}),
        stripe_event({"object": "payment_intent", "id": "pi_1", "metadata": OURS}, account="acct_other"),
        stripe_event({"object": "product", "id": "prod_1"}),
        stripe_event({"object": "refund", "id": "re_1", "payment_intent": ["pi_1"]}),
        b'{"id": "evt_1", "type": "x", "data": []}',
        b'{"id": "evt_1", "type": "x", "data": {"object": 3}, "created": "then"}',
    ],
)
def test_what_is_not_ours_concerns_nobody(body: bytes) -> None:
    assert told("stripe", body) is None


@pytest.mark.parametrize("name", ["stripe", "razorpay"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"[1]", b"3", b"{}", b'{"id": 4, "type": "x"}', b"\xff\xfe", b'{"id": "\xff"}']
)
def test_a_body_that_is_none_is_told_apart(name: str, body: bytes) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        partner(name).events(body)


def stripe_headers(body: bytes, at_s: int, *secrets: str) -> dict[str, str]:
    made = [hmac.new(one.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest() for one in secrets]
    return {"stripe-signature": ",".join([f"t={at_s}", *(f"v1={one}" for one in made)])}


@pytest.mark.parametrize(
    ("secrets", "ahead_s", "reason"),
    [
        (["whsec_b"], 0, None),
        (["whsec_a"], 0, None),
        (["whsec_x", "whsec_a"], 0, None),
        (["whsec_x"], 0, "signature"),
        (["whsec_b"], -301, "time"),
        (["whsec_b"], 302, "time"),
        (["whsec_b"], 1 << 40, "time"),
    ],
)
def test_stripes_signature_is_of_now_and_by_one_of_the_secrets(
    secrets: list[str], ahead_s: int, reason: str | None
) -> None:
    body = b'{"id": "evt_\xff"}'  # verified over the bytes, whatever they are
    assert refusal(partner("stripe"), stripe_headers(body, NOW // 1000 + ahead_s, *secrets), body) == reason


def test_razorpay_is_believed_by_its_old_secret_too_and_names_its_order() -> None:
    payment = {"entity": {"id": "pay_1", "order_id": "order_1"}}
    body = json.dumps({"event": "payment.captured", "created_at": 17, "payload": {"payment": payment}}).encode()
    for secret, reason in (("new", None), ("old", None), ("other", "signature")):
        mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        assert refusal(partner("razorpay"), {"x-razorpay-signature": mac}, body) == reason
    assert told("razorpay", body) == ("intent:razorpay:order_1", said("order_1", "razorpay"))
    assert (
        told("razorpay", b'{"event": "payment.captured", "payload": {"payment": {"entity": {"id": "pay_1"}}}}') is None
    )


def refusal(who: WebhookPartner, headers: dict[str, str], body: bytes, now_ms: int = NOW) -> str | None:
    """Why it is not believed; None: it is."""
    try:
        who.verifier.verify(headers, body, now_ms)
    except InvalidArgument as error:
        return str((error.details or {})["reason"])
    return None


def test_an_order_a_dispute_and_a_refund_name_what_they_are_about() -> None:
    resources = {
        "ORDER9": ("checkout-order", {"id": "ORDER9"}),
        "atv_9": ("refund", {"id": "REF1", "custom_id": "atv_9"}),
        "CAP9": ("dispute", {"disputed_transactions": [{"seller_transaction_id": "CAP9"}]}),
        "CAP8": ("refund", {"id": "REF1", "links": [{"rel": "up", "href": "https://api/v2/payments/captures/CAP8"}]}),
    }
    for known_as, (type_, resource) in resources.items():
        event = {"id": "WH-1", "event_type": "X", "resource_type": type_, "resource": resource}
        letter = partner("paypal").to(Arrival("WH-1", "X", json.dumps(event).encode()), ARRIVAL)
        assert letter is not None
        assert letter.to == f"intent:paypal:{known_as}"
