"""Both engines rank alike: on the same corpus nine of the first ten are the same."""

import random
from pathlib import Path

from common.clock import SystemClock
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.port import Engine, Filters
from tests.contract.search.conftest import FIRST
from tests.contract.search.documents import put, some

WORDS = [f"w{n}" for n in range(400)]
SEEN = [1 / (n + 2) for n in range(400)]  # as often as words of a language


async def test_every_engine_ranks_as_the_one_in_the_process_does(engine: Engine, tmp_path: Path) -> None:
    dice = random.Random(5)
    texts = [" ".join(dice.choices(WORDS, SEEN, k=dice.randrange(5, 60))) for _ in range(600)]
    peer = TantivyEngine(tmp_path / "peer", SystemClock())
    await peer.start()
    await peer.create(FIRST)
    await peer.swap(1)
    for one in (engine, peer):
        await one.apply([put(f"m{n}", text) for n, text in enumerate(texts)])
    shared = []
    for _ in range(40):
        tree = some(*dice.sample(WORDS[:200], 3))
        ours, theirs = [{hit.key for hit in (await one.find(tree, Filters(), limit=10)).hits} for one in (engine, peer)]
        shared.append(len(ours & theirs) / max(1, len(theirs)))
    await peer.close()
    assert sum(shared) / len(shared) >= 0.9
