"""Updates as those see them who were away: what a checkpoint stands for comes in one piece, or they are told to ask."""

from typing import Any

import pytest

from actors.kernel.contract.entity import Recorded
from actors.worksheets.document import wiring
from actors.worksheets.document.events import Checkpoint, DocumentUpdated
from actors.worksheets.document.part import Document, fold, packed


def updated(seq: int, secret: bytes | None) -> Recorded[Any]:
    event = DocumentUpdated(author="ada", secret=secret, by="ada", attempt=1, numbers=(), size=1)
    return Recorded(seq, 0, seq, event)


def compacted() -> Document:
    """A document whose checkpoint, event 8, stands for the updates 5 to 7."""
    whole = packed(Document.new().whole())
    event = Checkpoint(author="ada", secret=whole, attempt=1, replaces=(5, 6, 7), size=len(whole))
    part = fold(None, Recorded(8, 0, 8, event))
    assert part is not None
    return part


@pytest.mark.parametrize(
    ("seq", "secret", "upto", "name"),
    [
        (5, None, 8, None),  # the checkpoint comes with 7
        (7, None, 8, "worksheet_sync"),
        (7, b"u", 7, "worksheet_sync"),  # not redacted yet, while those before it are
        (5, None, 6, "worksheet_gap"),  # 7 is heard as it is, and stands on what is gone
        (5, b"u", 6, "worksheet_sync"),
        (9, b"u", 9, "worksheet_sync"),
    ],
)
def test_nobody_who_was_away_misses_an_update(seq: int, secret: bytes | None, upto: int, name: str | None) -> None:
    part = compacted()
    shown = wiring.show_again("asg_1", updated(seq, secret), part, upto)
    assert (shown and shown.name) == name
    if seq == 7:
        assert shown is not None
        assert part.base in shown.attachments[0]
