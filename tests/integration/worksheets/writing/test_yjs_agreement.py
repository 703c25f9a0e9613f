"""Real Yjs documents, the reader and the CRDT agree on what was written."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from actors.worksheets.document.judging import Author, Bounds, require_right, require_room, without_foreign_marks
from actors.worksheets.document.part import Document
from actors.worksheets.document.shape import FieldShape, Shape
from actors.worksheets.yjs.index import RunIndex
from actors.worksheets.yjs.reader import apply, read

_JS = Path(__file__).parents[3] / "js"
SHAPE = Shape(
    {
        "story": FieldShape(type="long_text"),
        "plan": FieldShape(type="long_text", filled_by="both"),
        "mood": FieldShape(type="integer", min=0, max=10),
        "done": FieldShape(type="boolean"),
        "list": FieldShape(type="multi_choice", options=("a", "b")),
        "name": FieldShape(type="text"),
        "diary": FieldShape(type="group"),
    }
)


def edits(seed: int, steps: int) -> tuple[list[bytes], dict[str, Any]]:
    """Updates of three people in the order of a server, and how it ended."""
    ran = subprocess.run(
        ["node", "yjs_edits.mjs", str(seed), str(steps)], cwd=_JS, capture_output=True, check=True, text=True
    )
    *lines, end = [json.loads(line) for line in ran.stdout.splitlines()]
    return [base64.b64decode(line["update"]) for line in lines], end


@pytest.mark.parametrize("seed", range(1, 5))
def test_three_people_with_yjs_the_reader_and_the_crdt_agree(seed: int) -> None:
    updates, end = edits(seed, 400)
    document = Document.new()
    anna = Author("anna", "client")
    for seq, update in enumerate(updates, 1):
        change = without_foreign_marks(document.read(update), anna, SHAPE)
        require_right(change, anna, SHAPE, Bounds())
        require_room(change, document.index, SHAPE, Bounds())
        if not change.is_empty:
            document = document.with_update(seq, change.data)
    answers, rows, notes = document.plain()
    texts = {f"text:{name}": answers.pop(name, "") for name in ("story", "plan")}
    assert (answers, rows, texts, notes) == (end["answers"], end["rows"], end["texts"], {})
    assert document.read(base64.b64decode(end["state"])).added == []
    whole = document.whole()
    assert RunIndex.of(whole.index).alive == {key: count for key, count in document.index.alive.items() if count}
    assert _alive(whole.state) == {key: count for key, count in document.index.alive.items() if count}


def _alive(state: bytes) -> dict[tuple[str, str], int]:
    """What an index made of the state alone counts."""
    index = RunIndex()
    apply(read(state, index), index)
    return {key: count for key, count in index.alive.items() if count}
