"""Payouts: what is due is paid once, whatever dies, comes late or twice; what came back is owed again. A ledger that is
kept by hand says how much. Each guard has a twin that shows the damage without it."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM
from actors.payments.bill.views import TRANSACTIONS, transaction_in
from actors.payments.payee.commands import Finish, LookAtAccount, OpenPayoutAccount, PayOut, ReadPayee
from actors.payments.payee.rules import observing, paying
from actors.payments.payee.state import PayoutRecord
from common.errors import CarewireError, FailedPrecondition, NotFound, PermissionDenied
from tests.fakes.stripe.faults import StripeFault
from tests.unit.payments.payouts.paymaster import DAY, OWNER, ROOT, TESS, Paymaster
from tests.unit.payments.test_lives import without
from tests.unit.payments.till import ADA

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("earn", "run", "begin", "land", "hear") * 2,
                *("later", "back", "day", "die", "drop", "bank", "mends", "by_hand", "forget"),
            )
        ),
        st.integers(0, 11),
    ),
    max_size=24,
)


def live(world: Paymaster, step: str, value: int) -> None:
    """One thing that happens. What is refused changes nothing."""
    connect, record = world.account.connect, world.record
    ref = record.account.ref if record.account else ""
    transfers = list(world.account.books.all("transfer"))
    match step:
        case "earn":
            world.earn(1_000 + value)
        case "later":
            world.earn(500 + value, after=value * DAY // 4)
        case "back":
            world.earn(-(300 + 100 * value), bill=f"bil_{1 + value % max(1, world.bills)}")
        case "run":
            world.run_payouts()
        case "day":
            world.next_day()
        case "begin":
            world.begin()
        case "land":
            world.land()
        case "die":
            world.die(forgets=value % 2 == 0)
        case "drop":
            world.drop()
        case "hear":
            world.hear(value, again=value % 4 == 0)
        case "bank":
            connect.bank_refuses(ref)
        case "mends":
            connect.complete(ref)
        case "by_hand" if transfers:
            transfer = transfers[value % len(transfers)]
            connect.reverse(transfer["id"], {"amount": 1 + value * 50})
        case "forget":
            world.passivate(TESS, snapshot=value % 2 == 0)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_happens_in_any_order_each_euro_is_paid_once(steps: list[tuple[str, int]]) -> None:
    world = Paymaster()
    world.enabled()
    for step, value in steps:
        try:
            live(world, step, value)
        except (CarewireError, StripeFault):
            continue
    world.rest()
    assert world.differences() == []
    assert not any(one.status == "pending" for one in world.record.payouts)


def test_it_dies_between_any_two_steps_of_a_payout_and_pays_once() -> None:
    for dies_at in range(6):
        for forgets in (False, True):
            world = Paymaster(dies_at)
            world.enabled()
            steps: list[Any] = [lambda w: w.earn(8_000), lambda w: w.run_payouts(), lambda w: w.begin()]
            steps += [lambda w: w.land(), lambda w: w.hear_all(), lambda w: w.next_day()]
            for place, step in enumerate(steps):
                step(world)
                if place == dies_at:
                    world.die(forgets=forgets)
                    world.passivate(TESS, snapshot=False)
            world.rest()
            assert (world.differences(), world.transfers(), world.paid_at_stripe()) == ([], 1, 8_000)


def twice(world: Paymaster) -> None:
    """The timer and staff, at one time."""
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.next_day()
    world.run_payouts()
    world.rest()


def test_the_day_and_staff_pay_at_one_time_and_it_is_paid_once() -> None:
    twice(world := Paymaster())
    assert (world.differences(), world.transfers()) == ([], 1)


def test_without_items_that_leave_what_is_owed_it_is_paid_twice() -> None:
    kept = paying.due_items

    def copied(draft: Any, currency: str) -> Any:
        return tuple(msgspec.structs.replace(one, release=one.release - 1) for one in kept(draft, currency))

    with without(paying, "due_items", copied):
        twice(world := Paymaster())
    assert world.transfers() > 1
    assert world.differences()


def dropped(world: Paymaster) -> None:
    """The transfer was made; then an operator drops the call, whose answer nobody has."""
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.begin()
    world.drop()
    world.rest()


def test_a_call_of_which_nobody_knows_what_became_is_looked_for() -> None:
    dropped(world := Paymaster())
    assert (world.differences(), world.transfers(), world.record.payouts[0].status) == ([], 1, "paid")


def test_without_looking_it_is_paid_again() -> None:
    def at_once(draft: Any, payout: PayoutRecord, verb: str, outcome: str, code: str) -> None:
        paying.give_back(draft, payout, payout.amount)
        draft.put(msgspec.structs.replace(payout, status="failed"), "payout_failed")

    with without(observing, "not_done", at_once):
        dropped(world := Paymaster())
    assert world.transfers() == 2
    assert world.paid_at_stripe() == 16_000


def test_what_a_bank_refuses_comes_back_and_is_paid_once_the_account_is_mended() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.quiet()
    assert world.record.account is not None
    world.account.connect.bank_refuses(world.record.account.ref)
    world.hear_all()
    (payout,) = world.record.payouts
    assert (payout.status, payout.code, world.record.balance("EUR", world.now_ms)) == ("reversed", "bank", (8_000, 0))
    with pytest.raises(FailedPrecondition) as refused:
        world.run_payouts()
    assert refused.value.details == {"reason": "account", "requirements": ["external_account"]}
    world.account.connect.complete(world.record.account.ref)
    world.rest()
    assert ([one.status for one in world.record.payouts], world.differences()) == (["reversed", "paid"], [])


def test_an_account_that_is_closed_for_another_reason_keeps_what_its_bank_has() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.quiet()
    assert world.record.account is not None
    world.account.connect.bank_takes(world.record.account.ref)
    world.account.connect.bank_refuses(world.record.account.ref)
    world.hear_all()
    assert (world.record.payouts[0].status, world.paid_at_stripe()) == ("paid", 8_000)


def test_a_refund_after_the_payout_is_a_debt_that_the_next_one_bears() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000, bill="bil_a")
    world.run_payouts()
    world.quiet()
    world.earn(-5_000, bill="bil_a")
    assert world.record.balance("EUR", world.now_ms) == (-5_000, 0)
    assert world.run_payouts().made == ()
    world.earn(6_000, bill="bil_b")
    assert len(world.run_payouts().made) == 1
    world.quiet()
    last = world.record.payouts[-1]
    assert (last.amount, [(one.bill, one.share) for one in last.items]) == (
        1_000,
        [("bil_a", -5_000), ("bil_b", 6_000)],
    )
    assert world.differences() == []


def test_a_refund_before_the_payout_lessens_what_waits_and_nothing_else() -> None:
    world = Paymaster()
    world.earn(8_000, bill="bil_a", after=7 * DAY)
    world.earn(2_000, bill="bil_b")
    world.earn(-8_000, bill="bil_a")
    assert (world.record.balance("EUR", world.now_ms), len(world.record.items)) == ((2_000, 0), 1)


def test_a_share_waits_for_its_session_and_its_days() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000, bill="bil_a", after=-world.now_ms)
    assert world.record.balance("EUR", world.now_ms) == (0, 8_000)
    world.do(TESS, Finish("bil_a", world.now_ms + 2 * DAY), SYSTEM)
    world.next_day()
    assert world.transfers() == 0
    for _ in range(2):
        world.next_day()
        world.quiet()
    assert (world.transfers(), world.paid_at_stripe(), world.differences()) == (1, 8_000, [])


def test_by_hand_it_is_a_transfer_that_staff_says_is_done() -> None:
    world = Paymaster()
    world.earn(8_000)
    world.run_payouts()
    assert (world.owed, world.record.payouts[0].status) == ([], "paid")
    assert world.postings() == {"payable:tess": 8_000, "bank": -8_000}
    assert [transaction_in(view).payout for view in world.views(TRANSACTIONS)] == ["pot_tess-1"]


def test_what_stripe_refuses_for_good_is_owed_again_and_paid_another_day() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    funds = world.account.books.move(
        "charge", {"id": "ch_gone", "currency": "eur"}, -world.account.books.balance("eur"), 0
    )
    world.run_payouts()
    world.quiet()
    assert (world.record.payouts[0].status, world.record.payouts[0].code) == ("failed", "balance_insufficient")
    world.account.books.move("charge", {"id": "ch_back", "currency": "eur"}, -funds["net"], 0)
    world.rest()
    assert ([one.status for one in world.record.payouts], world.differences()) == (["failed", "paid"], [])


def test_strangers_learn_nothing_and_owners_do_not_pay_themselves() -> None:
    world = Paymaster()
    world.earn(8_000)
    for who in (ADA, msgspec.structs.replace(OWNER, user="eve")):
        with pytest.raises(NotFound):
            world.ask(TESS, ReadPayee(), who)
    with pytest.raises(PermissionDenied):
        world.ask(TESS, PayOut(named=True), OWNER)
    with pytest.raises(PermissionDenied):
        world.ask(TESS, Finish("bil_1", 0), ROOT)
    assert world.record.payouts == ()


def test_an_account_of_which_nothing_is_heard_is_read_again_each_day() -> None:
    world = Paymaster()
    world.ask(TESS, OpenPayoutAccount(provider="stripe", return_url="https://care.test/"), OWNER)
    world.quiet()
    world.earn(8_000)
    assert world.record.account is not None
    world.account.connect.complete(world.record.account.ref)
    world.unheard.clear()
    for _ in range(2):
        world.next_day()
        world.quiet()
    assert (world.transfers(), world.differences()) == (1, [])


@pytest.mark.parametrize(("command", "enabled"), [(LookAtAccount(stale_ms=60_000), True), (ReadPayee(), False)])
def test_who_looks_at_an_account_sees_what_it_is_though_nobody_told_of_it(command: Any, enabled: bool) -> None:
    """Without reading it again, as `ReadPayee` does not, what was told and got lost is never known."""
    world = Paymaster()
    world.ask(TESS, OpenPayoutAccount(provider="stripe", return_url="https://care.test/"), OWNER)
    world.quiet()
    assert world.record.account is not None
    world.account.connect.complete(world.record.account.ref)
    world.unheard.clear()
    world.ask(TESS, command, OWNER)
    assert world.owed == []  # it was heard of a moment ago
    world.now_ms += 60_000
    for _ in range(2):  # the second time it has been asked for already
        world.ask(TESS, command, OWNER)
    assert len(world.owed) == enabled
    world.quiet()
    assert world.record.account.enabled is enabled


def test_what_is_told_while_a_payout_is_being_read_is_read_again() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.quiet()
    transfer = next(world.account.books.all("transfer"))["id"]
    for amount in (1_000, 2_000):
        world.account.connect.reverse(transfer, {"amount": amount})
        while world.unheard:
            world.hear()
        world.begin()
    world.quiet()
    assert (world.record.payouts[0].taken_back, world.differences()) == (3_000, [])


def test_payouts_stand_in_the_history_of_their_therapist() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    world.quiet()
    world.account.connect.reverse(next(world.account.books.all("transfer"))["id"], {"amount": 3_000})
    world.hear_all()
    rows = [transaction_in(view) for view in world.views(TRANSACTIONS)]
    assert [(one.payer, one.kind, one.amount, one.payout) for one in rows] == [
        ("tess", "payout", 8_000, "pot_tess-1"),
        ("tess", "payout", -3_000, "pot_tess-1"),
    ]


def test_nobody_changes_the_provider_while_a_payout_is_under_way() -> None:
    world = Paymaster()
    world.enabled()
    world.earn(8_000)
    world.run_payouts()
    with pytest.raises(FailedPrecondition):
        world.ask(TESS, OpenPayoutAccount(provider="manual", return_url=""), OWNER)
