"""Assignments while everything fails: what was acknowledged is in the document, once, and in what is handed in."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import pytest
from pycrdt import Doc, Text

from actors.kernel.caller.region import Region
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Attach, Command, Principal
from actors.worksheets.assignment.commands import Assign, Submit
from actors.worksheets.assignment.contents import Given, pack
from actors.worksheets.assignment.kind import AssignmentKind
from actors.worksheets.assignment.state import AssignmentSettings
from actors.worksheets.desk.kind import DeskKind
from actors.worksheets.document.commands import GetDraft, JoinDocument, Plain, SaveDraft, Write
from actors.worksheets.schema.fields import Schema
from actors.worksheets.yjs.messages import read_message
from common.errors import CarewireError, FailedPrecondition
from store.ports.stores import Stores
from tests.simulation.faults import UnfencedJournal
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.test_kernel import a_killer, a_mover
from tests.simulation.test_zombies import GenerousLeases, a_life
from tests.simulation.world import SETTINGS, World

ONE: Final = "assignment:asg_1"
ADA: Final = Principal("ada", "client")
TESS: Final = Principal("tess", "therapist")
ROOT: Final = "text:plan"
CRAMPED: Final = SETTINGS.model_copy(update={"max_buffered_bytes": 1_000})
SCHEMA: Final = msgspec.convert(
    {
        "fields": [
            {"id": "mood", "type": "integer", "label": "Mood", "required": True},
            {"id": "plan", "type": "long_text", "label": "Plan", "filled_by": "both"},
        ]
    },
    Schema,
)
GIVE: Final = Assign(
    worksheet="wks_1",
    worksheet_version=1,
    client="ada",
    therapist="tess",
    secret=pack(Given(title="Diary", schema=SCHEMA)),
)
KINDS: Final = (AssignmentKind(AssignmentSettings(compact_after=5)), DeskKind())


@dataclass
class Written:
    """What clients were told: the texts that are stored, and what was handed in."""

    acked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    handed_in: list[str] = field(default_factory=list)


class Hand:
    """Somebody's own document."""

    def __init__(self, number: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=number)

    def typed(self, text: str) -> bytes:
        """The update of a text in front of all others."""
        before = self.doc.get_state()
        self.doc.get(ROOT, type=Text).insert(0, text)
        return self.doc.get_update(before)


async def insist(region: Region, command: Command[Any], by: Principal, command_id: str) -> Any:
    """Ask until there is an answer, as one command. Raises what is refused for good."""
    while True:
        try:
            reply = await region.submit(ONE, command, by=by, command_id=command_id, timeout_s=60)
        except CarewireError as error:
            if not error.retryable:
                raise
        else:
            return answer_to(command, reply.data)


async def a_writer(region: Region, by: Principal, number: int, texts: int, written: Written) -> None:
    """Types so many texts, each once the one before is stored, until it was handed in."""
    hand = Hand(number)
    for at in range(texts):
        text = f"{by.user}{at}"
        try:
            await insist(region, Write(attempt=1, update=hand.typed(f"{text};")), by, f"{by.user}:{at}")
        except FailedPrecondition:
            written.refused.append(text)
            return
        written.acked.append(text)


async def a_submitter(world: World, region: Region, written: Written) -> None:
    """Hands it in at some time: what it is then, it is for ever."""
    mood = SaveDraft(secret=msgspec.msgpack.encode(Plain(answers={"mood": 3})))
    await insist(region, mood, ADA, "mood")
    await asyncio.sleep(world.random.random() * 0.8)
    for again in range(2):
        handed = await insist(region, Submit(), ADA, f"submit:{again}")
        written.handed_in.append(str(handed.answers.get("plan", "")))


async def a_run(world: World, *, deaths: int, sizes: tuple[int, ...] = (), texts: int = 8) -> None:
    await world.start()
    one, two = [await world.region(name) for name in ("g1", "g2")]
    await insist(one, GIVE, SYSTEM, "give")
    for region in (one, two):
        await listening(region)
    written = Written()
    await asyncio.gather(
        a_writer(one, ADA, 5000, texts, written),
        a_writer(two, TESS, 6000, texts, written),
        a_submitter(world, two, written),
        a_killer(world, deaths),
        a_mover(world, sizes),
    )
    world.dice.rate = 0.0
    draft = await insist(one, GetDraft(), TESS, "draft")
    present = str(draft.answers.get("plan", ""))
    assert sorted(present.split(";")[:-1]) == sorted(written.acked), "acknowledged, and not there once"
    assert written.handed_in == [present, present], "handed in twice is one submission, of all that was acknowledged"
    for name in ("g1", "g2"):
        await heard_all(world, name, present)


async def listening(region: Region) -> None:
    while True:
        try:
            await region.submit(ONE, Attach(), by=TESS, listen=True)
        except CarewireError as error:
            if not error.retryable:
                raise
        else:
            return


async def heard_all(world: World, name: str, wanted: str) -> None:
    """Who listened has the same text from what they heard alone; where they were told of a gap, they ask."""
    shown = ""
    for again in range(300):
        replica: Doc[Any] = Doc()
        for one in world.heard[name]:
            for message in one.attachments:
                replica.apply_update(read_message(message).payload)
            if one.packet.startswith(b'["worksheet_gap"'):
                replica.apply_update((await insist(world.regions[name], JoinDocument(), TESS, f"{name}:{again}")).sync)
        shown = str(replica.get(ROOT, type=Text))
        if shown == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{name} shows {shown!r}, not {wanted!r}")


@pytest.mark.parametrize("block", range(2))
def test_what_is_acknowledged_is_there_once_whoever_crashes_where(block: int) -> None:
    for seed in seeds(12, block=block):
        world = World(seed, settings=CRAMPED if seed % 4 == 0 else SETTINGS, kinds=KINDS)
        try:
            run(world.loop, a_run(world, deaths=2, sizes=(3, 1, 2) if seed % 3 == 0 else ()), limit_s=900)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


async def two_shards(world: World, stores: Stores) -> tuple[Written, str]:
    """Two lives of one shard, which both believe in the assignment, take updates at the same time. What was
    acknowledged, and what is there."""
    await world.start(shards=1)
    await insist(await world.region("before"), GIVE, SYSTEM, "give")
    await asyncio.sleep(1.0)
    await world.shards["rooms-0"].stop()
    written = Written()
    lives = [await a_life(world, replace(stores, leases=GenerousLeases()), name, KINDS) for name in ("old", "new")]
    people = ((ADA, 5000), (TESS, 6000))
    await asyncio.gather(
        *(a_writer(region, by, number, 12, written) for (_, region), (by, number) in zip(lives, people, strict=True))
    )
    _, region = await a_life(world, replace(world.sound, leases=GenerousLeases()), "last", KINDS)
    draft = await insist(region, GetDraft(), TESS, "draft")
    return written, str(draft.answers.get("plan", ""))


def test_the_fence_keeps_one_document_though_two_shards_write_it() -> None:
    for seed in seeds(4):
        world = World(seed, rate=0.0, kinds=KINDS)
        written, present = run(world.loop, two_shards(world, world.sound), limit_s=900)
        assert len(written.acked) == 24
        assert sorted(present.split(";")[:-1]) == sorted(written.acked)


def test_without_the_fence_something_acknowledged_is_lost() -> None:
    """The twin."""
    lost = 0
    for seed in range(4):
        world = World(seed, rate=0.0, kinds=KINDS)
        unfenced: Any = UnfencedJournal(world.sound.journal)
        written, present = run(world.loop, two_shards(world, replace(world.sound, journal=unfenced)), limit_s=900)
        lost += len(set(written.acked) - set(present.split(";")))
    assert lost > 0
