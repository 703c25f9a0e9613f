"""What follows from emergencies: who is asked to come, how, and who sees how it goes on."""

from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from actors.emergencies.emergency.events import EmergencyChanged, Located
from actors.emergencies.ladders import STANDARD
from actors.emergencies.records import Emergency, shown
from actors.inboxes.commands import Deliver
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from tests.unit.workflows.test_table import RULES

AT: Final = 1_763_631_000_000
EMERGENCY: Final = Emergency(
    id="emg_1",
    user="ada",
    kind="self_harm",
    status="raised",
    by="ada",
    created=AT,
    rungs=STANDARD.rungs,
    known=(),
    asked=("tess", "mo"),
)
RAISED: Final = EmergencyChanged(author="ada", emergency=EMERGENCY, change="asked", asked=("tess",), mailed=("tess",))
OVER: Final = EmergencyChanged(emergency=replace(EMERGENCY, status="resolved", ended=AT), change="resolved")
TOLD: Final = {"tell_emergency", "tell_located", "notify_emergency"}


def letters(rule: str, event: Event, kind: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    """What the rule writes because of the event numbered 7 of the entity 1: to whom, and which command."""
    found = RULES[rule]
    owed = owed_by([found], f"{found.kind}:1", Recorded(7, AT, 3, event), "7").letters
    for place, (command_id, letter) in enumerate(owed):
        assert command_id == command_id_of(letter.to, f"{found.kind}:1", "7", rule, place)
        assert letter.to.partition(":")[0] in found.to
    return [(letter.to, msgspec.msgpack.decode(letter.command, type=kind)) for _, letter in owed]


def heard(rule: str, event: Event) -> list[tuple[str, str, Any]]:
    """Which socket event each mailbox gets."""
    return [(to, said.name, msgspec.json.decode(said.payload)) for to, said in letters(rule, event, Deliver)]


def test_who_is_asked_hears_an_alarm_and_everybody_else_that_it_goes_on() -> None:
    payload = {"emergency": msgspec.to_builtins(shown(EMERGENCY, 7))}
    assert heard("tell_emergency", RAISED) == [
        ("user:tess", "emergency_alert", payload),
        ("user:mo", "emergency_updated", payload),
        ("user:ada", "emergency_updated", payload),
    ]


def test_that_a_place_is_known_is_told_without_the_place() -> None:
    located = Located(author="ada", secret=b"52.5", emergency=EMERGENCY)
    told = heard("tell_located", located)
    assert [(to, name) for to, name, _ in told] == [
        ("user:tess", "emergency_updated"),
        ("user:mo", "emergency_updated"),
    ]
    assert "52.5" not in str(told)


@pytest.mark.parametrize(
    ("channels", "mailed", "by"),
    [
        ((), ("tess",), ("in_app", "push", "email")),
        ((), (), ("in_app", "push")),
        (("email",), ("tess",), ("in_app", "email")),
        (("push",), (), ("in_app", "push")),
    ],
)
def test_an_alarm_goes_by_the_channels_of_its_rung(
    channels: tuple[str, ...], mailed: tuple[str, ...], by: tuple[str, ...]
) -> None:
    event = replace(RAISED, channels=channels, mailed=mailed)
    ((to, tell),) = letters("notify_emergency", event, Tell)
    assert to == "notifier:tess"
    assert (tell.name, tell.priority, tell.channels, tell.at_once) == ("emergency_alert", "critical", by, True)
    assert tell.subject == Subject("emergency", "emg_1", 7)
    assert tell.link == "/open/emergency/emg_1"
    assert tell.secret is None


def test_what_is_over_is_taken_back_from_everybody_who_was_asked() -> None:
    taken = letters("notify_emergency", OVER, Tell)
    assert [to for to, _ in taken] == ["notifier:tess", "notifier:mo"]
    assert all(tell.withdraw and tell.subject == Subject("emergency", "emg_1", 7) for _, tell in taken)


def test_a_change_that_asks_nobody_notifies_nobody() -> None:
    assert letters("notify_emergency", replace(RAISED, change="joined", asked=(), mailed=()), Tell) == []
