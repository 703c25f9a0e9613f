"""Keys of devices as the kernel sees them. Nobody listens to them: whoever shares a room hears by inbox."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.devicekeys.commands import DeviceKeysCommand, DeviceQueue
from actors.devicekeys.entity import DeviceKeys, KeptBackup, KeyDirectory, WaitingMessages, shown
from actors.devicekeys.events import (
    BackupPut,
    BackupsDropped,
    DeviceKeysEvent,
    DevicesGone,
    MessageSent,
    MessagesHad,
)
from actors.devicekeys.records import Backup
from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded
from common.errors import NotFound, PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(KeyDirectory).decode


class DeviceKeysKind(Kind[DeviceKeys, DeviceKeysCommand, DeviceKeysEvent]):
    """`devicekeys:<user>`. Its parts are messages that are told once more, by number."""

    name = "devicekeys"
    commands = DeviceKeysCommand
    events = DeviceKeysEvent

    @override
    def create(self, key: str) -> DeviceKeys:
        return DeviceKeys(key)

    @override
    def snapshot(self, entity: DeviceKeys) -> bytes:
        return _pack(entity.kept)

    @override
    def restore(self, key: str, state: bytes) -> DeviceKeys:
        return DeviceKeys(key, _state(state))

    @override
    def admit(self, entity: DeviceKeys, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to keys.")

    @override
    def show(self, entity_id: str, recorded: Recorded[DeviceKeysEvent], part: None) -> None:
        return None

    @override
    def needs(self, entity: DeviceKeys, command: DeviceKeysCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        found = await library.at(entity_id, sorted(map(int, keys)))
        return {str(one.seq): one.event for one in found if isinstance(one.event, MessageSent)}

    @override
    def effects(self, entity_id: str, recorded: Recorded[DeviceKeysEvent], part: None) -> Effects | None:
        match recorded.event:
            case MessagesHad(seqs=seqs) | DevicesGone(seqs=seqs):
                return Effects(redact=seqs)
            case BackupPut(gone=gone) | BackupsDropped(gone=gone):
                return Effects(redact=gone)
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        match query:
            case WaitingMessages():
                found = await library.at(entity_id, query.seqs)
                return DeviceQueue(messages=[shown(one.event) for one in found if one.event.secret is not None])
            case KeptBackup():
                found = await library.at(entity_id, [query.seq])
                if not found or found[0].event.secret is None:
                    raise NotFound("There is no backup.")
                return Backup(version=query.version, data=found[0].event.secret.decode())
        return await super().read(query, entity_id, version, library)
