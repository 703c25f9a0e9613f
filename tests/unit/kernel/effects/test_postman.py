"""Letters to their end: refused for good, to nobody, or parked and sent later."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import Letter, Principal, Recorded
from actors.kernel.contract.partitions import partition_of
from actors.kernel.contract.reactions import Owed, Reaction
from actors.kernel.effects.postman import LETTERS, UNHOSTED, Postman, Unhosted, arrival_record_of
from actors.kernel.history.codec import StoredLetter, encode
from actors.kernel.shard.shard import Shard
from common.clock import Clock
from common.errors import InvalidArgument, NotFound, Unavailable
from store.memory import memory_stores
from store.ports.activities import ActivityRecord, State
from store.ports.stores import Stores
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.simulation.world import World
from tests.unit.kernel.ledger import Pages, Strike, Write, Written

SENDER = "ledger:a"
LETTER = StoredLetter("ledger:b", b"x" * 16, msgspec.msgpack.encode(Write("hello")))


class Route:
    """What becomes of letters, by receiver; those that arrive are kept in order."""

    def __init__(self) -> None:
        self.fates: dict[str, Exception] = {}
        self.arrived: list[StoredLetter] = []

    async def carry(self, letter: StoredLetter) -> None:
        if (fate := self.fates.get(letter.to)) is not None:
            raise fate
        self.arrived.append(letter)


class Office:
    """A postman with what it needs."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.stores: Stores = memory_stores(clock)
        self.route = Route()
        self.postman = Postman(self.stores.activities, self.stores.vault, self.route.carry, clock)

    async def kept(self, state: State) -> list[ActivityRecord]:
        return await self.stores.activities.page(connector=LETTERS, state=state, limit=1000)

    async def work(self, seconds: float) -> None:
        """Let it look for parked letters of all partitions for so long."""
        working = asyncio.create_task(self.postman.run(lambda: range(256)))
        await asyncio.sleep(seconds)
        working.cancel()


def played(scenario: Callable[[Office], Awaitable[Any]]) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await scenario(Office(VirtualClock(loop)))

    run(loop, main())


def test_a_letter_that_is_refused_for_good_is_kept_as_dead_and_owed_no_more() -> None:
    async def scenario(office: Office) -> None:
        office.route.fates["ledger:b"] = NotFound("There is no such thing for Ann.")
        await office.postman.deliver(SENDER, LETTER)
        [dead] = await office.kept("dead")
        assert (dead.id, dead.entity, dead.partition) == (LETTER.command_id, SENDER, partition_of(SENDER))
        assert (dead.code, dead.message, dead.attempts) == (NotFound.code, "A letter from ledger to ledger.", 1)
        office.route.fates.clear()
        await office.work(300)
        assert office.route.arrived == []  # nobody sends it again by itself

    played(scenario)


def test_a_dead_letter_that_is_made_due_is_sent_once_more() -> None:
    async def scenario(office: Office) -> None:
        office.route.fates["ledger:b"] = InvalidArgument("A fault of ours.")
        await office.postman.deliver(SENDER, LETTER)
        [dead] = await office.kept("dead")
        await office.stores.activities.put([replace(dead, state="parked", due_ms=office.clock.now_ms())])
        await office.work(20)
        [again] = await office.kept("dead")
        assert again.attempts == 2
        office.route.fates.clear()
        await office.stores.activities.put([replace(dead, state="parked", due_ms=office.clock.now_ms())])
        await office.work(20)
        assert office.route.arrived == [LETTER]
        assert await office.kept("dead") == await office.kept("parked") == []

    played(scenario)


def test_what_may_be_tried_again_is_no_death() -> None:
    async def scenario(office: Office) -> None:
        office.route.fates["ledger:b"] = Unavailable("Nobody answers.")
        with pytest.raises(Unavailable):
            await office.postman.deliver(SENDER, LETTER)
        assert await office.kept("dead") == await office.kept("parked") == []

    played(scenario)


def test_a_letter_to_nobody_waits_and_is_sent_when_somebody_hosts_its_kind() -> None:
    async def scenario(office: Office) -> None:
        office.route.fates["ledger:b"] = Unhosted()
        await office.postman.deliver(SENDER, LETTER)
        [parked] = await office.kept("parked")
        assert parked.code == UNHOSTED
        await office.work(200)
        [parked] = await office.kept("parked")
        assert 2 <= parked.attempts <= 5  # it does not spin
        office.route.fates.clear()
        await office.work(100)
        assert office.route.arrived == [LETTER]
        assert await office.kept("parked") == []

    played(scenario)


def test_parked_letters_of_a_receiver_keep_their_order_when_one_must_wait() -> None:
    async def scenario(office: Office) -> None:
        letters = [replace_id(number, "ledger:b" if number % 2 else "ledger:c") for number in range(1_000)]
        await office.stores.activities.add([arrival_record_of(SENDER, one, due_ms=n) for n, one in enumerate(letters)])
        office.route.fates["ledger:c"] = Unavailable("Nobody answers.")
        await office.work(15)
        assert office.route.arrived == [one for one in letters if one.to == "ledger:b"]
        office.route.fates.clear()
        await office.work(60)
        for receiver in ("ledger:b", "ledger:c"):
            arrived = [one for one in office.route.arrived if one.to == receiver]
            assert arrived == [one for one in letters if one.to == receiver]
        assert await office.kept("parked") == []

    played(scenario)


def test_letters_to_receivers_that_do_not_answer_do_not_starve_the_others() -> None:
    async def scenario(office: Office) -> None:
        letters = [replace_id(number, f"ledger:away{number % 2}") for number in range(400)]
        last = replace_id(400, "ledger:b")
        await office.stores.activities.add(
            [arrival_record_of(SENDER, one, due_ms=n) for n, one in enumerate([*letters, last])]
        )
        for away in ("ledger:away0", "ledger:away1"):
            office.route.fates[away] = Unavailable("Nobody answers.")
        await office.work(15)
        assert office.route.arrived == [last]
        assert len(await office.kept("parked")) == 400
        office.route.fates.clear()
        await office.work(30)
        for receiver in ("ledger:away0", "ledger:away1"):
            arrived = [one for one in office.route.arrived if one.to == receiver]
            assert arrived == [one for one in letters if one.to == receiver]

    played(scenario)


def replace_id(number: int, to: str) -> StoredLetter:
    return StoredLetter(to, number.to_bytes(16), LETTER.command)


def test_a_secret_that_opens_nowhere_kills_its_letter_and_nothing_else() -> None:
    async def scenario(office: Office) -> None:
        await office.stores.vault.ensure(["ann"])
        elsewhere = office.stores.vault.seal("ann", b"canary", b"another place")
        await office.postman.deliver(SENDER, msgspec.structs.replace(LETTER, secret=elsewhere))
        [dead] = await office.kept("dead")
        assert dead.code == "internal"
        assert office.route.arrived == []

    played(scenario)


def test_a_bug_in_a_parked_letter_kills_it_and_the_others_are_sent() -> None:
    async def scenario(office: Office) -> None:
        unreadable = replace(arrival_record_of(SENDER, replace_id(1, "ledger:c"), due_ms=0), packed=b"no letter")
        buggy, good = (
            arrival_record_of(SENDER, replace_id(n, to), due_ms=0) for n, to in ((2, "ledger:d"), (3, "ledger:e"))
        )
        office.route.fates["ledger:d"] = ZeroDivisionError()
        await office.stores.activities.add([unreadable, buggy, good])
        await office.work(40)
        assert [letter.to for letter in office.route.arrived] == ["ledger:e"]
        assert [(dead.id, dead.code) for dead in await office.kept("dead")] == [
            (unreadable.id, "internal"),
            (buggy.id, "internal"),
        ]
        assert await office.kept("parked") == []

    played(scenario)


def test_a_parked_letter_of_an_erased_person_is_dropped() -> None:
    async def scenario(office: Office) -> None:
        await office.stores.vault.ensure(["ann"])
        place = b"letter|" + LETTER.command_id + b"|" + LETTER.to.encode()
        sealed = office.stores.vault.seal("ann", b"canary", place)
        letter = msgspec.structs.replace(LETTER, secret=sealed)
        await office.stores.activities.add([arrival_record_of(SENDER, letter, due_ms=0)])
        await office.stores.vault.erase("ann")
        await office.work(20)
        assert office.route.arrived == []
        assert await office.kept("parked") == await office.kept("dead") == []

    played(scenario)


def test_a_parked_letter_is_opened_when_it_is_sent() -> None:
    async def scenario(office: Office) -> None:
        await office.stores.vault.ensure(["ann"])
        place = b"letter|" + LETTER.command_id + b"|" + LETTER.to.encode()
        sealed = office.stores.vault.seal("ann", b"canary", place)
        record = arrival_record_of(SENDER, msgspec.structs.replace(LETTER, secret=sealed), due_ms=0)
        assert b"canary" not in record.packed
        await office.stores.activities.add([record])
        await office.work(20)
        [arrived] = office.route.arrived
        assert msgspec.msgpack.decode(arrived.command, type=Write).secret == b"canary"

    played(scenario)


def letters_of(shard: Shard) -> dict[str, float]:
    """What the shard says of letters, for `/health`."""
    figures: Any = shard.stats()["activities"]
    return figures.get(LETTERS, {"parked": 0, "dead": 0})  # type: ignore[no-any-return]


def test_what_is_written_to_nobody_delays_nothing_else_of_its_sender() -> None:
    """In a whole shard: turns are settled, later letters arrive, and the shard's figures show what waits."""

    def to_nobody(entity_id: str, recorded: Recorded[Written]) -> Owed:
        return Owed([Letter("nobody:1", encode(Write("")))] if recorded.event.tell else [])

    def impossible(entity_id: str, recorded: Recorded[Written]) -> Owed:
        return Owed([Letter("ledger:y", encode(Strike(9)))] if recorded.event.tell else [])

    rules = [
        Reaction("to_nobody", "ledger", Written, to_nobody, ("nobody",)),
        Reaction("impossible", "ledger", Written, impossible, ("ledger",)),
    ]
    world = World(1, rate=0.0, reactions=rules)

    async def main() -> None:
        await world.start()
        region = await world.region("g1")
        for number in range(3):
            await region.submit(SENDER, Write(f"{number}", tell="ledger:z"), by=Principal("ann"))
        await asyncio.sleep(3)
        assert await world.sound.journal.unsettled(range(256), limit=10) == []
        reply = await region.submit("ledger:z", Pages(), by=Principal("ann"))
        assert [text for _, text in msgspec.json.decode(reply.data)] == [f"copy of {number}" for number in range(3)]
        figures = [letters_of(shard) for shard in world.shards.values()]
        assert [sum(one[state] for one in figures) for state in ("parked", "dead")] == [3, 3]
        counts = await world.sound.activities.counts()
        assert counts == {(LETTERS, "parked"): 3, (LETTERS, "dead"): 3}

    run(world.loop, main())


def test_operators_try_a_dead_letter_again_and_drop_it() -> None:
    """As `retry_activity` and `drop_activity` do, with the shard that has its sender."""

    def impossible(entity_id: str, recorded: Recorded[Written]) -> Owed:
        return Owed([Letter("ledger:y", encode(Strike(1)))] if entity_id == SENDER else [])

    world = World(1, rate=0.0, reactions=[Reaction("impossible", "ledger", Written, impossible, ("ledger",))])

    async def main() -> None:
        await world.start(1)
        region = await world.region("g1")
        shard = world.shards["rooms-0"]
        for number in range(2):
            await region.submit(SENDER, Write(f"{number}"), by=Principal("ann"))
        await asyncio.sleep(5)
        first, second = await world.sound.activities.page(connector=LETTERS, state="dead", limit=10)

        await region.submit("ledger:y", Write("to be struck"), by=Principal("ann"))  # now it can be done
        row = await shard.retry_activity(first.id)
        assert (row is not None, row and row.state) == (True, "parked")
        await asyncio.sleep(30)
        assert [one.id for one in await world.sound.activities.page(limit=10)] == [second.id]
        assert (letters_of(shard)["parked"], letters_of(shard)["dead"]) == (0, 1)
        reply = await region.submit("ledger:y", Pages(), by=Principal("ann"))
        assert msgspec.json.decode(reply.data) == [[1, ""]]

        assert await shard.drop_activity(second.id) is not None
        await asyncio.sleep(30)
        assert await world.sound.activities.page(limit=10) == []
        assert await shard.retry_activity(second.id) is None

    run(world.loop, main())
