"""Files as the kernel sees them. Nobody listens to one."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.files.activities import FILES, SCAN, InspectFile, Scan, Wipe
from actors.files.commands import BeginFile, FileCommand
from actors.files.entity import NAME, FileEntity, look_key, scan_key
from actors.files.events import FileChanged, FileEvent
from actors.files.records import FileRecord
from actors.files.views import INDEXES, views_of
from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Library, Principal, Recorded
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(FileRecord | None).decode


class FileKind(Kind[FileEntity, FileCommand, FileEvent, bytes]):
    """`file:<id>`. Its one part is its name."""

    name = "file"
    commands = FileCommand
    events = FileEvent
    indexes = INDEXES

    @override
    def create(self, key: str) -> FileEntity:
        return FileEntity(key)

    @override
    def snapshot(self, entity: FileEntity) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> FileEntity:
        return FileEntity(key, _state(state))

    @override
    def admit(self, entity: FileEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a file.")

    @override
    def show(self, entity_id: str, recorded: Recorded[FileEvent], part: bytes | None) -> None:
        return None

    @override
    def assume_new(self, command: FileCommand) -> bool:
        return isinstance(command, BeginFile)

    @override
    def needs(self, entity: FileEntity, command: FileCommand) -> Sequence[str]:
        return (NAME,) if entity.record is not None and entity.record.state != "erased" else ()

    @override
    def part_of(self, recorded: Recorded[FileEvent]) -> str | None:
        event = recorded.event
        return NAME if isinstance(event, FileChanged) and event.change in ("begun", "erased") else None

    @override
    def fold(self, part: bytes | None, recorded: Recorded[FileEvent]) -> bytes:
        return recorded.event.secret or b""

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        found = await library.at(entity_id, [1])
        return {NAME: found[0].event.secret or b""} if found else {}

    @override
    def answered(self, entity: FileEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def still(self, entity: FileEntity, key: str, payload: bytes) -> bool:
        return entity.still(key)

    @override
    def effects(self, entity_id: str, recorded: Recorded[FileEvent], part: bytes | None) -> Effects | None:
        event = recorded.event
        if not isinstance(event, FileChanged):
            return None
        redact = range(1, recorded.seq) if event.change == "erased" else ()
        return Effects(
            views=views_of(event, recorded.seq), redact=tuple(redact), activities=_owed(event, recorded.seq, part)
        )


def _owed(event: FileChanged, seq: int, name: bytes | None) -> list[Activity]:
    one, owed = event.record, []
    if event.change == "begun":
        owed.append(_look(one, (name or b"").decode()))
    elif event.change in ("looked", "rescan"):
        owed.append(_scan(one))
    if event.wipe:
        owed.append(Activity(connector=FILES, key=f"wipe|{seq}", payload=_pack(Wipe(blobs=event.wipe))))
    return owed


def _look(one: FileRecord, name: str) -> Activity:
    """Only the extension of the name is told."""
    _, dot, extension = name.rpartition(".")
    look = InspectFile(
        file=one.id,
        owner=one.owner,
        blob=one.blob,
        claimed=one.claimed,
        extension=extension.lower()[:16] if dot else "",
        expected=one.expected,
    )
    return Activity(
        connector=FILES, key=look_key(one.step), payload=_pack(look), owner=one.owner, urgency="now", ask=True
    )


def _scan(one: FileRecord) -> Activity:
    """What was uploaded is scanned, not what was made of it. Its event says by when, where people may
    have a file without."""
    scan = Scan(file=one.id, blob=one.original or one.blob)
    return Activity(
        connector=SCAN,
        key=scan_key(one.step),
        payload=_pack(scan),
        owner=one.owner,
        urgency="now",
        deadline_ms=None if one.mode == "required" else one.due,
        ask=True,
    )
