"""What lies in the folder of the index beside tantivy's own files: what each generation is made with, since when
something in it is dead, and which generation serves."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import get_ident
from typing import Final

from serve_app.capabilities.search.port import Generation

_ABOUT: Final = "about.json"
_DEAD: Final = "dead.json"
_META: Final = "meta.json"  # tantivy's
_SERVING: Final = "serving.json"


def folder_of(root: Path, number: int) -> Path:
    """Where a generation lies."""
    return root / f"g{number}"


def numbers(root: Path) -> Iterator[int]:
    """The generations that have a folder."""
    for folder in root.glob("g*"):
        if folder.name[1:].isdecimal():
            yield int(folder.name[1:])


def serving(root: Path) -> int | None:
    """The generation that serves. None: there is none, or the file is damaged."""
    try:
        number = json.loads((root / _SERVING).read_bytes())["number"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def serve(root: Path, number: int) -> None:
    """Let it serve, also after a crash."""
    _write(root / _SERVING, {"number": number})


def about(folder: Path) -> Generation:
    """What a generation is made with. Raises: OSError, ValueError, KeyError or TypeError if it is damaged."""
    read = json.loads((folder / _ABOUT).read_bytes())
    return Generation(read["number"], read["key_id"], read["analysis"])


def describe(folder: Path, generation: Generation) -> None:
    """Write down what it is made with."""
    _write(
        folder / _ABOUT,
        {"number": generation.number, "key_id": generation.key_id, "analysis": generation.analysis},
    )


def dead_in(folder: Path) -> dict[str, int]:
    """How many documents are dead and still lie in its files, by segment. Raises: OSError, ValueError, KeyError or
    TypeError if it is damaged."""
    segments = json.loads((folder / _META).read_bytes())["segments"]
    return {one["segment_id"]: one["deletes"]["num_deleted_docs"] for one in segments if one["deletes"]}


def dead_since(folder: Path, counts: Mapping[str, int], now_ms: int) -> int | None:
    """Since when the first of them is: when a segment was first seen with dead ones. A segment that was merged has none
    any more. Remembered in a file. Raises: OSError if that cannot be written."""
    known = _since(folder)
    since = {segment: known.get(segment, now_ms) for segment, count in counts.items() if count}
    if since != known:
        _write(folder / _DEAD, since)
    return min(since.values(), default=None)


def discard(folder: Path) -> None:
    """Away with a generation, also with one that is damaged."""
    shutil.rmtree(folder, ignore_errors=True)


def _since(folder: Path) -> dict[str, int]:
    try:
        read = json.loads((folder / _DEAD).read_bytes())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _write(path: Path, content: object) -> None:
    draft = path.with_name(f".{path.name}.{get_ident()}")  # of this thread: others may write it too
    with draft.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
