"""The document in memory: a part of its assignment.

A part is a log that is shared, and how much of it counts. A fold appends; who meets a log that is longer than their
part (a turn was thrown away) builds it anew from what counts. So a fold that is thrown away changes nobody's document.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors.kernel.contract.entity import Library, Recorded
from actors.worksheets.document import crdt
from actors.worksheets.document.events import Checkpoint, DocumentEvent, DocumentUpdated, Whole
from actors.worksheets.yjs.index import RunIndex, StoredIndex
from actors.worksheets.yjs.reader import Change, apply, read
from actors.worksheets.yjs.update import parse, state_vector_bytes

if TYPE_CHECKING:
    from pycrdt import Doc

NOTHING: Final = Whole(b"", StoredIndex(places=[], runs={}, ends={}, deleted={}, alive=[]))
_BYTES: Final = 2_000  # of a document in which next to nothing is
_COPIES: Final = 2  # an update is kept as it is, and in the CRDT
_BYTES_A_STRUCT: Final = 330  # in the CRDT
_BYTES_A_RUN: Final = 160
_LARGEST: Final = 2**53
_decode_whole: Final = msgspec.msgpack.Decoder(Whole).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def key_of(attempt: int) -> str:
    """The key of the part that is the document of this attempt."""
    return f"doc:{attempt}"


class _Log:
    """What all parts of one document share: where it began, what came since, and both put together."""

    __slots__ = ("base", "base_seq", "document", "index", "reading", "replaced", "size", "structs", "updates")

    def __init__(self, base: Whole, base_seq: int, replaced: int) -> None:
        self.base = base
        self.base_seq = base_seq
        self.replaced = replaced
        self.updates: list[tuple[int, bytes]] = []
        self.size = len(base.state)
        self.structs = base.structs
        self.index = RunIndex.of(base.index)
        self.document: Doc[Any] = crdt.document_of(base.state)
        self.reading: Change | None = None  # the last that was read, and not taken yet

    def add(self, seq: int, update: bytes) -> None:
        """One more update."""
        change = self.reading
        if change is None or change.data is not update:
            change = read(update, self.index)
        self.reading = None
        self.document.apply_update(update)
        apply(change, self.index)
        self.updates.append((seq, update))
        self.size += len(update)
        self.structs += len(change.added)

    def settle(self, state: bytes) -> int:
        """Take the deletions of a state into the index. How many structs it has."""
        update, self.reading = parse(state), None
        for writer, start, end in update.deleted:
            self.index.delete(writer, start, end)
        return sum(map(len, update.items.values()))


class Document:
    """The document of one attempt, as of one turn."""

    __slots__ = ("_length", "_log")

    def __init__(self, log: _Log, length: int) -> None:
        self._log = log
        self._length = length

    @classmethod
    def new(cls) -> "Document":
        """One in which nothing is written."""
        return cls(_Log(NOTHING, 0, 0), 0)

    @classmethod
    def restored(cls, secret: bytes, seq: int, replaced: int) -> "Document":
        """The document of a checkpoint. `replaced`: the last event that it stands for."""
        return cls(_Log(_decode_whole(secret), seq, replaced), 0)

    def with_update(self, seq: int, update: bytes) -> "Document":
        """The document with this update, which was read against it."""
        log = self._current()
        log.add(seq, update)
        return Document(log, self._length + 1)

    def read(self, update: bytes) -> Change:
        """What this update would change. Raises Refused."""
        log = self._current()
        log.reading = read(update, log.index)
        return log.reading

    @property
    def index(self) -> RunIndex:
        """Which number stands where."""
        return self._current().index

    @property
    def weight(self) -> int:
        """Bytes of memory, roughly."""
        log = self._log
        return _BYTES + log.size * _COPIES + log.structs * _BYTES_A_STRUCT + log.index.runs * _BYTES_A_RUN

    @property
    def base(self) -> bytes:
        """The state of the last checkpoint."""
        return self._log.base.state

    @property
    def replaced(self) -> int:
        """The last event that the last checkpoint stands for; 0: none."""
        return self._log.replaced

    def state_vector(self) -> bytes:
        """Which numbers it has, as Yjs encodes that."""
        return state_vector_bytes(self.index.known())

    def lacking(self, known: dict[int, int] | None) -> bytes:
        """The update of all that somebody lacks who has these numbers."""
        document = self._current().document
        return document.get_update(state_vector_bytes(known)) if known else document.get_update()

    def plain(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Answers, rows and notes."""
        log = self._current()
        return crdt.plain(log.document, _roots(log.index))

    def whole(self) -> Whole:
        """The document in one piece, for a checkpoint."""
        log = self._current()
        state = log.document.get_update()
        structs = log.settle(state)
        return Whole(state, log.index.stored(), structs)

    def settled(self) -> None:
        """Learn from the CRDT which values lost against others written at the same time: they are deleted too."""
        log = self._current()
        log.settle(log.document.get_update())

    def at(self, seq: int) -> "Scratch | None":
        """A copy as it was once event `seq` had happened, to write in; None: nobody knows any more."""
        log = self._current()
        if seq < log.base_seq:
            return None
        updates = [update for number, update in log.updates if number <= seq]
        before = RunIndex.of(log.base.index)
        for update in updates:
            apply(read(update, before), before)
        number = next(number for number in range(1, 1000) if before.next(number) == log.index.next(number))
        return Scratch(log.base.state, updates, number, list(_roots(log.index)))

    def now(self) -> "Scratch":
        """A copy to write in."""
        log = self._current()
        return Scratch(log.base.state, [update for _, update in log.updates], 1, list(_roots(log.index)))

    def _current(self) -> _Log:
        """The log, if it is as long as this part; else one that is, from now on."""
        log = self._log
        if len(log.updates) != self._length:
            fresh = _Log(log.base, log.base_seq, log.replaced)
            for seq, update in log.updates[: self._length]:
                fresh.add(seq, update)
            self._log = log = fresh
        return log


class Scratch:
    """A copy of a document, for the server to write in."""

    def __init__(self, base: bytes, updates: Sequence[bytes], number: int, roots: Sequence[str]) -> None:
        self._document = crdt.document_of(base, updates, number)
        self._roots = roots
        self.edit = crdt.DocumentEdit(self._document)

    def plain(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Answers, rows and notes."""
        return crdt.plain(self._document, self._roots)


def packed(whole: Whole) -> bytes:
    """The secret of a checkpoint."""
    return _encode(whole)


def fold(part: Document | None, recorded: Recorded[DocumentEvent]) -> Document | None:
    """The part with this event folded in. One whose secret is gone (the person was erased) is none."""
    event = recorded.event
    if event.secret is None:
        return part
    if isinstance(event, Checkpoint):
        return Document.restored(event.secret, recorded.seq, event.replaces[-1] if event.replaces else 0)
    return (part or Document.new()).with_update(recorded.seq, event.secret)


async def fetch(entity_id: str, keys: Iterable[str], library: Library) -> dict[str, Document]:
    """The documents with these keys: the last checkpoint, and what came after it."""
    newest = await library.before(entity_id, _LARGEST, limit=1)
    since = newest[0].seq - 1 if newest else 0
    parts: dict[str, Document | None] = {}
    for recorded in await library.after(entity_id, since, upto=_LARGEST, limit=_MOST_EVENTS):
        if isinstance(recorded.event, DocumentUpdated | Checkpoint):
            key = key_of(recorded.event.attempt)
            parts[key] = fold(parts.get(key), recorded)
    return {key: part for key in keys if (part := parts.get(key)) is not None}


_MOST_EVENTS: Final = 100_000


def _roots(index: RunIndex) -> Iterable[str]:
    return dict.fromkeys(root for (root, _), count in index.alive.items() if count > 0)
