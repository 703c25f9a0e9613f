"""What is stored of emergencies, calls, broadcasts, banners keeps its bytes: tags, names, the order of members."""

import json
from pathlib import Path
from typing import Final

import msgspec
import pytest

from actors.banners.kind import BannerKind
from actors.broadcasts.kind import BroadcastKind
from actors.calls.call.kind import CallKind
from actors.calls.line.line import LineKind
from actors.emergencies.emergency.kind import EmergencyKind
from actors.emergencies.ladder.ladder import LadderKind
from actors.emergencies.person.kind import DistressKind
from actors.kernel.contract.entity import AnyKind
from tests.unit.calendars.samples import sample, stored_of
from tests.unit.emergencies.rig import STEPS

GOLDEN: Final[dict[str, str]] = json.loads((Path(__file__).parent / "golden" / "stored.json").read_text())
BEFORE_MEETINGS: Final[dict[str, str]] = json.loads(
    (Path(__file__).parent / "golden" / "before_meetings.json").read_text()
)
"""What was stored before calls had meetings."""
KINDS: Final[tuple[AnyKind, ...]] = (
    EmergencyKind(STEPS),
    DistressKind(),
    LadderKind(),
    CallKind(),
    LineKind(),
    BroadcastKind(),
    BannerKind(),
)


def stored() -> dict[str, type[msgspec.Struct]]:
    return stored_of(KINDS)


def test_every_command_and_event_is_pinned() -> None:
    assert stored().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", stored())
def test_it_is_stored_as_ever_and_read(name: str) -> None:
    kind = stored()[name]
    made = sample(kind)
    if "versions" in kind.__struct_fields__:  # a command that names none is what it was before it could
        made = msgspec.structs.replace(made, versions=msgspec.UNSET)
    assert msgspec.msgpack.encode(made).hex() == GOLDEN[name]
    assert msgspec.msgpack.decode(bytes.fromhex(GOLDEN[name]), type=kind) == made


@pytest.mark.parametrize("name", BEFORE_MEETINGS)
def test_what_was_stored_before_calls_had_meetings_is_read(name: str) -> None:
    kind = stored()[name]
    read = msgspec.msgpack.decode(bytes.fromhex(BEFORE_MEETINGS[name]), type=kind)
    assert read == msgspec.structs.replace(sample(kind), meeting="")
