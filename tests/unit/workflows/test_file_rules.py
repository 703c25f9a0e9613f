"""What follows from files: who hears of one, and how a file hears of a message."""

from typing import Any

import msgspec
import pytest

from actors.files.commands import PlaceFile
from actors.files.events import Change, FileChanged
from actors.files.records import FileRecord, Place
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.rooms.marks.commands import SettleFile
from actors.rooms.room.commands import ShowFile
from actors.rooms.room.events import Filed
from tests.unit.workflows.test_table import RULES

AT = 1_763_631_000_000
RECORD = FileRecord(
    id="file_1", owner="ada", type="text/plain", size=3, created=AT, blob="file_1", places=(Place("ward", "msg_1"),)
)
TOLD = {"place_files", "tell_file_owner", "tell_file_rooms", "turn_file_blocks"}


def letters(rule: str, event: Any, entity: str) -> list[Letter]:
    return [one for _, one in owed_by([RULES[rule]], entity, Recorded(7, AT, 3, event), "7").letters]


def changed(change: Change, name: bytes | None) -> FileChanged:
    return FileChanged(author="ada", secret=name, record=RECORD, change=change)


def test_each_file_of_a_message_hears_where_it_is_and_by_whom() -> None:
    note = Filed(author="ada", at=AT, target=7, id="msg_1", files=("file_1", "file_2"))
    sent = letters("place_files", note, "room:ward")
    assert [one.to for one in sent] == ["file:file_1", "file:file_2"]
    placed = msgspec.msgpack.decode(sent[0].command, type=PlaceFile)
    assert (placed.user, placed.place) == ("ada", Place("ward", "msg_1"))


def test_its_owner_and_its_rooms_hear_of_it_and_its_name_travels_sealed() -> None:
    event = changed("ready", b"letter about grief.txt")
    (owners,), (rooms,) = letters("tell_file_owner", event, "file:1"), letters("tell_file_rooms", event, "file:1")
    assert (owners.to, owners.owner, rooms.to, rooms.owner) == ("user:ada", "ada", "room:ward", "ada")
    for letter in (owners, rooms):
        assert b"grief" not in letter.command
        assert letter.secret is not None
        assert msgspec.json.decode(letter.secret)["file"]["name"] == "letter about grief.txt"


def test_that_it_is_gone_needs_no_key() -> None:
    """Its owner may have none any more."""
    event = changed("erased", None)
    (owners,), (rooms,) = letters("tell_file_owner", event, "file:1"), letters("tell_file_rooms", event, "file:1")
    assert (owners.secret, rooms.secret) == (None, None)
    told = msgspec.msgpack.decode(owners.command, type=Deliver)
    assert (told.name, msgspec.json.decode(told.payload)["file"]["name"]) == ("file_updated", "")
    assert msgspec.json.decode(msgspec.msgpack.decode(rooms.command, type=ShowFile).payload)["file"]["name"] == ""


@pytest.mark.parametrize("change", ["begun", "looked", "placed", "accepted", "kept", "held", "freed", "rescan"])
def test_of_all_else_nobody_is_told(change: Change) -> None:
    assert letters("tell_file_owner", changed(change, None), "file:1") == []
    assert letters("tell_file_rooms", changed(change, None), "file:1") == []
    assert letters("turn_file_blocks", changed(change, None), "file:1") == []


def test_the_messages_that_show_it_hear_what_became_of_it() -> None:
    gone = FileChanged(author="ada", record=msgspec.structs.replace(RECORD, state="erased"), change="erased")
    [letter] = letters("turn_file_blocks", gone, "file:1")
    told = msgspec.msgpack.decode(letter.command, type=SettleFile)
    assert (letter.to, told) == ("room:ward", SettleFile("msg_1", "file_1", "erased"))
