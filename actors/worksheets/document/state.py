"""What an assignment remembers of its document: numbers and sizes, no word of what was written."""

import msgspec

from actors.worksheets.document.events import Checkpoint, DocumentEvent


class Writing(msgspec.Struct, kw_only=True):
    """See the module. `updates`: numbers of the events since the last checkpoint, `checkpoint` that one's number.
    `numbers`: writer numbers of this attempt, and whose they are; `past`: those of attempts that are over. `due_ms`: of
    the timer that compacts."""

    attempt: int = 1
    checkpoint: int = 0
    updates: list[int] = []
    bytes_since: int = 0
    base_bytes: int = 0
    numbers: dict[int, str] = {}
    past: list[int] = []
    saved_at_ms: int = 0
    seq: int = 0

    def apply(self, event: DocumentEvent, seq: int, at_ms: int) -> None:
        """Fold in what has happened."""
        if isinstance(event, Checkpoint):
            self._whole(event, seq, at_ms)
            return
        self.updates.append(seq)
        self.bytes_since += event.size
        self.numbers |= dict.fromkeys(event.numbers, event.by)
        self.saved_at_ms, self.seq = at_ms, seq

    def _whole(self, event: Checkpoint, seq: int, at_ms: int) -> None:
        self.checkpoint, self.updates, self.bytes_since, self.base_bytes = seq, [], 0, event.size
        if event.begins:
            self.past = [*self.past, *self.numbers][-_MOST_PAST:]
            self.attempt, self.numbers = event.attempt, {}
            self.saved_at_ms, self.seq = at_ms, seq

    @property
    def size(self) -> int:
        """Of the document, in bytes, at most."""
        return self.base_bytes + self.bytes_since


_MOST_PAST = 10_000
