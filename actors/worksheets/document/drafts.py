"""Plain answers as edits of the document, under the server's own writer numbers: for clients without Yjs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.worksheets.document.commands import DraftSaved, Plain, SaveDraft
from actors.worksheets.document.events import Checkpoint
from actors.worksheets.document.judging import Author
from actors.worksheets.document.part import Document, Scratch, packed
from actors.worksheets.document.shape import ANSWERS, LONG, NOTE, ROWS, TEXT, Shape, Writer
from actors.worksheets.document.taking import DocumentAssignment, judged, require_attempt, stored
from actors.worksheets.yjs.reader import Change
from common.errors import Conflict, InvalidArgument

_decode_plain: Final = msgspec.msgpack.Decoder(Plain).decode
_EMPTY: Final = b"\0\0"


class Contents(msgspec.Struct, frozen=True):
    """What a document holds, as JSON has it."""

    answers: dict[str, Any]
    rows: dict[str, Any]
    notes: dict[str, str]


class Saving(msgspec.Struct, frozen=True):
    """What saving a draft does: events and timers, and the document afterwards. `merged`: texts that somebody else had
    changed as well; `others`: somebody else changed answers since."""

    events: Sequence[Event]
    timers: Sequence[SetTimer]
    document: Document
    merged: list[str]
    others: bool


def contents(document: Document | None) -> Contents:
    """What is written by now (None: nothing)."""
    return Contents(*document.plain()) if document is not None else Contents({}, {}, {})


def save(
    entity: DocumentAssignment, command: SaveDraft, context: Context, document: Document, who: Writer, version: int
) -> Decision:
    """Decide a `SaveDraft`.

    Raises:
        CarewireError: see `rules.decide`.
    """
    saving = saved(
        entity=entity,
        plain=_decode_plain(command.secret),
        context=context,
        document=document,
        who=who,
        version=version,
        base=command.base,
        attempt=command.attempt,
    )
    writing = entity.writing
    reply = DraftSaved(
        seq=version + 1 if saving.events else writing.seq,
        saved_at_ms=context.now_ms if saving.events else writing.saved_at_ms,
        attempt=writing.attempt,
        merged=saving.merged,
        answers=saving.document.plain()[0] if saving.others else None,
        client_id=entity.client_id,
    )
    return Decision(reply=reply, events=saving.events, timers=saving.timers)


def saved(
    entity: DocumentAssignment,
    plain: Plain,
    context: Context,
    document: Document,
    who: Writer,
    version: int,
    *,
    base: int | None = None,
    attempt: int | None = None,
) -> Saving:
    """What writing this into the document does.

    Raises:
        Conflict: `base` lies before the last compaction.
        CarewireError: see `rules.decide`.
    """
    require_attempt(entity, attempt)
    _require_slots(entity.shape, plain)
    before, others = _scratch(entity, document, base)
    was = before.plain()
    change = _change(entity=entity, plain=plain, scratch=before, document=document, author=Author("", who))
    if change is None:
        return Saving(events=(), timers=(), document=document, merged=[], others=others)
    decision = stored(entity=entity, change=change, context=context, document=document, version=version)
    after = document.with_update(version + 1, change.data)
    merged = [name for name in plain.answers if others and _is_merged(name, plain, was[0], after)]
    return Saving(events=decision.events, timers=decision.timers, document=after, merged=merged, others=others)


def begun(entity: DocumentAssignment, attempt: int, kept: Contents | None) -> Checkpoint:
    """The document of a new attempt, which begins with what was submitted (None: with nothing)."""
    document = Document.new()
    if kept is not None:
        scratch = document.now()
        _write(entity.shape, Plain(answers=kept.answers, rows=kept.rows, notes=kept.notes), scratch)
        update = scratch.edit.update()
        if update != _EMPTY:
            document = document.with_update(0, update)
    secret = packed(document.whole())
    writing = entity.writing
    replaces = (*((writing.checkpoint,) if writing.checkpoint else ()), *writing.updates)
    return Checkpoint(
        author=entity.client_id, secret=secret, attempt=attempt, replaces=replaces, size=len(secret), begins=True
    )


def _scratch(entity: DocumentAssignment, document: Document, base: int | None) -> tuple[Scratch, bool]:
    """A copy of the document as its writer saw it, and whether it has been changed since."""
    seq = entity.writing.seq
    if base is None or base >= seq:
        return document.now(), False
    scratch = document.at(base)
    if scratch is None:
        answers = document.plain()[0]
        raise Conflict("This draft is too old. Take the present one.", details={"seq": seq, "answers": answers})
    return scratch, True


def _change(
    entity: DocumentAssignment, plain: Plain, scratch: Scratch, document: Document, author: Author
) -> Change | None:
    _write(entity.shape, plain, scratch)
    update = scratch.edit.update()
    change = judged(entity, update, document, author)
    return None if change.is_empty else change


def _write(shape: Shape, plain: Plain, scratch: Scratch) -> None:
    texts = {name: value for name, value in plain.answers.items() if _is_text(shape, name)}
    values = {name: value for name, value in plain.answers.items() if name not in texts}
    unset = [name for name in plain.unset if not _is_text(shape, name)]
    if values or unset:
        scratch.edit.values(ANSWERS, values, unset)
    if plain.rows:
        kept = {name: position for name, position in plain.rows.items() if position is not None}
        scratch.edit.values(ROWS, kept, [name for name in plain.rows if name not in kept])
    for name, text in texts.items():
        scratch.edit.text(TEXT + name, text)
    for name in plain.unset:
        if _is_text(shape, name):
            scratch.edit.text(TEXT + name, "")
    for name, text in plain.notes.items():
        scratch.edit.text(NOTE + name, text)


def _require_slots(shape: Shape, plain: Plain) -> None:
    """Whatever is named is a field of the worksheet.

    Raises:
        InvalidArgument: it is none, or a text is no text.
    """
    for name, value in plain.answers.items():
        if _is_text(shape, name):
            if not isinstance(value, str):
                raise InvalidArgument("A long text is a text.", details={"field": f"answers.{name}"})
        elif shape.slot(ANSWERS, name) is None:
            raise InvalidArgument("The worksheet has no such field.", details={"field": f"answers.{name}"})
    for name in plain.unset:
        if not _is_text(shape, name) and shape.slot(ANSWERS, name) is None:
            raise InvalidArgument("The worksheet has no such field.", details={"field": "unset"})
    for name in plain.rows:
        if shape.slot(ROWS, name) is None:
            raise InvalidArgument("The worksheet has no such group.", details={"field": f"rows.{name}"})
    for name in plain.notes:
        if shape.slot(NOTE + name, "") is None:
            raise InvalidArgument("The worksheet has no such field.", details={"field": f"notes.{name}"})


def _is_text(shape: Shape, name: str) -> bool:
    field = shape.field(name)
    return field is not None and field.type == LONG


def _is_merged(name: str, plain: Plain, was: Mapping[str, object], after: Document) -> bool:
    """Is there something in this text that its writer has not sent?"""
    return isinstance(was.get(name, ""), str) and after.plain()[0].get(name) != plain.answers[name]
