"""A house of many messages, without saying them one by one: turns straight into the journal, sealed as shards seal
them, and documents straight into an index, which a process of its own then answers from. What is asked, opened and
shown is as in the whole program; nothing follows the journal.

Run as `python -m loadtests.parts.search.straight fill FOLDER TEXTS ROOMS` and `... serve FOLDER DATA_DIR URL`.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from actors.kernel.contract.partitions import partition_of
from actors.kernel.history.codec import Codec
from actors.rooms.messages.chat_message import Content, pack
from actors.rooms.room.events import Posted
from actors.rooms.room.kind import RoomKind
from common.clock import SystemClock
from common.lib.allocator import share_arenas
from config.settings import RoomSettings
from loadtests.parts.search.keeper import pss_mb
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.port import Generation
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.index import ServingGeneration, Written
from serve_app.capabilities.search.process.link import FIND, SearchListener
from serve_app.capabilities.search.process.questions import Question
from serve_app.capabilities.search.process.questions import pack as packed
from serve_app.capabilities.search.sources.entry import Entry
from serve_app.capabilities.search.sources.messages import key_at
from store.mongo.client import open_client
from store.ports.journal import Outcome, Turn
from store.ports.stores import Stores

FIRST_SEQ: Final = 2
"""Of the first message: the room itself began before it."""
AT_ONCE: Final = 2_000
DAY_MS: Final = 86_400_000
BEGUN_MS: Final = 1_790_000_000_000
_KEY: Final = IndexKey("bench", bytes(range(32)))
_BATCH: Final = 10_000
_question: Final = msgspec.msgpack.Decoder(Question).decode


def seq_of(number: int, rooms: int) -> int:
    """Where the message of this number is posted, in the room `number % rooms`."""
    return FIRST_SEQ + number // rooms


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _at(number: int) -> int:
    return BEGUN_MS + number * 1_000


async def fill_journal(stores: Stores, rooms: Sequence[str], messages: Sequence[str], author: str) -> None:
    """The rooms are there, and nothing was said in them."""
    codec = Codec(RoomKind(RoomSettings()), stores.vault)
    await stores.vault.ensure([author])
    begun = (await stores.journal.turns(f"room:{rooms[0]}", after=0, limit=10))[-1]
    if begun.last_seq + 1 != FIRST_SEQ:
        raise RuntimeError("rooms begin in another way")
    step = min(AT_ONCE, len(rooms))  # one turn of a room at a time
    for first in range(0, len(messages), step):
        turns = []
        for number, text in enumerate(messages[first : first + step], first):
            entity, seq = f"room:{rooms[number % len(rooms)]}", seq_of(number, len(rooms))
            event = Posted(author=author, at=_at(number), id=f"msg_{number:024}", secret=pack(Content(body=text)))
            blob = codec.encode(entity, event, seq)
            turn = begun.turn + 1 + number // len(rooms)
            turns.append(
                Turn(
                    entity=entity,
                    turn=turn,
                    first_seq=seq,
                    at_ms=_at(number),
                    partition=partition_of(entity),
                    events=(blob,),
                    primary=1,
                )
            )
        outcomes = await stores.journal.append(turns)
        if set(outcomes.values()) != {Outcome.STORED}:
            raise RuntimeError("not all of it was stored")


async def fill_index(folder: Path, messages: Sequence[str], rooms: Sequence[str], sender: str) -> None:
    """Print how fast, and how large it is."""
    engine, blinder = TantivyEngine(folder, SystemClock()), Blinder(_KEY, Analyser())
    await engine.start()
    await engine.create(Generation(1, _KEY.id, blinder.analyser.version))
    await engine.swap(1)
    written = Written(engine, blinder, texts=True, number=1)
    began_s, cpu_s = time.perf_counter(), time.process_time()
    for first in range(0, len(messages), _BATCH):
        entries = []
        for number, text in enumerate(messages[first : first + _BATCH], first):
            room, seq = rooms[number % len(rooms)], seq_of(number, len(rooms))
            filters = {"room": [room], "sender": [sender]}
            entries.append(Entry(key_at(room, seq), seq, _at(number), text=text, filters=filters))
        await written.apply(entries)
    await engine.close()
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    size, count = size_of(folder), len(messages)
    print(
        f"  indexed {count} in {took_s:.0f} s: {count / took_s:.0f} a second, {count / cpu_s:.0f} a second of CPU; "
        f"{size / count:.0f} bytes a message",
        flush=True,
    )


async def serve(folder: Path, url: str, name: str) -> None:
    """Answer from it until standard input ends."""
    clock = SystemClock()
    engine = TantivyEngine(folder, clock)
    await engine.start()
    client = open_client(url, timeout_s=10)
    answering = Answering(ServingGeneration(engine, Blinder(_KEY, Analyser())), engine, clock, excluded=())

    async def find(payload: bytes) -> bytes:
        return packed(await answering.answer(_question(payload)))

    listener = SearchListener(client[name], {FIND: find})
    await listener.start("127.0.0.1", None, None)
    before_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    used_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before_s
    sys.stdout.write(json.dumps({"cpu_s": used_s, "pss_mb": pss_mb()}))
    sys.stdout.flush()
    await listener.stop()
    await engine.close()
    client.close()


def main(what: str, folder: str, *more: str) -> None:
    """See the module."""
    share_arenas()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if what == "serve":
            runner.run(serve(Path(folder), *more))
            return
        messages = Path(more[0]).read_text(encoding="utf-8").split("\n")
        rooms = [f"room-{number}" for number in range(int(more[1]))]
        runner.run(fill_index(Path(folder), messages, rooms, more[2]))


if __name__ == "__main__":
    main(*sys.argv[1:])
