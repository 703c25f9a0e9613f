"""Rules and reviews: each operation at both doors. Staff only."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.bill.commands import BillView, DecideReview
from actors.payments.bill.state import BillRecord, PaymentRecord, bill_of
from actors.payments.bill.views import record_in
from actors.payments.fraud.table import RULES, FraudRules, ReadFraudRules, SetFraudRules
from common.clock import to_rfc3339
from common.errors import NotFound
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.flagged import flagged_bills
from serve_app.capabilities.payments.fraud import requests
from serve_app.capabilities.payments.shared import named
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

_RULE: Final[dict[str, Any]] = {
    "rule_id": "many-cards",
    "measure": "cards",
    "per": "payer",
    "window_minutes": 60,
    "above": 2,
    "action": "review",
}
_REVIEW: Final[dict[str, Any]] = {
    "review_id": "rev_01KAFZ0000000000000000000A-1",
    "bill_id": "bil_01KAFZ0000000000000000000A",
    "payment_id": "pay_01KAFZ0000000000000000000A-1",
    "payer_id": "usr_ada",
    "rule_id": "many-cards",
    "reason": "3 cards by this payer within 60 minutes, above 2",
    "amount": 9000,
    "currency": "EUR",
    "at": "2026-11-20T09:30:00.000Z",
    "status": "held",
}
_operation: Final = Declare(resource=("review_id",))


class FraudOperations:
    """Of one process."""

    def __init__(self, entities: EntityClient, views: ViewFinder) -> None:
        self._entities, self._views = entities, views

    def __iter__(self) -> Iterator[Operation[Any]]:
        path, rules = "/api/payments/fraud/rules", {"rules": [_RULE]}
        yield _operation(
            "get_fraud_rules",
            "fraud.change",
            request=requests.GetFraudRules,
            call=self._rules,
            rest=Rest("GET", path, tag="payments"),
            response=requests.FraudRulesReply,
            example=Example({}, {**rules, "version": 1}),
            versioned=True,
        )
        yield _operation(
            "set_fraud_rules",
            "fraud.change",
            request=requests.SetFraudRulesBody,
            call=self._set,
            rest=Rest("PUT", path, tag="payments"),
            response=requests.FraudRulesReply,
            example=Example(rules, {**rules, "version": 1}),
            versioned=True,
        )
        yield _operation(
            "list_reviews",
            "review.decide",
            request=requests.ListReviews,
            call=self._list,
            rest=Rest("GET", "/api/payments/reviews", tag="payments"),
            response=requests.ReviewPage,
            example=Example({}, {"items": [_REVIEW]}),
        )
        yield _operation(
            "decide_review",
            "review.decide",
            request=requests.DecideReviewBody,
            call=self._decide,
            rest=Rest("POST", "/api/payments/reviews/{review_id}", tag="payments"),
            response=requests.ReviewReply,
            example=Example(
                {"review_id": _REVIEW["review_id"], "decision": "approve"}, {**_REVIEW, "status": "approved"}
            ),
        )

    async def _rules(self, request: requests.GetFraudRules, caller: Caller) -> Result:
        """The rules that payments are looked at by before a provider hears of them."""
        return _reply(await self._entities.ask(RULES, ReadFraudRules(), by=caller.by))

    async def _set(self, request: requests.SetFraudRulesBody, caller: Caller) -> Result:
        """Other rules. Payments that are held already stay so."""
        command = SetFraudRules(rules=tuple(request.rules), versions=caller.versions)
        return _reply(await self._entities.ask(RULES, command, by=caller.by, trace=caller.trace))

    async def _list(self, request: requests.ListReviews, caller: Caller) -> requests.ReviewPage:
        """Payments that are held for a review, those of the newest bills first."""
        shown, more = await flagged_bills(self._views, "review", request.cursor, request.limit)
        records = [record_in(view) for view in shown]
        items = [
            _review(record, one)
            for record in records
            for one in record.payments
            if one.review == "held" and not one.over
        ]
        return requests.ReviewPage(items=items, next_cursor=more)

    async def _decide(self, request: requests.DecideReviewBody, caller: Caller) -> requests.ReviewReply:
        """Let a held payment begin, or give it up. Its payer hears what became of it, and not of which rule."""
        if not (bill := bill_of(request.review_id)):
            raise NotFound("There is no such review.", review=request.review_id)
        command = DecideReview(request.review_id, request.decision == "approve")
        reply = await self._entities.submit(
            f"bill:{bill}", command, by=caller.by, trace=caller.trace, command_id=named(caller, "review")
        )
        record = msgspec.json.decode(reply.data, type=BillView).record
        return next(_review(record, one) for one in record.payments if one.review_id == request.review_id)


def _reply(table: FraudRules) -> Result:
    reply = requests.FraudRulesReply(rules=list(table.rules), version=table.version)
    return Result(reply, version=table.version)


def _review(record: BillRecord, payment: PaymentRecord) -> requests.ReviewReply:
    status = payment.review or "over"
    return requests.ReviewReply(
        review_id=payment.review_id,
        bill_id=record.id,
        payment_id=payment.id,
        payer_id=record.payer,
        rule_id=payment.rule,
        reason=payment.why,
        amount=payment.amount,
        currency=payment.currency,
        at=to_rfc3339(payment.created),
        status="over" if status == "held" and payment.over else status,
    )
