"""Taking a change: whether it is its author's to make, and which events it becomes. Nothing is changed here."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.worksheets.document.commands import Compact
from actors.worksheets.document.events import Checkpoint, DocumentUpdated
from actors.worksheets.document.judging import (
    Author,
    Bounds,
    require_numbers,
    require_right,
    require_room,
    without_foreign_marks,
)
from actors.worksheets.document.part import Document, packed
from actors.worksheets.document.shape import Shape
from actors.worksheets.document.state import PACE_MS, Writing
from actors.worksheets.yjs.reader import Change
from actors.worksheets.yjs.refusal import UpdateRefused
from common.errors import FailedPrecondition, InvalidArgument, PayloadTooLarge, PermissionDenied, RateLimited

COMPACT_AFTER_MS: Final = 5 * 60_000
COMPACT_BYTES: Final = 65_536
BURST_S: Final = 2.0
"""Seconds whose updates one may send at once."""
WRITABLE: Final = frozenset({"assigned", "in_progress", "reopened"})
_pack: Final = msgspec.msgpack.Encoder().encode


class DocumentAssignment(Protocol):
    """What the document needs to know of its assignment."""

    @property
    def assignment_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def therapist_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def collaboration(self) -> bool: ...
    @property
    def last_submission(self) -> int: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def writing(self) -> Writing: ...
    @property
    def bounds(self) -> Bounds: ...
    @property
    def compact_after(self) -> int: ...
    def view(self) -> Any: ...


def require_attempt(entity: DocumentAssignment, attempt: int | None) -> None:
    """The attempt that is named is the present one (None: whichever that is), and may be written.

    Raises:
        FailedPrecondition: it is over.
        InvalidArgument: it has not begun.
    """
    present = entity.writing.attempt
    if attempt is not None and attempt > present:
        raise InvalidArgument("There is no such attempt.", details={"field": "attempt"})
    if (attempt is not None and attempt < present) or entity.status not in WRITABLE:
        cancelled = entity.status == "cancelled" and attempt in (None, present)
        raise FailedPrecondition(
            "This attempt is over. What you have is kept on your device.",
            details={"reason": "cancelled" if cancelled else "submitted", "version": entity.last_submission},
        )


def require_pace(entity: DocumentAssignment, context: Context) -> None:
    """They do not write faster than one may, over all gateways. Each of these slows its own sockets down before, so
    this is met by who writes at several: it takes what one gateway would let through, bursts included.

    Raises:
        RateLimited: they do.
    """
    per_s, now = entity.bounds.updates_per_s, context.now_ms
    if per_s and entity.writing.pace(context.by.user, now) >= per_s * (PACE_MS / 1000 + BURST_S):
        raise RateLimited(
            "Too many updates. Join those of a moment.",
            retry_after_s=(PACE_MS - now % PACE_MS) / 1000,
            details={"class": "updates"},
        )


def judged(entity: DocumentAssignment, update: bytes, document: Document, author: Author) -> Change:
    """What an update changes, if all of it is its author's to change.

    Raises:
        CarewireError: it is not; the document is as it was.
    """
    bounds, writing = entity.bounds, entity.writing
    if len(update) > bounds.update_bytes:
        raise PayloadTooLarge("This update is too large. Send smaller ones.")
    try:
        change = _read(entity, update, document, author)
        require_numbers(change, author, writing.numbers, writing.past)
        require_room(change, document.index, entity.shape, bounds)
    except UpdateRefused as refused:
        raise _told(refused) from None
    if len(writing.numbers.keys() | change.writers) > bounds.client_numbers:
        raise PayloadTooLarge("This worksheet has been opened too often. Submit it.")
    if change.added and writing.size + len(change.data) > bounds.state_bytes:
        raise PayloadTooLarge("This worksheet is as large as it may be.")
    return change


def _read(entity: DocumentAssignment, update: bytes, document: Document, author: Author) -> Change:
    """What it changes. Values that lost against others are deleted in every document but not known as such here: before
    somebody is refused for having deleted them, that is looked up."""
    for last in (False, True):
        change = without_foreign_marks(document.read(update), author, entity.shape)
        try:
            require_right(change, author, entity.shape, entity.bounds)
        except UpdateRefused as refused:
            if last or refused.why != "rights" or not any(place.key for place in change.cleared):
                raise
            document.settled()
        else:
            return change
    raise AssertionError("unreachable")


def _told(refused: UpdateRefused) -> Exception:
    match refused.why:
        case "rights":
            roots = sorted({f"{root}/{key}" if key else root for root, key in refused.places})
            return PermissionDenied(refused.message, details={"roots": roots})
        case "size":
            return PayloadTooLarge(refused.message)
        case "gap" | "client_number":
            return InvalidArgument(refused.message, details={"reason": refused.why})
    return InvalidArgument(refused.message, details={"field": "message"})


def stored(entity: DocumentAssignment, change: Change, context: Context, document: Document, version: int) -> Decision:
    """A change as events: the update, and a checkpoint when it is time for one. The first after a checkpoint sets the
    timer of the next."""
    writing = entity.writing
    update = DocumentUpdated(
        author=entity.client_id,
        secret=change.data,
        by=context.by.user,
        attempt=writing.attempt,
        numbers=tuple(number for number in change.writers if number not in writing.numbers),
        size=len(change.data),
    )
    events: list[Event] = [update]
    timers = [] if writing.updates else [compaction_timer(writing.attempt, context.now_ms + COMPACT_AFTER_MS)]
    if len(writing.updates) + 1 >= entity.compact_after or writing.bytes_since + update.size > COMPACT_BYTES:
        after = document.with_update(version + 1, change.data)
        events.append(checkpoint_of(entity, after, [*writing.updates, version + 1]))
    return Decision(events=events, timers=timers)


def checkpoint_of(entity: DocumentAssignment, document: Document, updates: Sequence[int]) -> Checkpoint:
    """The document in one piece, in the place of these events and of the checkpoint before them."""
    secret = packed(document.whole())
    replaces = (*((entity.writing.checkpoint,) if entity.writing.checkpoint else ()), *updates)
    return Checkpoint(
        author=entity.client_id,
        secret=secret,
        attempt=entity.writing.attempt,
        replaces=replaces,
        size=len(secret),
    )


def compaction_timer(attempt: int, due_ms: int) -> SetTimer:
    """Looks then whether it is time for a checkpoint."""
    return SetTimer("compact", due_ms, _pack(Compact(attempt=attempt)))
