"""The rules of an assignment. Who may what is `rights.py`, its course `course.py`; the document has rules of its own
(`actors.worksheets.document`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision
from actors.worksheets.assignment.commands import (
    Assign,
    AssignmentCommand,
    CareIsOver,
    ClockStops,
    DueReached,
    ForgetClient,
    GetAssignment,
    GetGiven,
    ImportAnswers,
    PlaceCard,
    RemindDue,
    TellProgress,
    TrackProgress,
    ZoneChanged,
)
from actors.worksheets.assignment.contents import EventWords, Given, pack
from actors.worksheets.assignment.events import AssignmentChanged, AssignmentEvent, Change
from actors.worksheets.assignment.queries import AssignmentOf, KnownAnswer
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.rules import (
    beginning,
    cards,
    changing,
    conversing,
    handing,
    numbering,
    timing,
    tracking,
)
from actors.worksheets.assignment.rules.rights import may
from actors.worksheets.assignment.shaping import assignment_shown
from actors.worksheets.assignment.state import AssignmentSettings, AssignmentState
from actors.worksheets.document import rules
from actors.worksheets.document.commands import DocumentCommand, DocumentJoined
from actors.worksheets.document.events import DocumentUpdated
from actors.worksheets.document.judging import Bounds
from actors.worksheets.document.part import key_of
from actors.worksheets.document.shape import Shape
from actors.worksheets.document.state import Writing
from actors.worksheets.worksheet.records import Assignable
from common.errors import NotFound, PermissionDenied

GIVEN: Final = "given"
_BY_CAREWIRE: Final = (
    Assign,
    ImportAnswers,
    DueReached,
    RemindDue,
    TellProgress,
    CareIsOver,
    ClockStops,
    ZoneChanged,
    ForgetClient,
    PlaceCard,
)


@dataclass(slots=True)
class Assignment:
    """One assignment."""

    id: str
    house: AssignmentSettings
    kept: AssignmentState = field(default_factory=AssignmentState)

    # -- what its document asks (`document.rules.Assignment`) ---------------------------------------------------------

    @property
    def assignment_id(self) -> str:
        """Its id."""
        return self.id

    @property
    def client_id(self) -> str:
        """Whose work it is."""
        return self.known.client

    @property
    def therapist_id(self) -> str:
        """Who gave it."""
        return self.known.therapist

    @property
    def status(self) -> str:
        """Its state."""
        return self.known.status

    @property
    def collaboration(self) -> bool:
        """Do they write together?"""
        return self.known.collaboration

    @property
    def last_submission(self) -> int:
        """The version of the last submission."""
        return len(self.known.submissions)

    @property
    def shape(self) -> Shape:
        """Its fields, without their words."""
        return self.kept.shape

    @property
    def writing(self) -> Writing:
        """What is remembered of the document."""
        return self.kept.writing

    @property
    def bounds(self) -> Bounds:
        """How large things may become."""
        return self.house.bounds

    @property
    def compact_after(self) -> int:
        """Changes after which the document is put together."""
        return self.house.compact_after

    def view(self) -> Any:
        """The assignment, for who joins; its title is added by `decide`."""
        return assignment_shown(self.known, self.kept.changed, title="", user="", seq=self.writing.seq)

    # -- the rules -----------------------------------------------------------------------------------------------------

    @property
    def known(self) -> AssignmentRecord:
        """The record. Raises NotFound: there is none."""
        if self.kept.record is None:
            raise NotFound("There is no such assignment.", assignment=self.id)
        return self.kept.record

    def decide(self, command: AssignmentCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`; the messages that it stands in hear of another state.

        Raises:
            NotFound: there is none, or it is nothing to the one who asks.
            PermissionDenied: theirs to see, but not to do this.
            FailedPrecondition: not in this state (`details.allowed`), or of another version.
            InvalidArgument, Conflict, PayloadTooLarge: see the rules.
        """
        decision = self._decide(command, context, version)
        return cards.turned(self.kept, numbering.numbered(self.writing, decision, version))

    def _decide(self, command: AssignmentCommand, context: Context, version: int) -> Decision:
        if isinstance(command, _BY_CAREWIRE):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself does that.")
            if isinstance(command, Assign | ImportAnswers):
                return beginning.begin(self, command, context, version)
            return Decision() if self.kept.record is None else timing.decide(self, command, context, version)
        record = self.known
        if isinstance(command, DocumentCommand):
            return self._document(record, command, context, version)
        match command:
            case GetAssignment():
                may(record, context.by, "worksheet.follow")
                return Decision(self.answer(record, context, self.kept.changed))
            case GetGiven():
                may(record, context.by, "worksheet.follow")
                return Decision(KnownAnswer(self._given(record, context)))
            case TrackProgress():
                return tracking.track(self, record, command, context)
        if isinstance(command, changing.COMMANDS):
            return changing.decide(one=self, record=record, command=command, context=context, version=version)
        if isinstance(command, handing.COMMANDS):
            return handing.decide(one=self, record=record, command=command, context=context, version=version)
        return conversing.decide(one=self, record=record, command=command, context=context, version=version)

    def apply(self, event: AssignmentEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.kept.apply(event, seq, at_ms)

    def needs(self, command: AssignmentCommand) -> Sequence[str]:
        """The parts that a command is decided with."""
        if self.kept.record is None:
            return ()
        if isinstance(command, DocumentCommand):
            return (GIVEN, *rules.needs(self, command))
        wanted = (*handing.needs(self, command), *changing.needs(self, command), *conversing.needs(self, command))
        return (GIVEN, *wanted)

    def given(self, context: Context) -> Given:
        """What they were given. Raises NotFound: the client has been erased."""
        given: Given | None = context.parts.get(GIVEN)
        if given is None:
            raise NotFound("There is no such assignment.", assignment=self.id)
        return given

    def answer(self, record: AssignmentRecord, context: Context, version: int) -> AssignmentOf:
        """The assignment, for who asks."""
        given = self.given(context)
        return AssignmentOf(
            record=record,
            version=version,
            title=given.title,
            note=given.note,
            user=context.by.user,
        )

    def changed(self, record: AssignmentRecord, change: Change, context: Context, text: str = "") -> AssignmentChanged:
        """The event of a change, with its words."""
        given: Given | None = context.parts.get(GIVEN)
        said = EventWords(title="" if given is None else given.title, text=text)
        return AssignmentChanged(
            author=record.client, secret=pack(said), record=record, change=change, by=context.by.user
        )

    def document_key(self) -> str:
        """The key of the document of this attempt."""
        return key_of(self.writing.attempt)

    def _document(self, record: AssignmentRecord, command: DocumentCommand, context: Context, version: int) -> Decision:
        """The document decides; the first who writes in an attempt begins it."""
        decision = rules.decide(self, command, context, version)
        if isinstance(decision.reply, DocumentJoined):
            seen = assignment_shown(
                record,
                self.kept.changed,
                title=self.given(context).title,
                user=context.by.user,
                seq=self.writing.seq,
            )
            return replace(decision, reply=replace(decision.reply, assignment=seen))
        wrote = any(isinstance(event, DocumentUpdated) for event in decision.events)
        if not wrote or record.began:
            return decision
        begun = replace(record, status="in_progress", began=context.now_ms, updated=context.now_ms)
        return replace(decision, events=[*decision.events, self.changed(begun, "started", context)])

    def _given(self, record: AssignmentRecord, context: Context) -> Assignable:
        given = self.given(context)
        return Assignable(
            worksheet_id=record.worksheet,
            version=record.worksheet_version,
            title=given.title,
            schema=given.schema,
            instrument=record.instrument,
        )
