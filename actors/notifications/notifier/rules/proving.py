"""Decisions about whether whoever registered a token holds the device: it repeats what it is pushed. Pure."""

import hmac
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.notifications.activities import Address, Sending
from actors.notifications.notifier.device_answers import DeviceAnswer, wire_device
from actors.notifications.notifier.device_commands import EndProof, ProveDevice
from actors.notifications.notifier.events import DeviceKept, DeviceNoted, Owing, TrialOwed
from actors.notifications.notifier.items.folding import device_part
from actors.notifications.notifier.rules.facts import lane_of
from actors.notifications.notifier.state import NotifierState
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.timeline import DAY_MS

PROVE_WITHIN_MS: Final = DAY_MS
_pack: Final = msgspec.msgpack.Encoder().encode
_address: Final = msgspec.msgpack.Decoder(Address).decode


def asked_for(user: str, device: DeviceKept, now_ms: int) -> tuple[TrialOwed, SetTimer]:
    """What is pushed to a device that is to prove itself, and the end of its time."""
    owing = Owing(
        key=f"prove|0|{device.id}|{now_ms}",
        sending=Sending(user, "prove", "", device=device.id, sure=True),
        connector=device.service,
        lane=lane_of(device.id),
        deadline_ms=now_ms + PROVE_WITHIN_MS,
        urgency="now",
    )
    ending = EndProof(device.id, device.at_ms)
    return TrialOwed(owing=owing), SetTimer(f"proof|{device.id}", now_ms + PROVE_WITHIN_MS, _pack(ending))


def prove(state: NotifierState, command: ProveDevice, context: Context) -> Decision:
    """It has what it was pushed, so it is active; one that is so already stays so.

    Raises:
        NotFound: there is no such device.
        FailedPrecondition: it is gone.
        InvalidArgument: it was pushed something else.
    """
    device = state.kept.devices.get(command.device_id)
    if device is None:
        raise NotFound("There is no such device.")
    packed = context.parts.get(device_part(device.id))
    if device.state == "gone" or packed is None:
        raise FailedPrecondition("This device is gone. Register it again.", details={"reason": "device_gone"})
    if device.state not in ("unproven", "quarantined"):
        return Decision(DeviceAnswer(wire_device(device)))
    proof: str = getattr(_address(packed), "proof", "")
    if not proof or not hmac.compare_digest(proof.encode(), command.proof.encode()):
        raise InvalidArgument("This is not what the device was pushed.", details={"field": "proof"})
    proven = msgspec.structs.replace(device, state="active")
    return Decision(DeviceAnswer(wire_device(proven)), notes=[DeviceNoted(device=proven)])


def end(state: NotifierState, command: EndProof) -> Decision:
    """Its time is over; one that registered anew meanwhile has a time of its own."""
    device = state.kept.devices.get(command.device_id)
    if device is None or device.state != "unproven" or device.at_ms != command.at_ms:
        return Decision({})
    return Decision({}, notes=[DeviceNoted(device=msgspec.structs.replace(device, state="quarantined"))])
