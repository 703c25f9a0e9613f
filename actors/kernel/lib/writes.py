"""Writes that nobody waits for: those of a moment go to the database together, and again until it has them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Final, TypeVar

from actors.kernel.lib.backoffs import database_backoff
from common.errors import Unavailable
from common.lib.batching import Batcher, without_results
from common.lib.retry import retry
from common.lib.tasks import Tasks

_LINGER_S: Final = 0.25
_MOST: Final = 1000

T = TypeVar("T")
WriteBatcher = Batcher[Iterable[T], None]
"""Takes items to be written, in groups as they come. What is not done when its shard ends is somebody else's to do."""


def batch_writes(write: Callable[[Sequence[T]], Awaitable[None]], tasks: Tasks) -> WriteBatcher[T]:
    """One a kind of write. `write` is repeated for as long as it raises `Unavailable`."""

    async def run(groups: Sequence[Iterable[T]]) -> None:
        await retry(partial(write, list(chain.from_iterable(groups))), Unavailable, backoff=database_backoff())

    return Batcher(without_results(run), most=_MOST, linger_s=_LINGER_S, wait_s=_LINGER_S, tasks=tasks)
