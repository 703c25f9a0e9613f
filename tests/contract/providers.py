"""What every payment provider must do, whoever it is. A suite to derive from: `class TestStripe(ProviderSuite)`.

The provider is a server that really listens and keeps the money; calls are attempted as the runner attempts them
(`serve_app.activities.attempts`), so what it loses, repeats or forgets is met with the program's own means.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

import pytest
import pytest_asyncio
from typing_extensions import override

from actors.kernel.contract.protocol import Offered
from actors.payments.activities import (
    Ask,
    Begin,
    Capture,
    Confirm,
    PaymentSeen,
    Read,
    Refund,
    Void,
    decode_observed,
    encode,
)
from common.clock import SystemClock
from serve_app.activities.attempts import ActivityAttempts
from serve_app.activities.connector import Call, Connector
from serve_app.activities.holding import Ending, HeldActivity
from serve_app.capabilities.payments.connectors.calling import ProviderConnector

HOUR_MS: Final = 3_600_000
_MOST_ATTEMPTS: Final = 60
NOW: Final = SystemClock().now_ms()


class NobodyAsked:
    """No activity of these asks its entity, and nothing is sealed."""

    async def submit(self, *_: object, **__: object) -> object:
        raise AssertionError("nobody is asked")

    async def open(self, offered: Offered) -> bytes | None:
        return offered.payload


@dataclass
class Age(SystemClock):
    """The platform's time, so that an activity can grow old at once."""

    ahead_ms: int = 0

    @override
    def platform_ms(self) -> int:
        return self.now_ms() + self.ahead_ms


class Bench(ABC):
    """A provider that listens, and what others do there."""

    told_to_give_up: bool = True
    """Is there a call by which it learns that what it holds is given up?"""
    refuses_strangers: bool = True
    """Does it keep anything that could be missing?"""

    @abstractmethod
    def connector(self) -> ProviderConnector:
        """A connector that speaks with it."""

    @abstractmethod
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        """The payer does what is theirs, with means that work. What their browser tells us then; None: nothing."""

    @abstractmethod
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        """The payer does, and their bank refuses."""

    @abstractmethod
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        """Staff returns money at the provider's own desk."""

    @abstractmethod
    def twist(self, seen: PaymentSeen) -> None:
        """The provider learns a status and members that nobody knows."""

    @abstractmethod
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        """From now on every other request fails in some way that the seed draws, and keys are forgotten so often."""

    @abstractmethod
    def peace(self) -> None:
        """All goes well again."""

    @abstractmethod
    def taken(self) -> list[int]:
        """Every sum that was ever taken from a payer, in the order of time."""

    @abstractmethod
    def returned(self) -> list[int]:
        """Every sum that was given back, but for what failed."""

    @abstractmethod
    def begun(self) -> int:
        """How many payments were ever made."""


@dataclass
class Runner:
    """Attempts an ask until it is over. `number` names the activity: the same is the same."""

    connector: Connector
    clock: Age = field(default_factory=Age)
    _attempts: dict[int, int] = field(default_factory=dict)

    async def __call__(self, number: int, ask: Ask) -> PaymentSeen:
        """What was seen in the end. Raises AssertionError: it came to no end, or to a refusal."""
        ending = await self.ends(number, ask)
        assert (ending.verdict, ending.outcome) == ("answer", "done"), ending
        seen = decode_observed(ending.result)
        assert isinstance(seen, PaymentSeen)
        return seen

    async def ends(self, number: int, ask: Ask) -> Ending:
        """How it ends."""
        for _ in range(_MOST_ATTEMPTS):
            ending = await self.once(number, ask)
            if ending.verdict != "put_off":
                return ending
        raise AssertionError(f"no end of {type(ask).__name__}: {ending}")

    async def once(self, number: int, ask: Ask) -> Ending:
        """One attempt."""
        made = self._attempts.get(number, 0)
        self._attempts[number] = made + 1
        offered = Offered(
            id=number.to_bytes(16),
            connector=self.connector.name,
            entity="bill:bil_1",
            key=str(number),
            owner="",
            payload=encode(ask),
            lane="money",
            urgency="now",
            deadline_ms=None,
            ask=False,
            attempts=made,
            created_at_ms=NOW,
            until_ms_from_now=60_000,
        )
        nobody = NobodyAsked()
        attempts = ActivityAttempts(nobody, nobody, self.clock)  # type: ignore[arg-type] # asked for nothing
        return await attempts.make(HeldActivity(offered, "care-0", self.clock.monotonic_s() + 60), self.connector)

    def ages(self, hours: float) -> None:
        """What was begun is so much older now."""
        self.clock.ahead_ms += int(hours * HOUR_MS)


class Forgetful(ProviderConnector):
    """The twin that leaps without looking."""

    @override
    async def find(self, call: Call) -> bytes | None:
        return None


class ProviderSuite(ABC):
    """See the module."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        """A provider that listens."""

    @pytest_asyncio.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        async with self.opened() as bench:
            yield bench

    @pytest_asyncio.fixture
    async def run(self, bench: Bench) -> AsyncIterator[Runner]:
        connector = bench.connector()
        yield Runner(connector)
        await connector.close()

    async def test_a_payment_is_begun_and_the_payer_does_the_rest(self, bench: Bench, run: Runner) -> None:
        seen = await run(1, begin(1999))
        assert (seen.captured, seen.amount, seen.currency) == (0, 1999, "EUR")
        assert seen.status not in ("succeeded", "requires_capture", "canceled")
        assert seen.client
        seen = await paid(bench, run, seen)
        assert (seen.status, seen.captured, seen.authorized) == ("succeeded", 1999, 0)
        assert not seen.client  # nobody needs it any more
        assert bench.taken() == [1999]

    async def test_what_is_held_is_taken_later_and_the_rest_released(self, bench: Bench, run: Runner) -> None:
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        assert (seen.status, seen.captured, seen.authorized) == ("requires_capture", 0, 2000)
        assert seen.capture_before_ms == 0 or seen.capture_before_ms > NOW
        seen = await run(3, Capture(ref=seen.ref, amount=1500, currency="EUR", bill="bil_1"))
        assert (seen.status, seen.captured, seen.authorized) == ("succeeded", 1500, 0)
        seen = await run(4, Read(ref=seen.ref))
        assert (seen.captured, seen.refunds) == (1500, ())  # what is released was never ours
        assert bench.taken() == [1500]

    async def test_what_is_held_can_be_given_up_once_and_for_all(self, bench: Bench, run: Runner) -> None:
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        for number in (3, 4):
            seen = await run(number, Void(ref=seen.ref, bill="bil_1"))
            assert (seen.status, seen.captured, seen.authorized) == ("canceled", 0, 0)
        if bench.told_to_give_up:
            seen = await run(5, Capture(ref=seen.ref, amount=2000, currency="EUR", bill="bil_1"))
            assert (seen.status, seen.captured) == ("canceled", 0)
        assert bench.taken() == []

    async def test_what_was_never_paid_can_be_given_up(self, bench: Bench, run: Runner) -> None:
        seen = await run(1, begin(2000))
        assert (await run(2, Void(ref=seen.ref, bill="bil_1"))).status == "canceled"

    async def test_what_was_taken_is_not_given_up_but_answered_as_it_is(self, bench: Bench, run: Runner) -> None:
        seen = await paid(bench, run, await run(1, begin(2000)))
        seen = await run(3, Void(ref=seen.ref, bill="bil_1"))
        assert (seen.status, seen.captured) == ("succeeded", 2000)

    async def test_money_is_returned_in_parts_and_never_more_than_came(self, bench: Bench, run: Runner) -> None:
        seen = await paid(bench, run, await run(1, begin(2000)))
        seen = await run(3, refund(seen, "ref_1", 500))
        assert [(one.refund, one.amount) for one in seen.refunds] == [("ref_1", 500)]
        assert seen.refunds[0].status in ("pending", "succeeded")
        seen = await run(4, refund(seen, "ref_2", 1500))
        assert sorted((one.refund, one.amount) for one in seen.refunds) == [("ref_1", 500), ("ref_2", 1500)]
        ending = await run.ends(5, refund(seen, "ref_3", 1))
        assert (ending.outcome, bool(ending.code)) == ("refused", True)
        assert sum(bench.returned()) == 2000

    async def test_what_staff_returns_at_the_provider_is_seen_and_not_ours(self, bench: Bench, run: Runner) -> None:
        seen = await paid(bench, run, await run(1, begin(2000)))
        bench.gives_back(seen, 700)
        seen = await run(3, Read(ref=seen.ref))
        assert [(one.refund, one.amount) for one in seen.refunds] == [("", 700)]

    async def test_a_bank_that_refuses_is_an_answer_and_another_means_can_be_tried(
        self, bench: Bench, run: Runner
    ) -> None:
        seen = await run(1, begin(2000))
        result = bench.declines(seen)
        seen = await run(2, answer_of(seen, result))
        assert seen.status not in ("succeeded", "requires_capture")
        assert seen.captured == 0
        if result is None:
            assert seen.error is not None
            assert seen.error.message
        seen = await paid(bench, run, seen, number=3)
        assert (seen.status, seen.captured) == ("succeeded", 2000)

    async def test_who_is_asked_for_what_it_never_had_refuses(self, bench: Bench, run: Runner) -> None:
        if not bench.refuses_strangers:
            pytest.skip("this provider keeps nothing that could be missing")
        ending = await run.ends(1, Read(ref="nothing_of_that_name_1"))
        assert (ending.outcome, bool(ending.code)) == ("refused", True)

    async def test_an_unknown_status_is_kept_and_shown_as_under_way(self, bench: Bench, run: Runner) -> None:
        seen = await run(1, begin(2000))
        bench.twist(seen)
        seen = await run(2, Read(ref=seen.ref))
        assert (seen.status, seen.known) == ("processing", False)
        assert seen.native

    async def test_a_repeat_is_the_same_payment(self, bench: Bench, run: Runner) -> None:
        first = await run(1, begin(2000))
        again = await run(1, begin(2000))
        assert (first.ref, bench.begun()) == (again.ref, 1)

    @pytest.mark.parametrize("seed", range(12))
    async def test_whatever_goes_wrong_each_is_done_once(self, bench: Bench, run: Runner, seed: int) -> None:
        """Answers lost, halved, stored failures, refusals for the moment: with every other request."""
        bench.trouble(seed)
        seen = await paid(bench, run, await run(1, begin(2000, hold=True)))
        assert seen.status == "requires_capture"
        seen = await run(3, Capture(ref=seen.ref, amount=1800, currency="EUR", bill="bil_1"))
        for number in range(4, 8):
            seen = await run(number, refund(seen, f"ref_{number}", 100))
        bench.peace()
        seen = await run(9, Read(ref=seen.ref))
        assert (seen.status, seen.captured) == ("succeeded", 1800)
        assert sorted(one.refund for one in seen.refunds) == ["ref_4", "ref_5", "ref_6", "ref_7"]
        assert (bench.taken(), bench.returned()) == ([1800], [100] * 4)

    async def test_a_key_that_was_forgotten_does_nothing_twice(self, bench: Bench, run: Runner) -> None:
        assert await self._old_refunds(bench, run.connector) == 0

    async def _old_refunds(self, bench: Bench, connector: Connector) -> int:
        """Refunds whose answers are lost, tried again when the keys are forgotten: how many were done twice."""
        run = Runner(connector)
        seen = await paid(bench, run, await run(1, begin(5000)))
        bench.trouble(3, forgets=1.0)
        for number in range(3, 23):
            await run.once(number, refund(seen, f"ref_{number}", 100))
        bench.peace()
        run.ages(24 * 60)
        for number in range(3, 23):
            await run(number, refund(seen, f"ref_{number}", 100))
        return len(bench.returned()) - 20


def begin(amount: int, *, hold: bool = False) -> Begin:
    return Begin(bill="bil_1", amount=amount, currency="EUR", hold=hold, return_url="https://app.carewire.test/")


def refund(seen: PaymentSeen, id_: str, amount: int) -> Refund:
    return Refund(ref=seen.ref, refund=id_, amount=amount, currency="EUR", bill="bil_1")


def answer_of(seen: PaymentSeen, result: Mapping[str, str] | None) -> Ask:
    """What follows from what the payer did: their browser tells us, or we read."""
    if result is None:
        return Read(ref=seen.ref)
    return Confirm(ref=seen.ref, result=dict(result), bill="bil_1")


async def paid(bench: Bench, run: Runner, seen: PaymentSeen, number: int = 2) -> PaymentSeen:
    """The payment, once its payer has done what is theirs."""
    if seen.status in ("succeeded", "requires_capture"):
        return seen
    return await run(number, answer_of(seen, bench.pays(seen)))
