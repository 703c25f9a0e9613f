"""Every operation whose answer may tell of people says, by the type of the answer, where in it they are; the types are
what is really answered; and whoever was read is in the record."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from fastapi import FastAPI, Response

from actors.kernel.contract.entity import Principal
from common.clock import SystemClock
from common.persons import NOT_PEOPLE, persons_in, unmarked, way_of
from common.policy import PERSONAL
from realtime.front.acks import Events
from realtime.front.handlers import EventResult, Handler
from serve_app.capabilities.rooms.requests import ListRooms
from serve_app.edge.conventions.permits import actions_of, check_permits, permit, routes_of, told_on
from tests.declared import declared_events
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.identity.attacks.victim import a_victim, when
from tests.system.harness import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")
# What people attach or answer: any JSON, which nobody here reads; and blocks, each of its own form.
FREE_FORM = {"Message.attachments", "ShownSubmission.answers", "WireMessage.attachments", "WireMessage.blocks"}
FREE_FORM |= {"DraftView.answers", "SavedDraft.answers"}
FREE_FORM |= {"KeptMessage.attachments", "KeptMessage.blocks", "KeptMessage.encrypted"}
OF_NOBODY = {"CalendarFigures", "CalendarReply", "Checked", "FeedReply", "FreeTimesReply", "ImportedReply"}
OF_NOBODY |= {"NothingToTell", "Standing", "WaitlistFigures"}
OF_NOBODY |= {"IceReply", "LeftReply", "MediaAnswer", "MediaSlots", "QualityReply", "TicketReply"}
OF_NOBODY |= {"DraftView", "FromMessage", "SavedDraft", "SyncSaved"}
OF_NOBODY |= {"MessageVersions", "RecordingPage", "RecordingReply"}
OF_NOBODY |= {
    "AccountReply",
    "BillHistory",
    "EffectsReply",
    "InvoicePreview",
    "LimitReply",
    "MethodPage",
    "MetricsReply",
}
OF_NOBODY |= {
    "PaymentReply",
    "PreviewReply",
    "ProgressAnswer",
    "ReminderList",
    "ShownSeries",
    "TransactionPage",
    "Trends",
    "ValidReply",
}  # the operation says


def kinds(home: House) -> Iterator[tuple[str, bool, Any]]:
    """(where, may it tell of people, the type) of every answer that has one."""
    for route in routes_of(home.app):
        if (kind := told_on(route)) is not None:
            yield str(route.path), bool(actions_of(route) & PERSONAL), kind
    for name, handler in declared_events().items():
        if handler.tells is not None:
            yield name, handler.action in PERSONAL, handler.tells


async def test_no_member_that_is_called_like_an_id_is_left_open(home: House) -> None:
    """A new `payer_id: str` fails here until it is a `UserId`, an `OtherId`, or in `NOT_PEOPLE`."""
    found = [*kinds(home)]
    assert len(found) > 60
    for where, personal, kind in found:
        ids = [one for one in unmarked(kind) if one.endswith(("_id", "_ids"))]
        assert not ids, where
        assert not personal or set(unmarked(kind)) <= FREE_FORM, where
    assert not any(name.startswith(("user", "client", "subject", "owner", "sender")) for name in NOT_PEOPLE)


async def test_every_personal_answer_has_a_type_and_those_of_nobody_are_few_and_known(home: House) -> None:
    silent = {getattr(kind, "__name__", "") for _, personal, kind in kinds(home) if personal and way_of(kind) is None}
    assert silent == OF_NOBODY
    assert all(handler.tells is not None for handler in declared_events().values() if handler.action in PERSONAL)


async def test_a_program_with_a_personal_answer_without_a_type_does_not_start() -> None:
    app = FastAPI()

    @app.get("/api/forgotten")
    async def forgotten(_: Annotated[Principal, permit("booking.read")]) -> Response:
        return Response()

    with pytest.raises(LookupError, match="/api/forgotten"):
        check_permits(app)

    async def call(connection: Any, request: Any) -> EventResult:
        return EventResult()

    bare = Handler(event="list_rooms", action="room.list", limit="read", request=ListRooms, call=call)
    with pytest.raises(LookupError, match="list_rooms"):
        Events([bare], max_bytes=1, clock=SystemClock())


async def test_what_is_answered_is_of_its_type(home: House) -> None:
    """Every answer is read as strictly as can be: an unknown member, or one that is missing, fails."""
    victim = await a_victim(home)
    ids, tess = victim.ids, victim.ids["therapist_id"]
    span = {"from": when(0, 1), "to": when(0, 20)}
    handlers = declared_events()
    staff = await home.socket(victim.therapist)
    await victim.socket.ok("add_members", {"room_id": ids["room_id"], "user_ids": [tess]})
    await victim.socket.ok("react", {"room_id": ids["room_id"], "message_id": ids["message_id"], "emoji": "👍"})
    booked = {"therapist_id": tess, "service_id": "talk", "start": when(10)}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("join_room", {"room_id": ids["room_id"]}),
        ("history", {"room_id": ids["room_id"]}),
        ("list_rooms", {}),
        ("get_calendar", {"therapist_id": tess}),
        ("get_availability", {"therapist_id": tess, "explain": True, "from": when(0, 8), "to": when(0, 10)}),
        ("watch_calendar", {"therapist_id": tess, **span}),
        ("unwatch_calendar", {"therapist_id": tess}),
        ("get_calendar_analytics", {"therapist_id": tess, **span}),
        ("get_calendar_feed", {"therapist_id": tess}),
        ("get_booking_feed", {}),
        ("check_conflicts", booked | {"client_id": "zoe"}),
        ("get_booking", {"booking_id": ids["booking_id"]}),
        ("list_bookings", {"therapist_id": tess}),
        ("update_booking", {"booking_id": ids["booking_id"], "participants": ["pia", "pit"], "notes": "n"}),
        ("reschedule_booking", {"booking_id": ids["booking_id"], "start": when(11)}),
        ("get_series", {"series_id": ids["series_id"]}),
        (
            "create_series",
            booked | {"rrule": "FREQ=DAILY;COUNT=3", "policy": "all", "client_id": "zoe", "dry_run": True},
        ),
        ("list_waitlist", {"therapist_id": tess}),
        ("get_waitlist_analytics", {}),
        ("bulk_bookings", {"action": "cancel", "items": [{"booking_id": ids["booking_id"]}], "dry_run": True}),
        ("bulk_bookings", {"action": "cancel", "items": [{"booking_id": one} for one in (ids["booking_id"], "bkg_0")]}),
        ("delete_series", {"series_id": ids["series_id"]}),
        ("join_waitlist", {"therapist_ids": [tess], "service_id": "talk", "client_id": "zoe", **span}),
    ]
    for event, payload in asked:
        answer = await staff.ok(event, payload)
        kind = handlers[event].tells
        assert kind is not None, event
        _is_of(answer, kind)
    ours = [kind for route in routes_of(home.app) if isinstance(kind := told_on(route), type)]
    reads = [f"/api/bookings?therapist_id={tess}", f"/api/series/{ids['series_id']}", f"/api/calendars/{tess}"]
    reads += ["/api/waitlist", f"/api/waitlist?therapist_id={tess}", f"/api/bookings/{ids['booking_id']}"]
    for path in reads:
        fitting = [one for one in routes_of(home.app) if "GET" in (one.methods or ()) and _fits(str(one.path), path)]
        kind = told_on(fitting[0])
        assert kind in ours
        _is_of(await home.ok("GET", path, bearer=victim.therapist), kind)


def _is_of(answer: Any, kind: Any) -> None:
    msgspec.json.decode(msgspec.json.encode(answer), type=kind)


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.partition("?")[0].split("/")
    return len(parts) == len(given) and all(a == b or a.startswith("{") for a, b in zip(parts, given, strict=True))


async def test_participants_of_bookings_are_recorded_over_http_and_sockets(home: House) -> None:
    victim = await a_victim(home)
    booking = victim.ids["booking_id"]
    await home.ok("PATCH", f"/api/bookings/{booking}", {"participants": ["pia", "pit"]}, bearer=victim.bearer)
    await home.ok("GET", f"/api/bookings/{booking}", bearer=victim.therapist)
    assert await home.actions("pia") == await home.actions("pit") == ["booking.read"]
    staff = await home.socket(victim.therapist)
    await staff.ok("list_bookings", {"therapist_id": victim.ids["therapist_id"]})

    async def twice() -> bool:
        return await home.actions("pia") == ["booking.read"] * 2

    await wait_until(twice, within_s=10, what="no entry")


async def test_members_of_a_room_and_whoever_reacted_are_recorded(home: House) -> None:
    owner = await home.socket(token("ann"))
    await owner.ok("create_room", {"room_id": "ward", "members": ["bob", "tess"]})
    sent = await owner.ok("message", {"room_id": "ward", "body": "hello"})
    bob = await home.socket(token("bob"))
    await bob.ok("react", {"room_id": "ward", "message_id": sent["id"], "emoji": "👍"})
    await home.ok("GET", "/api/rooms/ward/messages", bearer=token("tess", "therapist"))
    assert await home.actions("bob") == ["room.read"]
    staff = await home.socket(token("tess", "therapist"))
    await staff.ok("join_room", {"room_id": "ward"})

    async def joined() -> bool:
        return "room.join" in await home.actions("bob")

    await wait_until(joined, within_s=10, what="no entry")


async def test_twin_without_its_type_an_answer_tells_of_nobody() -> None:
    answer = b'{"id":"b","participants":["pia"],"client_id":"ann"}'
    assert persons_in(answer, None, but="") == []
