"""What is stored of calendars keeps its bytes: tags, names and the order of members."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.calendars.booking.state import BookingDetails, BookingState
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.calendar.state import CalendarState
from actors.calendars.series.state import SeriesState
from actors.calendars.waitlist.state import WaitlistState
from actors.kernel.contract.entity import AnyKind
from tests.unit.calendars.rig import KINDS
from tests.unit.calendars.samples import sample, structs_of

GOLDEN: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "stored.json").read_text())
WITHOUT_VERSIONS: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "without_versions.json").read_text()
)
BEFORE_REMINDERS: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "before_reminders.json").read_text()
)
BEFORE_BILLS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "before_bills.json").read_text())
"""What was stored before bookings had bills."""
BEFORE_SOURCES: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "before_sources.json").read_text()
)
"""What was stored before bookings said what they come of."""
BEFORE_PAID_SERIES: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "before_paid_series.json").read_text()
)

OWN: Final = [kind for kind in KINDS if kind.name != "user"]


def stored() -> dict[str, type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {"view.booking": BookingDetails}
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


@pytest.mark.parametrize("name", BEFORE_REMINDERS)
def test_what_was_stored_before_calendars_named_their_reminders_is_read(name: str) -> None:
    kind = BookingState if name == "booking.snapshot" else stored()[name]
    read = msgspec.msgpack.decode(bytes.fromhex(BEFORE_REMINDERS[name]), type=kind)
    record: Any = getattr(read, "record", read)
    assert record.terms.reminders is None
    assert getattr(read, "lead_ms", -1) == -1
    assert getattr(read, "reminded", []) == []


@pytest.mark.parametrize("name", BEFORE_BILLS)
def test_what_was_stored_before_bookings_had_bills_is_read(name: str) -> None:
    kind = BookingState if name.endswith("snapshot") else stored()[name]
    read = msgspec.msgpack.decode(bytes.fromhex(BEFORE_BILLS[name]), type=kind)
    record: Any = getattr(read, "record", read)
    if isinstance(record, BookingDetails):
        assert (record.bill, record.terms.prepaid) == ("", False)


@pytest.mark.parametrize("name", BEFORE_SOURCES)
def test_what_was_stored_before_bookings_said_what_they_come_of_is_read(name: str) -> None:
    kind = BookingState if name.endswith("snapshot") else stored()[name]
    read = msgspec.msgpack.decode(bytes.fromhex(BEFORE_SOURCES[name]), type=kind)
    whole = sample(kind)
    if isinstance(whole, BookingDetails):
        assert read == msgspec.structs.replace(whole, source=())
    else:
        record = msgspec.structs.replace(whole.record, source=())
        assert read == msgspec.structs.replace(whole, record=record)


@pytest.mark.parametrize("name", BEFORE_PAID_SERIES)
def test_what_was_stored_before_series_waited_for_their_first_payment_is_read(name: str) -> None:
    kind = SeriesState if name.endswith("snapshot") else stored()[name]
    read = msgspec.msgpack.decode(bytes.fromhex(BEFORE_PAID_SERIES[name]), type=kind)
    whole = msgspec.structs.replace(sample(kind), first="")
    assert read == (msgspec.structs.replace(whole, told={}) if isinstance(whole, SeriesState) else whole)


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_a_snapshot_is_what_it_was(kind: AnyKind) -> None:
    golden = bytes.fromhex(GOLDEN[f"{kind.name}.snapshot"])
    made = sample(SNAPSHOTS[kind.name]) if kind.name in SNAPSHOTS else [sample(TimeEntry)]
    assert msgspec.msgpack.encode(made) == golden
    assert kind.snapshot(kind.restore("x", golden)) == golden
