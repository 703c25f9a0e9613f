"""Money from a payer to the books: the API, bills on shards, a runner, providers on the wire, and their webhooks."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.delivering import Weather
from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
ROUGH = Weather(doubled=0.5, lost=0.2, longest_s=0.3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("till"), weather=ROUGH, poll_s=0.5) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def till(shared: Till) -> AsyncIterator[Till]:
    """After every test the books are those of the providers."""
    yield shared
    await shared.balanced()


async def test_a_bill_is_paid_in_the_browser_and_we_hear_of_it(till: Till) -> None:
    bill = await till.bill("ada")
    payment = await till.pay("ada", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    paid = await till.becomes(bill, status="paid", captured=10_000, due=0)
    assert paid["payment"]["status"] == "succeeded"
    again = await till.home.call("POST", "/api/payments/intent", {"bill_id": bill}, bearer=token("ada", "client"))
    assert again.status_code in (409, 412)


async def test_a_bill_is_paid_by_paypal_once_the_payer_has_approved(till: Till) -> None:
    bill = await till.bill("bea")
    payment = await till.pay("bea", bill, provider="paypal")
    order = payment["client"]["order_id"]
    assert payment["client"]["approve_url"].startswith("http")
    till.paypal.account.approve(order)
    body = {"payment_id": payment["payment_id"], "result": {"order_id": order}}
    await till.home.ok("POST", "/api/payments/confirm", body, bearer=token("bea", "client"))
    await till.becomes(bill, status="paid", captured=10_000)


async def test_one_bill_is_charged_once_however_many_tabs_are_open(till: Till) -> None:
    bill = await till.bill("cleo")
    before = len(list(till.stripe.account.books.all("payment_intent")))
    payments = await asyncio.gather(*(till.pay("cleo", bill, provider="stripe") for _ in range(40)))
    assert len({one["payment_id"] for one in payments}) == 1
    assert len(list(till.stripe.account.books.all("payment_intent"))) == before + 1
    till.others.types_card(payments[0]["client"]["client_secret"])
    await till.becomes(bill, status="paid", captured=10_000)


async def test_refunds_are_exact_whatever_is_lost_on_the_way(till: Till) -> None:
    """Half of all calls fail in some way; 40 refunds of 100 are asked for at once, of a bill that has money for 30."""
    bill = await till.bill("dora", 3_000)
    payment = await till.pay("dora", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")
    mishaps = till.stripe.account.mishaps
    mishaps.chance, mishaps.forgets = 0.5, 0.0
    try:
        body = {"bill_id": bill, "amount": 100}
        answers = await asyncio.gather(
            *(till.home.call("POST", "/api/payments/refund", body, bearer=token("root", "admin")) for _ in range(40))
        )
        assert sorted(one.status_code for one in answers) == [201] * 30 + [412] * 10
        await till.becomes(bill, status="refunded", refunded=3_000)
    finally:
        mishaps.chance = 0.0
    intent = payment["provider_ref"]
    assert [one["amount"] for one in till.stripe.account.books.all("refund", payment_intent=intent)] == [100] * 30


async def test_money_that_is_returned_or_taken_back_at_stripe_is_in_the_books(till: Till) -> None:
    bill = await till.bill("eve")
    payment = await till.pay("eve", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")
    till.others.gives_back(payment["provider_ref"], 4_000)
    await till.deliveries[0].settled()
    if (await till.seen(bill))["refunded"] != 4_000:  # every webhook of it was lost: the next one tells
        till.stripe.account.books.tell("charge.updated", _charge(till, payment["provider_ref"]))
    await till.becomes(bill, refunded=4_000)


def _charge(till: Till, intent: str) -> dict[str, object]:
    books = till.stripe.account.books
    return dict(books.objects[books.objects[intent]["latest_charge"]])


async def test_a_dispute_is_answered_once_with_what_staff_wrote_and_the_bill_knows(till: Till) -> None:
    bill = await till.bill("fay")
    payment = await till.pay("fay", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")
    till.others.disputes(payment["provider_ref"])
    till.stripe.account.books.tell("charge.updated", _charge(till, payment["provider_ref"]))
    await till.becomes(bill, disputed=10_000)
    root = token("root", "admin")
    listed = await till.home.ok("GET", "/api/disputes", bearer=root)
    (dispute,) = [one for one in listed["items"] if one["bill_id"] == bill]
    path = f"/api/disputes/{dispute['dispute_id']}"
    text = {"uncategorized_text": "Both were there for the whole hour."}
    drafted = await till.home.ok("PATCH", path, {"evidence": text}, bearer=root)
    assert drafted["evidence"] == {"product_description": f"Invoice {bill}", **text}
    refund = {"bill_id": bill, "amount": 100}
    problem = await till.home.refused(412, "failed_precondition", "POST", "/api/payments/refund", refund, bearer=root)
    assert problem["details"]["reason"] == "disputed"
    await till.home.refused(403, "permission_denied", "GET", path, bearer=token("fay", "client"))
    for therapist, sees in (("tess", [dispute["dispute_id"]]), ("zoe", [])):
        items = (await till.home.ok("GET", "/api/disputes", bearer=token(therapist, "therapist")))["items"]
        assert [one["dispute_id"] for one in items] == sees
    assert (await till.home.ok("GET", path, bearer=token("tess", "therapist")))["evidence"] == drafted["evidence"]
    await till.home.refused(404, "not_found", "GET", path, bearer=token("zoe", "therapist"))
    await till.home.ok("POST", f"{path}/submit", {}, bearer=root)
    await till.home.refused(412, "failed_precondition", "POST", f"{path}/submit", {}, bearer=root)

    async def sent() -> bool:
        (found,) = till.stripe.account.books.all("dispute", payment_intent=payment["provider_ref"])
        return bool(found["status"] == "under_review" and found["evidence"] == drafted["evidence"])

    await eventually(sent, "the evidence does not reach Stripe")


async def test_a_bill_is_paid_in_razorpays_window_and_we_hear_of_it_or_of_the_browser(till: Till) -> None:
    bill = await till.bill("gwen")
    payment = await till.pay("gwen", bill, provider="razorpay")
    result = till.razorpay.account.attempt(payment["client"]["order_id"])
    body = {"payment_id": payment["payment_id"], "result": result}
    await till.home.ok("POST", "/api/payments/confirm", body, bearer=token("gwen", "client"))
    await till.becomes(bill, status="paid", captured=10_000)
    await till.home.ok(
        "POST", "/api/payments/refund", {"bill_id": bill, "amount": 2_500}, bearer=token("tess", "therapist")
    )
    await till.becomes(bill, refunded=2_500)


async def test_a_partner_that_is_away_delays_what_is_owed_and_loses_nothing(till: Till) -> None:
    bill = await till.bill("hale")
    await till.stripe.stop()
    try:
        body = {"bill_id": bill, "provider": "stripe"}
        answer = await till.home.call("POST", "/api/payments/intent", body, bearer=token("hale", "client"))
        assert (answer.status_code, answer.json()["status"]) == (202, "creating")
        assert (await till.seen(bill))["status"] == "open"  # what is read needs no partner
    finally:
        await till.stripe.start()
    payment = await till.pay("hale", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")


async def test_partners_learn_ids_and_sums_and_nothing_else(till: Till) -> None:
    canary = "canary-7f3d"
    profile = {"name": canary, "email": f"{canary}@mail.test", "language": "en"}
    await till.home.ok("POST", "/api/payments/customers", profile, bearer=token("ida-klein", "client"))
    line = {"description": canary, "quantity": 1, "unit_amount": 9_000}
    for provider in ("stripe", "paypal", "razorpay"):
        bill = await till.bill("ida-klein", lines=[line])
        await till.pay("ida-klein", bill, provider=provider)
    asked = [*till.stripe.account.seen, *till.paypal.seen, *till.razorpay.seen]
    assert any("bil_" in one.text for one in asked)
    for one in asked:
        told = f"{one.path} {one.text}"
        assert not any(word in told for word in (canary, "ida-klein", "tess", "Session")), told
