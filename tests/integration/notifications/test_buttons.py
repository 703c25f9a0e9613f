"""What can be done about a notification from a list, a socket or a lock screen, with one press, from end to end."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.notifier.commands import Tell
from actors.workflows.notify import outcome_of
from tests.gateway_rig import Client
from tests.identity_rig import House, house
from tests.integration.identity.attacks.victim import HOURS, SERVICE, when
from tests.mongo import url_of
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_MS = 86_400_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    rig = house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path_factory.mktemp("buttons"))
    async with rig as made:
        await made.gateway()
        yield made


class Practice:
    """A client, and a therapist who is asked before anything is booked."""

    def __init__(self, home: House, ada: Any, tess: Any) -> None:
        self.home = home
        self.ada, self.tess = ada["access_token"], tess["access_token"]
        self.tess_id = tess["user"]["user_id"]

    async def book(self, hour: int) -> Any:
        body = {"therapist_id": self.tess_id, "service_id": "talk", "start": when(hour)}
        return await self.home.ok("POST", "/api/bookings", body, bearer=self.ada)

    async def booking(self, booking: Any) -> Any:
        return await self.home.ok("GET", f"/api/bookings/{booking['id']}", bearer=self.ada)

    async def told(self, bearer: str, name: str) -> Any:
        """What a person was told last, of this type, as their list has it."""
        found: list[Any] = []

        async def so() -> bool:
            path = f"/api/notifications?type={name}"
            found[:] = (await self.home.ok("GET", path, bearer=bearer))["notifications"]
            return bool(found)

        await eventually(so, f"nobody is told of {name}")
        return found[0]


@pytest_asyncio.fixture(loop_scope="module")
async def at(home: House) -> Practice:
    name = uuid.uuid4().hex[:8]
    ada, tess = await home.register(f"ada-{name}@example.org"), await home.staff(f"t-{name}@example.org", "therapist")
    schedule = {
        "tz": "UTC",
        "weekly": HOURS,
        "slot_minutes": 60,
        "services": [SERVICE],
        "rules": {"requires_confirmation": True},
    }
    await home.ok("PUT", f"/api/calendars/{tess['user']['user_id']}", schedule, bearer=tess["access_token"])
    return Practice(home, ada, tess)


def button(notification: Any, action: str) -> str:
    """The token behind it."""
    links = {one["id"]: one["link"] for one in notification["actions"]}
    path, _, token = links[action].rpartition("/l/")
    assert "/" not in token
    assert path in ("", "http://127.0.0.1:8000")
    return str(token)


async def press(home: House, token: str) -> Any:
    looked = await home.ok("GET", f"/api/actions/{token}")
    assert looked["state"] == "open"
    return await home.ok("POST", f"/api/actions/{token}")


async def heard(socket: Client, name: str) -> Any:
    """The notification of this type, at a socket."""

    def found(client: Client) -> list[Any]:
        return [one["notification"] for one in client.all("notification") if one["notification"]["type"] == name]

    await socket.until(lambda client: bool(found(client)), f"nothing is heard of {name}")
    return found(socket)[-1]


async def test_a_therapist_confirms_from_the_list_and_the_client_cancels_at_a_socket(at: Practice) -> None:
    socket = await at.home.socket(at.ada)
    booking = await at.book(9)
    assert booking["status"] == "pending"
    asked = await at.told(at.tess, "booking_requested")
    assert [one["title"] for one in asked["actions"]] == ["Confirm this session", "Cancel this session"]
    assert asked["link"].endswith(f"/open/booking/{booking['id']}")
    done = await press(at.home, button(asked, "confirm_booking"))
    assert done == {"state": "done", "result": {"booking_id": booking["id"], "status": "confirmed"}}
    assert (await at.booking(booking))["status"] == "confirmed"
    shown = await heard(socket, "booking_confirmed")
    token = button(shown, "cancel_booking")
    assert (await socket.ok("get_action", {"token": token}))["state"] == "open"
    assert (await socket.ok("act", {"token": token}))["result"]["status"] == "cancelled"
    assert (await socket.ok("act", {"token": token}))["already"] is True
    assert (await at.booking(booking))["status"] == "cancelled"


async def test_what_has_changed_since_is_not_done_by_an_old_button(at: Practice) -> None:
    booking = await at.book(11)
    old = button(await at.told(at.tess, "booking_requested"), "confirm_booking")
    await at.home.ok("POST", f"/api/bookings/{booking['id']}/cancel", {}, bearer=at.ada)
    assert (await at.home.ok("GET", f"/api/actions/{old}"))["state"] == "stale"
    await at.home.refused(412, "failed_precondition", "POST", f"/api/actions/{old}")


@pytest.mark.parametrize(("action", "status"), [("complete_booking", "completed"), ("mark_no_show", "no_show")])
async def test_how_a_session_went_is_said_with_one_press_though_it_was_told_of_and_reminded_of_before(
    at: Practice, action: str, status: str
) -> None:
    home = at.home
    booking = await at.book(13)
    await press(home, button(await at.told(at.tess, "booking_requested"), "confirm_booking"))
    confirmed = await at.booking(booking)
    await at.told(at.tess, "booking_confirmed")
    await home.ok("POST", f"/api/bookings/{booking['id']}/reminders", {}, bearer=at.tess)
    await at.told(at.tess, "appointment_reminder")
    subject = outcome_of(booking["id"], confirmed["version"])
    asked = Tell(name="session_outcome", subject=subject, link=f"/open/booking/{booking['id']}")
    await home.region.ask(f"notifier:{at.tess_id}", asked, by=SYSTEM)
    shown = await at.told(at.tess, "session_outcome")
    assert [one["id"] for one in shown["actions"]] == ["complete_booking", "mark_no_show"]
    token = button(shown, action)
    await home.refused(412, "failed_precondition", "POST", f"/api/actions/{token}")  # it has not begun
    ahead_ms = home.clock.ahead_ms
    home.clock.ahead_ms = ahead_ms + 8 * DAY_MS
    try:
        assert (await press(home, token))["result"] == {"booking_id": booking["id"], "status": status}
        other = button(shown, "mark_no_show" if action == "complete_booking" else "complete_booking")
        assert (await home.ok("GET", f"/api/actions/{other}"))["state"] == "stale"
    finally:
        home.clock.ahead_ms = ahead_ms

    async def taken_back() -> bool:
        path = "/api/notifications?type=session_outcome"
        return not (await home.ok("GET", path, bearer=at.tess))["notifications"]

    await eventually(taken_back, "it is still asked how the session went")


async def test_who_tells_somebody_gets_no_button_that_acts_as_them(at: Practice) -> None:
    ada = await at.home.ok("GET", "/api/auth/me", bearer=at.ada)
    body = {"user_id": ada["user_id"], "title": "Closed on Friday", "body": "", "dedupe_key": "friday"}
    for _ in range(2):
        made = await at.home.ok("POST", "/api/notifications", body, bearer=at.home.admin())
        assert "actions" not in made["notification"]
    shown = await at.told(at.ada, "announcement")
    await press(at.home, button(shown, "mark_read"))
    path = f"/api/notifications/{shown['id']}"
    assert (await at.home.ok("GET", path, bearer=at.ada))["notification"]["read_at"] is not None
