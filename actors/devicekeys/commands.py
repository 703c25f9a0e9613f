"""What can be asked of somebody's keys, as it travels from region to shard."""

import msgspec

from actors.devicekeys.records import Backup, ClaimedKey, DeviceKey, KeyCount, ShownDevice, ToDevice
from actors.kernel.contract.entity import Command
from actors.kernel.contract.versions import Versions
from common.persons import NothingToTell


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device, and the session in which it was put here, when (ms)."""

    device: ShownDevice
    session: str
    since: int


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's devices, for Carewire itself."""

    devices: list[KnownDevice]


class ClaimResult(msgspec.Struct, frozen=True, kw_only=True):
    """The key; None: the device has none."""

    key: ClaimedKey | None


class QueuedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Is there such a device?"""

    known: bool


class DeviceQueue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a device, the oldest first."""

    messages: list[ToDevice]


class PutDevice(Command[ShownDevice], frozen=True, kw_only=True, tag="put_device"):
    """This is a device of mine, and its keys. Its identity never changes under one id."""

    device: str
    curve25519: str
    ed25519: str
    signature: str
    session: str = ""


class PutKeys(Command[KeyCount], frozen=True, kw_only=True, tag="put_keys"):
    """More one-time keys of a device of mine, and another fallback."""

    device: str
    keys: tuple[DeviceKey, ...]
    fallback: DeviceKey | None = None


class GetDevices(Command[Devices], frozen=True, tag="get_devices"):
    """Whose keys may be had is judged by who asks for people."""


class ClaimKey(Command[ClaimResult], frozen=True, kw_only=True, tag="claim"):
    """A key of this device, for nobody else."""

    device: str


class Send(Command[QueuedMessage], frozen=True, kw_only=True, tag="send"):
    """A message to a device. The secret is its body (JSON)."""

    device: str
    user: str
    sender: str
    kind: str
    secret: bytes | None = None


class GetMessages(Command[DeviceQueue], frozen=True, kw_only=True, tag="get_messages"):
    """What waits for a device of mine."""

    device: str
    limit: int = 100


class AckMessages(Command[NothingToTell], frozen=True, kw_only=True, tag="ack"):
    """My devices have these."""

    messages: tuple[str, ...]


class PutBackup(Command[Backup], frozen=True, kw_only=True, tag="put_backup"):
    """Keep this, in the place of the newest."""

    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class GetBackup(Command[Backup], frozen=True, tag="get_backup"):
    """The newest."""


class DropBackups(Command[NothingToTell], frozen=True, tag="drop_backups"):
    """Keep none any more."""

    versions: Versions = msgspec.UNSET


class DropDevices(Command[NothingToTell], frozen=True, kw_only=True, tag="drop_devices"):
    """These devices are no more: their session has ended, or ((): all) the person is being erased."""

    devices: tuple[str, ...] = ()
    session: str = ""


class RemindDevice(Command[NothingToTell], frozen=True, kw_only=True, tag="remind"):
    """A timer: what still waits for a device is told once more."""

    device: str
    again: int


DeviceKeysCommand = (
    PutDevice
    | PutKeys
    | GetDevices
    | ClaimKey
    | Send
    | GetMessages
    | AckMessages
    | PutBackup
    | GetBackup
    | DropBackups
    | DropDevices
    | RemindDevice
)
