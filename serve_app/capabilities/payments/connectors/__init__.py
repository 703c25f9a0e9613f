"""The connectors to payment providers: the only files that import their libraries.

calling.py   a provider as the runner calls it
lines.py     HTTP with a partner that answers in JSON, and what its failures mean
stripe/      Stripe
paypal/      PayPal
razorpay/    Razorpay

Cash and bank transfers need none: staff books them in (`actors/payments/bill/rules/manual.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from actors.jobs.commands import StartJob
from common.timeline import DAY_MS, MINUTE_MS
from config.settings import Settings
from serve_app.activities.connector import Connector
from serve_app.capabilities.connecting import Connectors, JobWork, RunnerContext
from serve_app.capabilities.payments.providers import PaymentProvider


def providers_of(context: RunnerContext) -> Mapping[str, Callable[[], PaymentProvider]]:
    """Makers of the providers that are configured."""
    settings, clock = context.settings.payments, context.clock
    found: dict[str, Callable[[], PaymentProvider]] = {}
    if "stripe" in settings.enabled:
        from serve_app.capabilities.payments.connectors.stripe.provider import StripeProvider

        found["stripe"] = lambda: StripeProvider(settings.stripe, clock, settings.timeout_s)
    if "paypal" in settings.enabled:
        from serve_app.capabilities.payments.connectors.paypal.provider import PaypalProvider

        found["paypal"] = lambda: PaypalProvider(settings.paypal, clock, settings.timeout_s)
    if "razorpay" in settings.enabled:
        from serve_app.capabilities.payments.connectors.razorpay.provider import RazorpayProvider

        found["razorpay"] = lambda: RazorpayProvider(settings.razorpay, settings.timeout_s)
    return found


def _open(context: RunnerContext) -> Iterable[Connector]:
    settings = context.settings.payments
    for name, make in providers_of(context).items():
        from serve_app.capabilities.payments.connectors.calling import ProviderConnector

        if name == "paypal":
            from serve_app.capabilities.payments.connectors.paypal.provider import KEY_LIFE_S

            yield ProviderConnector(make(), settings, key_life_s=KEY_LIFE_S)
        else:
            yield ProviderConnector(make(), settings)


def _reconciling(context: RunnerContext) -> JobWork:
    from serve_app.capabilities.payments.ledger.reconciling import Reconciling

    return Reconciling(context.database, providers_of(context), context.clock)


def _keeping(context: RunnerContext) -> JobWork:
    from serve_app.capabilities.payments.ledger.keeping import KeepingSums

    return KeepingSums(context.database)


def _daily(settings: Settings) -> Iterable[StartJob]:
    yield StartJob(kind="ledger_sums", every_ms=10 * MINUTE_MS)
    for provider in settings.payments.enabled:
        if provider != "manual":
            yield StartJob(kind="reconcile", about={"provider": provider}, every_ms=DAY_MS)


CONNECTORS: Final = Connectors(
    feature="payments",
    open=_open,
    jobs={"reconcile": _reconciling, "ledger_sums": _keeping},
    daily=_daily,
)
