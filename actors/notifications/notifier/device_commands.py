"""What can be asked of a notifier about the devices of its person, and what these tell of pushes."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.notifications.activities import Service
from actors.notifications.notifier.device_answers import DeviceAnswer, DevicesAnswer, DeviceSessions, ReceiptsTaken
from common.persons import NothingToTell


class RegisterDevice(Command[DeviceAnswer], frozen=True, kw_only=True, tag="register"):
    """Push to this device. `mark`: a hash of its token or endpoint; `secret`: its packed address. `prove`: it is
    unproven until it repeats the `proof` of its address, which it is pushed."""

    mark: str
    device_id: str
    service: Service
    platform: str
    session: str = ""
    locale: str = ""
    tz: str = ""
    app_version: str = ""
    permission: str = ""
    prove: bool = False
    secret: bytes | None = None


class ProveDevice(Command[DeviceAnswer], frozen=True, tag="prove_device"):
    """The device repeats what it was pushed."""

    device_id: str
    proof: str


class EndProof(Command[NothingToTell], frozen=True, tag="end_proof"):
    """A timer: the device that registered at `at_ms` has had its time to prove itself."""

    device_id: str
    at_ms: int


class ListDevices(Command[DevicesAnswer], frozen=True, tag="devices"):
    """The devices of the person."""


class TraceDevices(Command[DeviceSessions], frozen=True, tag="trace_devices"):
    """In which sessions they registered, for whoever must know whether those last."""


class RemoveDevice(Command[NothingToTell], frozen=True, tag="remove_device"):
    """Push to it no more."""

    device_id: str


class TryDevice(Command[NothingToTell], frozen=True, tag="try_device"):
    """Push something that shows that it works."""

    device_id: str


class DropDevice(Command[NothingToTell], frozen=True, tag="drop_device"):
    """The token or endpoint with this hash is somebody else's from now on. Only Carewire itself says so."""

    mark: str


class NotePermission(Command[NothingToTell], frozen=True, tag="permission"):
    """What the device's system says about notifications."""

    device_id: str
    state: Literal["granted", "denied", "default"]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery on its device. `at_ms`: when, as the device has it; 0: it does not say."""

    delivery_id: str
    event: Literal["displayed", "opened", "dismissed", "action"]
    action: str = ""
    at_ms: int = 0


class RecordReceipts(Command[ReceiptsTaken], frozen=True, tag="receipts"):
    """Devices tell what became of what they were sent."""

    receipts: tuple[Receipt, ...]
