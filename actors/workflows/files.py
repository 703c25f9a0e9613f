"""What follows from files: a file hears in which messages it stands, its owner and the rooms that it is in hear what
became of it."""

from typing import Final

import msgspec

from actors.files.commands import PlaceFile
from actors.files.events import FileChanged
from actors.files.records import Place, shown
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.rooms.marks.commands import SettleFile
from actors.rooms.room.commands import ShowFile
from actors.rooms.room.events import Filed
from actors.rooms.room.outcome import room_id_of
from actors.workflows.inbox import INBOX, event_id

FILE: Final = "file"
_TOLD: Final = ("ready", "rejected", "erased")
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def place_files(entity_id: str, recorded: Recorded[Filed]) -> Owed:
    """Each file that a message holds."""
    event = recorded.event
    command = _pack(PlaceFile(user=event.author, place=Place(room_id_of(entity_id), event.id)))
    return Owed([Letter(f"{FILE}:{one}", command) for one in event.files])


def tell_owner(entity_id: str, recorded: Recorded[FileChanged]) -> Owed:
    """Its owner: `file_updated`. Its name travels sealed."""
    event = recorded.event
    if event.change not in _TOLD:
        return NOTHING
    payload, one = _payload(event), event.record
    made = event_id(entity_id, recorded)
    if event.secret is None:
        return Owed([Letter(f"{INBOX}:{one.owner}", _pack(Deliver(made, "file_updated", payload)))])
    letter = _pack(Deliver(made, "file_updated", b""))
    return Owed([Letter(f"{INBOX}:{one.owner}", letter, secret=payload, owner=one.owner)])


def tell_rooms(entity_id: str, recorded: Recorded[FileChanged]) -> Owed:
    """Whoever listens in a room that it stands in: `file_updated`."""
    event = recorded.event
    rooms = dict.fromkeys(place.room for place in event.record.places)
    if event.change not in _TOLD or not rooms:
        return NOTHING
    payload, one = _payload(event), event.record
    if event.secret is None:
        return Owed([Letter(f"room:{room}", _pack(ShowFile(payload=payload))) for room in rooms])
    letter = _pack(ShowFile())
    return Owed([Letter(f"room:{room}", letter, secret=payload, owner=one.owner) for room in rooms])


def turn_blocks(entity_id: str, recorded: Recorded[FileChanged]) -> Owed:
    """The blocks that stand for a file which can be had no more, or again: `block_updated`."""
    event = recorded.event
    if event.change not in _TOLD:
        return NOTHING
    one = event.record
    return Owed(
        [Letter(f"room:{place.room}", _pack(SettleFile(place.message, one.id, one.state))) for place in one.places]
    )


def _payload(event: FileChanged) -> bytes:
    return _to_json({"file": shown(event.record, (event.secret or b"").decode())})


FILED: Final[list[AnyReaction]] = [Reaction("place_files", "room", Filed, place_files, to=(FILE,))]
REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_file_owner", "file", FileChanged, tell_owner, to=(INBOX,)),
    Reaction("tell_file_rooms", "file", FileChanged, tell_rooms, to=("room",)),
    Reaction("turn_file_blocks", "file", FileChanged, turn_blocks, to=("room",)),
]
