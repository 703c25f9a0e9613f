"""Letters to entities of the same shard, and to others."""

import asyncio

import pytest

from actors.kernel.contract import protocol
from actors.kernel.effects.inbox import LocalLetter, ShardInbox
from actors.kernel.effects.letters import LetterRouter
from actors.kernel.history.codec import StoredLetter
from common.errors import NotFound, Unavailable
from tests.simulation.loop import VirtualLoop, run

LETTER = StoredLetter("ledger:b", b"x" * 16, b"command")


def carried(answer: protocol.ItemAnswer | None, *, ours: bool = True) -> list[str]:
    """Who was handed the letter, the shard answering so (None: never)."""
    hands: list[str] = []

    async def neighbour(inbox: ShardInbox) -> None:
        letter = await inbox.take()
        assert isinstance(letter, LocalLetter)
        hands.append("neighbour")
        assert letter.item.command_id == LETTER.command_id
        assert letter.item.named
        assert letter.item.unread
        if answer is not None:
            letter.sender.answer(answer)
            letter.sender.answer(answer)  # a late one does no harm

    async def courier(letter: StoredLetter) -> None:
        hands.append("courier")

    async def send() -> None:
        inbox = ShardInbox()
        listening = asyncio.create_task(neighbour(inbox))
        try:
            await LetterRouter(lambda _: ours, inbox, courier, patience_s=3.0).send(LETTER)
        finally:
            listening.cancel()

    run(VirtualLoop(), send(), limit_s=60)
    return hands


def test_a_neighbours_letter_stays_at_home_and_others_go_by_courier() -> None:
    assert carried(protocol.ItemAnswer(correlation_id=0)) == ["neighbour"]
    assert carried(None, ours=False) == ["courier"]


def test_a_letter_to_who_has_just_moved_follows_by_courier() -> None:
    assert carried(protocol.ItemAnswer(correlation_id=0, code=protocol.MOVED)) == ["neighbour", "courier"]


def test_a_refusal_is_the_neighbours_own_and_silence_is_tried_again() -> None:
    with pytest.raises(NotFound):
        carried(protocol.ItemAnswer(correlation_id=0, code=NotFound.code, message="No."))
    with pytest.raises(Unavailable):
        carried(None)


def test_what_waits_in_an_inbox_when_the_lease_is_lost_goes_to_whoever_has_it_now() -> None:
    hands: list[str] = []

    async def courier(letter: StoredLetter) -> None:
        hands.append(letter.to)

    async def scenario() -> None:
        inbox = ShardInbox()
        sending = asyncio.create_task(LetterRouter(lambda _: True, inbox, courier, patience_s=3.0).send(LETTER))
        await asyncio.sleep(0)
        inbox.clear()
        await asyncio.wait_for(sending, 1)

    run(VirtualLoop(), scenario(), limit_s=60)
    assert hands == [LETTER.to]
