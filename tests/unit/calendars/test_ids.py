"""Ids of what is asked for under a key sort by time, and a repeat finds them: at once, later, and after an upgrade."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.calendars.booking.commands import OpenBooking
from actors.calendars.booking.kind import BookingKind
from actors.calendars.booking.state import BookingDetails
from actors.calendars.calendar.commands import NAME
from actors.calendars.contract.replies import SeriesReply
from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.series.commands import BeginSeries
from actors.calendars.series.kind import SeriesKind
from actors.calendars.series.state import Definition
from actors.calendars.services.series import SeriesService
from actors.calendars.services.waitlist import WaitlistService
from actors.calendars.waitlist.commands import JoinWaitlist
from actors.calendars.waitlist.kind import WaitlistKind
from actors.calendars.waitlist.state import WaitlistEntry
from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.errors import AlreadyExists
from common.ids import derived_id, from_base32, new_id
from tests.unit.calendars.rig import ANN, BOB, DOC, Rig, at

CY, DAN = Principal("cy"), Principal("dan")


def made_at(made: str) -> int:
    """The time in an id."""
    return from_base32(made.partition("_")[2][:10])


def test_bookings_with_keys_sort_by_time_among_those_without() -> None:
    async def scenario(rig: Rig) -> None:
        ids = []
        for number in range(6):
            key = rig.bookings.key_of(ANN, f"key-{number}" if number % 2 else None)
            before = rig.clock.now_ms()
            ids.append((await rig.book(at(9 + number), key=key)).id)
            assert before <= made_at(ids[-1]) <= rig.clock.now_ms()
            await asyncio.sleep(1)
        assert ids == sorted(ids)
        assert {len(one) for one in ids} == {len(new_id("bkg", 0))}

    Rig().play(scenario)


def test_a_repeat_finds_its_booking_though_it_was_refused_first_and_everything_restarted_since() -> None:
    async def scenario(rig: Rig) -> None:
        key = rig.bookings.key_of(ANN, "mine")
        await rig.book(at(10), BOB)
        with pytest.raises(Exception, match="taken"):
            await rig.book(at(10), key=key)
        first = await rig.book(at(11), key=key)
        for name in list(rig.cluster.shards):
            await rig.cluster.shards[name].stop()
            await rig.cluster.start_shard(name, life="2")
        assert (await rig.book(at(12), key=key)).id == first.id
        assert (await rig.book(at(12), BOB, key=rig.bookings.key_of(BOB, "mine"))).id != first.id
        assert len(await rig.entries("client:ann")) == 1

    Rig().play(scenario)


def test_a_booking_that_was_made_before_the_upgrade_is_the_one_its_key_means() -> None:
    async def scenario(rig: Rig) -> None:
        key = rig.bookings.key_of(ANN, "mine")
        old = await rig.book(at(10), id=key)  # so were they made: the mark was the id
        assert old.id == key
        again = await asyncio.gather(*(rig.book(at(10), key=key) for _ in range(3)))
        assert {one.id for one in again} == {key}
        assert len(await rig.entries("calendar:doc")) == 1

    Rig().play(scenario)


def test_what_stands_for_a_key_becomes_no_booking_and_no_series() -> None:
    async def scenario(rig: Rig) -> None:
        key, ser = rig.bookings.key_of(ANN, "mine"), rig.bookings.key_of(ANN, "mine", "ser")
        await rig.book(at(10), key=key)
        record = BookingDetails(
            id=key,
            therapist="doc",
            client="ann",
            service="talk",
            start=at(11),
            end=at(12),
            tz="UTC",
            status="held",
            key="k",
            parties=(),
        )
        with pytest.raises(AlreadyExists):
            await rig.region.submit(f"booking:{key}", OpenBooking(record=record), by=ANN)
        await _series(rig).create(_talk(14, key=ser), "FREQ=DAILY;COUNT=2", (), "all", dry_run=False, by=ANN)
        definition = Definition(
            therapist="doc",
            client="ann",
            service="talk",
            duration=None,
            start=at(9),
            tz="UTC",
            rule="FREQ=DAILY;COUNT=1",
        )
        with pytest.raises(AlreadyExists):
            await rig.region.submit(f"series:{ser}", BeginSeries(definition, ("bkg_1",)), by=ANN)

    Rig().play(scenario)


@pytest.mark.parametrize("policy", ["all", "available"])
def test_a_series_and_its_bookings_sort_by_time_and_a_repeat_is_the_same(policy: Any) -> None:
    async def scenario(rig: Rig) -> None:
        key = rig.bookings.key_of(ANN, "mine", "ser")

        async def create() -> SeriesReply:
            asked = _series(rig).create(_talk(10, key=key), "FREQ=DAILY;COUNT=4", (), policy, dry_run=False, by=ANN)
            return await asked

        before = rig.clock.now_ms()
        made = await create()
        ids = [one.booking_id for one in made.occurrences]
        for one in (made.series_id, *ids):
            assert before <= made_at(one) <= rig.clock.now_ms()
        assert [made_at(one) for one in ids] == sorted(made_at(one) for one in ids)
        again = await create()
        assert (again.series_id, [one.booking_id for one in again.occurrences]) == (made.series_id, ids)

    Rig().play(scenario)


def test_a_series_that_was_made_before_the_upgrade_is_the_one_its_key_means() -> None:
    async def scenario(rig: Rig) -> None:
        key = rig.bookings.key_of(ANN, "mine", "ser")
        booking = (await rig.book(at(10), series=key)).id
        definition = Definition(
            therapist="doc",
            client="ann",
            service="talk",
            duration=None,
            start=at(10),
            tz="UTC",
            rule="FREQ=DAILY;COUNT=1",
        )
        await rig.region.submit(f"series:{key}", BeginSeries(definition, (booking,)), by=ANN)
        again = await _series(rig).create(_talk(10, key=key), "FREQ=DAILY;COUNT=1", (), "all", dry_run=False, by=ANN)
        assert again.series_id == key

    Rig().play(scenario)


def test_wishes_and_offers_sort_by_time_and_a_repeat_is_the_same_wish() -> None:
    async def scenario(rig: Rig) -> None:
        waiting = WaitlistService(rig.bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
        busy = [await rig.book(at(hour), who) for hour, who in ((9, CY), (10, DAN))]
        entries = []
        for who in (ANN, BOB):
            key = rig.bookings.key_of(who, "mine", "wait")
            told = [await waiting.join(_wish(), by=who, key=key) for _ in range(2)]
            assert told[0].entry_id == told[1].entry_id
            assert made_at(told[0].entry_id) <= rig.clock.now_ms()
            entries.append(told[0].entry_id)
            await asyncio.sleep(1)
        assert entries == sorted(entries)
        for one in busy:
            await rig.bookings.cancel(one.id, by=DOC)
            await asyncio.sleep(5)
        offers = [one.offer.offer_id for one in (await waiting.listing("doc", by=DOC)).entries if one.offer is not None]
        assert len(set(offers)) == 2
        assert all(rig.clock.now_ms() - 60_000 < made_at(one) <= rig.clock.now_ms() for one in offers)
        accepted = await waiting.accept(offers[0], by=ANN)
        assert accepted.id == offers[0]

    Rig().play(scenario)


def test_a_wish_that_was_made_before_the_upgrade_is_the_one_its_key_means() -> None:
    async def scenario(rig: Rig) -> None:
        waiting = WaitlistService(rig.bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
        key = rig.bookings.key_of(ANN, "mine", "wait")
        await rig.region.submit(
            NAME,
            JoinWaitlist(
                WaitlistEntry(id=key, client="ann", calendars=("doc",), service="talk", start=at(9), end=at(12))
            ),
            by=ANN,
        )
        assert (await waiting.join(_wish(), by=ANN, key=key)).entry_id == key
        assert len((await waiting.listing("", by=ANN)).entries) == 1

    Rig().play(scenario)


def test_snapshots_of_the_release_before_are_read() -> None:
    record = BookingDetails(
        id="bkg_1",
        therapist="doc",
        client="ann",
        service="talk",
        start=at(10),
        end=at(11),
        tz="UTC",
        status="confirmed",
        key="k",
        parties=("calendar:doc",),
    )
    booking = BookingKind().restore("bkg_1", msgspec.msgpack.encode((record, ["dead"])))
    assert (booking.record, booking.dead, booking.assigned) == (record, {"dead"}, "")
    definition = Definition(
        therapist="doc", client="ann", service="talk", duration=None, start=at(9), tz="UTC", rule="FREQ=DAILY;COUNT=1"
    )
    series = SeriesKind().restore("ser_1", msgspec.msgpack.encode((definition, ["a"], ["b"], "paused", True)))
    assert (series.definition, series.bookings, series.renounced) == (definition, ["a"], ["b"])
    assert (series.status, series.staff, series.assigned) == ("paused", True, "")
    entry = ["w", "ann", ["doc"], "talk", 1, 2, [], [], "normal", 0, []]
    waitlist = WaitlistKind().restore(
        "main", msgspec.msgpack.encode([[entry], [], [], [0, 0, 0, 0, 0, 0, [0] * 24], {}])
    )
    assert waitlist.entries["w"] == WaitlistEntry(
        id="w", client="ann", calendars=("doc",), service="talk", start=1, end=2
    )


def test_what_stands_for_a_key_outlives_a_snapshot() -> None:
    for kind, new in ((BookingKind(), "bkg_2"), (SeriesKind(), "ser_2")):
        entity: Any = kind.create("mark")
        entity.assigned = new
        assert kind.restore("mark", kind.snapshot(entity)).assigned == new


def test_a_derived_id_is_the_same_each_time_and_sorts_by_its_time() -> None:
    assert derived_id("evt", 5, "a") == derived_id("evt", 5, "a") != derived_id("evt", 5, "b")
    assert derived_id("evt", 5, "z") < derived_id("evt", 6, "a")
    assert len(derived_id("evt", 5, "a")) == len(new_id("evt", 5))


def _talk(hour: float, **more: Any) -> BookingRequest:
    return BookingRequest(therapist="doc", start=at(hour), service="talk", **more)


def _series(rig: Rig) -> SeriesService:
    return SeriesService(rig.bookings, rig.region, rig.clock)


def _wish() -> WaitlistBody:
    return WaitlistBody(since=to_rfc3339(at(9)), until=to_rfc3339(at(12)), therapist_ids=("doc",), service_id="talk")
