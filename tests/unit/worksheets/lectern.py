"""One assignment by hand, with a clock: timers fire in their order, parts are folded as a shard folds them."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Context, Decision, Principal, Recorded
from actors.worksheets.assignment.commands import Assign, AssignmentCommand, Submit, WantedDue
from actors.worksheets.assignment.contents import Given, pack
from actors.worksheets.assignment.entity import Assignment
from actors.worksheets.assignment.kind import AssignmentKind
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.state import AssignmentSettings
from actors.worksheets.document.commands import Plain, SaveDraft
from actors.worksheets.schema.fields import Schema

START_MS: Final = 1_763_631_000_000  # 2025-11-20T09:30Z
ADA: Final = Principal("ada", "client")
TESS: Final = Principal("tess", "therapist")
SCHEMA: Final = msgspec.convert(
    {
        "fields": [
            {"id": "mood", "type": "integer", "label": "Mood", "required": True},
            {"id": "story", "type": "long_text", "label": "Story"},
        ]
    },
    Schema,
)
_command: Final = msgspec.msgpack.Decoder(AssignmentCommand).decode
_pack: Final = msgspec.msgpack.Encoder().encode


def due(date: str, time: str = "18:00", zone: str = "Europe/Berlin", asked: str = "client") -> WantedDue:
    """What the wall is to show."""
    return WantedDue(date=date, time=time, asked=asked, zone=zone)


@dataclass
class Lectern:
    """An assignment of ada and tess."""

    house: AssignmentSettings = field(default_factory=AssignmentSettings)
    now_ms: int = START_MS
    version: int = 0
    parts: dict[str, Any] = field(default_factory=dict)
    timers: list[tuple[int, int, AssignmentCommand]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kind = AssignmentKind(self.house)
        self.entity: Assignment = self.kind.create("asg_1")

    @property
    def record(self) -> AssignmentRecord:
        """As it is."""
        return self.entity.known

    def assign(self, **members: Any) -> Decision:
        """Tess gives it."""
        secret = pack(Given(title="Diary", schema=SCHEMA))
        asked = {"worksheet": "wks_1", "worksheet_version": 1, "client": "ada", "therapist": "tess"}
        return self.do(Assign(**{**asked, "secret": secret, **members}), SYSTEM)

    def do(self, command: Any, by: Principal) -> Decision:
        """One command in a turn of its own. Raises what it refuses with; then nothing has changed."""
        keys = self.kind.needs(self.entity, command)
        context = Context(by, self.now_ms, {key: self.parts.get(key) for key in keys})
        decision = self.entity.decide(command, context, self.version)
        happened: list[Any] = list(decision.events)
        for event in happened:
            self.version += 1
            recorded: Recorded[Any] = Recorded(self.version, self.now_ms, self.version, event)
            key = self.kind.part_of(recorded)
            if key is not None:
                self.parts[key] = self.kind.fold(self.parts.get(key), recorded)
            self.entity.apply(event, self.version, self.now_ms)
            self.events.append(event)
        noted: list[Any] = list(decision.notes)
        for note in noted:
            self.entity.apply(note, self.version, self.now_ms)
        self.timers += [(one.due_ms, len(self.events), _command(one.command)) for one in decision.timers]
        return decision

    def save(self, **answers: Any) -> Decision:
        """Ada writes."""
        return self.do(SaveDraft(secret=_pack(Plain(answers=answers))), ADA)

    def submit(self) -> Decision:
        """Ada hands it in."""
        return self.do(Submit(), ADA)

    def later(self, by_s: float) -> None:
        """Time passes, timer after timer."""
        until_ms = self.now_ms + int(by_s * 1000)
        while self.timers and min(self.timers, key=lambda one: one[:2])[0] <= until_ms:
            first = min(self.timers, key=lambda one: one[:2])
            self.timers.remove(first)
            self.now_ms = max(self.now_ms, first[0])
            self.do(first[2], SYSTEM)
        self.now_ms = until_ms

    def told(self, kind: type[Any]) -> list[Any]:
        """Events of this kind."""
        return [event for event in self.events if isinstance(event, kind)]
