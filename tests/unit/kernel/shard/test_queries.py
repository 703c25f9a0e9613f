"""A past that cannot be read makes a topic late, never silent."""

from typing import Any

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import SYSTEM, Principal
from tests.simulation.world import World
from tests.unit.kernel.ledger import LedgerKind, Pages, Write
from tests.unit.kernel.shard.test_commands import ROOM, Play, submit
from tests.unit.kernel.shard.test_life import until, versions


def test_a_bug_in_showing_the_past_makes_a_topic_late_but_not_silent(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 3
    replaying = False
    show = LedgerKind.show

    def showing(self: LedgerKind, entity_id: str, recorded: Any, part: Any) -> Any:
        nonlocal failures
        if replaying and recorded.event.author == "bob" and failures:
            failures -= 1
            raise TypeError("a number that JSON does not know")
        return show(self, entity_id, recorded, part)

    async def scenario(world: World) -> None:
        nonlocal replaying
        await world.attach("g1", ROOM)
        await world.regions["g1"].submit(ROOM, Write("bob's"), by=Principal("bob"))
        await until(lambda: versions(world) == [1], "the first event")
        world.heard["g1"].clear()
        replaying = True
        channel = next(channel for channel in world.regions["g1"]._channels.values() if ROOM in channel.topics)
        channel.topics[ROOM] = 0  # as if the event had never arrived
        channel.take_over(ROOM, 0)
        await until(lambda: versions(world) == [1], "the first event, once more")
        assert failures == 0
        await submit(world, Write("next"))
        await until(lambda: versions(world) == [1, 2], "the next event")

    monkeypatch.setattr(LedgerKind, "show", showing)
    play(scenario)


@pytest.mark.parametrize("unread", [True, False])
def test_for_an_answer_that_nobody_looks_at_nothing_is_read(
    unread: bool, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = LedgerKind.read

    async def reading(self: LedgerKind, query: Any, entity_id: str, version: int, library: Any) -> object:
        reads.append(entity_id)
        return await read(self, query, entity_id, version, library)

    async def scenario(world: World) -> None:
        await submit(world, Write("one"))
        packed, command_id = protocol.encode(Pages()), command_id_of(ROOM, "letter")
        reply = await world.regions["g1"].submit_packed(ROOM, packed, by=SYSTEM, command_id=command_id, unread=unread)
        assert (reply.data == b"null", reply.version) == (unread, 1)

    monkeypatch.setattr(LedgerKind, "read", reading)
    play(scenario)
    assert reads == ([] if unread else [ROOM])
