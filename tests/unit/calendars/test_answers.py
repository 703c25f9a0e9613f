"""What clients are answered keeps its members and what they say."""

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.calendars.calendar.commands import GetFreeTimes
from actors.calendars.contract.requests import BulkBody, BulkItem, ImportBody, SeriesPatch, WaitlistBody
from actors.calendars.contract.wanted import BookingChangeRequest, BookingFilter, BookingRequest
from actors.calendars.hours.schedule import Limits, Price, Service
from actors.calendars.services.assembly import CalendarServices, calendar_services
from actors.calendars.services.patching import patch_series
from actors.kernel.contract.answers import Reply
from common.clock import to_rfc3339
from common.errors import CarewireError
from tests.unit.calendars.rig import ADMIN, ANN, BOB, DOC, Rig, a_schedule, at

GOLDEN: Final = Path(__file__).parent / "golden" / "answers.json"
_ID: Final = re.compile(r"\b(?:bkg|ser|wait|evt|fdt)_[0-9A-Z]{26}\b|cwf1\.[\w.-]+")
ICS: Final = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:one\r\nDTSTART:20231122T080000Z\r\nDTEND:20231122T090000Z\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:two\r\nDTSTART:never\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


class Answers:
    """What was answered, by a name for each; ids that are made by chance are numbered."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._names: dict[str, str] = {}

    async def add(self, name: str, answer: Any) -> Any:
        """Note what a call gives or raises."""
        try:
            found = await answer
        except CarewireError as error:
            self.found[name] = self._named(msgspec.json.encode(error.to_wire()))
            return None
        self.found[name] = self._named(found.data if isinstance(found, Reply) else msgspec.json.encode(found))
        return found

    def _named(self, answer: bytes) -> Any:
        return json.loads(
            _ID.sub(lambda match: self._names.setdefault(match[0], f"id{len(self._names)}"), answer.decode())
        )


def request(start: int, **more: Any) -> BookingRequest:
    given: dict[str, Any] = {"therapist": "doc", "start": start, "service": "talk"}
    return BookingRequest(**given | more)


async def of_bookings(rig: Rig, services: CalendarServices, answers: Answers) -> None:
    bookings, add = services.bookings, answers.add
    await add("book", bookings.book(request(at(9), id="b1", notes="Bring the report"), by=ANN))
    await add("get", bookings.get("b1", by=ANN))
    await add("hold", bookings.book(request(at(10), id="b2", hold=True), by=ANN))
    await add("confirm", bookings.confirm("b2", by=ANN))
    await add("priced", bookings.book(request(at(11), id="b3", service="paid"), by=ANN))
    await add("conflict", bookings.book(request(at(9), id="b4"), by=BOB))
    await add("check", bookings.check(request(at(9)), by=BOB))
    await add("check_free", bookings.check(request(at(14)), by=BOB))
    await add("move", bookings.move("b1", BookingChangeRequest(start=at(13)), by=ANN))
    override = request(at(18), id="b5", client="bob", override_reason="He travels")
    await add("override", bookings.book(override, by=DOC))
    await add("override_read", bookings.get("b5", by=DOC))
    await add("amend", bookings.amend("b1", "Other notes", ("cyd",), by=ANN))
    await add("cancel", bookings.cancel("b2", "I am ill, sorry", by=ANN))
    await add("cancelled", bookings.get("b2", by=ANN))
    await add("illegal", bookings.confirm("b2", by=ANN))
    await add("transfer", bookings.move("b3", BookingChangeRequest(therapist="eve", service="talk"), by=ADMIN))
    await add("pending", bookings.book(request(at(9), id="b6", therapist="asks"), by=ANN))
    await add("page", services.queries.page(BookingFilter(limit=2), by=ANN))
    await add("last_page", services.queries.page(BookingFilter(therapist="eve"), by=ADMIN))
    await add("analytics", services.queries.analytics("doc", at(0), at(0, 7), by=DOC))
    await add("no_analytics", services.queries.analytics("eve", at(0, 14), at(0, 15), by=ADMIN))


async def of_calendars(rig: Rig, services: CalendarServices, answers: Answers) -> None:
    bookings, calendars, add = services.bookings, services.calendars, answers.add
    await add("calendar", calendars.get("doc", by=ANN))
    await add("configure", calendars.configure("new", a_schedule(), by=ADMIN))

    async def free(command: GetFreeTimes) -> Any:
        found: Any = await calendars.availability("doc", command, by=ANN)
        return found[0]

    await add("free", free(GetFreeTimes(start=at(9), end=at(16), service="talk")))
    await add("free_group", free(GetFreeTimes(start=at(9), end=at(11), service="group")))
    await bookings.book(request(at(10), id="r1", therapist="room1", service=None), by=ADMIN)
    await add("free_explained", free(GetFreeTimes(start=at(8), end=at(12), service="room-talk", explain=True)))
    await add("free_all_explained", free(GetFreeTimes(start=at(9, 1), end=at(11, 1), service="talk", explain=True)))
    await add("import", services.feeds.bring_in("doc", ImportBody(source="home", ics=ICS), by=DOC))
    await add("token", services.feed_tokens.make("doc", by=DOC))
    await add("tokens", services.feed_tokens.listing("doc", by=DOC))
    await add("tokens_of", services.feed_tokens.of("doc"))


async def of_series(rig: Rig, services: CalendarServices, answers: Answers) -> None:
    series, add = services.series, answers.add
    start, rule = at(9, 7), "FREQ=WEEKLY;COUNT=3"
    await services.bookings.book(request(at(9, 14), id="s0"), by=BOB)
    await add("series_dry", series.create(request(start), rule, (), "all", dry_run=True, by=ANN))
    await add("series_impossible", series.create(request(start), rule, (), "all", dry_run=False, by=ANN))
    await add("series_available", series.create(request(start), rule, (), "available", dry_run=False, by=ANN))
    await add(
        "series_none", series.create(request(at(9, 14)), "COUNT=1;FREQ=DAILY", (), "available", dry_run=False, by=ANN)
    )
    whole = series.create(
        request(at(15, 7), key="ser_mark"), rule, (to_rfc3339(at(15, 14)),), "all", dry_run=False, by=ANN
    )
    await add("series_all", whole)
    again = series.create(request(at(15, 7), key="ser_mark"), rule, (), "all", dry_run=False, by=ANN)
    await add("series_again", again)
    page = await services.queries.page(BookingFilter(), by=ANN)
    found = msgspec.to_builtins(page)["bookings"]
    mine = next(one for one in found if one.get("series_id") and one["start"] == to_rfc3339(at(9, 7)))
    name, first = mine["series_id"], mine["id"]
    await add("series_get", series.get(name, by=ANN))
    dry = SeriesPatch(scope="all", booking_id=first, start=to_rfc3339(at(9, 14)), dry_run=True)
    await add("series_move_dry", patch_series(series, name, dry, by=ANN))
    refused = SeriesPatch(scope="all", booking_id=first, start=to_rfc3339(at(9, 14)))
    await add("series_move_refused", patch_series(series, name, refused, by=ANN))
    moved = SeriesPatch(scope="all", booking_id=first, start=to_rfc3339(at(11, 7)))
    await add("series_move", patch_series(series, name, moved, by=ANN))
    await add("series_paused", patch_series(series, name, SeriesPatch(status="paused"), by=ANN))
    await add("series_active", patch_series(series, name, SeriesPatch(status="active"), by=ANN))
    await add("series_ended", series.turn(name, "ended", by=ANN))


async def of_bulk(rig: Rig, services: CalendarServices, answers: Answers) -> None:
    bookings, add = services.bookings, answers.add
    for number, hour in enumerate((9, 10, 11)):
        await bookings.book(request(at(hour, 1), id=f"m{number}"), by=ANN)
    items = (
        BulkItem(booking_id="m0", start=to_rfc3339(at(10, 1))),
        BulkItem(booking_id="m1", start=to_rfc3339(at(15, 1))),
    )
    await add("bulk_dry", services.bulk.run(BulkBody(action="reschedule", items=items, dry_run=True), by=DOC))
    await add("bulk", services.bulk.run(BulkBody(action="reschedule", items=items), by=DOC))
    gone = BulkBody(action="cancel", items=(BulkItem(booking_id="m1"), BulkItem(booking_id="nobody")))
    await add("bulk_cancel", services.bulk.run(gone, by=DOC))
    early = BulkBody(action="complete", items=(BulkItem(booking_id="m2"),), dry_run=True)
    await add("bulk_early", services.bulk.run(early, by=DOC))


async def of_the_waitlist(rig: Rig, services: CalendarServices, answers: Answers) -> None:
    waiting, add = services.waiting, answers.add
    await services.bookings.book(request(at(9), id="w1"), by=BOB)
    body = WaitlistBody(
        since=to_rfc3339(at(9)), until=to_rfc3339(at(10)), therapist_ids=("doc",), urgency="high", note="Please"
    )
    await add("join", waiting.join(body, by=ANN))
    await add("listing", waiting.listing("", by=ANN))
    await add("figures_first", waiting.figures(by=ADMIN))
    await services.bookings.cancel("w1", by=BOB)
    await rig.until(rig.clock.now_ms() + 5000)
    listed = msgspec.to_builtins(await waiting.listing("", by=ANN))["entries"]
    await add("listing_offered", waiting.listing("doc", by=DOC))
    offer = listed[0]["offer"]["offer_id"]
    await add("not_mine", waiting.accept(offer, by=BOB))
    await add("accept", waiting.accept(offer, by=ANN))
    await rig.until(rig.clock.now_ms() + 5000)
    await add(
        "join_any",
        waiting.join(WaitlistBody(since=to_rfc3339(at(9, 1)), until=to_rfc3339(at(10, 1)), service_id="talk"), by=BOB),
    )
    wish = msgspec.to_builtins(await waiting.listing("", by=BOB))["entries"][0]["entry_id"]
    await add("leave", waiting.leave(wish, by=BOB))
    await add("figures", waiting.figures(by=ADMIN))
    await add("mail", rig.mail("ann"))


PARTS: Final = {
    part.__name__.removeprefix("of_"): part for part in (of_bookings, of_calendars, of_series, of_bulk, of_the_waitlist)
}


def comparable(answer: object) -> str:
    """As text. The seconds at which the rig did something are left out: its clock runs with the turns of its shards."""
    return re.sub(r"(T22:4\d):\d\d\.\d{3}Z", r"\1Z", json.dumps(answer, sort_keys=True))


@pytest.mark.parametrize("name", PARTS)
def test_answers_are_what_they_were(name: str) -> None:
    rig, answers = Rig(), Answers()

    async def scenario(rig: Rig) -> None:
        services = calendar_services(rig.region, rig.stores.views, rig.clock, rig.stores.feed_tokens)
        paid = Service(service_id="paid", duration_minutes=60, price=Price(4200, "EUR"), format="video")
        services_of_doc = (*a_schedule().services, paid)
        await services.calendars.configure("doc", a_schedule(services=services_of_doc), by=ADMIN)
        asks = a_schedule(rules=Limits(requires_confirmation=True))
        await services.calendars.configure("asks", asks, by=ADMIN)
        await PARTS[name](rig, services, answers)

    rig.play(scenario)
    golden = json.loads(GOLDEN.read_text())[name]
    assert answers.found.keys() == golden.keys()
    for call, answer in answers.found.items():
        assert comparable(answer) == comparable(golden[call]), call
