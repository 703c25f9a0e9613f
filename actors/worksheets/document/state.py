"""What an assignment remembers of its document: numbers and sizes, no word of what was written."""

from typing import Final

import msgspec

from actors.worksheets.document.events import Checkpoint, DocumentEvent

PACE_MS: Final = 10_000


class Writing(msgspec.Struct, kw_only=True):
    """See the module. `updates`: numbers of the events since the last checkpoint, `checkpoint` that one's number.
    `numbers`: writer numbers of this attempt, and whose they are; `past`: those of attempts that are over. `paces`: in
    which stretch of `PACE_MS` each person wrote last, and how many updates in that."""

    attempt: int = 1
    checkpoint: int = 0
    updates: list[int] = []
    bytes_since: int = 0
    base_bytes: int = 0
    numbers: dict[int, str] = {}
    past: list[int] = []
    saved_at_ms: int = 0
    seq: int = 0
    paces: dict[str, tuple[int, int]] = {}

    def apply(self, event: DocumentEvent, seq: int, at_ms: int) -> None:
        """Fold in what has happened."""
        if isinstance(event, Checkpoint):
            self._whole(event, seq, at_ms)
            return
        self.updates.append(seq)
        self.bytes_since += event.size
        self.numbers |= dict.fromkeys(event.numbers, event.by)
        self.saved_at_ms, self.seq = at_ms, seq
        self.paces[event.by] = at_ms // PACE_MS, self.pace(event.by, at_ms) + 1

    def pace(self, user: str, at_ms: int) -> int:
        """How many updates they have sent in this stretch of time."""
        stretch, count = self.paces.get(user, (0, 0))
        return count if stretch == at_ms // PACE_MS else 0

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
