"""What is stored of care relationships keeps its bytes: tags, names and the order of members."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.care.kind import CareKind
from actors.care.pairs import CarePairKind
from actors.care.state import CareRecord
from actors.kernel.contract.entity import Kind
from tests.unit.calendars.samples import sample, structs_of

GOLDEN: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "stored.json").read_text())
KINDS: Final[tuple[Kind[Any, Any, Any], ...]] = (CareKind(), CarePairKind())


def stored() -> dict[str, type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {"view.care": CareRecord}
    for kind in KINDS:
        for role in ("commands", "events"):
            for one in structs_of(getattr(kind, role)):
                found[f"{kind.name}.{role}.{one.__struct_config__.tag}"] = one
    return found


def test_every_command_and_event_is_pinned() -> None:
    assert stored().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", stored())
def test_it_is_stored_as_ever_and_read(name: str) -> None:
    kind = stored()[name]
    assert msgspec.msgpack.encode(sample(kind)).hex() == GOLDEN[name]
    assert msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]), type=kind) == sample(kind)


def test_a_snapshot_is_the_record() -> None:
    golden = bytes.fromhex(GOLDEN["view.care"])
    assert CareKind().snapshot(CareKind().restore("x", golden)) == golden
