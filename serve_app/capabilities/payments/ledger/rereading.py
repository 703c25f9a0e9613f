"""The statement of a provider that has none: every payment that we posted something for is read again."""

from collections.abc import Iterator, Sequence

import msgspec

from actors.payments import ledger
from actors.payments.activities import PaymentSeen
from actors.payments.bill.state import BillRecord
from actors.payments.bill.views import BILLS
from actors.payments.ledger import POSTINGS, PostedRow
from serve_app.capabilities.payments.providers import Movement
from store.mongo.client import Database, database_errors

_GONE = ("pending", "succeeded")


async def bills_posted(
    database: Database, provider: str, since: int, until: int, after: str, limit: int
) -> tuple[Sequence[BillRecord], str]:
    """The bills of some postings on a provider's account in a time, and the place to go on from ("": that was all).
    `after`: the place of the page before. A bill may come in several pages."""
    at = {"$gte": since, "$lt": until}
    wanted = {"f.account": ledger.provider(provider), "f.at": at, "f.order": {"$gt": after}}
    with database_errors():
        found = await database[POSTINGS].find(wanted, sort=[("f.order", 1)], limit=limit).to_list(None)
        rows = [msgspec.msgpack.decode(one["d"], type=PostedRow) for one in found]
        ids = sorted({row.bill for row in rows if row.bill})
        bills = await database[BILLS].find({"_id": {"$in": ids}}, {"d": 1}).to_list(None)
    last = found[-1]["f"]["order"] if len(found) == limit else ""
    return [msgspec.msgpack.decode(one["d"], type=BillRecord) for one in bills], last


def movements_of(seen: PaymentSeen, at_ms: int) -> Iterator[Movement]:
    """What has moved because of a payment, as its provider says by now: under the ids that our entries name."""

    def line(source: str, kind: str, amount: int, fee: int) -> Movement:
        return Movement(
            ref=source, source=source, kind=kind, amount=amount, fee=fee, currency=seen.currency.upper(), at_ms=at_ms
        )

    if seen.captured:
        yield line(seen.ref, "charge", seen.captured, seen.fee or 0)
    for refund in seen.refunds:
        if refund.status in _GONE:
            yield line(refund.ref, "refund", -refund.amount, -refund.fee)
    for dispute in seen.disputes:
        taken = dispute.withdrawn and dispute.status != "won"
        if taken or dispute.fee:
            yield line(dispute.ref, "dispute", -dispute.amount if taken else 0, dispute.fee)
