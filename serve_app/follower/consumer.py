"""What a consumer is: whoever reads what was said after it was stored, once for each turn at least."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from actors.kernel.contract.entity import Recorded


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of one entity: its events in their order, and its notes (number 0) behind them. Secrets are opened; None
    where they were deleted, or their owner erased."""

    entity: str
    turn: int
    at_ms: int
    recorded: tuple[Recorded[Any], ...]


class Consumer(Protocol):
    """Reads the journal. `name` is that of its position, and of its metric of lag, for good. `kinds`: the entities
    whose turns it wants. `look_back_ms`: how much of the past it is shown when it has no position yet."""

    name: str
    kinds: frozenset[str]
    look_back_ms: int

    async def take(self, turns: Sequence[Turned]) -> None:
        """In the order of each entity, at most 500. When this returns, they are done. A repeat must change nothing:
        after a crash, or while it catches up, a turn may come twice, known by its entity and number.

        Raises:
            CarewireError: not now; the same turns come again after a pause.
        """
        ...
