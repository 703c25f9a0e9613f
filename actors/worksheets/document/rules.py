"""Which rule decides which command of the document. The assignment hands its own in; nothing is changed here."""

from collections.abc import Mapping, Sequence

import msgspec

from actors.kernel.contract.entity import Context, Decision, Principal, Signal
from actors.worksheets.document import drafts
from actors.worksheets.document.commands import (
    BroadcastAwareness,
    Catch,
    Compact,
    CountJoined,
    DocumentCommand,
    DocumentDraft,
    DocumentJoined,
    GetDraft,
    JoinDocument,
    Lacked,
    Saved,
    SaveDraft,
    Write,
)
from actors.worksheets.document.judging import Author
from actors.worksheets.document.part import Document, key_of
from actors.worksheets.document.shape import Writer
from actors.worksheets.document.taking import (
    COMPACT_AFTER_MS,
    WRITABLE,
    DocumentAssignment,
    checkpoint_of,
    compaction_timer,
    judged,
    require_attempt,
    require_pace,
    stored,
)
from actors.worksheets.document.wire import JoinedCount, count_signal, message_signal
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import parse_state_vector
from common.errors import InvalidArgument, NotFound, PermissionDenied


def needs(entity: DocumentAssignment, command: DocumentCommand) -> Sequence[str]:
    """Keys of the parts that `decide` will want."""
    return () if isinstance(command, BroadcastAwareness | CountJoined) else (key_of(entity.writing.attempt),)


def decide(entity: DocumentAssignment, command: DocumentCommand, context: Context, version: int) -> Decision:
    """Decide a command of the document.

    Raises:
        NotFound: the caller is nobody to this assignment.
        PermissionDenied: the document is not theirs to read, or what they write is not theirs to write.
        FailedPrecondition: the attempt is over, or an update needs others.
        InvalidArgument: what they write is no update, or no answer to this worksheet.
        PayloadTooLarge: it is too much.
        RateLimited: they write too fast.
    """
    document = context.parts.get(key_of(entity.writing.attempt)) or Document.new()
    if isinstance(command, Compact):
        return _compact(entity, command, context, document)
    if isinstance(command, CountJoined):
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        return Decision(signals=[count_signal(JoinedCount(gateway=command.gateway, joined=command.joined))])
    if isinstance(command, BroadcastAwareness) and context.by.is_system:
        return _tell(entity, command, context)
    who = require_reader(entity, context.by)
    match command:
        case JoinDocument():
            return _join(entity, command, document, who)
        case Catch():
            require_attempt(entity, command.attempt)
            lacked = document.lacking(_known(command.state_vector))
            return Decision(reply=Lacked(attempt=command.attempt, sync=lacked))
        case Write():
            return _write(entity=entity, command=command, context=context, document=document, who=who, version=version)
        case BroadcastAwareness():
            return _tell(entity, command, context)
        case GetDraft():
            return Decision(reply=draft_of(entity, document, who))
        case SaveDraft():
            return drafts.save(
                entity=entity, command=command, context=context, document=document, who=who, version=version
            )


def require_reader(entity: DocumentAssignment, by: Principal) -> Writer:
    """What the caller is to the assignment, if they may read its document.

    Raises:
        NotFound: nothing.
        PermissionDenied: the therapist, and it is not shared with them.
    """
    if by.user and by.user == entity.client_id:
        return "client"
    if not by.user or by.user != entity.therapist_id:
        raise NotFound("There is no such assignment.")
    if not entity.collaboration:
        raise PermissionDenied("This worksheet is filled in by the client alone. Ask for collaboration.")
    return "therapist"


def draft_of(entity: DocumentAssignment, document: Document, who: Writer) -> DocumentDraft:
    """What is written by now."""
    answers, rows, notes = document.plain()
    return DocumentDraft(
        attempt=entity.writing.attempt,
        answers=answers,
        rows=rows,
        notes=notes,
        seq=entity.writing.seq,
        saved_at_ms=entity.writing.saved_at_ms,
        writable=writable(entity, who),
        client_id=entity.client_id,
    )


def writable(entity: DocumentAssignment, who: Writer) -> list[str]:
    """The fields that they may answer now."""
    return entity.shape.writable(who) if entity.status in WRITABLE else []


def _join(entity: DocumentAssignment, command: JoinDocument, document: Document, who: Writer) -> Decision:
    if command.strict:
        require_attempt(entity, None)
    known = None if command.state_vector is None else _known(command.state_vector)
    joined = DocumentJoined(
        assignment=entity.view(),
        attempt=entity.writing.attempt,
        seq=entity.writing.seq,
        writable=writable(entity, who),
        sync=b"" if command.strict else document.lacking(known),
        state_vector=document.state_vector(),
    )
    return Decision(reply=joined)


def _known(state_vector: bytes) -> dict[int, int]:
    try:
        return parse_state_vector(state_vector)
    except UpdateRefused as refused:
        raise InvalidArgument(refused.message, details={"field": "state_vector"}) from None


def _write(
    entity: DocumentAssignment, command: Write, context: Context, document: Document, who: Writer, version: int
) -> Decision:
    require_attempt(entity, command.attempt)
    require_pace(entity, context)
    change = judged(entity, command.update, document, Author(context.by.user, who))
    writing = entity.writing
    if change.is_empty:
        return Decision(
            reply=Saved(
                seq=writing.seq,
                saved_at_ms=writing.saved_at_ms,
                attempt=writing.attempt,
                state_vector=document.state_vector(),
            )
        )
    decision = stored(entity=entity, change=change, context=context, document=document, version=version)
    saved = Saved(seq=version + 1, saved_at_ms=context.now_ms, attempt=writing.attempt)
    return msgspec.structs.replace(decision, reply=saved)


def _compact(entity: DocumentAssignment, command: Compact, context: Context, document: Document) -> Decision:
    """Five minutes after the last update, not after the first."""
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    writing = entity.writing
    if command.attempt != writing.attempt or not writing.updates:
        return Decision()
    due_ms = writing.saved_at_ms + COMPACT_AFTER_MS
    if context.now_ms < due_ms:
        return Decision(timers=[compaction_timer(writing.attempt, due_ms)])
    return Decision(events=[checkpoint_of(entity, document, writing.updates)])


def _tell(entity: DocumentAssignment, command: BroadcastAwareness, context: Context) -> Decision:
    numbers: Mapping[int, str] = entity.writing.numbers
    if any(numbers.get(number, context.by.user) != context.by.user for number in command.numbers):
        raise InvalidArgument("This writer number is somebody else's.", details={"reason": "client_number"})
    signal: Signal = message_signal(entity.assignment_id, command.attempt, command.states)
    return Decision(signals=[signal])
