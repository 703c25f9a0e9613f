"""Calendars and the table of who may do what say the same, in every cell: role x relation x action."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.contract.wanted import BookingChangeRequest, BookingFilter, BookingRequest
from actors.calendars.services.booking_queries import BookingQueries
from actors.calendars.services.feeds.feed_tokens import FeedTokens
from actors.calendars.services.series import SeriesService
from actors.calendars.services.waitlist import WaitlistService
from actors.kernel.contract.entity import Principal
from common.auth.tokens import ROLES
from common.clock import to_rfc3339
from common.errors import CarewireError, NotFound, PermissionDenied
from common.policy import POLICY, RULES, Relation
from tests.unit.calendars.rig import ANN, Rig, a_schedule, at

WHO = {Relation.SELF: "ann", Relation.OWNER: "doc", Relation.MEMBER: "pam", Relation.NONE: "sam"}


@dataclass
class World:
    """Ann has a booking of doc's (pam takes part), a held one, a series, and a wish."""

    rig: Rig
    series: SeriesService
    waiting: WaitlistService
    queries: BookingQueries
    tokens: FeedTokens
    booking: str = ""
    held: str = ""
    series_id: str = ""
    entry: str = ""
    token: str = ""


async def a_world(rig: Rig) -> World:
    bookings = rig.bookings
    waiting = WaitlistService(bookings, rig.calendars, rig.region, rig.stores.views, rig.clock)
    queries = BookingQueries(rig.stores.views, rig.calendars)
    tokens = FeedTokens(rig.stores.feed_tokens, rig.clock)
    world = World(rig, SeriesService(bookings, rig.region, rig.clock), waiting, queries, tokens)
    world.booking = (await bookings.book(_talk(9, participants=("pam",)), by=ANN)).id
    world.held = (await bookings.book(_talk(10, hold=True), by=ANN)).id
    made = await world.series.create(_talk(11), "FREQ=DAILY;COUNT=2", (), "all", dry_run=False, by=ANN)
    world.series_id = made.series_id
    world.token = (await tokens.make("", by=ANN)).token_id
    world.entry = (await waiting.join(_wish(), by=ANN)).entry_id
    return world


def _talk(hour: float, **more: Any) -> BookingRequest:
    return BookingRequest(therapist="doc", start=at(hour), service="talk", **more)


def _wish() -> WaitlistBody:
    span = (to_rfc3339(at(9)), to_rfc3339(at(12)))
    return WaitlistBody(since=span[0], until=span[1], therapist_ids=("doc",), service_id="talk", client_id="ann")


Act = Callable[[World, Principal], Awaitable[Any]]
ACTIONS: dict[str, Act] = {
    "calendar.manage": lambda w, by: w.rig.calendars.configure("doc", a_schedule(), by=by),
    "calendar.feed": lambda w, by: w.queries.versions(BookingFilter(therapist="doc"), at(0), at(24), by=by),
    "calendar.share_feed": lambda w, by: w.tokens.make("doc", by=by),
    "booking.share_feed": lambda w, by: w.tokens.revoke("", w.token, by=by),
    "booking.create": lambda w, by: w.rig.bookings.book(_talk(14, client="ann"), by=by),
    "booking.read": lambda w, by: w.rig.bookings.get(w.booking, by=by),
    "booking.confirm": lambda w, by: w.rig.bookings.confirm(w.held, by=by),
    "booking.reschedule": lambda w, by: w.rig.bookings.move(w.booking, BookingChangeRequest(start=at(15)), by=by),
    "booking.cancel": lambda w, by: w.rig.bookings.cancel(w.booking, by=by),
    "booking.close": lambda w, by: w.rig.bookings.finish(w.booking, "completed", by=by),
    "booking.remind": lambda w, by: w.rig.bookings.remind(w.booking, by=by),
    "booking.transfer": lambda w, by: w.rig.bookings.move(w.booking, BookingChangeRequest(therapist="eve"), by=by),
    "series.create": lambda w, by: w.series.create(
        _talk(16, client="ann"), "FREQ=DAILY;COUNT=2", (), "all", dry_run=False, by=by
    ),
    "series.read": lambda w, by: w.series.get(w.series_id, by=by),
    "series.manage": lambda w, by: w.series.turn(w.series_id, "ended", by=by),
    "waitlist.join": lambda w, by: w.waiting.join(_wish(), by=by),
    "waitlist.read": lambda w, by: w.waiting.listing("doc" if by.user != "ann" else "", by=by),
    "waitlist.figures": lambda w, by: w.waiting.figures(by=by),
    "waitlist.leave": lambda w, by: w.waiting.leave(w.entry, by=by),
}
FOR_EVERYBODY = {"calendar.availability"}
NOT_YET = {"booking.close"}  # its time has not come: refused to everybody for another reason than who asks


def test_every_action_of_calendars_is_in_this_test() -> None:
    kinds = ("calendar", "booking", "series", "waitlist")
    named = {rule.action for rule in RULES if rule.action.partition(".")[0] in kinds}
    assert named == set(ACTIONS) | FOR_EVERYBODY


@pytest.mark.parametrize("action", ACTIONS)
def test_calendars_decide_as_the_table_does(action: str) -> None:
    """Every role in every relation. Those who may, each do it in a world of their own; a refusal changes nothing."""
    refused: list[Principal] = []
    for role in sorted(ROLES):
        for relation, user in WHO.items():
            by = Principal(user, role)
            if POLICY.allows(role, relation, action):
                asked = partial(_refused, action=action, askers=[by])
                assert not Rig().play(asked), f"{role} as {relation.value}"
            else:
                refused.append(by)
    assert Rig().play(partial(_refused, action=action, askers=refused)) == refused


async def _refused(rig: Rig, action: str, askers: Sequence[Principal]) -> list[Principal]:
    world, refused = await a_world(rig), []
    for by in askers:
        try:
            await ACTIONS[action](world, by)
        except (PermissionDenied, NotFound):
            refused.append(by)
        except CarewireError:
            assert action in NOT_YET
    return refused
