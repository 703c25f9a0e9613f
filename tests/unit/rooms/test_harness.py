"""The harness of one entity does what a shard does: the same talk on both has the same answers and leaves the same."""

import random
from typing import Any, Final

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.rooms.messages.views import MEMBERSHIPS, MESSAGES
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.workflows.table import reactions_of
from common.errors import CarewireError
from config.settings import KernelSettings, RoomSettings
from store.memory import memory_stores
from store.ports.stores import Stores
from store.ports.views import ViewQuery
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.unit.rooms import harness
from tests.unit.rooms.chat import ROOM
from tests.unit.rooms.harness import START_MS, World

PEOPLE: Final = ("ann", "bob", "cleo", "dave")
TALK: Final = 120
Said = tuple[c.RoomCommand, str]


class HandClock(VirtualClock):
    """The wall's time is set by hand; deadlines run in virtual time."""

    wall_ms = START_MS

    @override
    def now_ms(self) -> int:
        return self.wall_ms


def on_the_harness(seed: int) -> tuple[list[Said], list[Any], World]:
    """A talk, some of it not allowed, and what each was answered."""
    dice = random.Random(seed)
    world = World(RoomKind(RoomSettings()))
    said: list[Said] = [(c.Create(members=("bob", "cleo")), "ann")]
    heard = [_told(world, *said[0])]
    ids = ["msg_unknown"]
    for number in range(TALK):
        by, message = dice.choice(PEOPLE), dice.choice(ids[-6:])
        possible: list[c.RoomCommand] = [
            c.Post(body=f"{number}", client_id=f"c{number // 3}"),
            c.Post(body=f"{number}", reply_to=message if message in ids[1:] else None),
            c.Edit(message, "edited"),
            c.RetractMessage(message),
            c.React(message, "👍"),
            c.AddMembers((dice.choice(PEOPLE),)),
            c.RemoveMember(dice.choice(PEOPLE)),
            c.History(limit=dice.randint(1, 20)),
            c.Glance(),
        ]
        command = dice.choice(possible)
        said.append((command, by))
        heard.append(_told(world, command, by))
        if isinstance(command, c.Post) and "message" in heard[-1]:
            ids.append(heard[-1]["message"]["id"])
    return said, heard, world


def on_a_shard(said: list[Said]) -> tuple[list[Any], Stores]:
    """The same on a cluster in one process."""
    loop, kind = VirtualLoop(), RoomKind(RoomSettings())
    clock = HandClock(loop)
    stores = memory_stores(clock, kind.indexes)
    settings = KernelSettings(linger_ms=0.0)
    cluster = LocalCluster(stores, [kind], settings=settings, clock=clock, reactions=reactions_of([kind.name]))

    async def main() -> list[Any]:
        await cluster.start()
        region = await cluster.region("test")
        heard = []
        for command, by in said:
            clock.wall_ms += 1000
            try:
                reply = await region.submit(ROOM, command, by=Principal(by))
                heard.append(msgspec.json.decode(reply.data))
            except CarewireError as error:
                heard.append(error.code)
        await cluster.stop()
        return heard

    return run(loop, main()), stores


def _told(world: World, command: c.RoomCommand, by: str) -> Any:
    try:
        return world.ask(ROOM, command, by)
    except CarewireError as error:
        return error.code


def _left(stores: Stores) -> tuple[list[Any], list[Any]]:
    """The events of the journal and the read models, but for what is sealed: a nonce is new each time. The notes of
    timers are left out, for the harness fires none."""

    async def read() -> tuple[list[Any], list[Any]]:
        turns = await stores.journal.turns(ROOM, after=0, limit=10_000)
        views = [
            (view.id, view.version, view.fields)
            for collection in (MESSAGES, MEMBERSHIPS)
            for view in await stores.views.find(
                ViewQuery(collection=collection, equal={}, order_by="version", limit=10_000)
            )
        ]
        shapes = [(turn.first_seq, turn.last_seq, turn.at_ms) for turn in turns if turn.events]
        return shapes, sorted(views, key=lambda view: view[:2])

    return harness.run(read())


@pytest.mark.parametrize("seed", range(5))
def test_a_talk_is_the_same_on_the_harness_and_on_a_shard(seed: int) -> None:
    said, heard, world = on_the_harness(seed)
    assert len({str(one)[:20] for one in heard}) > 5, "nothing happened"
    shard_heard, stores = on_a_shard(said)
    for number, (one, other) in enumerate(zip(heard, shard_heard, strict=True)):
        assert one == other, f"{number}: {said[number]}"
    (turns, views), (own_turns, own_views) = _left(stores), _left(world.stores)
    assert turns == own_turns
    assert views == own_views
