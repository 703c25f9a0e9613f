"""Somebody is erased while a hundred things are owed to them: some wait, some are under way, some are put off."""

import asyncio

from serve_app.activities.connector import Capacity, Later
from tests.unit.activities.rig import Post, Rig, an_offer

MANY, PUT_OFF, AT_ONCE = 100, 20, 4


async def told(*, erase: bool) -> tuple[int, Rig]:
    """How many calls had begun when the person was erased, and what became of it all."""
    async with Rig(post=Post(capacity=Capacity(at_once=AT_ONCE, call_s=20.0), takes_s=1.0)) as rig:
        rig.post.script += [Later("busy", "Later.", retry_after_s=60.0, only_this=True) for _ in range(PUT_OFF)]
        rig.shard.put(*map(an_offer, range(MANY)))
        await asyncio.sleep(8.5)  # four a second: five seconds of refusals, and three rounds that were taken
        parked = {one.id for one in rig.shard.reports if one.verdict == "park"}
        assert (len(parked), rig.post.under_way) == (PUT_OFF, AT_ONCE)
        assert rig.shard.waiting, "and the rest waits with its shard"
        begun = len(rig.post.calls)
        if erase:
            rig.keys.erased.add("usr_1")
        await asyncio.sleep(60)
        rig.shard.put(*(one for number in range(MANY) if (one := an_offer(number, attempts=1)).id in parked))
        await asyncio.sleep(60)
    return begun, rig


async def test_none_reaches_the_partner_but_what_was_on_the_wire() -> None:
    begun, rig = await told(erase=True)
    assert len(rig.post.calls) == begun
    outcomes = [one.outcome for one in rig.entities.answers.values()]
    assert len(outcomes) == MANY
    assert outcomes.count("done") == 4 * AT_ONCE, "what had been done, and what was on the wire"
    assert outcomes.count("erased") == MANY - 4 * AT_ONCE


async def test_the_twin_whose_key_stays_is_sent_everything() -> None:
    begun, rig = await told(erase=False)
    assert len(rig.post.calls) > begun
    assert [one.outcome for one in rig.entities.answers.values()].count("done") == MANY
