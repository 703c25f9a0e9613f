"""Razorpay as a payment provider: orders, which payers pay in Razorpay's own window.

Razorpay knows keys at refunds alone. An order is found by its receipt, which is our reference; what is to be captured
is read first. https://razorpay.com/docs/api/orders/, https://razorpay.com/docs/api/refunds/normal-refunds-idempotent/
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import Any, Final, NoReturn

import msgspec

from actors.payments.activities import Begin, Capture, Confirm, PaymentSeen, Read, Refund, Void
from config.capabilities.payments import RazorpaySettings
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.lines import NotDone, Object, PartnerConnection, code_of
from serve_app.capabilities.payments.connectors.razorpay.reading import (
    HELD_MINUTES,
    REF,
    REFUND,
    REST,
    held_of,
    is_rest,
    is_taken,
    notes_of,
    payment_of,
)
from serve_app.capabilities.payments.providers import Attempt, unsupported

_SETTING: Final = "CAREWIRE_PAYMENTS__RAZORPAY__KEY_ID and __KEY_SECRET"
_BILL: Final = "carewire_bill"
_PAGE: Final = 100
_OPEN: Final = ("requires_payment_method", "requires_capture", "processing")


class RazorpayProvider:
    """One a runner. See `PaymentProvider`."""

    name = "razorpay"

    def __init__(self, settings: RazorpaySettings, timeout_s: float) -> None:
        assert settings.key_id is not None
        assert settings.key_secret is not None
        self._key_id, self._secret = settings.key_id, settings.key_secret.get_secret_value().encode()
        pair = b64encode(f"{self._key_id}:{self._secret.decode()}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}
        self._line = PartnerConnection("Razorpay", _SETTING, settings.base_url, timeout_s)

    async def begin(self, ask: Begin, attempt: Attempt) -> PaymentSeen:
        """A receipt is unique: of an order that was made before, whatever became of the answer, there is no second."""
        if ask.setup or ask.method:
            raise unsupported("Razorpay")
        made = await self._post("/v1/orders", _order(ask, attempt))
        if not isinstance(made, NotDone):
            return payment_of(made["id"], made, (), (), key_id=self._key_id)
        if (found := await self._under(attempt.ref)) is None:
            _refuse(made)
        return found

    async def confirm(self, ask: Confirm, attempt: Attempt) -> PaymentSeen:
        """What the window told the payer's browser is signed with our secret; what counts is what is read then."""
        if ask.result:
            self._check(ask.ref, ask.result)
        return await self._read(ask.ref)

    async def capture(self, ask: Capture, attempt: Attempt) -> PaymentSeen:
        """There are no keys here: it is read what there is to take. Of what is taken whole the rest goes back."""
        attempts = await self._attempts(ask.ref)
        if (held := held_of(attempts)) is not None:
            body: Object = {"amount": held["amount"], "currency": held["currency"]}
            made = await self._post(f"/v1/payments/{held['id']}/capture", body)
            attempts = await self._attempts(ask.ref)
            if isinstance(made, NotDone) and not any(map(is_taken, attempts)):
                _refuse(made)
        await self._return_rest(ask, attempts, attempt)
        return await self._read(ask.ref)

    async def void(self, ask: Void, attempt: Attempt) -> PaymentSeen:
        """Razorpay has no such call. What is held it returns of itself, if it is not captured, and nobody but us does
        that; so it is as good as cancelled. What a payer pays later all the same is seen when it is read."""
        seen = await self._read(ask.ref)
        if seen.status not in _OPEN:
            return seen
        return msgspec.structs.replace(seen, status="canceled", authorized=0, client={}, error=None)

    async def refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen:
        taken = [one for one in await self._attempts(ask.ref) if is_taken(one)]
        if not taken:
            raise Refused("not_captured", "There is nothing to return.")
        source = next((one for one in taken if _left(one) >= ask.amount), taken[0])
        notes = {REF: attempt.ref, REFUND: ask.refund, **({_BILL: ask.bill} if ask.bill else {})}
        body: Object = {"amount": ask.amount, "speed": "normal", "notes": notes}
        made = await self._post(f"/v1/payments/{source['id']}/refund", body, key=attempt.key)
        if isinstance(made, NotDone):
            _refuse(made)
        return await self._read(ask.ref)

    async def read(self, ask: Read, attempt: Attempt) -> PaymentSeen:
        if ask.ref:
            return await self._read(ask.ref)
        if (found := await self._under(ask.key)) is None:
            raise Refused("resource_missing", "There is no such payment.")
        return found

    async def find_begun(self, ask: Begin, attempt: Attempt) -> PaymentSeen | None:
        return await self._under(attempt.ref)

    async def find_refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen | None:
        refunds = await self._refunds(await self._attempts(ask.ref))
        ours = [one for one in refunds if notes_of(one).get(REF) == attempt.ref]
        return await self._read(ask.ref) if ours else None

    async def close(self) -> None:
        await self._line.close()

    async def _return_rest(self, ask: Capture, attempts: list[Object], attempt: Attempt) -> None:
        taken = [one for one in attempts if is_taken(one)]
        rest = sum(one["amount"] for one in taken) - ask.amount
        if not taken or rest <= 0 or any(map(is_rest, await self._refunds(attempts))):
            return
        body: Object = {"amount": rest, "speed": "normal", "notes": {REF: attempt.ref, REST: ask.bill or "1"}}
        made = await self._post(f"/v1/payments/{taken[0]['id']}/refund", body, key=f"{attempt.key}-rest")
        if isinstance(made, NotDone):
            _refuse(made)

    async def _under(self, receipt: str) -> PaymentSeen | None:
        found = await self._get("/v1/orders", {"receipt": receipt})
        orders = [] if isinstance(found, NotDone) else found.get("items", [])
        ours = [one for one in orders if one.get("receipt") == receipt]
        return await self._read(ours[0]["id"]) if ours else None

    async def _read(self, ref: str) -> PaymentSeen:
        attempts = await self._attempts(ref)
        order: Object = {}
        if not attempts:
            found = await self._get(f"/v1/orders/{ref}")
            order = {} if isinstance(found, NotDone) else found
        refunds = await self._refunds(attempts)
        return payment_of(ref, order, attempts, refunds, key_id=self._key_id)

    async def _attempts(self, ref: str) -> list[Object]:
        """The payments of an order, the newest first."""
        found = await self._get(f"/v1/orders/{ref}/payments")
        if isinstance(found, NotDone):
            raise Refused("resource_missing", "There is no such payment.")
        items: list[Object] = found.get("items", [])
        return sorted(items, key=lambda one: -int(one.get("created_at", 0)))

    async def _refunds(self, attempts: list[Object]) -> list[Object]:
        found: list[Object] = []
        for one in attempts:
            if one.get("amount_refunded") or one.get("refund_status"):
                found += await self._pages(f"/v1/payments/{one['id']}/refunds")
        return found

    async def _pages(self, path: str) -> list[Object]:
        found: list[Object] = []
        while True:
            page = await self._get(path, {"count": str(_PAGE), "skip": str(len(found))})
            items = [] if isinstance(page, NotDone) else page.get("items", [])
            found += items
            if len(items) < _PAGE:
                return found

    def _check(self, ref: str, result: dict[str, str]) -> None:
        if result.get("razorpay_order_id", ref) != ref:
            raise Refused("order_mismatch", "This is another order.")
        said = f"{ref}|{result.get('razorpay_payment_id', '')}".encode()
        made = hmac.digest(self._secret, said, sha256).hex()
        if not hmac.compare_digest(made.encode(), result.get("razorpay_signature", "").encode()):
            raise Refused("signature", "The signature of Razorpay's window is wrong.")

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Object | NotDone:
        return await self._line.ask("GET", path, headers=self._headers, query=query)

    async def _post(self, path: str, body: Object, *, key: str = "") -> Object | NotDone:
        headers = {**self._headers, **({"X-Refund-Idempotency": key} if key else {})}
        return await self._line.ask("POST", path, headers=headers, body=body)


def _order(ask: Begin, attempt: Attempt) -> Object:
    """With a hold we capture; else Razorpay does, as soon as the bank has agreed."""
    options: Object = {"refund_speed": "normal"}
    options["manual_expiry_period" if ask.hold else "automatic_expiry_period"] = HELD_MINUTES
    return {
        "amount": ask.amount,
        "currency": ask.currency,
        "receipt": attempt.ref,
        "unique_receipt": True,
        "notes": {REF: attempt.ref, **({_BILL: ask.bill} if ask.bill else {})},
        "payment": {"capture": "manual" if ask.hold else "automatic", "capture_options": options},
    }


def _left(payment: Object) -> int:
    return int(payment["amount"]) - int(payment.get("amount_refunded") or 0)


def _refuse(no: NotDone) -> NoReturn:
    told: Any = no.body.get("error")
    inner: Any = told if isinstance(told, dict) else {}
    raise Refused(
        code_of(str(inner.get("reason") or inner.get("code") or "refused")), f"Razorpay refuses ({no.status})."
    )
