"""Search without the rest: messages taken in a second, bytes a message, and the time of a search, each beside tantivy
as it comes, with words in the clear and its own stems.

Workload: messages of 20 words cut out of documentation (`loadtests/lib/texts.py`), a hundred in each room; a caller
reads 50 rooms; queries are of two words that stand in some message, by relevance, 20 hits. One thread writes, one asks.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import psutil
import tantivy
from tantivy import Occur, Query

from common.clock import SystemClock
from loadtests.lib.texts import sentences, texts
from loadtests.search_quality import slipped
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.port import Among, Filters, Generation, Key, Put
from serve_app.capabilities.search.process.index import ServingGeneration
from serve_app.capabilities.search.query import parse

BATCH: Final = 2_000
ROOMS: Final = 50
ASKED: Final = 300


class PlainEngine:
    """tantivy with the words themselves."""

    def __init__(self, folder: Path) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("text", tokenizer_name="en_stem", index_option="freq")
        builder.add_text_field("room", tokenizer_name="raw", index_option="basic", fast=True)
        builder.add_unsigned_field("at", fast=True)
        self.schema = builder.build()
        self._index = tantivy.Index(self.schema, path=str(folder))
        self._writer = self._index.writer(30_000_000, 1)

    def fill(self, messages: Sequence[str]) -> None:
        """As many commits as we make."""
        for start in range(0, len(messages), BATCH):
            for number, text in enumerate(messages[start : start + BATCH], start):
                made = tantivy.Document()
                made.add_text("key", f"messages:msg_{number}")
                made.add_text("text", text)
                made.add_text("room", f"room_{number // 100}")
                made.add_unsigned("at", number)
                self._writer.add_document(made)
            self._writer.commit()
        self._writer.wait_merging_threads()
        self._index.reload()

    async def find(self, text: str, rooms: Sequence[str]) -> int:
        """How many of the first 20."""
        words = self._index.parse_query_lenient(text, ["text"])[0]
        inside = Query.const_score_query(Query.term_set_query(self.schema, "room", list(rooms)), 0.0)
        searcher = self._index.searcher()
        both = Query.boolean_query([(Occur.Must, words), (Occur.Must, inside)])
        found = await asyncio.to_thread(searcher.search, both, 20, False)
        return len([searcher.doc(address)["key"] for _, address in found.hits])


class WholeEngine:
    """The engine of the process, and all that stands before it."""

    def __init__(self, engine: TantivyEngine, *, beginnings: bool) -> None:
        self._engine, self._beginnings = engine, beginnings
        self._blinder = Blinder(IndexKey("k1", bytes(range(32))), Analyser())
        self._asked = ServingGeneration(engine, self._blinder)

    async def fill(self, messages: Sequence[str]) -> float:
        """Seconds of it that were ours: words and tokens."""
        ours_s = 0.0
        for start in range(0, len(messages), BATCH):
            began_s = time.perf_counter()
            batch = [self._put(number, text) for number, text in enumerate(messages[start : start + BATCH], start)]
            ours_s += time.perf_counter() - began_s
            await self._engine.apply(batch)
        return ours_s

    def _put(self, number: int, text: str) -> Put:
        blinded = self._blinder.document([], [text], beginnings_of_texts=self._beginnings)
        filters = {"room": [f"room_{number // 100}"], "sender": [f"usr_{number % 997}"]}
        return Put(
            key=Key("messages", f"msg_{number}"),
            version=1,
            at=number,
            words=blinded.words,
            beginnings=blinded.beginnings,
            filters=filters,
        )

    async def find(self, text: str, rooms: Sequence[str]) -> int:
        """How many of the first 20, slips and all."""
        filters = Filters((Among("type", frozenset(["messages"])), Among("room", frozenset(rooms))))
        query = parse(text, self._blinder.analyser)
        slips = await self._asked.instead(query, filters)
        return len((await self._asked.find(query, slips, filters, every=False, sort="relevance", limit=20)).hits)


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


async def timed(title: str, find: Callable[[str, Sequence[str]], Awaitable[int]], queries: Sequence[str]) -> None:
    """Print the times of one after the other."""
    took, hits = [], 0
    rooms = [f"room_{number}" for number in range(ROOMS)]
    for text in queries:
        began_s = time.perf_counter()
        hits += await find(text, rooms)
        took.append(1e3 * (time.perf_counter() - began_s))
    marks = statistics.quantiles(took, n=100)
    print(f"  {title:36} p50 {marks[49]:6.2f} ms  p99 {marks[98]:6.2f} ms  {hits / len(queries):5.1f} hits", flush=True)


async def measure(messages: Sequence[str], folder: Path) -> None:
    """All of it."""
    count, before = len(messages), psutil.Process().memory_info().rss
    began_s = time.perf_counter()
    plain = PlainEngine(_made(folder / "plain"))
    plain.fill(messages)
    took_s = time.perf_counter() - began_s
    base = size(folder / "plain") / count
    print(f"  {'plain tantivy':36} {count / took_s:8.0f} messages/s  {base:6.0f} bytes a message")
    kept: WholeEngine | None = None
    for title, beginnings in (("search, beginnings of names", False), ("search, beginnings of all", True)):
        engine = TantivyEngine(folder / str(beginnings), SystemClock(), commit_every_s=0)
        await engine.start()
        await engine.create(Generation(1, "k1", "1"))
        await engine.swap(1)
        kept, began_s = WholeEngine(engine, beginnings=beginnings), time.perf_counter()
        ours_s = await kept.fill(messages)
        took_s = time.perf_counter() - began_s
        await engine.close()  # waits until what is being merged is merged
        await engine.start()
        each = size(folder / str(beginnings)) / count
        speed = f"{count / took_s:8.0f} messages/s  {each:6.0f} bytes a message ({each / base:.1f} x)"
        print(f"  {title:36} {speed}, words and tokens {ours_s / took_s:.0%}", flush=True)
    dice = random.Random(3)
    words = [word for text in messages[: 100 * ROOMS] for word in text.split() if word.isalpha() and len(word) > 4]
    queries = [" ".join(dice.sample(words, 2)) for _ in range(ASKED)]
    assert kept is not None
    await timed("plain tantivy", plain.find, queries)
    await timed("search", kept.find, queries)
    await timed("search, with slips", kept.find, [slipped(text, dice) for text in queries])
    grown = psutil.Process().memory_info().rss - before
    print(f"  memory of all three indexes together: {grown / 1e6:.0f} MB")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> int:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    args = parser.parse_args()
    messages = sentences(texts(), 20, args.messages)
    print(f"{args.messages} messages of 20 words, a caller with {ROOMS} rooms")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(messages, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
