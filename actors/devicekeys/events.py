"""What happens to somebody's keys. Public halves lie in the clear; what is on its way to a device, and backups, are
sealed by clients, and here once more under the key of their owner. New members stand at the end, with defaults."""

from actors.devicekeys.records import DeviceKey
from actors.kernel.contract.entity import Event


class DevicePut(Event, frozen=True, kw_only=True, array_like=True, tag="device"):
    """A device is in the directory. `fresh`: others have not known it."""

    device: str
    curve25519: str
    ed25519: str
    signature: str
    session: str
    fresh: bool
    at: int


class KeysPut(Event, frozen=True, kw_only=True, array_like=True, tag="keys"):
    """There are more one-time keys."""

    device: str
    keys: tuple[DeviceKey, ...]
    fallback: DeviceKey | None


class KeyClaimed(Event, frozen=True, kw_only=True, array_like=True, tag="claimed"):
    """Somebody has a key now, for good."""

    device: str
    key: str


class MessageSent(Event, frozen=True, kw_only=True, array_like=True, tag="sent"):
    """A message waits for a device."""

    device: str
    id: str
    user: str
    sender: str
    kind: str
    at: int


class MessagesHad(Event, frozen=True, kw_only=True, array_like=True, tag="had"):
    """They have arrived, or waited for too long: the events of these numbers lose their secret."""

    ids: tuple[str, ...]
    seqs: tuple[int, ...]


class BackupPut(Event, frozen=True, kw_only=True, array_like=True, tag="backup"):
    """A backup is kept; older ones than the last three go."""

    version: int
    gone: tuple[int, ...]


class BackupsDropped(Event, frozen=True, kw_only=True, array_like=True, tag="no_backup"):
    """None is kept."""

    gone: tuple[int, ...]


class DevicesGone(Event, frozen=True, kw_only=True, array_like=True, tag="gone"):
    """They are in the directory no more, and nothing waits for them."""

    devices: tuple[str, ...]
    seqs: tuple[int, ...]


class DeviceReminded(Event, frozen=True, kw_only=True, array_like=True, tag="reminded"):
    """A note: the person's sockets are told once more. The secret is what: messages, as they are shown (JSON)."""

    device: str


DeviceKeysEvent = (
    DevicePut
    | KeysPut
    | KeyClaimed
    | MessageSent
    | MessagesHad
    | BackupPut
    | BackupsDropped
    | DevicesGone
    | DeviceReminded
)
