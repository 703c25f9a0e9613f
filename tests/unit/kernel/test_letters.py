"""Letters to entities of the same shard, and to others."""

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.callers import Caller
from actors.kernel.effects.letters import LetterRouter
from actors.kernel.history.codec import StoredLetter
from common.errors import NotFound, Unavailable
from tests.simulation.loop import VirtualLoop, run

LETTER = StoredLetter("ledger:b", b"x" * 16, b"command")


def carried(answer: protocol.Answer | None, *, ours: bool = True) -> list[str]:
    """Who was handed the letter, the shard answering so (None: never)."""
    hands: list[str] = []

    def accept(caller: Caller, item: protocol.Item) -> None:
        hands.append("neighbour")
        assert item.command_id == LETTER.command_id
        assert item.named
        if answer is not None:
            caller.answer(answer)
            caller.answer(answer)  # a late one does no harm

    async def courier(letter: StoredLetter) -> None:
        hands.append("courier")

    run(VirtualLoop(), LetterRouter(lambda _: ours, accept, courier, patience_s=3.0).send(LETTER), limit_s=60)
    return hands


def test_a_neighbours_letter_stays_at_home_and_others_go_by_courier() -> None:
    assert carried(protocol.Answer(0)) == ["neighbour"]
    assert carried(None, ours=False) == ["courier"]


def test_a_letter_to_who_has_just_moved_follows_by_courier() -> None:
    assert carried(protocol.Answer(0, protocol.MOVED)) == ["neighbour", "courier"]


def test_a_refusal_is_the_neighbours_own_and_silence_is_tried_again() -> None:
    with pytest.raises(NotFound):
        carried(protocol.Answer(0, NotFound.code, message="No."))
    with pytest.raises(Unavailable):
        carried(None)
