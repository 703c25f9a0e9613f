"""How long a change waits until it is found, in virtual time: one rest, one commit, and its own commit at most."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from typing_extensions import override

from serve_app.capabilities.search.port import Applied, Engine, Key
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.process.indexer import REST_S, Indexer
from serve_app.capabilities.search.sources.entry import Entry, Fed, Feeder
from serve_app.follower.consumer import Turned
from serve_app.follower.line import ConsumerLine
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.unit.search.life import PlainEngine

COMMIT_S: Final = 0.08
EVERY_S: Final = 0.013
MANY: Final = 300


class Saying:
    """Each turn is a message."""

    kinds = frozenset({"room"})

    async def read(self, turned: Turned) -> Sequence[Fed]:
        return [Entry(Key("messages", f"r#{turned.turn}"), turned.turn, turned.at_ms, text="heron")]


class Disk:
    """An index whose commits take their time. `found_s`: when each document was found."""

    def __init__(self) -> None:
        self.found_s: dict[str, float] = {}
        self.commits = 0

    async def apply(self, fed: Sequence[Fed]) -> Applied:
        await asyncio.sleep(COMMIT_S)
        self.commits += 1
        self.found_s |= {one.key.id: asyncio.get_running_loop().time() for one in fed}
        return Applied()


class FullHands(Indexer):
    """The twin: rests with changes in its hands, that could have been taken in, and lets others wait behind them."""

    @override
    async def take(self, turns: Sequence[Turned]) -> None:
        await asyncio.sleep(REST_S)
        await self._take(turns)


async def _nothing_of(_: str) -> Sequence[Any]:
    return ()


async def waited(loop: VirtualLoop, kind: type[Indexer]) -> tuple[float, int]:
    """The longest that a change waited, and how often was committed."""
    disk, unused = Disk(), cast("Any", None)
    indexer = kind(cast("Engine", PlainEngine()), [cast("Feeder", Saying())], _nothing_of)
    indexer.written = (cast("Written", disk),)
    line = ConsumerLine(indexer, unused, VirtualClock(loop), lambda _: None)
    running, said_s = asyncio.create_task(line.run()), dict[str, float]()
    for number in range(1, MANY):
        said_s[f"r#{number}"] = loop.time()
        line.put(None, Turned("room:r", number, number, ()))
        await asyncio.sleep(EVERY_S)
    await asyncio.sleep(1.0)
    running.cancel()
    return max(disk.found_s[key] - since_s for key, since_s in said_s.items()), disk.commits


def test_a_change_waits_for_one_rest_and_two_commits_at_most() -> None:
    for kind in (Indexer, FullHands):
        loop = VirtualLoop()
        longest_s, commits = run(loop, waited(loop, kind))
        assert commits <= 1 + (MANY * EVERY_S + REST_S) / (REST_S + COMMIT_S)  # they are few
        assert (longest_s <= REST_S + 2 * COMMIT_S + 0.001) is (kind is Indexer), (kind, longest_s)
