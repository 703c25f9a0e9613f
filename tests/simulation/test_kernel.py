"""The kernel's promises, over thousands of seeded runs in which everything that can fail does."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.contract.entity import Principal, Recorded
from actors.kernel.history.codec import Codec
from actors.kernel.history.library import StoredLibrary
from common.errors import CarewireError
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Amend, LedgerKind, Remind, Seen, Strike, Write, Written

CRAMPED = SETTINGS.model_copy(update={"max_buffered_bytes": 1_000})  # deliveries get lost, and are read again
ROOMS = ("ledger:a", "ledger:b", "ledger:c")


@dataclass
class Sent:
    """What the clients were told: text -> (room, seq) of every acknowledged entry."""

    acked: dict[str, tuple[str, int]] = field(default_factory=dict)
    struck: set[tuple[str, int]] = field(default_factory=set)
    order: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (user, room) -> texts as submitted
    promised: list[tuple[str, str]] = field(default_factory=list)  # (room, text) of what timers will write


async def a_client(world: World, region: str, user: str, sent: Sent, commands: int) -> None:
    """Writes, amends and strikes; repeats whatever was not answered, with the same id."""
    by = Principal(user)
    for number in range(commands):
        room = world.random.choice(ROOMS)
        text = f"{user}/{number}"
        tell = "ledger:z" if world.random.random() < 0.2 else ""
        seq = await insist(world, region, room, Write(text, tell), by, f"{user}:{number}")
        sent.acked[text] = (room, seq)
        roll = world.random.random()
        if roll < 0.15:
            await insist(world, region, room, Amend(seq, f"{text}!"), by, f"{user}:{number}a")
        elif roll < 0.3:
            await insist(world, region, room, Strike(seq), by, f"{user}:{number}s")
            sent.struck.add((room, seq))
        elif roll < 0.4:
            await insist(world, region, room, Seen(seq), by, f"{user}:{number}r")
        elif roll < 0.6:
            await insist(world, region, room, a_reminder(world, text), by, f"{user}:{number}t")
            sent.promised.append((room, f"{text} again"))


def a_reminder(world: World, text: str) -> Remind:
    """Due at once, while shards die, or so late that the timer has a document of its own."""
    return Remind(f"{text} again", world.random.choice((0, 100, 400, 2_000, 40_000)))


async def a_burst(world: World, region: str, user: str, sent: Sent) -> None:
    """Many at once on one line: their order must hold."""
    room = ROOMS[0]
    texts = [f"{user}/burst{number}" for number in range(6)]
    calls = [
        asyncio.ensure_future(
            world.regions[region].submit(room, Write(text), by=Principal(user), command_id=text, timeout_s=60)
        )
        for text in texts
    ]
    for text, reply in zip(texts, await asyncio.gather(*calls), strict=True):
        sent.acked[text] = (room, msgspec.json.decode(reply.data)["seq"])
    sent.order[user, room] = texts


async def insist(world: World, region: str, room: str, command: msgspec.Struct, by: Principal, command_id: str) -> int:
    while True:
        try:
            reply = await world.regions[region].submit(room, command, by=by, command_id=command_id)
        except CarewireError as error:
            if not error.retryable:
                raise
        else:
            return int(msgspec.json.decode(reply.data).get("seq", 0))


async def a_killer(world: World, deaths: int) -> None:
    for _ in range(deaths):
        await asyncio.sleep(world.random.random() * 0.3)
        name = world.random.choice(sorted(world.shards))
        await world.kill(name)
        await asyncio.sleep(world.random.random() * 0.5)
        if name not in world.shards:  # else whoever moves partitions needed it, and was faster
            await world.start_shard(name)


async def a_mover(world: World, sizes: Sequence[int]) -> None:
    for shards in sizes:
        await asyncio.sleep(world.random.random() * 0.3)
        await world.scale(shards)


async def a_run(world: World, *, deaths: int, commands: int = 6, sizes: Sequence[int] = ()) -> None:
    await world.start()
    for name in ("g1", "g2"):
        await world.region(name)
    since = {(name, room): await world.attach(name, room) for name in ("g1", "g2") for room in ROOMS}
    sent = Sent()
    await asyncio.gather(
        a_client(world, "g1", "ann", sent, commands),
        a_client(world, "g2", "bob", sent, commands),
        a_burst(world, "g1", "cy", sent),
        a_killer(world, deaths),
        a_mover(world, sizes),
    )
    world.dice.rate = 0.0
    await settled(world, since)
    await check_journal(world, sent)
    await check_heard(world, since)
    await check_letters(world)
    await check_struck(world, sent)
    await check_timers(world, sent)


async def settled(world: World, since: dict[tuple[str, str], int]) -> None:
    """Wait until everything stored has been heard, and nothing is owed."""
    for _ in range(1_500):
        await asyncio.sleep(0.1)
        heads = await world.sound.journal.heads([*ROOMS])
        behind = [
            (name, room)
            for name, room in since
            if last_heard(world, name, room, since[name, room]) < heads.get(room, (0, 0))[0]
        ]
        owed = await world.sound.journal.unsettled(range(256), limit=10)
        set_ = await world.sound.timers.due(range(256), before_ms=2**60, limit=10)
        if not behind and not owed and not set_:
            return
    raise AssertionError(f"not heard: {behind}; owed: {len(owed)}; still set: {len(set_)}")


def last_heard(world: World, name: str, room: str, since: int) -> int:
    return max((one.version for one in world.heard[name] if one.topic == room), default=since)


async def recorded(world: World, room: str) -> list[Recorded[Any]]:
    turns = await world.sound.journal.turns(room, after=0, limit=10_000)
    assert [turn.turn for turn in turns] == list(range(1, len(turns) + 1)), "turns are consecutive"
    events = await Codec(LedgerKind(), world.sound.vault).opened(room, turns)
    numbered = [one for one in events if one.seq]
    assert [one.seq for one in numbered] == list(range(1, len(numbered) + 1)), "seq has no gap and no repeat"
    return numbered


async def check_journal(world: World, sent: Sent) -> None:
    """What was acknowledged is stored, once, where the ack said it is, in its sender's order."""
    commands: Counter[bytes] = Counter()
    place: dict[tuple[str, str], list[int]] = {}
    by_seq = {}
    for room in ROOMS:
        for turn in await world.sound.journal.turns(room, after=0, limit=10_000):
            commands.update(one.id for one in turn.commands)
        for one in await recorded(world, room):
            by_seq[room, one.seq] = one
            place.setdefault((one.event.author, room), []).append(one.seq)
    assert max(commands.values(), default=1) == 1, "a command was carried out twice"
    for text, (room, seq) in sent.acked.items():
        event = by_seq[room, seq].event
        assert isinstance(event, Written)
        assert event.secret is None or event.secret.decode() == text, "the ack names another entry"
    for (_, room), texts in sent.order.items():
        seqs = [sent.acked[text][1] for text in texts]
        assert seqs == sorted(seqs), f"order lost in {room}"


async def check_heard(world: World, since: dict[tuple[str, str], int]) -> None:
    """Each listener hears each event above its version exactly once, in order, and all hear the same."""
    for (name, room), version in since.items():
        versions = [one.version for one in world.heard[name] if one.topic == room and one.version]
        head = (await world.sound.journal.heads([room])).get(room, (0, 0))[0]
        assert versions == list(range(version + 1, head + 1)), f"{name} heard {versions} of {room} after {version}"


async def check_letters(world: World) -> None:
    """Each letter arrives exactly once."""
    told: Counter[str] = Counter()
    for room in ROOMS:
        for one in await recorded(world, room):
            if isinstance(one.event, Written) and one.event.tell:
                told[one.event.tell] += 1
    assert len(await recorded(world, "ledger:z")) == told["ledger:z"]


async def check_struck(world: World, sent: Sent) -> None:
    """What was struck has left the journal and the read model; the rest reads as it was written last."""
    library = StoredLibrary(LedgerKind(), world.sound)
    for room, seq in sent.struck:
        (one,) = await library.at(room, [seq])
        assert one.event.secret is None, "a struck text is still in the journal"
        entry = (await LedgerKind().fetch(room, [str(seq)], library))[str(seq)]
        assert entry.struck
        assert entry.text == ""


async def check_timers(world: World, sent: Sent) -> None:
    """Each timer that was asked for has fired, once."""
    written: Counter[tuple[str, str]] = Counter()
    for room in ROOMS:
        for one in await recorded(world, room):
            if isinstance(one.event, Written) and one.event.author == "system":
                assert one.event.secret is not None
                written[room, one.event.secret.decode()] += 1
    assert written == Counter(sent.promised)


@pytest.mark.parametrize("block", range(10))
def test_no_crash_and_no_lost_answer_breaks_a_promise(block: int) -> None:
    for seed in seeds(100, block=block):
        world = World(seed, settings=CRAMPED if seed % 4 == 0 else SETTINGS)
        try:
            run(world.loop, a_run(world, deaths=2))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


class Hasty(LedgerKind):
    """Takes each ledger for a new one when it hears of it for the first time."""

    @override
    def begins(self, command: object) -> bool:
        return True


@pytest.mark.parametrize("block", range(4))
def test_nothing_is_begun_twice_whatever_fails(block: int) -> None:
    for seed in seeds(50, block=block):
        world = World(seed, kinds=(Hasty(),))
        try:
            run(world.loop, a_run(world, deaths=2, sizes=(3, 2) if seed % 2 else ()))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.parametrize("block", range(4))
def test_moving_partitions_loses_and_reorders_nothing(block: int) -> None:
    for seed in seeds(50, block=block):
        world = World(seed, rate=seed % 3 / 2)
        try:
            run(world.loop, a_run(world, deaths=0, sizes=(3, 1, 2)))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_a_quiet_world_is_quiet() -> None:
    world = World(1, rate=0.0)
    run(world.loop, a_run(world, deaths=0, commands=20))
