"""Who cannot reach somebody: at every door that leads to a person today."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from actors.calendars.hours.schedule import Service
from actors.calendars.services.calendars import Calendars
from actors.kernel.contract.entity import Principal
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.unit.calendars.rig import a_schedule

pytestmark = pytest.mark.asyncio(loop_scope="module")
REASON = {"reason": "unreachable"}


@pytest.fixture
def apart(home: House) -> Iterator[set[frozenset[str]]]:
    """Ann and the therapist Bob cannot reach each other."""
    home.apart.add(frozenset(("ann", "bob")))
    yield home.apart
    home.apart.clear()


async def test_neither_opens_a_direct_room_with_the_other(home: House, apart: set[frozenset[str]]) -> None:
    for user, other in (("ann", "bob"), ("bob", "ann")):
        socket = await home.socket(token(user))
        refused = await socket.error("create_room", {"kind": "direct", "members": [other]})
        assert (refused["code"], refused["details"]) == ("permission_denied", REASON)
        await socket.ok("create_room", {"kind": "direct", "members": ["cleo"]})
    apart.clear()
    await socket.ok("create_room", {"kind": "direct", "members": ["ann"]})


async def test_the_other_seems_to_be_offline_and_nothing_is_heard_of_them(
    home: House, apart: set[frozenset[str]]
) -> None:
    ann, cleo = await home.socket(token("ann")), await home.socket(token("cleo"))
    bob = await home.socket(token("bob", "therapist"))
    watch = {"user_ids": ["bob", "cleo", "ann"]}
    seen = (await ann.ok("watch_presence", watch))["presence"]
    assert seen["bob"] == {"status": "offline", "last_seen": None, "devices": 0}
    assert (seen["cleo"]["status"], seen["ann"]["status"]) == ("online", "online")
    assert (await cleo.ok("watch_presence", watch))["presence"]["bob"]["status"] == "online"
    await bob.ok("set_presence", {"status": "away"})
    await cleo.ok("set_presence", {"status": "busy"})
    assert (await cleo.next("presence_changed"))["user_id"] == "bob"
    await ann.next("presence_changed")
    assert [one["user_id"] for one in ann.all("presence_changed")] == ["cleo"]


async def test_neither_books_with_the_other_and_who_books_for_others_does(
    home: House, apart: set[frozenset[str]]
) -> None:
    calendars = Calendars(home.region)
    schedule = a_schedule(services=(Service(service_id="talk", duration_minutes=60),))
    await calendars.configure("bob", schedule, by=Principal("bob", "therapist"))
    soon = datetime.now(UTC) + timedelta(days=2)
    monday = soon + timedelta(days=-soon.weekday() % 7)

    def body(hour: int, client: str) -> dict[str, object]:
        return {
            "therapist_id": "bob",
            "service_id": "talk",
            "start": f"{monday:%Y-%m-%d}T{hour:02}:00:00Z",
            "client_id": client,
        }

    for bearer in (token("ann"), token("bob", "therapist")):
        problem = await home.refused(403, "permission_denied", "POST", "/api/bookings", body(9, "ann"), bearer=bearer)
        assert problem["details"] == REASON
    made = await home.ok("POST", "/api/bookings", body(9, "ann"), bearer=home.admin())
    await home.ok("POST", "/api/bookings", body(10, "cleo"), bearer=token("cleo"))
    cancelled = {"reason": "client_request"}
    await home.ok("POST", f"/api/bookings/{made['id']}/cancel", cancelled, bearer=token("ann"))
