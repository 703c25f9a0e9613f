"""What documents cost that are written together: `python -m loadtests.parts.bench_documents [--documents 2000]`.

One process, no server. The largest updates that are legal (32 KB of the smallest structs), read, judged and applied:
CPU time, the best of the rounds, beside what the CRDT alone takes of it. And documents of 10,000 characters held in
memory: how much the process grows, beside what they say that they weigh (a shard keeps no more than its budget of it).
"""

import argparse
import gc
import os
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import psutil
from pycrdt import Doc, Text

from actors.worksheets.document.judging import (
    Author,
    Bounds,
    require_numbers,
    require_right,
    require_room,
    without_foreign_marks,
)
from actors.worksheets.document.part import Document, packed
from actors.worksheets.document.shape import FieldShape, Shape
from actors.worksheets.yjs.bytes import block_bytes, number_bytes
from actors.worksheets.yjs.update import GONE, TEXT

_ROUNDS: Final = 9
_SHAPE: Final = Shape({"story": FieldShape(type="long_text")})
_ADA: Final = Author("ada", "client")
_WRITER: Final = 1000
_LEFT: Final = 0x80
_MB: Final = 2**20
_ROOT: Final = "text:story"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2000)
    documents = parser.parse_args().documents
    bounds = Bounds()
    cases = {
        "inserts of one character": (b"", _largest(lambda count: _chain(count, TEXT, block_bytes(b"x")), bounds)),
        "structs that are gone": (b"", _largest(lambda count: _chain(count, GONE, number_bytes(1)), bounds)),
        "deletions of every other": (_chain(1, TEXT, block_bytes(b"x" * 19_000)), _every_other(9000)),
    }
    for name, (before, update) in cases.items():
        whole, crdt = _cost_ms(before, update, bounds)
        print(f"{name}: {len(update)} bytes, {whole:.1f} ms, of which the CRDT {crdt:.1f}")
    _memory(documents)


def _cost_ms(before: bytes, update: bytes, bounds: Bounds) -> tuple[float, float]:
    """Read, judged and applied; and what the CRDT alone takes."""
    whole, alone = [], []
    for _ in range(_ROUNDS):
        document, bare = Document.new(), Doc[Any]()
        if before:
            document = document.with_update(1, before)
            bare.apply_update(before)
        gc.collect()
        whole.append(_took_ms(partial(_taken, document, update, bounds)))
        alone.append(_took_ms(partial(bare.apply_update, update)))
    return min(whole), min(alone)


def _took_ms(work: Callable[[], None]) -> float:
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1000


def _taken(document: Document, update: bytes, bounds: Bounds) -> None:
    change = without_foreign_marks(document.read(update), _ADA, _SHAPE)
    require_right(change, _ADA, _SHAPE, bounds)
    require_numbers(change, _ADA, {}, ())
    require_room(change, document.index, _SHAPE, bounds)
    document.with_update(2, change.data)


def _largest(make: Callable[[int], bytes], bounds: Bounds) -> bytes:
    """With as many structs as fit."""
    low, high = 1, bounds.update_bytes
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(make(middle)) <= bounds.update_bytes else (low, middle)
    return make(low)


def _chain(count: int, kind: int, content: bytes) -> bytes:
    """Structs that each stand behind the one before."""
    first = bytes((kind,)) + number_bytes(1) + block_bytes(_ROOT.encode()) + content
    rest = [bytes((kind | _LEFT,)) + number_bytes(_WRITER) + number_bytes(at) + content for at in range(count - 1)]
    head = number_bytes(1) + number_bytes(count) + number_bytes(_WRITER) + number_bytes(0)
    return head + first + b"".join(rest) + b"\0"


def _every_other(count: int) -> bytes:
    ranges = b"".join(number_bytes(2 * at) + number_bytes(1) for at in range(count))
    return b"\0" + number_bytes(1) + number_bytes(_WRITER) + number_bytes(count) + ranges


def _memory(documents: int) -> None:
    secret = packed(_written(random.Random(1)).whole())
    process = psutil.Process(os.getpid())
    gc.collect()
    before, begun = process.memory_info().rss, time.perf_counter()
    held = [Document.restored(secret, 1, 0) for _ in range(documents)]
    took_ms = (time.perf_counter() - begun) * 1000 / documents
    gc.collect()
    grown, told = process.memory_info().rss - before, sum(one.weight for one in held)
    print(
        f"{documents} documents of {len(held[0].base)} bytes: the process grew by {grown / _MB:.0f} MB, they say "
        f"{told / _MB:.0f} MB; {took_ms:.2f} ms to open one"
    )


def _written(dice: random.Random) -> Document:
    """10,000 characters, typed in pieces wherever."""
    mine: Doc[Any] = Doc(client_id=5000)
    text = mine.get(_ROOT, type=Text)
    for _ in range(500):
        text.insert(dice.randint(0, len(str(text))), "twenty characters : ")
    return Document.new().with_update(1, mine.get_update())


if __name__ == "__main__":
    main()
