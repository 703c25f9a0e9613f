"""Assignments as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded, Shown
from actors.worksheets.assignment import reading
from actors.worksheets.assignment.commands import Assign, AssignmentCommand, ImportAnswers
from actors.worksheets.assignment.contents import given_in, submission_in, words
from actors.worksheets.assignment.entity import GIVEN, Assignment
from actors.worksheets.assignment.events import (
    Assigned,
    AssignmentChanged,
    AssignmentEvent,
    AssignmentReminded,
    CardsTurned,
    Clarified,
    FeedbackDeleted,
    FeedbackGiven,
    Forgotten,
    Progressed,
    Submitted,
)
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.state import AssignmentSettings, AssignmentState
from actors.worksheets.desk.letters import WorkBegun, WorkOver
from actors.worksheets.document import part as document
from actors.worksheets.document import rules, wiring
from actors.worksheets.document.events import Checkpoint, DocumentUpdated
from actors.worksheets.document.part import Document
from actors.worksheets.document.wire import closed_shown, gap_shown
from actors.worksheets.readmodels import INDEXES, assignment_views, reader_view, submission_view

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(AssignmentState).decode
_SMALL: Final = 4096
_ENDS: Final = frozenset(("cancelled", "submitted", "reviewed"))


class AssignmentKind(Kind[Assignment, AssignmentCommand, AssignmentEvent, object]):
    """`assignment:<id>`. Who has joined its document listens. Its parts are what was given (`given`), the documents of
    its attempts, what was handed in (`submission:<seq>`), and what was said (`said:<seq>`)."""

    name = "assignment"
    commands = AssignmentCommand
    events = AssignmentEvent
    indexes = INDEXES

    def __init__(self, house: AssignmentSettings | None = None) -> None:
        self._house = house or AssignmentSettings()
        self.parts_bytes = self._house.resident_bytes

    @override
    def create(self, key: str) -> Assignment:
        return Assignment(key, self._house)

    @override
    def snapshot(self, entity: Assignment) -> bytes:
        return _pack(entity.kept)

    @override
    def restore(self, key: str, state: bytes) -> Assignment:
        return Assignment(key, self._house, _state(state))

    @override
    def admit(self, entity: Assignment, by: Principal) -> None:
        rules.require_reader(entity, by)

    @override
    def show(self, entity_id: str, recorded: Recorded[AssignmentEvent], part: object) -> Shown | None:
        event, key = recorded.event, entity_id.partition(":")[2]
        if isinstance(event, DocumentUpdated | Checkpoint):
            return wiring.show(key, Recorded(recorded.seq, recorded.at_ms, recorded.turn, event))
        if isinstance(event, Submitted):
            return closed_shown(key, event.record.attempt, "submitted")
        return _shown(key, event) if isinstance(event, AssignmentChanged) else None

    @override
    def show_again(self, entity_id: str, recorded: Recorded[AssignmentEvent], part: object, upto: int) -> Shown | None:
        event = recorded.event
        if not isinstance(event, DocumentUpdated | Checkpoint):
            return self.show(entity_id, recorded, part)
        of_document = Recorded(recorded.seq, recorded.at_ms, recorded.turn, event)
        return wiring.show_again(
            entity_id.partition(":")[2], of_document, part if isinstance(part, Document) else None, upto
        )

    @override
    def assume_new(self, command: AssignmentCommand) -> bool:
        return isinstance(command, Assign | ImportAnswers)

    @override
    def is_primary(self, event: AssignmentEvent) -> bool:
        return isinstance(event, Checkpoint)

    @override
    def needs(self, entity: Assignment, command: AssignmentCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def part_of(self, recorded: Recorded[AssignmentEvent]) -> str | None:
        event = recorded.event
        if isinstance(event, DocumentUpdated | Checkpoint):
            return wiring.part_of(Recorded(recorded.seq, recorded.at_ms, recorded.turn, event))
        if isinstance(event, Forgotten):
            return event.key
        return GIVEN if isinstance(event, Assigned) else None

    @override
    def fold(self, part: object, recorded: Recorded[AssignmentEvent]) -> object:
        event = recorded.event
        if isinstance(event, DocumentUpdated | Checkpoint):
            return document.fold(
                part if isinstance(part, Document) else None,
                Recorded(recorded.seq, recorded.at_ms, recorded.turn, event),
            )
        if isinstance(event, Assigned):
            return None if event.secret is None else given_in(event.secret)
        return None if isinstance(event, Forgotten) else part

    @override
    def gap(self, entity_id: str, first: int, last: int) -> Shown | None:
        return gap_shown(entity_id.partition(":")[2])

    @override
    def weight(self, part: object) -> int:
        return part.weight if isinstance(part, Document) else _SMALL

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        documents = [key for key in keys if key.startswith("doc:")]
        found: dict[str, object] = dict(await document.fetch(entity_id, documents, library)) if documents else {}
        seqs = {_seq_of(key): key for key in keys if key not in documents}
        for recorded in await library.at(entity_id, sorted(seqs)) if seqs else ():
            secret = recorded.event.secret
            if secret is not None:
                key = seqs[recorded.seq]
                found[key] = _read(key, secret)
        return found

    @override
    def effects(self, entity_id: str, recorded: Recorded[AssignmentEvent], part: object) -> Effects | None:
        event, seq = recorded.event, recorded.seq
        match event:
            case DocumentUpdated() | Checkpoint():
                return wiring.effects(Recorded(seq, recorded.at_ms, recorded.turn, event))
            case Assigned(record=record):
                title = "" if event.secret is None else given_in(event.secret).title
                views = [*assignment_views(record, seq, title), reader_view(record)]
                return Effects(views=views, owner=record.client, letters=_begun(record))
            case AssignmentChanged(record=record):
                views = assignment_views(record, seq, words(event.secret).title)
                return Effects(
                    views=views, owner=record.client, letters=_over(record) if record.status in _ENDS else _back(event)
                )
            case Submitted(record=record):
                return _submitted(event, seq)
            case FeedbackGiven() | FeedbackDeleted() | Clarified():
                return _spoken(event, seq)
            case AssignmentReminded() | Progressed() | CardsTurned() | Forgotten():
                return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        answer = await reading.read(query, entity_id, library)
        return await super().read(query, entity_id, version, library) if answer is None else answer


def _read(key: str, secret: bytes) -> object:
    if key == GIVEN:
        return given_in(secret)
    return submission_in(secret) if key.startswith("submission:") else words(secret)


def _seq_of(key: str) -> int:
    return 1 if key == GIVEN else int(key.partition(":")[2])


def _submitted(event: Submitted, seq: int) -> Effects:
    record = event.record
    title = "" if event.secret is None else submission_in(event.secret).title
    handed = record.submissions[-1]
    views = [*assignment_views(record, seq, title), submission_view(record, handed, event.minutes, event.secret)]
    return Effects(views=views, owner=record.client, letters=_over(record))


def _spoken(event: FeedbackGiven | FeedbackDeleted | Clarified, seq: int) -> Effects:
    """The assignment in lists; feedback that was edited or deleted loses what it said."""
    record = event.record
    redact: tuple[int, ...] = ()
    if isinstance(event, FeedbackGiven) and event.replaced:
        redact = (event.replaced,)
    if isinstance(event, FeedbackDeleted):
        redact = (event.note.said,)
    title = words(event.secret).title
    return Effects(views=assignment_views(record, seq, title), owner=record.client, redact=redact)


def _begun(record: AssignmentRecord) -> list[Letter]:
    if not record.working:
        return []
    follows = record.due is not None and record.due.asked == "client"
    begun = WorkBegun(assignment=record.id, therapist=record.therapist, follows=follows)
    return [Letter(f"desk:{record.client}", _pack(begun))]


def _over(record: AssignmentRecord) -> list[Letter]:
    return [Letter(f"desk:{record.client}", _pack(WorkOver(record.id)))]


def _back(event: AssignmentChanged) -> list[Letter]:
    """Re-opened, it lies on the desk again; and it may follow another clock than before."""
    return _begun(event.record) if event.change in ("reopened", "extended") else []


def _shown(key: str, event: AssignmentChanged) -> Shown | None:
    """Who has joined hears that there is nothing more to write, or that it is not theirs any more."""
    record = event.record
    if event.change in ("cancelled", "reopened"):
        return closed_shown(key, record.attempt, event.change)
    if event.change == "collaboration" and not record.collaboration:
        shown = closed_shown(key, record.attempt, "collaboration")
        return msgspec.structs.replace(shown, skip=(record.client,), evict=record.therapist)
    return None
