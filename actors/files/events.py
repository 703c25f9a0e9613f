"""What happens to a file. Each event holds all that is true afterwards, for lists, letters and calls are made of
events. What is stored of it is stored for ever: new members stand at the end, with defaults."""

from typing import Literal

from actors.files.records import FileRecord
from actors.kernel.contract.entity import Event

Change = Literal[
    "begun", "looked", "ready", "rejected", "placed", "accepted", "rescan", "kept", "erased", "held", "freed"
]


class FileChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """`change` happened. The secret is the file's name, under its owner's key, where somebody is told. `wipe`: blobs
    that are not needed any more. `room`: with "placed", the one that it was put into."""

    record: FileRecord
    change: Change
    wipe: tuple[str, ...] = ()
    room: str = ""


class FileExpected(Event, frozen=True, kw_only=True, array_like=True, tag="expected"):
    """A note: its owner is about to put it into this room."""

    room: str
    at: int


FileEvent = FileChanged | FileExpected
