"""What is stored of worksheets keeps its bytes: tags, names, the order of members."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.entity import AnyKind
from actors.worksheets.assignment.kind import AssignmentKind
from actors.worksheets.desk.kind import DeskKind
from actors.worksheets.series.kind import AssignmentSeriesKind
from actors.worksheets.worksheet.kind import WorksheetKind
from tests.unit.calendars.samples import sample, stored_of

GOLDEN: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "stored.json").read_text())
KINDS: Final[tuple[AnyKind, ...]] = (WorksheetKind(), AssignmentKind(), AssignmentSeriesKind(), DeskKind())


def stored() -> dict[str, type[msgspec.Struct]]:
    return stored_of(KINDS)


def test_every_command_and_event_is_pinned() -> None:
    assert stored().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", stored())
def test_it_is_stored_as_ever_and_read(name: str) -> None:
    kind = stored()[name]
    assert msgspec.msgpack.encode(sample(kind)).hex() == GOLDEN[name]
    assert msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]), type=kind) == sample(kind)


@pytest.mark.parametrize("name", [name for name, kind in stored().items() if "record" in kind.__struct_fields__])
def test_what_was_stored_before_records_told_of_the_document_is_read(name: str) -> None:
    members = msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]))
    record = next(one for one in members if isinstance(one, list) and one[0] == "record.id")
    record.pop()
    found: Any = msgspec.msgpack.decode(msgspec.msgpack.encode(members), type=stored()[name])
    assert found.record.written == 0
