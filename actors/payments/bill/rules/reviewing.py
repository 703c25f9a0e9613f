"""Payments that met a rule and are held: staff lets them begin, or gives them up. Whoever pays is not told the rule."""

import msgspec

from actors.payments.activities import CardError
from actors.payments.bill.commands import DecideReview
from actors.payments.bill.rules.draft import Draft
from common.errors import FailedPrecondition, NotFound

replace = msgspec.structs.replace


def decide(draft: Draft, command: DecideReview) -> None:
    """Let it begin, or give it up. The same decision again changes nothing.

    Raises:
        NotFound: the bill has no such review.
        FailedPrecondition: it was decided otherwise, or the payment is over.
    """
    payment = next((one for one in draft.record.payments if one.review_id == command.review and one.review), None)
    if payment is None:
        raise NotFound("There is no such review.", review=command.review)
    decided = "approved" if command.approve else "declined"
    if payment.review == decided:
        return
    if payment.review != "held" or payment.over:
        reason = "over" if payment.review == "held" else payment.review
        raise FailedPrecondition("This has been decided.", details={"reason": reason})
    if command.approve:
        draft.put(replace(payment, review="approved"), change="review_approved")
        return
    error = CardError(code="blocked", message="This payment was not accepted.", retryable=False)
    declined = replace(payment, review="declined", queued=False, status="canceled", error=error)
    draft.put(declined, change="payment_failed")
