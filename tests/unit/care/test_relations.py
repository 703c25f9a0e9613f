"""Care relationships as the doors use them, on shards in one process and in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import pytest

from actors.care.kind import CareKind
from actors.care.pairs import CarePairKind, ClaimCare, care_pair_id
from actors.care.state import CareRecord
from actors.inboxes.commands import ReadInbox
from actors.inboxes.kind import InboxKind
from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM, AnyKind, Principal
from actors.rooms.pairs import PairKind
from actors.workflows.table import reactions_of
from common.errors import AlreadyExists
from common.policy import Relation
from serve_app.capabilities.identity.care.service import CareRelations
from store.memory import memory_stores
from tests.simulation.loop import VirtualLoop, run
from tests.unit.calendars.rig import SETTINGS, JumpingClock

KINDS: Final[Sequence[AnyKind]] = (CareKind(), CarePairKind(), PairKind(), InboxKind())
TESS, TOM = Principal("tess", "therapist"), Principal("tom", "therapist")
ADA, BOB = Principal("ada"), Principal("bob")


class World:
    """Relations on a started cluster."""

    def __init__(self, clock: JumpingClock, region: Region, care: CareRelations) -> None:
        self.clock, self.region, self.care = clock, region, care

    async def mail(self, user: str) -> list[str]:
        """The states that a user was told."""
        page = await self.region.ask(f"user:{user}", ReadInbox(limit=200), by=Principal(user))
        return [bytes(one.data).decode() for one in page.events if one.event == "care_updated"]


def play(scenario: Callable[[World], Awaitable[None]]) -> None:
    loop = VirtualLoop()
    clock = JumpingClock(loop)
    stores = memory_stores(clock, [index for kind in KINDS for index in kind.indexes])
    cluster = LocalCluster(stores, KINDS, settings=SETTINGS, clock=clock, reactions=reactions_of(["care"]))

    async def main() -> None:
        await cluster.start()
        region = await cluster.region("test")
        try:
            await scenario(World(clock, region, CareRelations(region, stores.views, clock)))
        finally:
            await cluster.stop()

    run(loop, main(), limit_s=10_000_000.0)


def test_of_two_who_propose_for_the_same_pair_one_is_told_that_there_is_one() -> None:
    async def scenario(world: World) -> None:
        care = world.care
        made = await asyncio.gather(*(care.begin("ada", "tess", by=TESS) for _ in range(5)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in made) == [*["AlreadyExists"] * 4, "CareRecord"]
        assert len(await care.of("ada")) == 1

    play(scenario)


def test_after_the_end_a_new_one_may_begin_and_only_one() -> None:
    async def scenario(world: World) -> None:
        care = world.care
        first = await care.begin("ada", "tess", by=TESS)
        await care.end(first.id, by=ADA)
        made = await asyncio.gather(*(care.begin("ada", "tess", by=TESS) for _ in range(4)), return_exceptions=True)
        (begun,) = [one for one in made if isinstance(one, CareRecord)]
        assert all(isinstance(one, AlreadyExists) for one in made if one is not begun)
        assert sorted(one.state for one in await care.of("tess")) == ["ended", "pending"]
        await care.begin("tess", "tom", by=TOM)  # a therapist may be a client, of somebody else

    play(scenario)


def test_a_claim_whose_claimant_died_hinders_nobody() -> None:
    async def scenario(world: World) -> None:
        await world.region.ask(care_pair_id("ada", "tess"), ClaimCare("care_lost"), by=SYSTEM)
        assert (await world.care.begin("ada", "tess", by=TESS)).id == "care_lost"
        with pytest.raises(AlreadyExists):
            await world.care.begin("ada", "tess", by=TESS)

    play(scenario)


def test_only_one_that_is_active_is_care() -> None:
    async def scenario(world: World) -> None:
        care = world.care
        one = await care.begin("ada", "tess", by=TESS)
        seen = [await care.cares("ada", "tess")]
        await care.accept(one.id, by=ADA)
        seen += [await care.cares("ada", "tess"), await care.cares("tess", "ada"), await care.cares("tess", "bob")]
        assert await care.relations("tess", "ada") == {Relation.CARE}
        assert await care.relations("ada", "ada") == {Relation.SELF}
        await care.pause(one.id, 0, by=TESS)
        seen.append(await care.cares("ada", "tess"))
        await care.resume(one.id, by=TESS)
        seen.append(await care.cares("ada", "tess"))
        await care.end(one.id, by=TESS)
        seen.append(await care.cares("ada", "tess"))
        assert seen == [False, True, True, False, False, True, False]

    play(scenario)


def test_a_pause_with_an_end_is_over_by_itself_and_both_are_told() -> None:
    async def scenario(world: World) -> None:
        care = world.care
        one = await care.begin("ada", "tess", by=TESS)
        await care.accept(one.id, by=ADA)
        until = world.clock.now_ms() + 86_400_000
        await care.pause(one.id, until, by=TESS)
        await asyncio.sleep(60)
        assert not await care.cares("ada", "tess")
        world.clock.ahead_ms += 86_400_000
        await asyncio.sleep(60)
        assert await care.cares("ada", "tess")
        for user in ("ada", "tess"):
            assert '"state":"active"' in (await world.mail(user))[-1]

    play(scenario)


def test_a_list_is_read_page_by_page_whatever_the_user_is_to_each() -> None:
    async def scenario(world: World) -> None:
        care, made = world.care, []
        for number in range(7):
            made.append(await care.begin(f"client{number}", "tess", by=TESS))
            made.append(await care.begin("tess", f"doc{number}", by=Principal(f"doc{number}", "therapist")))
        ids = [one.id for one in made]
        assert [one.id for one in await care.of("tess")] == sorted(ids)
        found: list[str] = []
        while page := await care.of("tess", after=found[-1] if found else None, limit=3):
            found += [one.id for one in page]
        assert found == sorted(ids)
        assert [one.id for one in await care.of(None, limit=5)] == sorted(ids)[:5]

    play(scenario)


def test_erasing_ends_all_that_are_open_and_only_theirs() -> None:
    async def scenario(world: World) -> None:
        care = world.care
        for number in range(450):  # more than a page
            await care.begin(f"client{number}", "tess", by=TESS)
        other = await care.begin("ada", "tom", by=TOM)
        await care.end_all("tess")
        await care.end_all("tess")
        assert {one.state for one in await care.of("tess", limit=500)} == {"ended"}
        assert (await care.get(other.id)).state == "pending"

    play(scenario)
