"""The fake of Stripe: it says nothing that the SDK does not know, and takes nothing that Stripe would not take."""

from typing import Any, Literal, Union, get_args, get_origin

import pytest
import stripe

from tests.fakes.stripe.account import TRUSTED, Account
from tests.fakes.stripe.faults import StripeFault
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.shapes import check
from tests.fakes.wire import Answered, Asked

RESOURCES: dict[str, type[Any]] = {
    "account": stripe.Account,
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
    "transfer": stripe.Transfer,
    "transfer_reversal": stripe.TransferReversal,
}


class Desk:
    """Asks an account."""

    def __init__(self) -> None:
        self.account = Account.opened()
        self._number = 0

    def post(self, path: str, text: str = "", key: str = "") -> Answered:
        self._number += 1
        return self.account.answer(Asked("POST", f"/v1/{path}", text, TRUSTED, key or f"key-{self._number}"))

    def get(self, path: str, text: str = "") -> Answered:
        return self.account.answer(Asked("GET", f"/v1/{path}", text, TRUSTED))


AT_ONCE = (
    "amount=2000&currency=eur&confirm=true&payment_method={}"
    "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
)


def test_every_object_has_members_and_values_that_the_sdk_knows() -> None:
    desk = Desk()
    others = Others(desk.account)
    customer = desk.post("customers", "metadata[carewire_ref]=atv_1").body["id"]
    paid = desk.post("payment_intents", AT_ONCE.format("pm_card_visa")).body["id"]
    desk.post("refunds", f"payment_intent={paid}&amount=500")
    held = desk.post("payment_intents", AT_ONCE.format("pm_card_visa") + "&capture_method=manual").body["id"]
    desk.post(f"payment_intents/{held}/capture", "amount_to_capture=1500")
    desk.post("payment_intents", AT_ONCE.format("pm_card_visa_chargeDeclined"))
    asked = desk.post("payment_intents", AT_ONCE.format("pm_card_authenticationRequired")).body["id"]
    others.proves(asked)
    others.disputes(asked)
    setup = desk.post("setup_intents", f"customer={customer}&automatic_payment_methods[enabled]=true").body
    others.types_card(setup["client_secret"])
    account = desk.post("accounts", "type=express").body["id"]
    desk.account.connect.complete(account)
    transfer = desk.post("transfers", f"amount=100&currency=eur&destination={account}").body["id"]
    desk.post(f"transfers/{transfer}/reversals", "amount=40")
    objects = [*desk.account.books.objects.values(), *desk.account.books.events]
    assert {one["object"] for one in objects} == set(RESOURCES)
    for one in objects:
        known(one)


def known(thing: dict[str, Any]) -> None:
    """All members of it are those of its class, and listed values are among those that are listed."""
    hints = RESOURCES[thing["object"]].__annotations__
    for name, value in thing.items():
        assert name in hints, (thing["object"], name)
        listed = [one for part in _flat(hints[name]) if get_origin(part) is Literal for one in get_args(part)]
        assert not listed or value is None or value in listed, (thing["object"], name, value)


def _flat(hint: Any) -> list[Any]:
    if get_origin(hint) is not Union:
        return [hint]
    return [one for part in get_args(hint) for one in _flat(part)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("amount=1.5&currency=eur", "parameter_invalid_integer"),
        ("amount=2000", "parameter_missing"),
        ("amount=2000&currency=eur&colour=red", "parameter_unknown"),
        ("amount=2000&currency=eur&capture_method=perhaps", "parameter_invalid_enum"),
        ("amount=2000&currency=eur&payment_method_types[]=card", "payment_method_types_no_longer_supported"),
        ("amount=2000&currency=eur&automatic_payment_methods[enabled]=yes", "parameter_invalid_boolean"),
        ("amount=2000&currency=eur&metadata[a][b]=c", "parameter_invalid_string"),
        ("amount=2000&currency=eur&metadata[a]=" + "x" * 501, "parameter_invalid_object"),
        ("amount=20&currency=eur", "amount_too_small"),
        ("amount=2000&currency=eur&off_session=true", "parameter_invalid_empty"),
        ("amount=2000&currency=eur&expand[]=a.b.c.d.e", "property_expansion_max_depth"),
        ("amount=2000&amount[b]=1&currency=eur", "parameter_invalid"),
    ],
)
def test_what_stripe_would_not_take_is_refused(text: str, code: str) -> None:
    answered = Desk().post("payment_intents", text)
    assert (answered.status, answered.body["error"]["code"]) == (400, code)


def test_a_key_is_answered_as_it_was_first_failures_too_and_not_with_other_words() -> None:
    desk = Desk()
    first = desk.post("payment_intents", AT_ONCE.format("pm_card_visa_chargeDeclined"), "k1")
    again = desk.post("payment_intents", AT_ONCE.format("pm_card_visa_chargeDeclined"), "k1")
    assert (first.status, again.status, again.body) == (402, 402, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    text = AT_ONCE.format("pm_card_visa")
    assert desk.post("payment_intents", text, "k1").body["error"]["type"] == "idempotency_error"
    broken = desk.account.answer(Asked("POST", "/v1/payment_intents", text, TRUSTED, "k2"), breaks=True, done=True)
    assert (broken.status, desk.post("payment_intents", text, "k2").status) == (500, 500)
    assert len(list(desk.account.books.all("payment_intent"))) == 2  # the first, and the one that a 500 hid
    desk.account.forget_keys()
    assert desk.post("payment_intents", text, "k2").status == 200


def test_a_key_of_a_request_that_is_wrong_is_not_kept() -> None:
    desk = Desk()
    assert desk.post("payment_intents", "amount=2000", "k1").status == 400
    assert desk.post("payment_intents", "amount=2000&currency=eur", "k1").status == 200


def test_the_balance_is_what_came_less_what_went_and_what_stripe_keeps() -> None:
    desk = Desk()
    others = Others(desk.account)
    paid = desk.post("payment_intents", AT_ONCE.format("pm_card_visa")).body["id"]
    assert desk.account.books.balance("eur") == 2000 - 55
    desk.post("refunds", f"payment_intent={paid}&amount=500")
    assert desk.account.books.balance("eur") == 1445
    dispute = others.disputes(paid)
    assert desk.account.books.balance("eur") == 1445 - 2000 - 1500
    assert desk.post("refunds", f"payment_intent={paid}").body["error"]["code"] == "charge_disputed"
    desk.account.returns.close(dispute["id"], "won")
    assert desk.account.books.balance("eur") == 1445 - 1500


def test_lists_are_paged_the_newest_first() -> None:
    desk = Desk()
    made = [desk.post("payment_intents", f"amount={2000 + number}&currency=eur").body["id"] for number in range(25)]
    found: list[str] = []
    after = ""
    while True:
        page = desk.get("payment_intents", f"limit=10{after}").body
        found += [one["id"] for one in page["data"]]
        if not page["has_more"]:
            break
        after = f"&starting_after={found[-1]}"
    assert found == list(reversed(made))


def test_a_type_that_the_sdk_does_not_have_is_a_fault_of_the_fake() -> None:
    with pytest.raises(AttributeError):
        check("NoSuchParams", {})
    with pytest.raises(StripeFault):
        check("RefundCreateParams", {"amount": "many"})
