"""The read models of files: whose there are, which stand in a room, and which a hold keeps. Names are in none;
the ids of their blobs are with the first."""

from typing import Final

import msgspec

from actors.files.events import FileChanged
from actors.files.records import FileRecord
from store.ports.views import Index, Scalar, View

FILES: Final = "files"
PLACES: Final = "file_places"
UNDER_HOLDS: Final = "file_holds"
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[str, ...]).decode
INDEXES: Final = (
    Index(FILES, ("owner", "gone", "file")),
    Index(FILES, ("owner", "gone", "type", "file")),
    Index(FILES, ("owner", "gone", "family", "file")),
    Index(FILES, ("file",)),
    Index(FILES, ("state", "file")),
    Index(PLACES, ("room", "gone", "file")),
    Index(UNDER_HOLDS, ("hold", "file")),
)


def views_of(event: FileChanged, version: int) -> list[View]:
    """The file in the read models."""
    one = event.record
    views = [View(collection=FILES, id=one.id, version=version, fields=_fields(one), data=_pack(one.blobs))]
    if event.change == "placed":
        views.append(_place(one, event.room, version))
    elif event.change == "erased":
        rooms = dict.fromkeys(place.room for place in one.places)
        views += [_place(one, room, version) for room in rooms]
    elif event.change == "held":
        views += [View(UNDER_HOLDS, f"{hold}/{one.id}", version, {"hold": hold, "file": one.id}) for hold in one.held]
    return views


def blobs_in(view: View) -> tuple[str, ...]:
    """All blobs that a file of the read model has."""
    return _unpack(view.data) if view.data else ()


def _fields(one: FileRecord) -> dict[str, Scalar]:
    return {
        "file": one.id,
        "owner": one.owner,
        "type": one.type,
        "family": one.type.partition("/")[0],
        "state": one.state,
        "size": one.size,
        "gone": one.state == "erased",
    }


def _place(one: FileRecord, room: str, version: int) -> View:
    fields: dict[str, Scalar] = {"file": one.id, "room": room, "gone": one.state == "erased"}
    return View(PLACES, f"{one.id}/{room}", version, fields)
