"""An entity's life under observation: which rows of its table were driven, and what fell outside it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from typing_extensions import override

from actors.kernel.shard.residents import life
from actors.kernel.shard.residents.life import LifeEvent, Phase

Pair = tuple[Phase, LifeEvent]


class WatchedTable(dict[Pair, Phase]):
    """The table `life.NEXT`, which counts. A shard logs what raises in its tasks and lives on; here it is kept."""

    def __init__(self, rows: Any) -> None:
        super().__init__(rows)
        self.driven: Counter[Pair] = Counter()
        self.impossible: Counter[Pair] = Counter()

    @override
    def __getitem__(self, pair: Pair) -> Phase:
        if pair in self:
            self.driven[pair] += 1
        else:
            self.impossible[pair] += 1
        return super().__getitem__(pair)


@contextmanager
def watched(rows: Any = life.NEXT) -> Iterator[WatchedTable]:
    """Every entity lives by these rows, and no event may fall outside them."""
    table = WatchedTable(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(life, "NEXT", table)
        yield table
    assert not table.impossible, f"events that cannot happen: {dict(table.impossible)}"


@pytest.fixture(autouse=True)
def life_table() -> Iterator[WatchedTable]:
    """Each simulated run is held to the table."""
    with watched() as table:
        yield table
