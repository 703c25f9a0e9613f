"""What every connector must do, whoever its partner is. A suite to derive from: `class TestEmail(ConnectorSuite)`.

The partner is a server that really listens, keeps a ledger of the keys it saw, and misbehaves on demand.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

import pytest
import pytest_asyncio

from serve_app.activities.connector import Call, Connector, Later, Misconfigured, Refused, Unreadable
from serve_app.activities.keys import PartnerKey
from tests.waiting import eventually

Mishap = Literal["busy", "busy_for_7s", "failing", "slow", "silent", "lost_answer", "cut", "refused"]
CANARY = "canary-7f3d"
"""In every payload: in no error, no log."""


@dataclass(frozen=True)
class Seen:
    """What the partner saw of one attempt: the key, and what mattered of the rest."""

    key: str
    what: bytes


class Partner(ABC):
    """The other side of one connector."""

    tells_when: bool = True
    """Can it say for how long it wants to be left alone?"""

    @abstractmethod
    def connector(self, *, credentials: bool = True) -> Connector:
        """A connector that calls it; with wrong credentials if asked."""

    @abstractmethod
    def payload(self, number: int) -> bytes:
        """Of the activity with this number. The canary is in it."""

    @abstractmethod
    def next(self, *mishaps: Mishap) -> None:
        """What it does to the next attempts, one each."""

    @abstractmethod
    def seen(self) -> list[Seen]:
        """Every attempt that it carried out, oldest first."""


class ConnectorSuite(ABC):
    """See the module."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        """A partner that listens."""

    @pytest_asyncio.fixture
    async def partner(self) -> AsyncIterator[Partner]:
        async with self.opened() as partner:
            yield partner

    @pytest_asyncio.fixture
    async def connector(self, partner: Partner) -> AsyncIterator[Connector]:
        connector = partner.connector()
        yield connector
        await connector.close()

    async def test_it_is_done_once_under_its_key(self, partner: Partner, connector: Connector) -> None:
        await connector.carry_out(a_call(partner, 1))
        await connector.carry_out(a_call(partner, 2))
        assert [one.key for one in partner.seen()] == [key_of(1), key_of(2)]

    async def test_every_attempt_bears_the_same_key_and_says_the_same(
        self, partner: Partner, connector: Connector
    ) -> None:
        await connector.carry_out(a_call(partner, 1))
        await connector.carry_out(a_call(partner, 1, attempt=2))
        first, second = partner.seen()
        assert first == second
        assert first.key == key_of(1)

    @pytest.mark.parametrize("mishap", ["lost_answer", "cut"])
    async def test_a_lost_answer_may_have_happened(
        self, partner: Partner, connector: Connector, mishap: Mishap
    ) -> None:
        partner.next(mishap)
        with pytest.raises(Later) as later:
            await connector.carry_out(a_call(partner, 1))
        assert not later.value.only_this  # it says something of the partner
        await connector.carry_out(a_call(partner, 1, attempt=2))
        assert {one.key for one in partner.seen()} == {key_of(1)}

    async def test_who_is_busy_is_asked_again(self, partner: Partner, connector: Connector) -> None:
        partner.next("busy", "failing")
        for attempt in (1, 2):
            with pytest.raises(Later) as later:
                await connector.carry_out(a_call(partner, 1, attempt=attempt))
            assert later.value.retry_after_s is None
        await connector.carry_out(a_call(partner, 1, attempt=3))
        assert [one.key for one in partner.seen()] == [key_of(1)]

    async def test_who_says_when_is_taken_at_their_word(self, partner: Partner, connector: Connector) -> None:
        if not partner.tells_when:
            pytest.skip("this partner cannot say when")
        partner.next("busy_for_7s")
        with pytest.raises(Later) as later:
            await connector.carry_out(a_call(partner, 1))
        assert later.value.retry_after_s == 7.0

    async def test_who_is_slow_is_waited_for(self, partner: Partner, connector: Connector) -> None:
        partner.next("slow")
        await connector.carry_out(a_call(partner, 1))
        assert [one.key for one in partner.seen()] == [key_of(1)]

    async def test_who_never_answers_can_be_left_and_called_again(self, partner: Partner, connector: Connector) -> None:
        partner.next("silent")
        call = asyncio.ensure_future(connector.carry_out(a_call(partner, 1)))

        async def arrived() -> bool:
            return len(partner.seen()) == 1

        await eventually(arrived, "the call that is never answered does not arrive")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await connector.carry_out(a_call(partner, 1, attempt=2))
        assert {one.key for one in partner.seen()} == {key_of(1)}

    async def test_a_refusal_is_for_good_and_names_nobody(self, partner: Partner, connector: Connector) -> None:
        partner.next("refused")
        with pytest.raises(Refused) as refusal:
            await connector.carry_out(a_call(partner, 1))
        assert refusal.value.code
        names_nobody(refusal.value)
        await connector.carry_out(a_call(partner, 2))  # and the next is none the worse for it
        assert key_of(2) in [one.key for one in partner.seen()]

    @pytest.mark.parametrize("mishap", ["busy", "failing", "lost_answer", "cut"])
    async def test_a_failure_names_nobody(self, partner: Partner, connector: Connector, mishap: Mishap) -> None:
        partner.next(mishap)
        with pytest.raises(Later) as later:
            await connector.carry_out(a_call(partner, 1))
        names_nobody(later.value)

    async def test_wrong_credentials_are_our_fault_and_lose_nothing(self, partner: Partner) -> None:
        wrong = partner.connector(credentials=False)
        for attempt in (1, 2):
            with pytest.raises(Misconfigured) as refusal:
                await wrong.carry_out(a_call(partner, 1, attempt=attempt))
            names_nobody(refusal.value)
        await wrong.close()
        assert partner.seen() == []
        right = partner.connector()
        await right.carry_out(a_call(partner, 1, attempt=3))
        await right.close()
        assert [one.key for one in partner.seen()] == [key_of(1)]

    async def test_what_cannot_be_read_is_told_apart(self, partner: Partner, connector: Connector) -> None:
        for payload in (b"", b"\xc1", b"\x80", b"\x81\xa8template\x01"):
            with pytest.raises(Unreadable):
                await connector.carry_out(Call(PartnerKey(mark(1)), payload, "usr_1", 1, 0))
        assert partner.seen() == []

    async def test_many_at_once_are_many(self, partner: Partner, connector: Connector) -> None:
        await asyncio.gather(*(connector.carry_out(a_call(partner, number)) for number in range(30)))
        assert sorted(one.key for one in partner.seen()) == sorted(map(key_of, range(30)))


def mark(number: int) -> bytes:
    return number.to_bytes(16)


def key_of(number: int) -> str:
    return str(PartnerKey(mark(number)))


def a_call(partner: Partner, number: int, *, attempt: int = 1) -> Call:
    return Call(PartnerKey(mark(number)), partner.payload(number), "usr_1", attempt, 1_763_631_000_000)


def names_nobody(error: Refused | Later | Misconfigured) -> None:
    assert error.message
    assert CANARY not in f"{error.code} {error.message} {error}"
