"""Devices and keys, as data, and as people see them. All keys are public halves: secret ones never leave a
device."""

from typing import Final

import msgspec

from common.persons import OtherId, UserId

MOST_KEYS: Final = 200
"""One-time keys of a device that nobody has had yet."""
MOST_HAD: Final = 500
"""Of the keys that somebody had last, the names are remembered, so that none comes twice."""
MOST_WAITING: Final = 1_000
"""Messages that wait for a device."""
MOST_DEVICES: Final = 50
KEPT_MS: Final = 30 * 86_400_000
BACKUPS: Final = 3


class DeviceKey(msgspec.Struct, frozen=True, array_like=True):
    """A public key, and what its device calls it."""

    id: str
    key: str


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A message on its way to a device: its id, the number of its event, and when it came (ms)."""

    id: str
    seq: int
    at: int


class Device(msgspec.Struct, frozen=True, array_like=True):
    """One device. `session`: in which it was put here ("": one of another issuer), `since` when (ms).
    `had`: the names of keys that somebody has had, those of late last."""

    curve25519: str
    ed25519: str
    signature: str
    keys: tuple[DeviceKey, ...] = ()
    fallback: DeviceKey | None = None
    session: str = ""
    since: int = 0
    had: tuple[str, ...] = ()


class ShownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a device by which others know it."""

    user_id: UserId
    device_id: str
    curve25519: str
    ed25519: str
    signature: str


class ClaimedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key for one conversation. `fallback`: there are no others left, so somebody else may have had it too."""

    user_id: UserId
    device_id: str
    key_id: OtherId
    key: str
    fallback: bool


class KeyCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many one-time keys nobody has had yet."""

    device_id: str
    one_time_keys: int


class DeviceName(msgspec.Struct, frozen=True, kw_only=True):
    """A device of somebody."""

    user_id: UserId
    device_id: str


class ToDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a device."""

    message_id: str
    device_id: str
    sender: DeviceName = msgspec.field(name="from")
    type: str
    body: msgspec.Raw


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What the person's devices sealed; the server cannot open it."""

    version: int
    data: str
