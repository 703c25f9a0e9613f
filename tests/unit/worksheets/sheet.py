"""The least that a document stands in: an assignment that is there, with nothing but its document."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Library,
    Principal,
    Recorded,
    Shown,
)
from actors.worksheets.document import drafts, part, rules, wiring
from actors.worksheets.document.commands import (
    BroadcastAwareness,
    Catch,
    Compact,
    CountJoined,
    GetDraft,
    JoinDocument,
    SaveDraft,
    Write,
)
from actors.worksheets.document.events import Checkpoint, DocumentUpdated
from actors.worksheets.document.judging import Bounds
from actors.worksheets.document.part import Document
from actors.worksheets.document.shape import FieldShape, Shape
from actors.worksheets.document.state import Writing
from actors.worksheets.document.wire import closed_shown, gap_shown
from serve_app.capabilities.worksheets.examples import ASSIGNMENT

SHAPE = Shape(
    {
        "mood": FieldShape(type="integer", min=0, max=10),
        "calm": FieldShape(type="scale", min=0, max=1, step=0.25),
        "done": FieldShape(type="boolean", filled_by="both"),
        "kind": FieldShape(type="choice", options=("a", "b", 3)),
        "list": FieldShape(type="multi_choice", options=("a", "b", "c"), max_choices=2),
        "name": FieldShape(type="text", max_chars=20),
        "day": FieldShape(type="date"),
        "at": FieldShape(type="time"),
        "scan": FieldShape(type="file"),
        "story": FieldShape(type="long_text", max_chars=1000),
        "plan": FieldShape(type="long_text", filled_by="both"),
        "advice": FieldShape(type="long_text", filled_by="therapist"),
        "look": FieldShape(type="info"),
        "diary": FieldShape(type="group", max_rows=3),
        "what": FieldShape(type="text", group="diary"),
        "why": FieldShape(type="long_text", group="diary"),
    }
)
CLARA, THEO, MALLORY = Principal("clara"), Principal("theo", "therapist"), Principal("mallory")


class Change(Command[None], frozen=True, kw_only=True, tag="sheet_change"):
    """The assignment is this from now on. `again`: another attempt begins with what was written."""

    status: str = "in_progress"
    collaboration: bool = True
    again: bool = False


class Changed(Event, frozen=True, kw_only=True, array_like=True, tag="sheet_changed"):
    """It is."""

    status: str
    collaboration: bool


class State(msgspec.Struct):
    """What is kept."""

    status: str = "in_progress"
    collaboration: bool = True
    writing: Writing = msgspec.field(default_factory=Writing)


class Sheet:
    """`assignment:<key>`, of clara and theo."""

    client_id, therapist_id, last_submission = "clara", "theo", 0

    def __init__(self, key: str, bounds: Bounds, compact_after: int, state: State) -> None:
        self.assignment_id, self.bounds, self.compact_after, self.state = key, bounds, compact_after, state
        self.shape = SHAPE

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def collaboration(self) -> bool:
        return self.state.collaboration

    @property
    def writing(self) -> Writing:
        return self.state.writing

    def view(self) -> object:
        return ASSIGNMENT | {"assignment_id": self.assignment_id, "client_id": self.client_id}

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        if not isinstance(command, Change):
            return rules.decide(self, command, context, version)
        changed = Changed(status=command.status, collaboration=command.collaboration)
        if not command.again:
            return Decision(events=[changed])
        document = context.parts.get(part.key_of(self.writing.attempt))
        begun = drafts.begun(self, self.writing.attempt + 1, drafts.contents(document))
        return Decision(events=[changed, begun])

    def apply(self, event: Any, seq: int, at_ms: int) -> None:
        if isinstance(event, Changed):
            self.state.status, self.state.collaboration = event.status, event.collaboration
        else:
            self.writing.apply(event, seq, at_ms)


class SheetKind(Kind[Sheet, Any, Any, Document]):
    name = "assignment"
    commands = JoinDocument | Catch | Write | BroadcastAwareness | CountJoined | GetDraft | SaveDraft | Compact | Change
    events = DocumentUpdated | Checkpoint | Changed
    parts_bytes = 64 << 20

    def __init__(self, bounds: Bounds | None = None, *, compact_after: int = 200) -> None:
        self._bounds = bounds or Bounds()
        self._compact_after = compact_after

    @override
    def create(self, key: str) -> Sheet:
        return Sheet(key, self._bounds, self._compact_after, State())

    @override
    def snapshot(self, entity: Sheet) -> bytes:
        return msgspec.msgpack.encode(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> Sheet:
        return Sheet(key, self._bounds, self._compact_after, msgspec.msgpack.decode(state, type=State))

    @override
    def admit(self, entity: Sheet, by: Principal) -> None:
        rules.require_reader(entity, by)

    @override
    def is_primary(self, event: Any) -> bool:
        return isinstance(event, Checkpoint)

    @override
    def needs(self, entity: Sheet, command: Any) -> Sequence[str]:
        return (part.key_of(entity.writing.attempt),) if isinstance(command, Change) else rules.needs(entity, command)

    @override
    def part_of(self, recorded: Recorded[Any]) -> str | None:
        return None if isinstance(recorded.event, Changed) else wiring.part_of(recorded)

    @override
    def fold(self, part_: Any, recorded: Recorded[Any]) -> Any:
        return part.fold(part_, recorded)

    @override
    def weight(self, part_: Document) -> int:
        return part_.weight

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        return await part.fetch(entity_id, keys, library)

    @override
    def effects(self, entity_id: str, recorded: Recorded[Any], part_: Any) -> Effects | None:
        return None if isinstance(recorded.event, Changed) else wiring.effects(recorded)

    @override
    def show(self, entity_id: str, recorded: Recorded[Any], part_: Any) -> Shown | None:
        id_ = entity_id.partition(":")[2]
        event = recorded.event
        if not isinstance(event, Changed):
            return wiring.show(id_, recorded)
        if event.status == "submitted":
            return closed_shown(id_, 1, "submitted")
        if not event.collaboration:
            return Shown("assignment_updated", b"{}", evict="theo")
        return None

    @override
    def show_again(self, entity_id: str, recorded: Recorded[Any], part_: Any, upto: int) -> Shown | None:
        if isinstance(recorded.event, Changed):
            return self.show(entity_id, recorded, part_)
        return wiring.show_again(entity_id.partition(":")[2], recorded, part_, upto)

    @override
    def gap(self, entity_id: str, first: int, last: int) -> Shown | None:
        return gap_shown(entity_id.partition(":")[2])
