"""What is stored of care relationships keeps its bytes: tags, names and the order of members."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.care.kind import CareKind
from actors.care.pairs import CarePairKind
from actors.care.state import CareRecord
from actors.kernel.contract.entity import AnyKind
from tests.unit.calendars.samples import sample, stored_of

_FOLDER: Final = Path(__file__).parent / "golden"
GOLDEN: Final[dict[str, str]] = json.loads((_FOLDER / "stored.json").read_text())
BEFORE_COVERS: Final[dict[str, str]] = json.loads((_FOLDER / "before_covers.json").read_text())
KINDS: Final[tuple[AnyKind, ...]] = (CareKind(), CarePairKind())


def stored() -> dict[str, type[msgspec.Struct]]:
    return {"view.care": CareRecord} | stored_of(KINDS)


def test_every_command_and_event_is_pinned() -> None:
    assert stored().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", stored())
def test_it_is_stored_as_ever_and_read(name: str) -> None:
    kind = stored()[name]
    assert msgspec.msgpack.encode(sample(kind)).hex() == GOLDEN[name]
    assert msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]), type=kind) == sample(kind)


@pytest.mark.parametrize("name", BEFORE_COVERS)
def test_what_was_stored_before_there_were_covers_is_read(name: str) -> None:
    found: Any = msgspec.msgpack.decode(bytes.fromhex(BEFORE_COVERS[name]), type=stored()[name])
    record = found if isinstance(found, CareRecord) else found.care
    assert (record.room, record.covers) == ("", ())
    whole = sample(stored()[name])
    whole_record = whole if isinstance(whole, CareRecord) else whole.care
    assert record == msgspec.structs.replace(whole_record, room="", covers=())


def test_a_snapshot_is_the_record() -> None:
    golden = bytes.fromhex(GOLDEN["view.care"])
    assert CareKind().snapshot(CareKind().restore("x", golden)) == golden
