"""What a rule owes: when it is evaluated, under which ids, and what is sealed of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import Letter, Principal, Recorded
from actors.kernel.contract.partitions import partition_of
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.kernel.history.codec import decode_effects
from actors.kernel.history.sealed_letters import with_secret
from common.errors import CarewireError, Conflict
from store.ports.journal import Turn
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.ledger import QUOTING, Marked, Pages, Remind, Seen, Write, Written

ROOM, QUOTES = "ledger:a", "ledger:z"


async def submit(world: World, command: msgspec.Struct, entity: str = ROOM, user: str = "ann") -> Any:
    reply = await world.regions["g1"].submit(entity, command, by=Principal(user), timeout_s=60)
    return msgspec.json.decode(reply.data)


def played(scenario: Callable[[World], Awaitable[Any]], *rules: AnyReaction) -> Any:
    """A scenario in a world with these rules."""
    world = World(1, rate=0.0, reactions=rules)

    async def main() -> Any:
        await world.start()
        await world.region("g1")
        return await scenario(world)

    return run(world.loop, main())


async def texts(world: World, entity: str) -> list[str]:
    return [text for _, text in await submit(world, Pages(), entity)]


async def settled(world: World) -> None:
    async with asyncio.timeout(30):
        while await world.sound.journal.unsettled(range(256), limit=1):  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)


def still(world: World) -> None:
    """Nothing that a turn owes is done from now on."""

    async def nothing(turns: object, *, fresh: bool = False) -> None:
        await asyncio.Event().wait()

    for shard in world.shards.values():
        shard._effects.outbox.perform = nothing  # type: ignore[method-assign]


def test_what_a_rule_owes_arrives_once_and_in_order_with_its_sealed_part() -> None:
    async def scenario(world: World) -> None:
        for number in range(5):
            await submit(world, Write(f"{number}", quote=QUOTES))
        await settled(world)
        assert await texts(world, QUOTES) == [f"quote of {number}" for number in range(5)]

    played(scenario, QUOTING)


def test_it_is_owed_by_the_turn_of_the_event_under_an_id_of_the_event() -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("first"))
        still(world)
        asking = asyncio.ensure_future(submit(world, Write("second", tell=QUOTES, quote=QUOTES)))
        await asyncio.sleep(1)
        [turn] = await world.sound.journal.unsettled(range(256), limit=10)
        told, quoted = decode_effects(turn).letters
        assert told.command_id == command_id_of(QUOTES, ROOM, 2, 0)
        assert quoted.command_id == command_id_of(QUOTES, ROOM, 2, "quote_written", 0)
        asking.cancel()

    played(scenario, QUOTING)


def test_what_is_sealed_lies_nowhere_in_the_clear_and_what_is_not_does() -> None:
    async def scenario(world: World) -> None:
        still(world)
        asking = [
            asyncio.ensure_future(submit(world, Write("canary", quote=QUOTES), "ledger:b")),
            asyncio.ensure_future(submit(world, Write("parrot", tell=QUOTES), "ledger:b")),
        ]
        await asyncio.sleep(1)
        stored = b"".join(
            blob
            for turn in await world.sound.journal.turns("ledger:b", after=0, limit=10)
            for blob in (*turn.events, *turn.effects)
        )
        assert b"canary" not in stored
        assert b"parrot" in stored, "a letter without a sealed part shows what it would hide"
        for one in asking:
            one.cancel()

    played(scenario, QUOTING)


def test_the_letter_of_an_erased_person_is_dropped_and_its_turn_settled() -> None:
    async def scenario(world: World) -> None:
        still(world)
        asking = asyncio.ensure_future(submit(world, Write("mine", quote=QUOTES), user="bob"))
        await asyncio.sleep(1)
        await world.sound.vault.erase("bob")
        for name in list(world.shards):
            await world.kill(name)
            await world.start_shard(name)
        await asking
        await settled(world)
        assert await texts(world, QUOTES) == []

    played(scenario, QUOTING)


def test_what_is_said_of_whom_has_been_erased_is_dropped_too() -> None:
    async def scenario(world: World) -> None:
        await world.sound.vault.erase("bob")
        await submit(world, Write("mine", quote=QUOTES), user="bob")
        await settled(world)
        assert await texts(world, QUOTES) == []

    played(scenario, QUOTING)


@pytest.mark.parametrize("error", [Conflict("Not for clients."), LookupError("a bug"), ValueError("a bug")])
def test_a_rule_that_raises_costs_its_command_an_answer_and_nothing_else(error: Exception) -> None:
    def raises(entity_id: str, recorded: Recorded[Written]) -> Owed:
        if recorded.event.secret == b"bad":
            raise error
        return Owed()

    async def scenario(world: World) -> None:
        asked = [submit(world, Write(text)) for text in ("one", "bad", "two")]
        _, bad, _ = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(bad, CarewireError)
        assert bad.code == "internal"
        assert bad.message != "Not for clients."
        assert await texts(world, ROOM) == ["one", "two"]

    played(scenario, Reaction("raises", "ledger", Written, raises, ()))


def test_the_rules_of_notes_write_under_ids_of_their_own() -> None:
    """Notes of one turn bear no number of their own: their letters would be taken for each other."""

    def tell_mark(entity_id: str, recorded: Recorded[Marked]) -> Owed:
        return Owed([Letter(QUOTES, msgspec.msgpack.encode(Write(f"read up to {recorded.event.seq}")))])

    async def scenario(world: World) -> None:
        await submit(world, Write("one"))
        await asyncio.gather(*(submit(world, Seen(seq), user=user) for seq, user in ((1, "bob"), (2, "cyd"))))
        await settled(world)
        assert sorted(await texts(world, QUOTES)) == ["read up to 1", "read up to 2"]

    played(scenario, Reaction("tell_mark", "ledger", Marked, tell_mark, ("ledger",)))


def test_a_timer_s_events_are_reacted_to_as_well() -> None:
    def follow(entity_id: str, recorded: Recorded[Written]) -> Owed:
        return Owed([Letter(QUOTES, msgspec.msgpack.encode(Write("followed")))] if entity_id == ROOM else [])

    async def scenario(world: World) -> None:
        await submit(world, Remind("later", 1_000))
        await asyncio.sleep(5)
        await settled(world)
        assert await texts(world, QUOTES) == ["followed"]

    played(scenario, Reaction("follow", "ledger", Written, follow, ("ledger",)))


def test_letters_that_were_owed_before_they_could_be_sealed_are_sent() -> None:
    """A turn as an earlier release stored it: its letters have three members."""

    async def scenario(world: World) -> None:
        command = msgspec.msgpack.encode({"type": "write", "text": "from before", "tell": ""})
        owed = msgspec.msgpack.encode([[], [], [[QUOTES, b"l" * 16, command]]])
        old = "ledger:old"
        turn = Turn(old, 1, 1, world.clock.now_ms() - 120_000, partition_of(old), effects=(owed,))
        await world.sound.journal.append([turn])
        await asyncio.sleep(35)
        await settled(world)
        assert await texts(world, QUOTES) == ["from before"]

    played(scenario)


def test_the_secret_joins_its_command() -> None:
    packed = msgspec.msgpack.encode(Write("", tell="ledger:b"))
    assert msgspec.msgpack.decode(with_secret(packed, b"s"), type=Write) == Write("", "ledger:b", "", b"s")
