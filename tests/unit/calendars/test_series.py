"""Series over real shards: checked before anything is made, all or what can be, edited, paused, crashed."""

import asyncio
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.calendars.calendar.commands import TryBook
from actors.calendars.contract.replies import SeriesReply
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.hours.schedule import Service as TheService
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.series import SeriesService
from actors.kernel.contract.ports import EntityClient
from common.errors import Conflict, NotFound
from tests.simulation.kinds.test_bookings import Crashed, Mortal
from tests.unit.calendars.rig import ANN, BOB, DOC, Rig, a_schedule, at

WEEKLY = "FREQ=WEEKLY;COUNT=4"


def service(rig: Rig, region: Any = None) -> SeriesService:
    driven = Bookings(region or rig.region, rig.stores.views, rig.clock)
    return SeriesService(driven, region or rig.region, rig.clock)


async def begin(rig: Rig, policy: Any = "all", **more: Any) -> SeriesReply:
    wanted = BookingRequest(therapist="doc", start=at(10), service="talk")
    return await service(rig, more.pop("region", None)).create(
        wanted, WEEKLY, (), policy, dry_run=more.get("dry_run", False), by=ANN
    )


def json_of(answer: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(answer))


def statuses(answer: Any) -> list[str]:
    return [one["status"] for one in msgspec.to_builtins(answer)["occurrences"]]


def test_a_series_is_booked_as_a_whole() -> None:
    async def scenario(rig: Rig) -> None:
        assert statuses(await begin(rig, dry_run=True)) == ["available"] * 4
        assert await rig.entries("calendar:doc") == []
        made = await begin(rig)
        assert statuses(made) == ["booked"] * 4
        await rig.until(rig.clock.now_ms() + 1_000_000)
        seen = await service(rig).get(made.series_id, by=DOC)
        assert statuses(seen) == ["confirmed"] * 4
        with pytest.raises(NotFound):
            await service(rig).get(made.series_id, by=BOB)

    Rig().play(scenario)


def test_with_all_one_conflict_means_that_nothing_is_made_and_with_available_the_rest_is() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.book(at(10, 7), BOB)
        told = await begin(rig, dry_run=True)
        with pytest.raises(Conflict) as refused:
            await begin(rig)
        assert refused.value.details == json_of(told), "as the dry run said"
        assert statuses(told) == ["available", "conflict", "available", "available"]
        assert told.occurrences[1].reasons[0].code == "taken"
        assert told.occurrences[1].alternatives
        assert len(await rig.entries("calendar:doc")) == 1
        assert await rig.entries("client:ann") == []
        made = await begin(rig, "available")
        assert statuses(made) == ["booked", "conflict", "booked", "booked"]
        assert len(await rig.entries("client:ann")) == 3

    Rig().play(scenario)


def test_with_all_one_that_cannot_be_moved_means_that_none_is() -> None:
    async def scenario(rig: Rig) -> None:
        made = await begin(rig)
        await asyncio.sleep(1)
        await rig.book(at(14, 7), BOB)
        anchor = made.occurrences[0].booking_id

        async def move(policy: Any, *, dry_run: bool = False) -> SeriesReply:
            return await service(rig).move(
                made.series_id, "all", anchor, at(14), policy=policy, dry_run=dry_run, by=ANN
            )

        told = await move("all", dry_run=True)
        before = await service(rig).get(made.series_id, by=ANN)
        with pytest.raises(Conflict) as refused:
            await move("all")
        assert refused.value.details == {"occurrences": json_of(told)["occurrences"]}
        assert await service(rig).get(made.series_id, by=ANN) == before
        assert statuses(await move("available")) == ["booked", "conflict", "booked", "booked"]

    Rig().play(scenario)


def test_a_series_that_loses_a_time_while_it_is_made_leaves_nothing() -> None:
    """Between the look at all times and the last of them, somebody else is faster."""

    class Overtaken(EntityClient):
        def __init__(self, rig: Rig) -> None:
            self._rig, self._books = rig, 0

        @override
        async def submit(self, entity: str, command: Any, **more: Any) -> Any:
            self._books += isinstance(command, TryBook)
            if isinstance(command, TryBook) and self._books == 3:
                await self._rig.book(command.start, BOB)
            return await self._rig.region.submit(entity, command, **more)

    async def scenario(rig: Rig) -> None:
        with pytest.raises(Conflict) as refused:
            await begin(rig, region=Overtaken(rig))
        assert refused.value.details is not None
        assert statuses(refused.value.details) == ["available", "available", "conflict", "available"]
        assert await rig.entries("client:ann") == []
        assert len(await rig.entries("calendar:doc")) == 1

    Rig().play(scenario)


def test_this_following_or_all_are_moved_and_what_is_paused_is_free() -> None:
    async def scenario(rig: Rig) -> None:
        made = await begin(rig)
        await asyncio.sleep(1)
        ids = [one.booking_id for one in made.occurrences]
        one = await service(rig).move(
            made.series_id, "following", ids[2], at(14, 15), policy="all", dry_run=False, by=ANN
        )
        assert statuses(one) == ["booked", "booked"]
        seen = await service(rig).get(made.series_id, by=ANN)
        assert [one.start for one in seen.occurrences] == [
            "2023-11-20T10:00:00.000Z",
            "2023-11-27T10:00:00.000Z",
            "2023-12-05T14:00:00.000Z",
            "2023-12-12T14:00:00.000Z",
        ]
        await service(rig).turn(made.series_id, "paused", by=ANN)
        assert await rig.entries("calendar:doc") == []
        await service(rig).turn(made.series_id, "active", by=ANN)
        assert len(await rig.entries("calendar:doc")) == 4
        ended = await service(rig).turn(made.series_id, "ended", by=ANN)
        assert set(statuses(ended)) == {"cancelled"}
        assert await rig.entries("client:ann") == []

    Rig().play(scenario)


@pytest.mark.parametrize("answered", [False, True])
def test_a_series_is_all_or_nothing_wherever_its_driver_crashes(answered: bool) -> None:
    counts = set()

    async def scenario(rig: Rig) -> None:
        for step in range(1, 100):
            died = False
            try:
                await begin(rig, region=Mortal(rig.region, dies_at=step, answered=answered))
            except Crashed:
                died = True
            for _ in range(3):  # holds lapse, and ask
                await rig.until(rig.clock.now_ms() + 16 * 60_000)
            found = await rig.entries("calendar:doc")
            counts.add(len(found))
            assert len(found) in (0, 4)
            assert len(await rig.entries("client:ann")) == len(found)
            if not died:
                return
            for entry in found:
                await rig.bookings.cancel(entry.booking, by=DOC)
        raise AssertionError("it never ends")

    Rig().play(scenario)
    assert counts == {0, 4}


def test_bookings_series_and_alternatives_begin_where_the_hours_do() -> None:
    async def scenario(rig: Rig) -> None:
        weekly = {"mon": (("09:00", "17:00"),)}
        await rig.calendars.configure(
            "doc",
            a_schedule(weekly=weekly, slot_minutes=50, services=(TheService(service_id="talk", duration_minutes=50),)),
            by=DOC,
        )
        assert (await rig.book(at(9))).status == "confirmed"
        with pytest.raises(Conflict) as refused:
            await rig.book(at(9) + 10 * 60_000, BOB)
        assert refused.value.details is not None
        reasons: Any = refused.value.details["reasons"]
        assert [one["code"] for one in reasons] == ["off_grid", "taken"]
        offered: Any = refused.value.details["alternatives"]
        assert [one["start"][11:16] for one in offered if one["start"] < "2023-11-21"][:2] == ["09:50", "10:40"]
        wanted = BookingRequest(therapist="doc", start=at(9) + 50 * 60_000, service="talk")
        made = await service(rig).create(wanted, WEEKLY, (), "all", dry_run=False, by=BOB)
        assert statuses(made) == ["booked"] * 4

    Rig().play(scenario)
