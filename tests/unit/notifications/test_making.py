"""Who may tell whom what, asked of the service with a notifier that takes everything: care that rests, people who
cannot be reached, who was erased, what a link may be, and several at once."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.entity import Principal, as_themselves
from actors.notifications.notifier.answers import TellOutcome, WireNotification
from actors.notifications.notifier.commands import CountCreation, Tell
from actors.notifications.notifier.device_answers import DevicesAnswer, DeviceSession, DeviceSessions, WireDevice
from actors.notifications.notifier.device_commands import ListDevices, TraceDevices
from common.clock import SystemClock
from common.errors import FailedPrecondition, InvalidArgument, PermissionDenied
from common.reach import Reach
from serve_app.capabilities.notifications.device_operations import _apple
from serve_app.capabilities.notifications.requests import NewNotification
from serve_app.capabilities.notifications.service import Notifications, notification_in
from store.memory.views import MemoryViews

TESS: Final = Principal("tess", "therapist")
ROOT: Final = Principal("root", "admin")


def a_device(name: str) -> WireDevice:
    state = "gone" if name == "old" else "active"
    return WireDevice(device_id=name, platform="web", registered_at="", last_success_at=None, state=state)


class House:
    """Ada is in Tess's care, Bea's care rests; Cyd has blocked her, and Dee was erased."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.counted = 0
        entities: Any = self
        self.service = Notifications(
            entities,
            MemoryViews(),
            self._related,
            reach=Reach(self._unreachable),
            lives=self._lives,
            clock=SystemClock(),
        )

    async def _related(self, person: str, therapist: str) -> bool:
        return person in ("ada", "cyd") and therapist == "tess"

    async def _unreachable(self, user: str, others: Collection[str]) -> Collection[str]:
        return [other for other in others if other == "cyd"]

    async def _lives(self, user: str, session: str, since_ms: int) -> bool:
        return session != "ses_over"

    async def ask(self, entity_id: str, command: Any, **_: Any) -> Any:
        if isinstance(command, CountCreation):
            self.counted += 1
            return None
        if isinstance(command, ListDevices):
            return DevicesAnswer([a_device("old"), a_device("here"), a_device("over")])
        if isinstance(command, TraceDevices):
            return DeviceSessions({"here": DeviceSession("ses_1", 1), "over": DeviceSession("ses_over", 1)})
        assert isinstance(command, Tell)
        user = entity_id.partition(":")[2]
        if user == "dee":
            return TellOutcome()
        self.told.append(user)
        told = WireNotification(
            id="ntf_1",
            type=command.name,
            category="system",
            priority="normal",
            title="t",
            body="b",
            data=msgspec.Raw(b"{}"),
            created_at="",
            seq=1,
        )
        return TellOutcome(notification=told)

    def create(self, user: str, by: Principal = TESS, **more: Any) -> TellOutcome:
        asked = NewNotification(user_id=user, title="t", body="b", **more)
        return asyncio.run(self.service.create(asked, by=by, trace=""))

    def created(self, by: Principal, **body: Any) -> Any:
        return asyncio.run(self.service.created(0, body, by=by, trace=""))


def test_a_therapist_tells_people_in_their_care() -> None:
    house = House()
    house.create("ada")
    assert (house.told, house.counted) == (["ada"], 1)


@pytest.mark.parametrize("user", ["bea", "cyd", "tess", "stranger"])
def test_and_nobody_whose_care_rests_or_who_cannot_be_reached(user: str) -> None:
    house = House()
    with pytest.raises(PermissionDenied):
        house.create(user)
    assert (house.told, house.counted) == ([], 0)
    house.create(user, by=ROOT)  # whoever looks after the house reaches everybody
    assert house.told == [user]


def test_a_therapist_makes_announcements_and_nothing_else() -> None:
    with pytest.raises(PermissionDenied):
        House().create("ada", type="booking_confirmed")


@pytest.mark.parametrize("by", [Principal("ada", "client"), Principal("mo", "moderator")])
def test_nobody_else_tells_anybody_anything(by: Principal) -> None:
    with pytest.raises(PermissionDenied):
        House().create("bea", by=by)


@pytest.mark.parametrize("link", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_link_runs_nothing(link: str) -> None:
    with pytest.raises(InvalidArgument):
        House().create("ada", by=ROOT, link=link)


@pytest.mark.parametrize("link", ["/open/booking/1", "https://example.org/?q=javascript:", "carewire://booking/1"])
def test_a_link_leads_somewhere(link: str) -> None:
    assert House().create("ada", by=ROOT, link=link).notification is not None


def test_of_several_each_is_made_or_refused_on_its_own() -> None:
    house = House()
    body = {"title": "t", "body": "b"}
    made = house.created(ROOT, user_id="ada", **body)
    assert made == {"index": 0, "status": "created", "id": "ntf_1"}
    gone = house.created(ROOT, user_id="dee", **body)
    assert (gone["status"], gone["error"]["code"]) == ("refused", "failed_precondition")
    apart = house.created(TESS, user_id="cyd", **body)
    assert (apart["status"], apart["error"]["details"]["reason"]) == ("refused", "unreachable")
    wrong = house.created(ROOT, user_id="ada", colour="red", **body)
    assert (wrong["status"], wrong["error"]["code"]) == ("refused", "invalid_argument")


def test_who_was_erased_is_told_nothing_and_that_is_said() -> None:
    with pytest.raises(FailedPrecondition):
        notification_in(TellOutcome())


@pytest.mark.parametrize(("token", "kept"), [("A1" * 32, "a1" * 32), ("fake-Token_1", "fake-Token_1")])
def test_a_token_of_apple_has_one_spelling(token: str, kept: str) -> None:
    assert _apple(token) == kept


@pytest.mark.parametrize("token", ["../../3/device/other", "a?b", "a b", "a" * 201, "ä" * 8, "a\r\nb"])
def test_what_changes_an_address_is_no_token_of_apple(token: str) -> None:
    with pytest.raises(InvalidArgument):
        _apple(token)


def test_a_device_lasts_as_long_as_its_session() -> None:
    house = House()
    listed = asyncio.run(house.service.devices("ada", by=Principal("ada"), trace=""))
    assert [(one.device_id, one.state) for one in listed.devices] == [
        ("old", "gone"),
        ("here", "active"),
        ("over", "gone"),
    ]
    assert listed.devices[2].gone_reason == "session_ended"
    registered = [
        asyncio.run(house.service.is_registered("ada", name, by=as_themselves("ada"), trace=""))
        for name in ("old", "here", "over")
    ]
    assert registered == [False, True, False]
