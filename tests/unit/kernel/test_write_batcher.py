"""Writes that nobody waits for."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.kernel.lib.writes import WriteBatcher
from common.errors import Unavailable
from common.lib.tasks import Tasks
from tests.simulation.loop import VirtualLoop, run


def test_what_comes_in_a_moment_is_written_together_and_again_until_it_is_written() -> None:
    attempts: list[list[str]] = []

    async def write(items: Sequence[str]) -> None:
        attempts.append(list(items))
        if len(attempts) == 1:
            raise Unavailable("The database does not answer.")

    async def main() -> None:
        together = WriteBatcher(write, Tasks("test"))
        first = together.add("ab")
        await asyncio.sleep(0.1)
        assert together.add("c") is first
        assert attempts == []
        await asyncio.sleep(0.2)
        later = together.add("d")
        assert not first.done()
        await first
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
        together = WriteBatcher(write, Tasks("test"))
        with pytest.raises(LookupError):
            await asyncio.shield(together.add(["bad"]))
        await together.add(["good"])

    run(VirtualLoop(), main(), limit_s=60)
    assert written == ["good"]
