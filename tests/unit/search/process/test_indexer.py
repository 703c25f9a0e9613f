"""Whoever writes indexes while others come and go."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from typing_extensions import override

from common.errors import Unavailable
from serve_app.capabilities.search.port import Applied, Engine, Key
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.sources.entry import Entry, Fed
from tests.unit.search.life import PlainEngine

SAID = Entry(Key("messages", "r#1"), 1, 1, text="heron")


class Slow:
    """An index that takes its time."""

    def __init__(self, *, dropped: bool = False) -> None:
        self.goes_on, self.got, self._dropped = asyncio.Event(), list[Fed](), dropped

    async def apply(self, fed: Sequence[Fed]) -> Applied:
        await self.goes_on.wait()
        if self._dropped:
            raise LookupError("dropped")
        self.got += fed
        return Applied()


def written(*slow: Slow) -> tuple[Written, ...]:
    return cast("tuple[Written, ...]", slow)


class Hasty(Indexer):
    """The twin: asks anew after each what is written."""

    @override
    async def apply(self, fed: Sequence[Fed]) -> None:
        for number in range(2):
            if number < len(self.written):
                await self.written[number].apply(fed)


async def _nothing_of(_: str) -> Sequence[Any]:
    return ()


def indexer(kind: type[Indexer] = Indexer) -> Indexer:
    return kind(cast("Engine", PlainEngine()), [], _nothing_of)


@pytest.mark.parametrize("kind", [Indexer, Hasty])
async def test_what_is_being_written_while_another_comes_to_serve_is_in_that_one_too(kind: type[Indexer]) -> None:
    one, old, new = indexer(kind), Slow(), Slow()
    new.goes_on.set()
    one.written = written(old)
    one.add(*written(new))
    writing = asyncio.create_task(one.apply([SAID]))
    await asyncio.sleep(0)
    await one.begin(*written(new))
    old.goes_on.set()
    await writing
    assert (new.got == [SAID]) is (kind is Indexer)


async def test_one_that_was_dropped_meanwhile_is_missed_by_nobody_but_one_that_serves_is() -> None:
    one, gone, new = indexer(), Slow(dropped=True), Slow()
    for slow in (gone, new):
        slow.goes_on.set()
    one.written = written(gone)
    with pytest.raises(Unavailable):
        await one.apply([SAID])
    one.written = written(gone, new)
    writing = asyncio.create_task(one.apply([SAID]))
    one.remove(*written(gone))
    one.written = written(gone, new)
    gone.goes_on.clear()
    await asyncio.sleep(0)
    one.remove(*written(gone))
    gone.goes_on.set()
    await writing
    assert new.got == [SAID]
