"""Times of today need 64 bits, and come back as what they were: a plain int, which every encoder takes."""

from collections.abc import Iterator
from typing import Final

from store.ports.activities import ActivityRecord
from store.ports.journal import Snapshot
from store.ports.stores import Stores
from store.ports.timers import Timer
from store.ports.views import View, ViewQuery
from tests.contract.kernel.turns import a_turn

TODAY_MS: Final = 1_790_000_000_000


def numbers(value: object) -> Iterator[int]:
    """All that is a number in it, however deep."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        yield from (number for one in value.values() for number in numbers(one))
    elif isinstance(value, list | tuple):
        yield from (number for one in value for number in numbers(one))
    elif hasattr(value, "__dataclass_fields__"):
        yield from (number for name in value.__dataclass_fields__ for number in numbers(getattr(value, name)))


def an_activity() -> ActivityRecord:
    return ActivityRecord(
        id=b"a" * 16,
        partition=7,
        connector="email",
        entity="room:1",
        state="parked",
        due_ms=TODAY_MS,
        packed=b"",
        created_at_ms=TODAY_MS,
        lane="l",
        order=TODAY_MS,
        deadline_ms=TODAY_MS,
    )


async def test_whatever_is_read_holds_plain_integers(stores: Stores) -> None:
    turn = a_turn("room:1", 1, b"x", at_ms=TODAY_MS, effects=(b"view",))
    await stores.journal.append([turn])
    await stores.journal.save([Snapshot("room:1", 0, 0, TODAY_MS, b"state")])
    await stores.timers.put([Timer("t", "room:1", 7, TODAY_MS, b"command")])
    await stores.views.write([View("people", "a", 1, {"room": "r", "joined": TODAY_MS})])
    await stores.activities.put([an_activity()])
    found: list[object] = [
        dict(await stores.journal.load(["room:1"])),
        await stores.journal.after("room:1", 0, limit=1),
        await stores.journal.at("room:1", [1]),
        await stores.journal.turns("room:1", after=0, limit=1),
        await stores.journal.unsettled([7], limit=1),
        dict(await stores.journal.heads(["room:1"])),
        await stores.timers.due([7], before_ms=TODAY_MS + 1, limit=1),
        await stores.activities.page(limit=1),
        dict(await stores.views.get("people", ["a"])),
        await stores.views.find(ViewQuery(collection="people", equal={"room": "r"}, order_by="joined", limit=1)),
    ]
    for one in found:
        assert TODAY_MS in list(numbers(one)), one
    assert {type(number) for number in numbers(found)} == {int}
