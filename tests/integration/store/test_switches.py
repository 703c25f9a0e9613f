"""What start-up says of features that are switched off and on."""

from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import NOTHING, Owed, Reaction
from serve_app.launch.switches import tell_switched_on
from store.mongo.client import Database
from store.mongo.switches import MongoSwitches


class Happened(Event, frozen=True, tag="happened"):
    """Something."""


def rule(entity_id: str, recorded: Recorded[Happened]) -> Owed:
    return NOTHING


RULES = [
    Reaction("always", "a", Happened, rule, ()),
    Reaction("bill", "a", Happened, rule, (), feature="payments"),
    Reaction("remind", "a", Happened, rule, (), feature="notifications"),
]
NINE, TEN = 1_763_629_200_000, 1_763_632_800_000


async def started(mongo: Database, now_ms: int, **features: bool) -> list[str]:
    """What is told at a start."""
    told: list[str] = []
    await tell_switched_on(MongoSwitches(mongo), features, RULES, told.append, now_ms=now_ms)
    return told


async def test_what_was_missed_is_told_when_a_feature_is_on_again_and_only_then(mongo: Database) -> None:
    assert await started(mongo, NINE - 1, payments=True, notifications=True) == []
    assert await started(mongo, NINE, payments=False, notifications=True) == []
    assert await started(mongo, TEN, payments=False, notifications=False) == []
    [line] = await started(mongo, TEN, payments=True, notifications=False)
    assert line.startswith("payments is on again.")
    assert line.endswith("carewire react bill --since 2025-11-20T09:00:00.000Z")  # since it was off first
    [line] = await started(mongo, TEN, payments=True, notifications=True)
    assert line.endswith("carewire react remind --since 2025-11-20T10:00:00.000Z")
    assert await started(mongo, TEN, payments=True, notifications=True) == []


async def test_a_feature_that_nobody_knows_any_more_stays_noted(mongo: Database) -> None:
    await started(mongo, NINE, payments=False)
    assert await started(mongo, TEN) == []
    assert len(await started(mongo, TEN, payments=True)) == 1
