"""Activities that rules owe, and those that a replay owes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.kernel.effects.react import Replayed, RuleReplay
from actors.kernel.history.codec import activity_place
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.agency import Agent, answers, send, unsettled
from tests.unit.kernel.errand import ErrandKind, Sent
from tests.waiting import eventually

SMS = {"sms": 10}


def send_sms(entity_id: str, recorded: Recorded[Sent]) -> Owed:
    """The text, to its owner's telephone."""
    wish = recorded.event.wish
    payload = f"sms of {wish.text}".encode()
    return Owed(activities=[Activity(connector="sms", key=f"sms|{recorded.seq}", payload=payload, owner="ann")])


RULE = Reaction("send_sms", "errand", Sent, send_sms, to=(), connectors=("sms",))


def play(scenario: Callable[[World], Awaitable[Any]], *rules: AnyReaction) -> None:
    world = World(1, rate=0.0, kinds=(ErrandKind(),), reactions=rules)

    async def main() -> None:
        await world.start(1)
        await world.region("g1")
        await scenario(world)

    run(world.loop, main())


async def the_sms(world: World) -> protocol.Offered:
    """What is offered to whoever sends short messages: one."""
    found: list[protocol.Offered] = []

    async def is_offered() -> bool:
        found.extend(await Agent(world).work(wait_ms=1_000, credits_=SMS))
        return bool(found)

    await eventually(is_offered, "nothing is offered", timeout_s=100)
    [offer] = found
    return offer


async def opened(world: World, offer: protocol.Offered) -> bytes | None:
    await world.sound.vault.unlock([offer.payload])
    return world.sound.vault.open(offer.payload, activity_place(offer.entity, offer.key))


def test_an_activity_of_a_rule_is_sealed_in_its_turn_and_closed_by_its_answer() -> None:
    async def scenario(world: World) -> None:
        await send(world, "canary", connector="sms", copies=0)
        [turn] = await world.sound.journal.turns("errand:a", after=0, limit=10)
        assert b"sms of canary" not in b"".join(turn.effects)
        offer = await the_sms(world)
        assert (offer.key, await opened(world, offer)) == ("sms|1", b"sms of canary")
        await Agent(world).answer(offer)
        await asyncio.sleep(2)
        assert await unsettled(world) == 0
        assert await answers(world) == [["sms|1", "done"]]

    play(scenario, RULE)


def test_a_replay_owes_what_was_not_carried_out_and_nothing_else() -> None:
    async def scenario(world: World) -> None:
        await send(world, "before the rule", copies=0)
        replay = RuleReplay(world.sound, ErrandKind(), RULE)
        assert await replay.run(since_ms=0) == Replayed(entities=1, events=1, owed=1)
        [parked] = await world.sound.activities.page(connector="sms", limit=10)
        assert b"before" not in parked.packed
        offer = await the_sms(world)
        assert await opened(world, offer) == b"sms of before the rule"
        await Agent(world).answer(offer)

        again = await RuleReplay(world.sound, ErrandKind(), RULE).run(since_ms=0)
        assert again == Replayed(entities=1, events=1, told=1)
        await asyncio.sleep(60)
        assert await Agent(world).work(wait_ms=1_000, credits_=SMS) == []
        assert await answers(world) == [["sms|1", "done"]]
        assert await world.sound.activities.page(limit=10) == []

    play(scenario)


def test_a_replay_beside_the_turn_that_still_owes_it_is_carried_out_once() -> None:
    async def scenario(world: World) -> None:
        await send(world, "owed already", copies=0)
        assert (await RuleReplay(world.sound, ErrandKind(), RULE).run(since_ms=0)).owed == 1
        offer = await the_sms(world)
        await asyncio.sleep(40)  # long enough for the shard to look into the collection
        assert await Agent(world, "agent/2").work(wait_ms=1_000, credits_=SMS) == []
        await Agent(world).answer(offer)
        await asyncio.sleep(60)
        assert await Agent(world, "agent/2").work(wait_ms=1_000, credits_=SMS) == []
        assert await answers(world) == [["sms|1", "done"]]
        assert await world.sound.activities.page(limit=10) == []

    play(scenario, RULE)
