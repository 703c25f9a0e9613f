"""The waitlist over real shards: what frees is offered in order, kept for a while, and rolls on."""

import asyncio
from typing import Any

import pytest

from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.services.waitlist import WaitlistService
from actors.calendars.waitlist.answers import Factor
from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.errors import Conflict, NotFound, PermissionDenied
from common.timeline import HOUR_MS
from tests.unit.calendars.rig import ANN, BOB, DOC, Rig, at

CY, DEE = Principal("cy"), Principal("dee")


def waiting(rig: Rig) -> WaitlistService:
    return WaitlistService(rig.bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)


def a_wish(**more: Any) -> WaitlistBody:
    given = {
        "since": to_rfc3339(at(9)),
        "until": to_rfc3339(at(17, 4)),
        "therapist_ids": ("doc",),
        "service_id": "talk",
    }
    return WaitlistBody(**given | more)


async def offers(rig: Rig, user: str) -> list[dict[str, Any]]:
    return [data["offer"] for name, data in await rig.mail(user) if name == "waitlist_offer"]


def test_time_that_frees_is_kept_for_the_first_and_booked_with_one_call() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        first = await waiting(rig).join(a_wish(), by=BOB)
        later = await waiting(rig).join(a_wish(urgency="urgent"), by=CY)
        assert (first.position, later.position) == (1, 1)
        (line,) = (await waiting(rig).listing("", by=BOB)).entries
        assert line.position == 2
        assert later.priority == [Factor(factor="urgency", hours=168)]
        await rig.bookings.cancel(made.id, by=ANN)
        await asyncio.sleep(3)
        (offer,) = await offers(rig, "cy")
        assert (offer["therapist_id"], offer["start"]) == ("doc", to_rfc3339(at(10)))
        assert await offers(rig, "bob") == []
        with pytest.raises(Conflict):
            await rig.book(at(10))
        with pytest.raises(NotFound):
            await waiting(rig).accept(offer["offer_id"], by=BOB)
        booked = await waiting(rig).accept(offer["offer_id"], by=CY)
        assert (booked.status, booked.start) == ("confirmed", to_rfc3339(at(10)))
        await rig.until(rig.clock.now_ms() + HOUR_MS)
        assert len(await rig.entries("calendar:doc")) == 1
        figures = await waiting(rig).figures(by=DOC)
        assert (figures.accepted, figures.waiting, figures.acceptance) == (1, 1, 1.0)

    Rig().play(scenario)


def test_an_offer_that_lapses_or_is_declined_rolls_on_and_then_the_time_is_everybodys() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        for user in (BOB, CY):
            await waiting(rig).join(a_wish(), by=user)
        await rig.bookings.cancel(made.id, by=ANN)
        await asyncio.sleep(3)
        (offer,) = await offers(rig, "bob")
        await waiting(rig).decline(offer["offer_id"], by=BOB)
        await asyncio.sleep(3)
        assert len(await offers(rig, "cy")) == 1
        await rig.until(rig.clock.now_ms() + HOUR_MS)
        assert len(await offers(rig, "bob")) == 1
        assert await rig.entries("calendar:doc") == []
        assert (await rig.book(at(10))).status == "confirmed"
        (line,) = (await waiting(rig).listing("", by=BOB)).entries
        assert Factor(factor="offers_passed", hours=-24) in line.priority

    Rig().play(scenario)


def test_several_openings_at_once_go_to_several_people() -> None:
    async def scenario(rig: Rig) -> None:
        made = [await rig.book(at(hour), Principal(f"u{hour}")) for hour in (9, 11, 13)]
        for user in (BOB, CY):
            await waiting(rig).join(a_wish(), by=user)
        await waiting(rig).join(a_wish(times=(("13:00", "14:00"),)), by=Principal("dee"))
        await asyncio.gather(*(rig.bookings.cancel(one.id, by=Principal(one.client_id)) for one in made))
        await asyncio.sleep(6)
        starts = [[one["start"] for one in await offers(rig, user)] for user in ("bob", "cy", "dee")]
        assert [len(one) for one in starts] == [1, 1, 1]
        assert len({one[0] for one in starts}) == 3
        assert starts[2] == [to_rfc3339(at(13))]

    Rig().play(scenario)


def test_who_leaves_gives_back_what_was_kept_and_notes_stay_between_them_and_staff() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        joined = await waiting(rig).join(a_wish(note="mornings hurt"), by=BOB)
        await rig.bookings.cancel(made.id, by=ANN)
        await asyncio.sleep(3)
        (line,) = (await waiting(rig).listing("doc", by=DOC)).entries
        assert line.note == "mornings hurt"
        assert line.offer is not None
        assert line.offer.start == to_rfc3339(at(10))
        with pytest.raises(PermissionDenied):
            await waiting(rig).listing("doc", by=BOB)
        with pytest.raises(NotFound):
            await waiting(rig).leave(joined.entry_id, by=CY)
        await waiting(rig).leave(joined.entry_id, by=BOB)
        await asyncio.sleep(3)
        assert await rig.entries("calendar:doc") == []
        for turn in await rig.stores.journal.turns("waitlist:main", after=0, limit=100):
            assert b"mornings" not in b"".join((*turn.events, *turn.effects))

    Rig().play(scenario)


def test_an_estimate_is_made_of_how_fast_offers_were_taken_lately() -> None:
    async def scenario(rig: Rig) -> None:
        assert (await waiting(rig).join(a_wish(), by=DEE)).estimate is None
        await waiting(rig).leave((await waiting(rig).listing("", by=DEE)).entries[0].entry_id, by=DEE)
        for hour in (9, 11, 13):
            made = await rig.book(at(hour))
            await waiting(rig).join(a_wish(), by=BOB)
            await rig.bookings.cancel(made.id, by=ANN)
            await asyncio.sleep(3)
            await waiting(rig).accept((await offers(rig, "bob"))[-1]["offer_id"], by=BOB)
            await rig.until(rig.clock.now_ms() + HOUR_MS)
        first = await waiting(rig).join(a_wish(), by=DEE)
        second = await waiting(rig).join(a_wish(), by=CY)
        assert first.estimate is not None
        assert second.estimate is not None
        assert first.estimate.offers_seen == 3
        assert 0.9 < first.estimate.hours < 1.2
        assert second.estimate.hours == pytest.approx(2 * first.estimate.hours, abs=0.2)
        (line,) = (await waiting(rig).listing("", by=DEE)).entries
        assert line.estimate is not None
        assert line.estimate.at > first.estimate.at[:10]
        soon = await waiting(rig).join(
            a_wish(since=to_rfc3339(at(0, -30)), until=to_rfc3339(rig.clock.now_ms() + 60_000)), by=BOB
        )
        assert soon.estimate is None, "its time is over before"

    Rig().play(scenario)


def test_wishes_for_a_time_that_has_passed_are_in_nobodys_way() -> None:
    async def scenario(rig: Rig) -> None:
        await waiting(rig).join(a_wish(until=to_rfc3339(at(17))), by=BOB)
        await rig.until(at(18))
        joined = await waiting(rig).join(a_wish(until=to_rfc3339(at(17, 9))), by=CY)
        assert joined.position == 1
        assert (await waiting(rig).listing("", by=BOB)).entries == []
        assert (await waiting(rig).figures(by=DOC)).waiting == 1

    Rig().play(scenario)


def test_accepting_twice_is_the_same_booking() -> None:
    async def scenario(rig: Rig) -> None:
        made = await rig.book(at(10))
        await waiting(rig).join(a_wish(), by=BOB)
        await rig.bookings.cancel(made.id, by=ANN)
        await asyncio.sleep(3)
        (offer,) = await offers(rig, "bob")
        first = await waiting(rig).accept(offer["offer_id"], by=BOB)
        again = await waiting(rig).accept(offer["offer_id"], by=BOB)
        assert again.id == first.id
        with pytest.raises(NotFound):
            await waiting(rig).accept(offer["offer_id"], by=CY)

    Rig().play(scenario)
