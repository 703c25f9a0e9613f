"""What clients may ask of keys, and what they are answered."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.devicekeys.records import ClaimedKey, DeviceKey, ShownDevice, ToDevice
from common.decoding import Id, Request, ShortText
from serve_app.edge.operation import Versioned

PublicKey = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/_-]{43}=?\Z", description="32 bytes, base64.")]
Signature = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/_-]{86}(==)?\Z", description="64 bytes, base64.")]
KeyId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/_=:.-]{1,64}\Z")]


class OneTimeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key, and what its device calls it."""

    key_id: KeyId
    key: PublicKey

    def kept(self) -> DeviceKey:
        """As it is kept."""
        return DeviceKey(self.key_id, self.key)


class PutDeviceKeys(Request, frozen=True, kw_only=True):
    """The keys by which others know a device of mine. `signature`: by its ed25519 key."""

    device_id: Id
    curve25519: PublicKey
    ed25519: PublicKey
    signature: Signature


class GetDeviceKeys(Request, frozen=True, kw_only=True):
    """The devices of people with whom one shares an encrypted room."""

    user_ids: Annotated[list[Id], Meta(min_length=1, max_length=100)]


class PutOneTimeKeys(Request, frozen=True, kw_only=True):
    """Keys that are each given out once; `fallback` when there are none left."""

    device_id: Id
    keys: Annotated[list[OneTimeKey], Meta(max_length=100)]
    fallback: OneTimeKey | None = None


class OfKeyDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device of somebody."""

    user_id: Id
    device_id: Id


class ClaimKeys(Request, frozen=True, kw_only=True):
    """A key of each of these devices."""

    devices: Annotated[list[OfKeyDevice], Meta(min_length=1, max_length=100)]


class ToDeviceMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message to a device. `body`: an object of at most 16 KiB."""

    user_id: Id
    device_id: Id
    type: ShortText
    body: dict[str, Any]


class SendToDevice(Request, frozen=True, kw_only=True):
    """Messages to devices. `from_device`: of mine, by which they come; without it, that of the token."""

    messages: Annotated[list[ToDeviceMessage], Meta(min_length=1, max_length=100)]
    from_device: Id | None = None


class GetToDevice(Request, frozen=True, kw_only=True):
    """What waits for a device of mine."""

    device_id: Id
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class AckToDevice(Request, frozen=True, kw_only=True):
    """My devices have these."""

    message_ids: Annotated[list[Id], Meta(min_length=1, max_length=200)]


class PutKeyBackup(Request, Versioned, frozen=True, kw_only=True):
    """A backup that was sealed by a device of mine. `version`: of the one that it takes the place of."""

    data: Annotated[str, Meta(min_length=1, max_length=1 << 20)]


class OfBackup(Request, frozen=True, kw_only=True):
    """My backup."""


class DropKeyBackup(OfBackup, Versioned, frozen=True, kw_only=True):
    """None of my backups any more. `version`: of the newest."""


class DeviceList(msgspec.Struct, frozen=True, kw_only=True):
    """Devices."""

    devices: list[ShownDevice]


class ClaimedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys. Devices that have none are left out."""

    keys: list[ClaimedKey]


class ToDevicePage(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, the oldest first."""

    messages: list[ToDevice]


class SentToDevices(msgspec.Struct, frozen=True, kw_only=True):
    """To how many devices a message is on its way: of all that there are."""

    sent: int


class BackupVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Which it is now."""

    version: int


LARGEST_BODY = 16 * 1024
