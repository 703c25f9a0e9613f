"""What payment providers tell by webhook: whose it is, and how we know that it is from them.

A webhook is a hint. What it says of an object is not believed, for webhooks come late, twice and in any order, and not
every provider signs the whole of one: whoever is concerned reads the object. So all that is taken from a body is the
event's id, its name, and which object it is about.
"""

from collections.abc import Iterable

from config.settings import Settings
from serve_app.capabilities.payments.webhooks.paypal import paypal
from serve_app.capabilities.payments.webhooks.razorpay import razorpay
from serve_app.capabilities.payments.webhooks.stripe import stripe
from serve_app.edge.webhooks.partners import WebhookPartner


def partners(settings: Settings) -> Iterable[WebhookPartner]:
    """Those of the providers in use whose webhooks can be verified."""
    payments = settings.payments
    if "stripe" in payments.enabled and payments.stripe.webhook_secrets:
        yield stripe(payments.stripe, payments.webhook_tolerance_s)
    if "paypal" in payments.enabled and payments.paypal.webhook_id is not None:
        yield paypal(payments.paypal, payments.webhook_tolerance_s)
    if "razorpay" in payments.enabled and payments.razorpay.webhook_secrets:
        yield razorpay(payments.razorpay)
