"""How a device is, by what became of pushes to it and by what it says itself; and what is pushed to it then."""

from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.activities import FcmAddress
from actors.notifications.notifier.commands import Explain, ListDeliveries, Render, SetPreferences
from actors.notifications.notifier.device_commands import (
    ListDevices,
    NotePermission,
    ProveDevice,
    RegisterDevice,
    TryDevice,
)
from actors.notifications.notifier.subjects import Words
from common.errors import FailedPrecondition, InvalidArgument
from common.timeline import DAY_MS
from tests.unit.notifications.notifier_world import SECOND_MS, Told

PROOF: Final = "what-it-was-pushed"
WORDS: Final = msgspec.msgpack.encode(Words(title="Title", body="Body"))


def register_app(told: Told, *, prove: bool = True) -> Any:
    secret = msgspec.msgpack.encode(FcmAddress(token="the-token", proof=PROOF if prove else ""))
    command = RegisterDevice(mark="app", device_id="app", service="fcm", platform="android", prove=prove, secret=secret)
    return told.ask(command)["device"]


def state_of(told: Told, device: str) -> str:
    states: dict[str, str] = {one["device_id"]: one["state"] for one in told.ask(ListDevices())["devices"]}
    return states[device]


def pushed(told: Told) -> list[str]:
    """Tell something, and wait until it is pushed: to which devices."""
    told.owed()
    told.tell(secret=WORDS)
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    return [one.device for _, one in told.owed() if one.what == "push"]


def push_activity(told: Told) -> Any:
    told.activities()
    told.tell()
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    return told.activities()[-1]


def test_a_device_that_is_refused_a_push_fails_until_it_takes_one() -> None:
    told = Told()
    told.register()
    told.answer(push_activity(told), "refused", code="provider_refused")
    assert state_of(told, "phone") == "failing"
    told.answer(push_activity(told))
    assert state_of(told, "phone") == "active"


@pytest.mark.parametrize("code", ["payload_too_large", "stale", "not_configured"])
def test_what_is_not_about_the_device_leaves_it_as_it_is(code: str) -> None:
    told = Told()
    told.register()
    told.answer(push_activity(told), "refused", code=code)
    assert state_of(told, "phone") == "active"


def test_nothing_is_pushed_where_the_system_forbids_it_and_granting_it_resumes() -> None:
    told = Told()
    told.register("phone")
    told.register("tablet")
    assert pushed(told) == ["phone", "tablet"]
    told.ask(NotePermission("phone", "denied"))
    assert pushed(told) == ["tablet"]
    told.ask(NotePermission("phone", "granted"))
    assert pushed(told) == ["phone", "tablet"]


def test_what_a_denied_device_is_not_told_says_why() -> None:
    told = Told()
    told.register("phone")
    told.register("tablet")
    told.ask(NotePermission("phone", "denied"))
    notification = told.tell()
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    found = told.ask(ListDeliveries(notification["id"]))
    by_device = {one["device_id"]: one for one in found["deliveries"] if "device_id" in one}
    assert by_device["tablet"]["state"] == "queued"
    assert (by_device["phone"]["state"], by_device["phone"]["reason"]) == ("skipped", "preference_off")
    with pytest.raises(FailedPrecondition, match="forbids"):
        told.ask(TryDevice("phone"))
    told.ask(NotePermission("tablet", "denied"))
    step = told.ask(Explain(name="announcement", channel="push"))["steps"][-1]
    assert (step["rule"], step["outcome"]) == ("no_device", "skip")
    assert step["detail"] == "The device's system forbids notifications."


def test_a_queued_push_is_not_sent_where_it_was_denied_a_moment_ago() -> None:
    told = Told()
    told.register()
    push = push_activity(told)
    assert told.still(push)
    told.ask(NotePermission("phone", "denied"))
    assert not told.still(push)
    told.answer(push, "stale")
    notification = told.ask(ListDeliveries(told.tell()["id"]))
    assert notification["why"]["push"]["verdict"] in ("held", "skipped")


def test_registering_the_same_token_again_keeps_what_its_system_said() -> None:
    told = Told()
    told.register()
    told.ask(NotePermission("phone", "denied"))
    told.register()
    assert pushed(told) == []
    told.register(permission="granted")
    assert pushed(told) == ["phone"]


def test_an_app_is_pushed_a_proof_and_is_active_once_it_repeats_it() -> None:
    told = Told()
    told.ask(SetPreferences(preview="full"))
    assert register_app(told)["state"] == "unproven"
    (proof,) = [one for _, one in told.owed()]
    assert proof.what == "prove"
    assert told.ask(Render(proof), SYSTEM)["push"]["proof"] == PROOF
    told.tell(secret=WORDS)
    told.pass_time(told.now_ms + 6 * SECOND_MS)
    (sending,) = [one for _, one in told.owed() if one.what == "push"]
    assert told.ask(Render(sending), SYSTEM)["push"]["title"] == ""  # who has the token is not known
    with pytest.raises(InvalidArgument):
        told.ask(ProveDevice("app", "something else"))
    assert told.ask(ProveDevice("app", PROOF))["device"]["state"] == "active"
    assert told.ask(Render(sending), SYSTEM)["push"]["title"] == "Title"
    assert register_app(told)["state"] == "active"  # the same token was proven
    told.pass_time(told.now_ms + 2 * DAY_MS)
    assert state_of(told, "app") == "active"


def test_an_app_that_does_not_prove_itself_in_a_day_is_told_nothing() -> None:
    told = Told()
    register_app(told)
    told.pass_time(told.now_ms + DAY_MS - 60 * SECOND_MS)
    assert state_of(told, "app") == "unproven"
    told.pass_time(told.now_ms + 120 * SECOND_MS)
    assert state_of(told, "app") == "quarantined"
    assert pushed(told) == []
    told.ask(TryDevice("app"))
    (trial,) = [one for _, one in told.owed()]
    assert told.ask(Render(trial), SYSTEM)["push"]["proof"] == PROOF
    told.ask(ProveDevice("app", PROOF))
    assert pushed(told) == ["app"]


def test_an_app_that_registers_anew_has_a_day_of_its_own() -> None:
    told = Told()
    register_app(told)
    told.pass_time(told.now_ms + DAY_MS // 2)
    register_app(told)
    told.pass_time(told.now_ms + DAY_MS * 3 // 4)
    assert state_of(told, "app") == "unproven"


def test_an_app_whose_proof_is_refused_is_quarantined_at_once() -> None:
    told = Told()
    register_app(told)
    told.answer(told.activities()[-1], "refused", code="provider_refused")
    assert state_of(told, "app") == "quarantined"


def test_where_nothing_is_to_be_proven_an_app_is_active() -> None:
    told = Told()
    assert register_app(told, prove=False)["state"] == "active"
