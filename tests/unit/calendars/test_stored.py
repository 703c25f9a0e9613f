"""What is stored of calendars keeps its bytes: tags, names and the order of members."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.calendars.booking.state import BookingState, Record
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.calendar.state import CalendarState
from actors.calendars.series.state import SeriesState
from actors.calendars.waitlist.state import WaitlistState
from actors.kernel.contract.entity import Kind
from tests.unit.calendars.rig import KINDS
from tests.unit.calendars.samples import sample, structs_of

GOLDEN: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "stored.json").read_text())
WITHOUT_VERSIONS: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "without_versions.json").read_text()
)
OWN: Final = [kind for kind in KINDS if kind.name != "user"]


def stored() -> dict[str, type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {"view.booking": Record}
    for kind in OWN:
        for role in ("commands", "events"):
            for one in structs_of(getattr(kind, role)):
                found[f"{kind.name}.{role}.{one.__struct_config__.tag}"] = one
    return found


SNAPSHOTS: Final[dict[str, type[msgspec.Struct]]] = {
    "booking": BookingState,
    "calendar": CalendarState,
    "series": SeriesState,
    "waitlist": WaitlistState,
}


def test_every_command_and_event_is_pinned() -> None:
    assert {*stored(), *(f"{kind.name}.snapshot" for kind in OWN)} == GOLDEN.keys()


@pytest.mark.parametrize("name", stored())
def test_it_is_stored_as_ever(name: str) -> None:
    assert msgspec.msgpack.encode(sample(stored()[name])).hex() == GOLDEN[name]


@pytest.mark.parametrize("name", stored())
def test_what_was_stored_is_read(name: str) -> None:
    kind = stored()[name]
    assert msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]), type=kind) == sample(kind)


@pytest.mark.parametrize("name", WITHOUT_VERSIONS)
def test_a_command_that_names_no_versions_is_what_it_was(name: str) -> None:
    kind, golden = stored()[name], bytes.fromhex(WITHOUT_VERSIONS[name])
    made = msgspec.structs.replace(sample(kind), versions=msgspec.UNSET)
    assert msgspec.msgpack.encode(made) == golden
    assert msgspec.msgpack.decode(golden, type=kind) == made


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_a_snapshot_is_what_it_was(kind: Kind[Any, Any, Any]) -> None:
    golden = bytes.fromhex(GOLDEN[f"{kind.name}.snapshot"])
    made = sample(SNAPSHOTS[kind.name]) if kind.name in SNAPSHOTS else [sample(TimeEntry)]
    assert msgspec.msgpack.encode(made) == golden
    assert kind.snapshot(kind.restore("x", golden)) == golden
