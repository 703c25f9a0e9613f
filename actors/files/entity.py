"""The rules of a file: scanning, then ready or rejected, and erased in the end. Who may read it is judged where rooms
can be asked (`serve_app.capabilities.files.sight`); here is what is asked of the file alone."""

from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.files.activities import FileInspection, Scanned
from actors.files.commands import (
    AcceptFile,
    BeginFile,
    EraseFile,
    ExpectFile,
    FileCommand,
    HoldFile,
    KnowFile,
    KnownFile,
    PlaceFile,
    ScanAgain,
)
from actors.files.events import Change, FileChanged, FileEvent, FileExpected
from actors.files.records import MOST_PLACES, FileRecord, shown
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, SetTimer
from common.errors import CarewireError, FailedPrecondition, NotFound, PermissionDenied
from common.persons import NothingToTell

NAME: Final = "name"
BEST_EFFORT_MS: Final = 10_000
"""How long a scanner is looked for, where people may have a file without."""
RESCAN_MS: Final = 300_000
MOST_RESCANS: Final = 100
_QUOTING: Final = ("begun", "ready", "rejected")
_DONE: Final = NothingToTell()
_NOTHING: Final = Decision(_DONE)
_looked: Final = msgspec.msgpack.Decoder(FileInspection).decode
_scanned: Final = msgspec.msgpack.Decoder(Scanned).decode
_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class FileEntity:
    """`record` is None until the bytes are there. `expected`: the last time that somebody was about to put it
    somewhere; not kept in snapshots, for it counts for some seconds only."""

    id: str
    record: FileRecord | None = None
    expected: int = 0

    def decide(self, command: FileCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such file, or none any more.
            PermissionDenied: it is somebody else's.
            FailedPrecondition: it is not ready; `details.state`.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        name = _name_in(context)
        if isinstance(command, BeginFile):
            return self._begin(command, context.now_ms)
        one = self._known()
        match command:
            case KnowFile():
                return Decision(KnownFile(record=one, name=name.decode(), expected=self.expected))
            case ExpectFile():
                return self._expect(one, command, name, context.now_ms)
            case PlaceFile():
                return self._place(one, command, name)
            case AcceptFile() if command.user not in one.accepted and one.state == "ready":
                return _changed(replace(one, accepted=(*one.accepted, command.user)), "accepted", name)
            case EraseFile() if one.state != "erased":
                return self._erase(one)
            case HoldFile():
                return self._hold(one, command, name)
            case ScanAgain() if one.scan == "pending" and command.step == one.step and one.state == "ready":
                due = context.now_ms + BEST_EFFORT_MS
                return _changed(replace(one, step=one.step + 1, due=due), "rescan", name)
        return _NOTHING

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What the bytes are, or what the scanner says. A stale answer changes nothing, but what it made is wiped."""
        one = self.record
        kind, _, step = answered.key.partition("|")
        if one is None or kind == "wipe":
            return Decision()
        name, current = _name_in(context), step == str(one.step) and one.state in ("scanning", "ready")
        if kind == "look":
            return self._looked(one, answered, name, context.now_ms) if current else _stale(one, answered, name)
        return self._scanned(one, answered, name, context.now_ms) if current else Decision()

    def still(self, key: str) -> bool:
        """Is this to be looked at still? Wiping always is."""
        kind, _, step = key.partition("|")
        one = self.record
        return kind == "wipe" or (one is not None and step == str(one.step) and one.state in ("scanning", "ready"))

    def apply(self, event: FileEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, FileExpected):
            self.expected = event.at
        else:
            self.record = event.record

    def _known(self) -> FileRecord:
        if self.record is None:
            raise _absent(self.id)
        return self.record

    def _begin(self, command: BeginFile, now_ms: int) -> Decision:
        if self.record is not None:
            return Decision(shown(self.record, ""))
        one = FileRecord(
            id=self.id,
            owner=command.owner,
            type=command.claimed or "application/octet-stream",
            size=command.size,
            created=now_ms,
            blob=command.blob,
            scan="none" if command.mode == "off" else "pending",
            mode=command.mode,
            claimed=command.claimed,
            expected=command.expected,
            room=command.room,
            keep=command.keep,
            step=1,
        )
        name = command.secret or b""
        return replace(_changed(one, "begun", name), reply=shown(one, ""))

    def _expect(self, one: FileRecord, command: ExpectFile, name: bytes, now_ms: int) -> Decision:
        if one.owner != command.user or one.state == "erased":
            raise _absent(self.id)
        if one.state != "ready":
            raise FailedPrecondition("This file is not ready.", details={"state": one.state, "file_id": self.id})
        note = FileExpected(room=command.room, at=now_ms)
        return Decision(shown(one, name.decode()), notes=(note,))

    def _place(self, one: FileRecord, command: PlaceFile, name: bytes) -> Decision:
        if one.owner != command.user or one.state != "ready" or command.place in one.places:
            return _NOTHING
        places = (*one.places, command.place)[-MOST_PLACES:]
        return _changed(replace(one, places=places), "placed", name, room=command.place.room)

    def _erase(self, one: FileRecord) -> Decision:
        gone = replace(
            one, state="erased", reason=None, type="", size=0, sha256="", claimed="", expected="", step=one.step + 1
        )
        if not one.held:
            gone = replace(gone, blob="", original="", picture=None)
        return _changed(gone, "erased", None, wipe=() if one.held else one.blobs)

    def _hold(self, one: FileRecord, command: HoldFile, name: bytes) -> Decision:
        """What was erased under a hold goes when the last one is released."""
        if (command.hold in one.held) is command.on:
            return _NOTHING
        held = (*one.held, command.hold) if command.on else tuple(hold for hold in one.held if hold != command.hold)
        after = replace(one, held=held)
        if held or one.state != "erased":
            return _changed(after, "held" if command.on else "freed", name)
        after = replace(after, blob="", original="", picture=None)
        return _changed(after, "freed", name, wipe=one.blobs)

    def _looked(self, one: FileRecord, answered: Answered, name: bytes, now_ms: int) -> Decision:
        if answered.outcome != "done":
            return _changed(replace(one, state="rejected", reason="unreadable"), "rejected", name)
        found = _looked(answered.result)
        after = replace(one, type=found.type, size=found.size, sha256=found.sha256, step=one.step + 1)
        if found.reason is not None:
            return self._reject(replace(after, reason=found.reason), name)
        original = one.blob if found.blob != one.blob else ""
        after = replace(after, blob=found.blob, original=original, picture=found.picture)
        if one.mode == "off":
            return self._ready(after, name)
        return _changed(replace(after, due=now_ms + BEST_EFFORT_MS), "looked", name)

    def _scanned(self, one: FileRecord, answered: Answered, name: bytes, now_ms: int) -> Decision:
        if answered.outcome == "done":
            if _scanned(answered.result).verdict == "infected":
                return self._reject(replace(one, reason="infected"), name)
            return self._ready(replace(one, scan="clean"), name)
        if one.mode == "required" or one.rescans >= MOST_RESCANS:
            return Decision()
        after = replace(one, state="ready", step=one.step + 1, rescans=one.rescans + 1)
        again = SetTimer(f"rescan|{after.step}", now_ms + RESCAN_MS, _pack(ScanAgain(step=after.step)))
        told: Change = "ready" if one.state == "scanning" else "kept"
        return replace(_changed(after, told, name), timers=(again,))

    def _ready(self, one: FileRecord, name: bytes) -> Decision:
        """The bytes that were uploaded go, where others took their place."""
        kept = one.original if one.keep else ""
        after = replace(one, state="ready", original=kept, step=one.step + 1)
        change: Change = "ready" if one.state == "scanning" else "kept"
        return _changed(after, change, name, wipe=(one.original,) if one.original != kept else ())

    def _reject(self, one: FileRecord, name: bytes) -> Decision:
        """Nobody gets its bytes any more, not even its owner, so nobody keeps them."""
        after = replace(one, state="rejected", blob="", original="", picture=None, step=one.step + 1)
        return _changed(after, "rejected", name, wipe=one.blobs)


def look_key(step: int) -> str:
    """The key of the activity that looks at the bytes."""
    return f"look|{step}"


def scan_key(step: int) -> str:
    """The key of the activity that has them scanned."""
    return f"scan|{step}"


def _changed(
    one: FileRecord, change: Change, name: bytes | None, *, wipe: tuple[str, ...] = (), room: str = ""
) -> Decision:
    event = FileChanged(
        author=one.owner, secret=name if change in _QUOTING else None, record=one, change=change, wipe=wipe, room=room
    )
    return Decision(_DONE, events=(event,))


def _stale(one: FileRecord, answered: Answered, name: bytes) -> Decision:
    """It was erased, or looked at anew, meanwhile: what was made goes."""
    if answered.outcome != "done":
        return Decision()
    found = _looked(answered.result)
    made = [found.blob, *(found.picture.variants.values() if found.picture is not None else ())]
    wipe = tuple(blob for blob in made if blob and blob not in one.blobs)
    return _changed(one, "kept", name, wipe=wipe) if wipe else Decision()


def _name_in(context: Context) -> bytes:
    name = context.parts.get(NAME)
    return name if isinstance(name, bytes) else b""


def _absent(file_id: str) -> CarewireError:
    return NotFound("There is no such file.", file=file_id)
