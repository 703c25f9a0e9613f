"""Writes that nobody waits for."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.kernel.lib.writes import WriteBatcher, batch_writes
from common.errors import Unavailable
from common.lib.tasks import Tasks
from tests.simulation.loop import VirtualLoop, run


def test_what_comes_in_a_moment_is_written_together_and_again_until_it_is_written() -> None:
    attempts: list[list[str]] = []
    failing = asyncio.Event()

    async def write(items: Sequence[str]) -> None:
        attempts.append(list(items))
        if len(attempts) == 1:
            failing.set()
            raise Unavailable("The database does not answer.")

    async def main() -> None:
        together: WriteBatcher[str] = batch_writes(write, Tasks("test"))
        first = together.put("ab")
        await asyncio.sleep(0.1)
        beside = together.put("c")
        assert attempts == []
        await failing.wait()
        later = together.put("d")
        assert not first.done()
        await first
        assert beside.done()
        await later

    run(VirtualLoop(), main(), limit_s=60)
    assert attempts == [["a", "b", "c"], ["a", "b", "c"], ["d"]]


def test_what_cannot_be_written_fails_for_whoever_waits_and_holds_nobody_up() -> None:
    written: list[str] = []

    async def write(items: Sequence[str]) -> None:
        if "bad" in items:
            raise LookupError("a bug")
        written.extend(items)

    async def main() -> None:
        together: WriteBatcher[str] = batch_writes(write, Tasks("test"))
        with pytest.raises(LookupError):
            await together.put(["bad"])
        await together.put(["good"])

    run(VirtualLoop(), main(), limit_s=60)
    assert written == ["good"]
