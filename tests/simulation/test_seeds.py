"""A seed is a run: the same in every process, whatever the interpreter takes for the hash of a text."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
RUN: Final = """
import sys
from hashlib import sha256
from tests.simulation.loop import run
from tests.simulation.test_activities import a_run as with_activities
from tests.simulation.test_kernel import a_run as with_ledgers
from tests.simulation.world import World
from tests.unit.kernel.errand import ErrandKind

def digest(world, work):
    run(world.loop, work, limit_s=900)
    heard = [[(one.topic, one.version) for one in all_] for all_ in world.heard.values()]
    return sha256(repr((world.loop.now_s, world.random.getstate(), heard)).encode()).hexdigest()

for seed in (3, 7):
    world = World(seed, kinds=(ErrandKind(),), keep_s=0.4)
    print(digest(world, with_activities(world, sizes=(3, 1, 2))))
    world = World(seed)
    print(digest(world, with_ledgers(world, deaths=1, sizes=(3, 1, 2))))
"""


def runs(hash_seed: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize("other", [2, 3])
def test_a_seed_is_the_same_run_in_every_process(other: int) -> None:
    first = runs(1)
    assert len(set(first)) == 4, "different seeds are different runs"
    assert runs(other) == first
