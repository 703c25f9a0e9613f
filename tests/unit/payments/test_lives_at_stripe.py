"""Every life, any order: whatever happens to a payment at Stripe, and however we hear of it, at rest the bill, the
ledger and the account say the same. Each guard has a twin without it, in which they do not."""

import os
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from actors.payments.bill.rules import observing
from serve_app.capabilities.payments.connectors.stripe.reading import payment_of
from tests.unit.payments.stripe_till import STEPS, Life, StripeTill, a_life, live, lived, snapshot_of, told_as_if_true

LIVES = st.lists(st.tuples(st.sampled_from(sorted(set(STEPS))), st.integers(0, 11)), max_size=30)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVES, st.integers(0, 1000))
def test_any_life_in_any_order_ends_as_stripe_says(life: Life, seed: int) -> None:
    assert lived(life, seed).differences() == []


@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_lives_end_as_stripe_says(hundred: int) -> None:
    """Those of the suite, or, in a drill, of seeds from `FIRST_SEED` on."""
    start = int(os.environ.get("FIRST_SEED", "0")) + 100 * hundred
    for seed in range(start, start + 100):
        assert lived(a_life(seed), seed).differences() == [], seed


def first_that_differs(live_it: Any) -> int | None:
    """The seed of the first life after which they do not agree."""
    return next((seed for seed in range(150) if live_it(seed).differences()), None)


def test_without_reading_again_a_stale_event_wins() -> None:
    class Believing(StripeTill):
        """Believes what events say."""

        @override
        def told(self, event: Mapping[str, Any]) -> None:
            about = snapshot_of(event)
            if about["object"] == "payment_intent" and self.record().payments:
                told_as_if_true(self, payment_of(about))

    def believing(seed: int) -> StripeTill:
        till = Believing(seed)
        for step, value in a_life(seed):
            live(till, step, value)
        till.rest_without_polls(seed)
        return till

    assert first_that_differs(believing) is not None
    assert first_that_differs(lambda seed: lived(a_life(seed), seed)) is None


def test_without_the_lane_what_is_read_first_arrives_last() -> None:
    def crossing(seed: int, *, in_lanes: bool) -> StripeTill:
        """Everything is heard of; then all calls are made that may be, and the answer of the first comes last."""
        till = StripeTill(seed, in_lanes=in_lanes)
        for step, value in a_life(seed, 60):
            if step != "lose":
                live(till, step, value)
        till.rest_without_polls(seed, crossing=True)
        return till

    assert first_that_differs(lambda seed: crossing(seed, in_lanes=False)) is not None
    assert first_that_differs(lambda seed: crossing(seed, in_lanes=True)) is None


def test_without_the_ranking_a_status_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_late() -> StripeTill:
        """A reading of before arrives when everything is over."""
        till = StripeTill()
        live(till, "pay", 0)
        till.quiet()
        before = payment_of(next(till.account.books.all("payment_intent")))
        till.others.types_card(before.client["client_secret"])
        till.rest_without_polls(0)
        told_as_if_true(till, before)
        return till

    assert read_late().differences() == []
    monkeypatch.setattr(observing, "ranked", lambda old, new: new)
    assert read_late().differences()
