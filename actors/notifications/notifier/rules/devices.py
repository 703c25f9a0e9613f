"""Decisions about the devices of a person. Pure. To whom a token belongs is for `device:<hash>` to say."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.notifications.activities import Sending
from actors.notifications.notifier.device_answers import (
    DeviceAnswer,
    DevicesAnswer,
    DeviceSession,
    DeviceSessions,
    wire_device,
)
from actors.notifications.notifier.device_commands import (
    DropDevice,
    NotePermission,
    RegisterDevice,
    RemoveDevice,
    TryDevice,
)
from actors.notifications.notifier.events import (
    DENIED,
    DeviceEnded,
    DeviceKept,
    DeviceNoted,
    DeviceRegistered,
    Owing,
    PreferencesSet,
    TrialOwed,
)
from actors.notifications.notifier.rules import proving
from actors.notifications.notifier.rules.again import judged_again
from actors.notifications.notifier.rules.facts import Installation, lane_of
from actors.notifications.notifier.snapshot import MOST_DEVICES
from actors.notifications.notifier.state import NotifierState
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.ids import is_id
from common.timeline import MINUTE_MS

_WORTH_MS: Final = 10 * MINUTE_MS


def register(state: NotifierState, command: RegisterDevice, context: Context) -> Decision:
    """Keep the device. The same token again is the same device, proven if it was, and with what its system says of
    notifications unless that is told anew; of more than there may be, the oldest goes.

    Raises:
        InvalidArgument: it has no proper id or address.
    """
    if not is_id(command.device_id) or not command.mark or command.secret is None:
        raise InvalidArgument("A device has an id and an address.", details={"field": "device_id"})
    kept = state.kept.devices
    same = next((one for one in kept.values() if one.mark == command.mark and one.state != "gone"), None)
    device_id = same.id if same is not None else command.device_id
    former = kept.get(device_id)
    proven = same is not None and same.state in ("active", "failing")
    device = DeviceKept(
        id=device_id,
        mark=command.mark,
        service=command.service,
        platform=command.platform,
        at_ms=context.now_ms,
        session=command.session,
        state="unproven" if command.prove and not proven else "active",
        success_ms=former.success_ms if former is not None else 0,
        locale=command.locale or (same.locale if same is not None else ""),
        tz=command.tz or (same.tz if same is not None else ""),
        app_version=command.app_version,
        permission=command.permission or (same.permission if same is not None else ""),
    )
    still = former is not None and former.state != "gone"
    event = DeviceRegistered(
        author=state.id, secret=command.secret, device=device, former=former.registered if former and still else 0
    )
    events: list[Event] = [event, *_too_many(state, device_id, context.now_ms)]
    notes, timers = _moved(state, device, context.now_ms)
    if device.state == "unproven":
        owed, ending = proving.asked_for(state.id, device, context.now_ms)
        notes, timers = [*notes, owed], [*timers, ending]
    return Decision(DeviceAnswer(wire_device(device)), events=events, notes=notes, timers=timers)


def listed(state: NotifierState) -> Decision:
    """All devices, those that are gone too, the newest first."""
    devices = sorted(state.kept.devices.values(), key=lambda one: one.at_ms, reverse=True)
    return Decision(DevicesAnswer([wire_device(one) for one in devices]))


def traced(state: NotifierState) -> Decision:
    """In which sessions those registered that are not gone."""
    there = (one for one in state.kept.devices.values() if one.state != "gone")
    return Decision(DeviceSessions({one.id: DeviceSession(one.session, one.at_ms) for one in there}))


def remove(state: NotifierState, command: RemoveDevice, context: Context) -> Decision:
    """End it; one that is gone stays gone. Raises NotFound: there is no such device."""
    device = _device(state, command.device_id)
    events = [] if device.state == "gone" else [ended(device, "removed", context.now_ms)]
    return Decision({}, events=events)


def drop(state: NotifierState, command: DropDevice, context: Context) -> Decision:
    """Its token belongs to somebody else from now on."""
    taken = [one for one in state.kept.devices.values() if one.mark == command.mark and one.state != "gone"]
    return Decision({}, events=[ended(one, "taken_over", context.now_ms) for one in taken])


def permission(state: NotifierState, command: NotePermission) -> Decision:
    """What its system allows. Raises NotFound: there is no such device."""
    device = _device(state, command.device_id)
    if device.permission == command.state:
        return Decision({})
    return Decision({}, notes=[DeviceNoted(device=msgspec.structs.replace(device, permission=command.state))])


def try_out(state: NotifierState, house: Installation, command: TryDevice, context: Context) -> Decision:
    """Push something to it at once.

    Raises:
        NotFound: there is no such device.
        FailedPrecondition: it is gone, its system forbids it, or nobody can push to it from here.
    """
    device = _device(state, command.device_id)
    if device.state == "gone":
        raise FailedPrecondition("This device is gone. Register it again.", details={"reason": "device_gone"})
    if device.service not in house.services:
        raise FailedPrecondition("This installation cannot push to it.", details={"reason": "not_configured"})
    if device.permission == DENIED:
        raise FailedPrecondition(
            "The device's system forbids notifications. Allow them there.", details={"reason": "preference_off"}
        )
    key = f"test|0|{device.id}|{context.now_ms}"
    owing = Owing(
        key=key,
        sending=Sending(state.id, "test", "", device=device.id, sure=True),
        connector=device.service,
        lane=lane_of(device.id),
        deadline_ms=context.now_ms + _WORTH_MS,
        urgency="now",
    )
    return Decision({}, notes=[TrialOwed(owing=owing)])


def ended(device: DeviceKept, reason: str, now_ms: int) -> DeviceEnded:
    """The end of a device."""
    return DeviceEnded(device=msgspec.structs.replace(device, state="gone", gone_reason=reason, gone_ms=now_ms))


def _moved(state: NotifierState, device: DeviceKept, now_ms: int) -> tuple[list[Event], list[SetTimer]]:
    """Who chose no zone is in that of this device from now on: their nights and mornings are others."""
    preferences = state.kept.preferences
    timers = judged_again(state, now_ms) if device.tz not in ("", state.tz) and not preferences.tz else []
    return ([PreferencesSet(preferences=preferences, judge_ms=now_ms)] if timers else []), timers


def _too_many(state: NotifierState, device_id: str, now_ms: int) -> list[Event]:
    others = [one for one in state.kept.devices.values() if one.id != device_id and one.state != "gone"]
    others.sort(key=lambda one: one.at_ms)
    return [ended(one, "too_many", now_ms) for one in others[: max(0, len(others) + 1 - MOST_DEVICES)]]


def _device(state: NotifierState, device_id: str) -> DeviceKept:
    device = state.kept.devices.get(device_id)
    if device is None:
        raise NotFound("There is no such device.")
    return device
