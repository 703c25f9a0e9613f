"""Rules about money, one by one: the event, and who is told what of it."""

from typing import Any

import msgspec

from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import SYSTEM, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.notifications.notifier.commands import Tell
from actors.payments.bill.cards import PlaceBillCard
from actors.payments.bill.commands import Pay, RefundBill
from actors.payments.bill.letters import BookingTold, MoveBeneficiary
from actors.payments.payee.commands import Earn, Finish
from actors.payments.payer.commands import OpenAt, SetDefault
from actors.payments.subscription.commands import Cancel, Reactivate
from actors.rooms.marks.commands import SettleBlock
from actors.rooms.room.events import Referred
from tests.unit.payments.billing.book import Book
from tests.unit.payments.payouts.paymaster import Paymaster
from tests.unit.payments.purse import Purse
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, Till
from tests.unit.workflows.test_table import RULES

TESTED = {
    "tell_bill_changed",
    "tell_method_changed",
    "notify_payment",
    "notify_subscription",
    "count_tried",  # tests/unit/payments/test_fraud.py
    "share_bill",
    "tell_payout",
    "notify_invoice",  # tests/unit/payments/billing/test_invoices.py
    # seen at work in tests/unit/payments/sessions/test_pay_at_booking.py
    "confirm_paid_booking",
    "settle_codes",
    "tell_series_of_first",  # tests/unit/payments/sessions/test_paid_series.py
    "settle_unit",  # tests/unit/payments/sessions/test_packages.py
    "release_unpaid_booking",  # tests/unit/payments/sessions/test_far_sessions.py
    "invoice_paid_bill",  # tests/unit/payments/billing/test_invoices.py
    "tell_invoice",
    "tell_subscription_bill",  # tests/unit/payments/billing/test_subscription.py
    "tell_subscription_changed",
    "open_booking_bill",
    "tell_booking_bill",
    "tell_booking_bill_again",
    "move_booking_bill",
    "place_on_bills",
    "turn_bill_cards",
    "begin_bill_cards",
}


def told(letters: list[Any]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """What each mailbox is told, in order."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for letter in letters:
        if letter.to.startswith("user:"):
            one = msgspec.msgpack.decode(letter.command, type=Deliver)
            parts = [(one.name, one.payload), *((each.name, each.payload) for each in one.also)]
            found.setdefault(letter.to, []).extend((name, msgspec.json.decode(payload)) for name, payload in parts)
    return found


def noticed(letters: list[Any]) -> list[tuple[str, str, object]]:
    """Who is notified of what, in order; and of how much."""
    found = [one for one in letters if one.to.startswith("notifier:")]
    tells = [(one.to.partition(":")[2], msgspec.msgpack.decode(one.command, type=Tell)) for one in found]
    return [(user, tell.name, tell.values.get("amount")) for user, tell in tells]


def test_a_payment_is_notified_once_as_it_fails_waits_arrives_and_comes_back() -> None:
    till = Till()
    till.open(10_000, payer="mum")
    mum = msgspec.structs.replace(ADA, user="mum")
    till.provider.decline = True
    till.view(BILL, Pay(provider="stripe", method="pm_1", method_id="mth_1"), mum)
    till.carry_out_all()
    till.provider.decline, till.provider.act = False, True
    till.view(BILL, Pay(provider="stripe", method="pm_1", method_id="mth_1"), mum)
    till.carry_out_all()
    till.provider.succeed("stripe_1")
    for _ in range(3):
        till.webhook("stripe", "stripe_1")
        till.carry_out_all()
    till.view(BILL, RefundBill(amount=4_000), ROOT)
    till.carry_out_all()
    assert noticed(till.letters) == [
        ("mum", "payment_failed", 10_000),
        ("mum", "payment_action_required", 10_000),
        ("mum", "payment_succeeded", 10_000),
        ("mum", "payment_refunded", 4_000),
    ]


def test_who_sits_before_the_providers_page_is_not_told_that_it_waits_for_them() -> None:
    till = Till()
    till.open(10_000)
    till.view(BILL, Pay(provider="manual"), ADA)
    assert till.record().payments[0].status == "requires_action"
    assert noticed(till.letters) == []


def test_a_subscription_is_notified_of_what_is_news_and_not_of_every_use() -> None:
    book = Book()
    book.told(paid=True)
    book.renew()
    book.view(Cancel(when="period_end"))
    book.view(Reactivate())
    assert noticed(book.letters) == [("ada", "subscription_changed", None)] * 3


def earned(letters: list[Any]) -> list[tuple[str, int, int, int]]:
    """Whose share moved: what was taken, theirs, and the platform's."""
    found = [one for one in letters if one.to.startswith("payee:")]
    earns = [(one.to, msgspec.msgpack.decode(one.command, type=Earn | Finish)) for one in found]
    return [(to, one.gross, one.share, one.fee) for to, one in earns if isinstance(one, Earn)]


def test_what_is_taken_and_what_goes_back_moves_the_share_of_the_therapist() -> None:
    till = Till()
    till.open(10_000, terms=TERMS)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    till.view(BILL, RefundBill(amount=2_500), ROOT)
    till.carry_out_all()
    till.do(BILL, MoveBeneficiary(therapist="eve", platform_percent="10"), SYSTEM)
    till.provider.dispute("stripe_1", "needs_response")
    till.webhook("stripe", "stripe_1")
    till.carry_out_all()
    till.provider.dispute("stripe_1", "lost")
    till.webhook("stripe", "stripe_1")
    till.carry_out_all()
    assert earned(till.letters) == [
        ("payee:tess", 10_000, 8_000, 2_000),
        ("payee:tess", -2_500, -2_000, -500),
        ("payee:tess", -7_500, -6_000, 0),
        ("payee:eve", 7_500, 6_750, 750),
        ("payee:eve", -7_500, -6_750, -750),
    ]
    shares = [sum(one[2] for one in earned(till.letters) if one[0] == f"payee:{name}") for name in ("tess", "eve")]
    assert shares == [-till.balance("payable:tess"), -till.balance("payable:eve")] == [0, 0]


def test_the_share_of_a_session_is_due_some_days_after_it() -> None:
    till = Till()
    terms = msgspec.structs.replace(TERMS, release_days=7)
    till.open(10_000, booking="bkg_1", terms=terms)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    over = till.now_ms + 3_600_000
    till.do(BILL, BookingTold(status="completed", at=over, start=over, end=over), SYSTEM)
    told_payee = [one.command for one in till.letters if one.to == "payee:tess"]
    earn, finish = (msgspec.msgpack.decode(one, type=Earn | Finish) for one in told_payee)
    assert (earn.release, finish) == (0, Finish("bil_1", over + 7 * 86_400_000))


def test_a_therapist_is_told_of_each_payout_as_it_goes() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.quiet()
    events = told(world.letters)["user:tess"]
    assert [(name, payload["payout"]["status"]) for name, payload in events] == [
        ("payout_updated", "pending"),
        ("payout_updated", "paid"),
    ]
    assert events[-1][1]["payout"]["amount"] == 8_000


def test_each_whom_a_bill_concerns_is_told_what_they_may_see() -> None:
    till = Till()
    till.open(10_000, payer="mum")
    told_first = told(till.letters)
    assert [name for name, _ in told_first["user:mum"]] == ["bill_updated"]
    assert told_first["user:ada"][0][1]["bill"].keys() == {
        "bill_id", "kind", "status", "payer_id", "client_id", "currency", "total", "version", "created_at", "updated_at"
    }  # fmt: skip
    assert told_first["user:tess"][0][1]["bill"]["lines"][0]["description"] == "Service"
    till.letters.clear()
    till.view(BILL, Pay(provider="stripe", method="pm_1"), msgspec.structs.replace(ADA, user="mum"))
    till.carry_out_all()
    till.view(BILL, RefundBill(), ROOT)
    till.carry_out_all()
    mum, tess = told(till.letters)["user:mum"], told(till.letters)["user:tess"]
    last = dict(mum)
    assert (last["payment_updated"]["payment"]["status"], last["payment_updated"]["payment"]["refunded"]) == (
        "succeeded",
        10_000,
    )
    assert last["payment_updated"]["payment"]["method"]["last4"] == "4242"
    assert last["refund_updated"]["refund"]["status"] == "succeeded"
    assert last["bill_updated"]["bill"]["status"] == "refunded"
    assert {name for name, _ in tess} == {"bill_updated", "refund_updated"}
    assert all("method" not in payload["bill"].get("payment", {}) for name, payload in tess if name == "bill_updated")
    everything = msgspec.json.encode([told(till.letters)])
    assert b"client_secret" not in everything
    assert b"An hour" not in everything


def test_a_method_that_comes_and_goes_is_told_to_its_payer() -> None:
    purse = Purse()
    purse.ask("payer:ada", OpenAt(provider="stripe"), SYSTEM)
    purse.carry_out()
    method_id = purse.add("pm_1")
    purse.remove(method_id)
    events = told(purse.letters)["user:ada"]
    assert [(payload["method"]["method_id"], payload["change"]) for _, payload in events] == [
        (method_id, "methods"),
        (method_id, "removed"),
    ]
    assert all("backs" not in payload["method"] for _, payload in events)  # who is told of a method knows no bills


def test_what_was_told_last_of_a_method_says_whether_it_is_taken_by_default() -> None:
    purse = Purse()
    purse.ask("payer:ada", OpenAt(provider="stripe"), SYSTEM)
    purse.carry_out()
    first, second = purse.add("pm_1"), purse.add("pm_2")

    def last() -> dict[str, tuple[bool, str]]:
        events = [payload for _, payload in told(purse.letters)["user:ada"]]
        return {one["method"]["method_id"]: (one["method"]["default"], one["change"]) for one in events}

    purse.ask("payer:ada", SetDefault(second), SYSTEM)
    assert last() == {first: (False, "default"), second: (True, "default")}
    purse.remove(second)
    assert last()[first] == (True, "default")


def settled(letters: list[Any]) -> list[tuple[str, SettleBlock]]:
    found = [one for one in letters if one.to.startswith("room:")]
    return [(one.to, msgspec.msgpack.decode(one.command, type=SettleBlock)) for one in found]


def test_a_message_that_shows_a_bill_hears_how_it_is_from_its_first_moment_on() -> None:
    posted = Referred(author="tess", at=0, target=7, id="msg_1", refs=(("bill:bil_1", "blk_1"), ("assignment:a", "b")))
    [(_, letter)] = owed_by([RULES["place_on_bills"]], "room:r1", Recorded(7, 0, 3, posted), "7").letters
    assert letter.to == BILL
    placed = msgspec.msgpack.decode(letter.command, type=PlaceBillCard)
    till = Till()
    till.open(10_000, terms=TERMS)
    for _ in range(2):
        till.do(BILL, placed, SYSTEM)
    assert settled(till.letters) == [("room:r1", SettleBlock(message_id="msg_1", block_id="blk_1", state="open"))]
    till.passivate(BILL, snapshot=True)
    till.letters.clear()
    till.view(BILL, Pay(provider="stripe", method_id="mth_1", method="pm_1"), ADA)
    till.carry_out_all()
    assert settled(till.letters)[-1] == ("room:r1", SettleBlock(message_id="msg_1", block_id="blk_1", state="paid"))
