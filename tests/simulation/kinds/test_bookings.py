"""Bookings while everything fails: one winner of each time, and never half a booking, wherever somebody crashes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.calendars.booking.commands import OpenBooking
from actors.calendars.booking.entity import Booking
from actors.calendars.calendar.commands import ConfigureCalendar, TryBook
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.calendars import Calendars
from actors.calendars.services.waitlist import WaitlistService
from actors.kernel.caller.region import Region
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.shard.shard import Shard
from actors.workflows.table import all_reactions
from common.clock import to_rfc3339
from common.errors import CarewireError, Conflict, FailedPrecondition
from common.timeline import DAY_MS
from store.ports.leases import Holder
from store.ports.stores import Stores
from tests.simulation.faults import UnfencedJournal
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.test_zombies import GenerousLeases
from tests.simulation.world import KEEP_S, World
from tests.unit.calendars.rig import ADMIN, ANN, BOB, DOC, KINDS, Rig, a_schedule, at, entries_of

LIMIT_S = 4000.0
PARTIES = ("calendar:doc", "calendar:eve", "calendar:room1", "client:ann")
OCCUPYING = ("held", "pending", "confirmed")


class Crashed(BaseException):
    """The process that drove a booking is no more."""


class Mortal(EntityClient):
    """A region whose process dies at one of its calls: before it is sent, or before its answer arrives."""

    def __init__(self, region: Any, *, dies_at: int, answered: bool) -> None:
        self._region = region
        self._dies_at = dies_at
        self._answered = answered
        self.calls = 0

    @override
    async def submit(self, *args: Any, **more: Any) -> Reply:
        self.calls += 1
        if self.calls == self._dies_at and not self._answered:
            raise Crashed
        reply: Reply = await self._region.submit(*args, **more)
        if self.calls >= self._dies_at:
            raise Crashed
        return reply


async def check_whole(rig: Rig, booking: str) -> None:
    """The booking has all of its time, under one key, and nobody else has any; or there is nothing of it at all."""
    try:
        record = await rig.bookings.record(booking)
    except CarewireError:
        record = None
    expected = record.parties if record is not None and record.status in OCCUPYING else ()
    for party in PARTIES:
        found = await rig.entries(party)
        if party not in expected:
            assert found == [], (party, found)
            continue
        assert record is not None
        assert [(one.key, one.state) for one in found] == [(record.key, "taken")]
        assert [(one.start, one.end) for one in found] == [(record.start, record.end)]


Action = Callable[[Bookings, str], Awaitable[Any]]


async def the_booking(service: Bookings, booking: str) -> Any:
    request = BookingRequest(therapist="doc", start=at(10), service="room-talk", id=booking)
    return await service.book(request, by=ANN)


async def a_move(service: Bookings, booking: str) -> Any:
    return await service.move(booking, BookingChangeRequest(start=at(10.5)), by=ANN)


async def a_transfer(service: Bookings, booking: str) -> Any:
    return await service.move(booking, BookingChangeRequest(therapist="eve", service="talk"), by=ADMIN)


async def a_cancellation(service: Bookings, booking: str) -> Any:
    return await service.cancel(booking, by=ANN)


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("action", [the_booking, a_move, a_transfer, a_cancellation])
def test_no_booking_is_ever_partial_wherever_its_driver_crashes(action: Action, answered: bool) -> None:
    outcomes = []

    async def scenario(rig: Rig) -> int:
        for step in range(1, 100):
            booking = f"bkg_{step}"
            if action is not the_booking:
                await the_booking(rig.bookings, booking)
            mortal = Mortal(rig.region, dies_at=step, answered=answered)
            driven = Bookings(mortal, rig.stores.views, rig.clock)
            died = False
            try:
                await action(driven, booking)
            except Crashed:
                died = True
            await rig.until(rig.clock.now_ms() + 31_000)  # whoever holds undecided time asks
            await check_whole(rig, booking)
            if not died:
                return step
            outcomes.append(await retried(rig, action, booking))
            await check_whole(rig, booking)
            await cleared(rig, booking)
        raise AssertionError("it never ends")

    steps = Rig().play(scenario)
    assert steps >= 4
    assert len(outcomes) == steps - 1


async def retried(rig: Rig, action: Action, booking: str) -> bool:
    """The user tries again, and finds it done (a cancellation: that it is too late for another) or gets it done."""
    with contextlib.suppress(FailedPrecondition):
        await action(rig.bookings, booking)
    await asyncio.sleep(1)
    return True


async def cleared(rig: Rig, booking: str) -> None:
    with contextlib.suppress(FailedPrecondition):
        await rig.bookings.cancel(booking, by=ADMIN)
    await asyncio.sleep(1)


async def an_offer(rig: Rig, day: int) -> str:
    """`bob` waits, and is offered an hour of that day."""
    made = await rig.book(at(10, day))
    wish = WaitlistBody(since=to_rfc3339(at(9, day)), until=to_rfc3339(at(17, day)), therapist_ids=("doc",))
    await waiting(rig.region, rig).join(wish, by=BOB)
    await rig.bookings.cancel(made.id, by=ANN)
    await asyncio.sleep(3)
    return str([data["offer"]["offer_id"] for name, data in await rig.mail("bob") if name == "waitlist_offer"][-1])


def waiting(region: Any, rig: Rig) -> WaitlistService:
    bookings = Bookings(region, rig.stores.views, rig.clock)
    return WaitlistService(bookings, Calendars(region), region, rig.stores.views, rig.clock)


@pytest.mark.parametrize("answered", [False, True])
def test_who_accepts_an_offer_has_a_booking_or_waits_on_wherever_the_driver_crashes(answered: bool) -> None:
    async def scenario(rig: Rig) -> tuple[int, set[bool]]:
        outcomes: set[bool] = set()
        for step in range(1, 20):
            offer = await an_offer(rig, step % 5)
            died = False
            try:
                await waiting(Mortal(rig.region, dies_at=step, answered=answered), rig).accept(offer, by=BOB)
            except Crashed:
                died = True
            await rig.until(rig.clock.now_ms() + 31_000)
            try:
                record = await rig.bookings.record(offer)
            except CarewireError:
                record = None
            listed = (await waiting(rig.region, rig).listing("", by=BOB)).entries
            assert (record is None) == bool(listed), (step, record)
            if not died:
                return step, outcomes
            outcomes.add(record is not None)
            booked = await waiting(rig.region, rig).accept(offer, by=BOB)
            assert booked.id == offer
            assert (await waiting(rig.region, rig).listing("", by=BOB)).entries == []
            await cleared(rig, offer)
        raise AssertionError("it never ends")

    steps, outcomes = Rig().play(scenario)
    assert steps >= 4
    assert outcomes == {False, True}, "it crashed before the booking, and after it"


def test_without_the_letter_a_crash_leaves_who_has_a_booking_on_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the driver's own word is not enough."""
    monkeypatch.setattr(Booking, "_open", without_a_wish(Booking._open))

    async def scenario(rig: Rig) -> list[Any]:
        offer = await an_offer(rig, 0)
        with pytest.raises(Crashed):
            await waiting(Mortal(rig.region, dies_at=5, answered=True), rig).accept(offer, by=BOB)
        await rig.until(rig.clock.now_ms() + 31_000)
        assert (await rig.bookings.record(offer)).status == "confirmed"
        found: list[Any] = (await waiting(rig.region, rig).listing("", by=BOB)).entries
        return found

    assert len(Rig().play(scenario)) == 1


def without_a_wish(decide: Callable[..., Any]) -> Callable[..., Any]:
    def open_without(self: Booking, command: OpenBooking, *rest: Any) -> Any:
        record = msgspec.structs.replace(command.record, wish="")
        return decide(self, msgspec.structs.replace(command, record=record), *rest)

    return open_without


def test_without_asking_back_a_crash_leaves_time_taken_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: what frees the time of a booking that was never made is the question, not luck."""
    monkeypatch.setattr("actors.calendars.calendar.reservations.ASK_AFTER_MS", 10 * DAY_MS)

    async def scenario(rig: Rig) -> list[TimeEntry]:
        mortal = Mortal(rig.region, dies_at=4, answered=True)
        with pytest.raises(Crashed):
            await the_booking(Bookings(mortal, rig.stores.views, rig.clock), "bkg_1")
        await rig.until(rig.clock.now_ms() + 31_000)
        return await rig.entries("calendar:doc")

    assert len(Rig().play(scenario)) == 1


def test_a_decision_that_comes_after_the_question_is_refused() -> None:
    """The driver stalls for longer than undecided time is kept, and somebody else takes it: it must not wake up and
    book."""

    async def scenario(rig: Rig) -> None:
        gate = asyncio.Event()

        class Stalled(EntityClient):
            @override
            async def submit(self, entity: str, *args: Any, **more: Any) -> Reply:
                if entity.startswith("booking:") and more.get("command_id"):
                    await gate.wait()
                reply: Reply = await rig.region.submit(entity, *args, **more)
                return reply

        slow = asyncio.ensure_future(the_booking(Bookings(Stalled(), rig.stores.views, rig.clock), "bkg_slow"))
        await asyncio.sleep(1)
        assert len(await rig.entries("calendar:doc")) == 1
        await rig.until(rig.clock.now_ms() + 31_000)
        await rig.bookings.book(BookingRequest(therapist="doc", start=at(10), service="talk", client="bob"), by=DOC)
        gate.set()
        with pytest.raises(Conflict):
            await slow
        assert [one.client for one in await rig.entries("calendar:doc")] == ["bob"]

    Rig().play(scenario)


async def a_race(world: World, racers: int) -> list[Any]:
    """Everybody wants ten o'clock, through two gateways, over a bad network, while a shard is killed."""
    services = [Bookings(await world.region(name), world.stores.views, world.clock) for name in ("g1", "g2")]
    sure = Calendars(await world.region("sure"))
    await insist(partial(sure.configure, "room1", a_schedule(services=(), kind="room"), by=ADMIN))
    for calendar in ("doc", "eve"):
        await insist(partial(sure.configure, calendar, a_schedule(), by=ADMIN))

    async def one(number: int) -> Any:
        user = Principal(f"u{number}")
        request = BookingRequest(therapist="doc", start=at(10), service="talk", id=f"bkg_{number}")
        await asyncio.sleep(world.random.random() * 0.05)
        try:
            return await insist(lambda: services[number % 2].book(request, by=user))
        except Conflict as error:
            return error

    *outcomes, _ = await asyncio.gather(*(one(number) for number in range(racers)), a_killer(world))
    return outcomes


async def a_killer(world: World) -> None:
    """One shard dies, and comes back after a while."""
    await asyncio.sleep(world.random.random() * 0.1)
    name = world.random.choice(sorted(world.shards))
    await world.kill(name)
    await asyncio.sleep(world.random.random() * 0.5)
    await world.start_shard(name)


async def repeats(world: World, people: int, *, keyed: bool) -> dict[str, set[str]]:
    """Everybody asks twice at once, at both gateways and for different hours, over the same network: what they get."""
    services = [Bookings(await world.region(name), world.stores.views, world.clock) for name in ("g1", "g2")]
    calendars = Calendars(await world.region("sure"))
    await insist(partial(calendars.configure, "room1", a_schedule(services=(), kind="room"), by=ADMIN))
    await insist(partial(calendars.configure, "doc", a_schedule(), by=ADMIN))
    got: dict[str, set[str]] = {f"u{number}": set() for number in range(people)}

    async def ask(number: int, gateway: int) -> None:
        by, bookings = Principal(f"u{number}"), services[gateway]
        key = bookings.key_of(by, "mine" if keyed else None)
        request = BookingRequest(therapist="doc", start=at(9 + number, gateway), service="talk", key=key)
        await asyncio.sleep(world.random.random() * 0.05)
        got[by.user].add((await insist(lambda: bookings.book(request, by=by))).id)

    asked = [ask(number, gateway) for number in range(people) for gateway in (0, 1)]
    await asyncio.gather(*asked, *([a_killer(world)] if keyed else ()))
    return got


@pytest.mark.parametrize("seed", seeds(20))
def test_a_key_is_one_booking_whichever_gateway_repeats_it_and_whatever_dies(seed: int) -> None:
    world = World(seed, kinds=KINDS, reactions=all_reactions())

    async def main() -> None:
        await world.start()
        got = await repeats(world, 6, keyed=True)
        world.dice.rate = 0.0
        await asyncio.sleep(40)
        assert {len(ids) for ids in got.values()} == {1}
        for user, ids in got.items():
            assert [one.booking for one in await entries_of(world.sound, world.clock, f"client:{user}")] == [*ids]

    run(world.loop, main(), limit_s=LIMIT_S)


def test_without_a_key_who_asks_twice_has_two() -> None:
    """The twin: the scenario above does tell."""
    world = World(0, kinds=KINDS, reactions=all_reactions())
    world.dice.rate = 0.0

    async def main() -> None:
        await world.start()
        assert {len(ids) for ids in (await repeats(world, 6, keyed=False)).values()} == {2}

    run(world.loop, main(), limit_s=LIMIT_S)


async def insist(call: Callable[[], Awaitable[Any]]) -> Any:
    """As a client does that is told `unavailable`: the same again."""
    while True:
        try:
            return await call()
        except CarewireError as error:
            if not error.retryable:
                raise


@pytest.mark.parametrize("seed", seeds(20))
def test_of_many_who_want_one_time_exactly_one_gets_it(seed: int) -> None:
    world = World(seed, kinds=KINDS, reactions=all_reactions())

    async def main() -> None:
        await world.start()
        outcomes = await a_race(world, 25)
        winners = [one for one in outcomes if not isinstance(one, Conflict)]
        losers = [one for one in outcomes if isinstance(one, Conflict)]
        world.dice.rate = 0.0
        await asyncio.sleep(40)
        taken = await entries_of(world.sound, world.clock, "calendar:doc")
        assert len(winners) == 1
        assert [one.booking for one in taken] == [one.id for one in winners]
        assert all(one.details and one.details["reasons"] for one in losers)
        assert sum(bool(one.details["alternatives"]) for one in losers if one.details) > len(losers) // 2
        owed = await world.sound.journal.unsettled(range(256), limit=10)
        assert owed == []

    run(world.loop, main(), limit_s=LIMIT_S)


async def two_lives_book(world: World, stores: Stores) -> int:
    """Two lives of one shard, both sure that it is theirs, take the same hour for different people: how many acks."""
    await world.start(shards=1)
    await world.shards["rooms-0"].stop()

    async def no_letters(letter: Any) -> None:
        del letter

    async def a_life(life: str) -> Region:
        host = Shard(
            "rooms-0",
            KINDS,
            replace(stores, leases=GenerousLeases()),
            settings=world.settings,
            clock=world.clock,
            holder=Holder(life, "sim", 0, 0),
            courier=no_letters,
            keep_s=KEEP_S,
        )
        await host.start()

        class Directory:
            async def read_map(self, pool: str) -> Any:
                return await world.read_map(pool)

            def client(self, shard: str) -> Any:
                return host

        pools = {kind.name: "rooms" for kind in KINDS}
        region = Region(life, Directory(), pools, settings=world.settings, clock=world.clock)
        await region.start()
        return region

    regions = [await a_life(name) for name in ("old", "new")]
    await regions[0].submit("calendar:doc", ConfigureCalendar(a_schedule()), by=ADMIN, timeout_s=60)

    async def one(region: Region, number: int) -> int:
        await asyncio.sleep(world.random.random() * 0.2)
        key = f"{region.name}{number}"
        try:
            await region.submit(
                "calendar:doc",
                TryBook(key=key, booking=key, owner=f"booking:{key}", start=at(10), service="talk"),
                by=ANN,
                timeout_s=60,
            )
        except Conflict:
            return 0
        return 1

    return sum(await asyncio.gather(*(one(region, number) for region in regions for number in range(10))))


@pytest.mark.parametrize("seed", seeds(5))
def test_two_shards_that_both_believe_in_a_calendar_book_an_hour_once(seed: int) -> None:
    world = World(seed, rate=0.0, kinds=KINDS, reactions=all_reactions())
    assert run(world.loop, two_lives_book(world, world.stores)) == 1


def test_without_the_fence_two_shards_book_the_same_hour_twice() -> None:
    """The twin: the race is real, and only the fence stands between it and a double booking."""
    most = 0
    for seed in range(10):
        world = World(seed, rate=0.0, kinds=KINDS, reactions=all_reactions())
        unfenced: Any = UnfencedJournal(world.sound.journal)
        most = max(most, run(world.loop, two_lives_book(world, replace(world.stores, journal=unfenced))))
    assert most == 2
