"""The kinds of entities that have to do with money."""

from typing import Final

from actors.kernel.contract.entity import AnyKind

PAYMENT_KINDS: Final = (
    "bill",
    "payer",
    "intent",
    "taxes",
    "tariff",
    "coupon",
    "issuer",
    "plan",
    "subscription",
    "payee",
    "fraud",
    "risk",
)


def payment_kinds(poll_s: float) -> list[AnyKind]:
    """All of them. `poll_s`: after how long without news a live payment is read again."""
    from actors.payments.bill.kind import BillKind
    from actors.payments.coupon.entity import CouponKind
    from actors.payments.fraud.counting import RiskKind
    from actors.payments.fraud.table import FraudKind
    from actors.payments.intent.entity import IntentKind
    from actors.payments.issuer.entity import IssuerKind
    from actors.payments.payee.kind import PayeeKind
    from actors.payments.payer.kind import PayerKind
    from actors.payments.plan.entity import PlanKind
    from actors.payments.subscription.kind import SubscriptionKind
    from actors.payments.tariff.entity import TariffKind
    from actors.payments.taxtable.entity import TaxTableKind

    return [
        BillKind(poll_s),
        PayerKind(),
        IntentKind(),
        TaxTableKind(),
        TariffKind(),
        CouponKind(),
        IssuerKind(),
        PlanKind(),
        SubscriptionKind(),
        PayeeKind(),
        FraudKind(),
        RiskKind(),
    ]
