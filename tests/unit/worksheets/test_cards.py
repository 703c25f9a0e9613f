"""Blocks of messages that show an assignment."""

from typing import Any, Final

import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.worksheets.assignment.commands import CancelAssignment, CareIsOver, PlaceCard, Reopen, Review
from actors.worksheets.assignment.events import CardsTurned
from actors.worksheets.assignment.records import Card
from actors.worksheets.assignment.state import MOST_CARDS
from common.errors import PermissionDenied
from tests.unit.worksheets.lectern import ADA, TESS, Lectern

CARD: Final = Card("talk-1", "msg_1", "blk_1")


def shown(lectern: Lectern, user: str = "tess", card: Card = CARD) -> list[tuple[tuple[Card, ...], str]]:
    """It stands in a message of this person's; what the blocks were told by that."""
    decision = lectern.do(PlaceCard(user=user, card=card), SYSTEM)
    return told(decision)


def told(decision: Any) -> list[tuple[tuple[Card, ...], str]]:
    return [(one.cards, one.state) for one in decision.notes if isinstance(one, CardsTurned)]


def test_every_other_state_is_shown_wherever_it_stands() -> None:
    lectern = Lectern()
    lectern.assign()
    assert shown(lectern) == [((CARD,), "assigned")]
    other = Card("talk-2", "msg_9", "blk_2")
    assert shown(lectern, "ada", other) == [((other,), "assigned")]
    both = (CARD, other)
    assert told(lectern.save(mood=3)) == [(both, "in_progress")]
    assert told(lectern.save(mood=4)) == []
    assert told(lectern.submit()) == [(both, "submitted")]
    assert told(lectern.do(Review(), TESS)) == [(both, "reviewed")]
    assert told(lectern.do(Reopen(), TESS)) == [(both, "reopened")]
    assert told(lectern.do(CancelAssignment(), TESS)) == [(both, "cancelled")]


def test_whoever_posts_late_shows_the_state_of_then() -> None:
    lectern = Lectern()
    lectern.assign()
    lectern.save(mood=3)
    assert shown(lectern) == [((CARD,), "in_progress")]
    assert shown(lectern) == [], "the same letter again"
    assert told(lectern.do(CareIsOver(), SYSTEM)) == [((CARD,), "cancelled")]


def test_it_is_shown_by_the_two_and_placed_by_carewire() -> None:
    lectern = Lectern()
    lectern.assign()
    assert shown(lectern, "eve") == []
    with pytest.raises(PermissionDenied):
        lectern.do(PlaceCard(user="ada", card=CARD), ADA)
    assert told(lectern.save(mood=3)) == []


def test_the_newest_are_told() -> None:
    lectern = Lectern()
    lectern.assign()
    cards = [Card("talk-1", f"msg_{number}", "blk_1") for number in range(MOST_CARDS + 1)]
    for card in cards:
        shown(lectern, card=card)
    assert told(lectern.save(mood=3)) == [(tuple(cards[1:]), "in_progress")]
