"""Rules, counted against a naive count; payments that are held, and what becomes of them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM
from actors.payments.bill.commands import CancelPayment, DecideReview, Pay, VoidBill
from actors.payments.bill.rules import settling
from actors.payments.bill.views import BILLS
from actors.payments.fraud import counting
from actors.payments.fraud.counting import Counted, NoteCardAttempt, Risk, RiskKind, Weigh, of_address, of_payer
from actors.payments.fraud.scoring import Measure, PaymentAttempt, Rule, Sign, Verdict, judge, measured, strictest
from actors.payments.fraud.table import RULES, FraudKind, FraudRules, ReadFraudRules, SetFraudRules
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.payments.test_lives import without
from tests.unit.payments.till import ADA, BILL, ROOT, TESS, Provider, Till
from tests.unit.rooms.harness import World

NOW = 1_763_631_000_000
MINUTE = 60_000
PAYER = of_payer("ada")


def rule(measure: Measure, above: int, action: Any = "block", **more: Any) -> Rule:
    return Rule(rule_id=more.pop("rule_id", measure), measure=measure, per="payer", above=above, action=action, **more)


def weighed(world: World, rules: list[Rule], **more: Any) -> Verdict:
    given: dict[str, Any] = {"amount": 9_000, "currency": "EUR"} | more
    attempt = PaymentAttempt(**given)
    command = Weigh(per="payer", rules=tuple(rules), attempt=attempt)
    return msgspec.convert(world.ask(PAYER, command, SYSTEM), Verdict)


SIGNS = st.lists(
    st.builds(
        Sign,
        at=st.integers(NOW - 90 * MINUTE, NOW),
        seen=st.sampled_from(("attempt", "decline", "card")),
        card=st.sampled_from(("", "a", "b", "c")),
        amount=st.integers(0, 100),
        currency=st.sampled_from(("EUR", "USD")),
    ),
    max_size=30,
)


@given(SIGNS, st.integers(1, 80), st.sampled_from(("", "a", "d")))
def test_each_measure_is_what_one_counts_by_hand(signs: list[Sign], minutes: int, card: str) -> None:
    attempt = PaymentAttempt(amount=50, currency="EUR", card=card)
    lately = [one for one in signs if (NOW - one.at) / MINUTE < minutes]
    attempts = [one for one in lately if one.seen == "attempt"]
    cards = {one.card for one in lately} | {card}
    expected = {
        "attempts": len(attempts) + 1,
        "declines": len([one for one in lately if one.seen == "decline"]),
        "cards": len(cards - {""}),
        "amount": sum(one.amount for one in attempts if one.currency == "EUR") + 50,
    }
    for measure, value in expected.items():
        one = rule(measure, value, window_minutes=minutes)  # type: ignore[arg-type] # they are its names
        assert measured(one, attempt, signs, NOW) == value
        assert judge([one], "payer", attempt, signs, NOW).action == "allow"
        if value:
            lower = msgspec.structs.replace(one, above=value - 1)
            assert judge([lower], "payer", attempt, signs, NOW).action == "block"
        assert judge([one], "address", attempt, signs, NOW).action == "allow"


def test_the_strictest_rule_counts_and_says_why() -> None:
    attempt = PaymentAttempt(amount=50_000, currency="EUR", card_country="FR", payer_country="DE")
    rules = [
        rule("country_mismatch", 0, "challenge"),
        rule("amount", 40_000, "review", rule_id="large"),
        rule("amount", 30_000, "review", rule_id="later"),
    ]
    verdict = judge(rules, "payer", attempt, (), NOW)
    assert verdict == Verdict(action="review", rule_id="large", reason="amount 50000 EUR by this payer, above 40000")
    assert judge(rules[:1], "payer", attempt, (), NOW).action == "challenge"
    unknown = msgspec.structs.replace(attempt, payer_country="")
    assert judge(rules[:1], "payer", unknown, (), NOW) == Verdict()
    assert strictest([Verdict(), verdict, Verdict(action="block")]).action == "block"
    assert strictest([]) == Verdict()


def test_of_many_attempts_at_once_each_is_counted() -> None:
    world = World(RiskKind())
    found = [weighed(world, [rule("attempts", 3)]).action for _ in range(100)]
    assert found == ["allow"] * 3 + ["block"] * 97
    world.now_ms += 61 * MINUTE
    assert weighed(world, [rule("attempts", 3)]).action == "allow"


def test_without_counting_what_is_judged_everybody_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Risk, "apply", lambda self, event, seq, at_ms: None)
    world = World(RiskKind())
    assert {weighed(world, [rule("attempts", 3)]).action for _ in range(100)} == {"allow"}


def test_what_is_kept_is_bounded_and_survives_passivation() -> None:
    risk = Risk()
    for number in range(counting.MOST + 50):
        risk.apply(Counted(sign=Sign(at=NOW + number, seen="decline")), number, NOW)
    assert len(risk.signs) == counting.MOST
    risk.apply(Counted(sign=Sign(at=NOW + 31 * 24 * 60 * MINUTE, seen="decline")), 0, NOW)
    assert len(risk.signs) == 1
    world = World(RiskKind())
    for card in ("a", "b"):
        world.do(PAYER, NoteCardAttempt(card=card, declined=True), SYSTEM)
        world.passivate(PAYER, snapshot=card == "a")
    assert weighed(world, [rule("declines", 1)]).action == "block"
    assert weighed(world, [rule("cards", 2)], card="c").reason == "3 cards by this payer within 60 minutes, above 2"
    with pytest.raises(PermissionDenied):
        world.ask(PAYER, NoteCardAttempt(), ROOT)


def test_only_administrators_see_and_write_rules() -> None:
    world = World(FraudKind())
    rules = (rule("attempts", 3), rule("declines", 3))
    for who in (ADA, TESS):
        with pytest.raises(PermissionDenied):
            world.ask(RULES, ReadFraudRules(), who)
    with pytest.raises(InvalidArgument):
        world.ask(RULES, SetFraudRules(rules=(rules[0], rules[0])), ROOT)
    world.ask(RULES, SetFraudRules(rules=rules, versions=(0,)), ROOT)
    with pytest.raises(FailedPrecondition):
        world.ask(RULES, SetFraudRules(rules=(), versions=(0,)), ROOT)
    world.passivate(RULES, snapshot=True)
    assert msgspec.convert(world.ask(RULES, ReadFraudRules(), ROOT), FraudRules).rules == rules


def held(till: Till, **more: Any) -> str:
    """A payment that met a rule; the id of its review."""
    till.open(10_000)
    till.view(BILL, Pay(provider="stripe", review="large", why="amount", **more), ADA)
    return till.record().payments[0].review_id


def queue(till: Till) -> list[str]:
    """The bills that wait for staff."""
    return [view.id for view in till.views(BILLS) if view.fields["review"]]


def test_a_payment_that_is_held_asks_nothing_of_its_provider_until_staff_approves() -> None:
    till = Till()
    review = held(till, method="pm_1")
    assert (till.owed, till.record().payments[0].status, queue(till)) == ([], "creating", ["bil_1"])
    till.view(BILL, Pay(provider="stripe"), ADA)
    assert (till.owed, len(till.record().payments)) == ([], 1)
    for _ in range(2):
        till.view(BILL, DecideReview(review, True), ROOT)
    till.carry_out_all()
    assert (till.record().status, len(till.provider.payments), queue(till)) == ("paid", 1, [])
    with pytest.raises(FailedPrecondition):
        till.view(BILL, DecideReview(review, False), ROOT)


def test_without_the_hold_its_money_is_taken_before_staff_has_seen_it() -> None:
    def begins(record: Any, payment: Any) -> bool:
        return False

    till = Till()
    with without(settling, "is_held", begins):
        held(till, method="pm_1")
        till.carry_out_all()
    assert till.record().status == "paid"


def test_a_payment_that_staff_declines_is_over_and_another_may_be_begun() -> None:
    till = Till()
    review = held(till)
    till.view(BILL, DecideReview(review, False), ROOT)
    payment = till.record().payments[0]
    assert (till.owed, payment.status, queue(till)) == ([], "canceled", [])
    assert payment.error is not None
    assert (payment.error.code, "large" in payment.error.message) == ("blocked", False)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    assert till.record().status == "paid"


@pytest.mark.parametrize("how", ["payer", "void", "elsewhere"])
def test_a_held_payment_that_nobody_needs_any_more_leaves_the_queue(how: str) -> None:
    till = Till(Provider(), Provider("paypal"))
    review = held(till)
    match how:
        case "payer":
            till.view(BILL, CancelPayment("pay_1-1"), ADA)
        case "void":
            till.view(BILL, VoidBill(), ROOT)
        case "elsewhere":
            till.view(BILL, Pay(provider="paypal", method="pm_1"), ADA)
            till.carry_out_all()
    assert (till.record().payments[0].status, queue(till)) == ("canceled", [])
    with pytest.raises(FailedPrecondition):
        till.view(BILL, DecideReview(review, True), ROOT)
    till.carry_out_all()
    assert "stripe_1" not in till.provider.payments


def test_reviews_are_for_administrators_and_of_payments_that_are_there() -> None:
    till = Till()
    review = held(till)
    for who in (ADA, TESS):
        with pytest.raises(PermissionDenied):
            till.view(BILL, DecideReview(review, True), who)
    with pytest.raises(NotFound):
        till.view(BILL, DecideReview("rev_1-2", True), ROOT)


def test_what_is_declined_and_which_cards_are_seen_is_counted_for_payer_and_address() -> None:
    till = Till(provider := Provider())
    provider.decline = True
    till.open(10_000)
    till.view(BILL, Pay(provider="stripe", method="pm_1", network="m1"), ADA)
    till.carry_out_all()
    told = [
        (one.to, msgspec.msgpack.decode(one.command, type=NoteCardAttempt)) for one in till.letters if "risk:" in one.to
    ]
    declined = NoteCardAttempt(declined=True)
    assert told == [(PAYER, declined), (of_address("m1"), declined)]
    assert "ada" not in PAYER
