"""What operators see of payments, set whenever somebody looks at how it stands, and made anew at most once a minute."""

import math
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry
from typing_extensions import override

from actors.payments.activities import CardError
from actors.payments.bill.state import BillRecord, DisputeRecord, PaymentRecord
from actors.payments.bill.views import BILLS, bill_view
from common.clock import SystemClock
from common.timeline import HOUR_MS, MINUTE_MS
from serve_app.capabilities.payments.figures import PaymentFigures
from serve_app.capabilities.payments.health import PaymentHealth
from serve_app.capabilities.payments.ledger.reconciling import RECONCILIATIONS
from serve_app.capabilities.payments.shared import Options
from store.mongo.client import Database

NOW: Final = 1_800_000_000_000


class Hand(SystemClock):
    """Stands where it is put."""

    at = NOW

    @override
    def platform_ms(self) -> int:
        return self.at


def a_bill(id_: str, status: Any = "succeeded", *, due: int = 0, **dispute: Any) -> dict[str, Any]:
    error = None if status == "succeeded" else CardError(code="card_declined", message="No.")
    payment = PaymentRecord(
        id=f"pay_{id_}-1", provider="stripe", amount=1, currency="EUR", created=0, updated=0, status=status, error=error
    )
    members: dict[str, Any] = {"payment": payment.id, "provider_ref": "du_1", "amount": 1, "currency": "EUR"}
    told = DisputeRecord(id="dsp_1", reason="x", status="needs_response", created=0, due=due, **members, **dispute)
    record = BillRecord(
        id=f"bil_{id_}",
        kind="charge",
        payer="ada",
        client="ada",
        currency="EUR",
        created=NOW - MINUTE_MS,
        updated=0,
        payments=(payment,),
        disputes=(told,) if due else (),
    )
    view = bill_view(record, 1)
    return {"_id": view.id, "f": view.fields, "d": msgspec.msgpack.encode(record)}


async def test_success_disputes_and_differences_are_seen(mongo: Database) -> None:
    registry, clock = CollectorRegistry(), Hand()
    figures = PaymentFigures(mongo, clock, registry)
    health = PaymentHealth(mongo, Options(providers=("stripe", "manual"), public={}), figures)

    async def seen() -> tuple[float | None, ...]:
        finding = await health.look()
        values = [
            registry.get_sample_value(f"carewire_{name}")
            for name in ("payment_success_rate", "disputes_open", "dispute_due_seconds")
        ]
        differs = registry.get_sample_value("carewire_reconciliation_differences", {"provider": "stripe"})
        assert finding.status == ("degraded" if differs else "ok")
        return *values, differs

    assert await seen() == (1.0, 0.0, math.inf, None)
    await mongo[BILLS].insert_many(
        [
            a_bill("a"),
            a_bill("b", due=NOW + 3 * HOUR_MS),
            a_bill("c", due=NOW + 2 * HOUR_MS, submitted=1),
            a_bill("d", "requires_payment_method", due=NOW + HOUR_MS, closed=True),
        ]
    )
    await mongo[RECONCILIATIONS].insert_one({"provider": "stripe", "to": NOW, "total": 2})
    assert await seen() == (1.0, 0.0, math.inf, 2.0)  # those that cost something are a minute old at most
    clock.at += MINUTE_MS
    assert await seen() == (0.75, 1.0, 3 * 3600 - 60, 2.0)
