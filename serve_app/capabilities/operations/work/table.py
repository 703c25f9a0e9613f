"""All long work that operators can start."""

from collections.abc import Sequence
from typing import Any, Final

from actors.kernel.contract.entity import Kind
from common.clock import Clock
from serve_app.capabilities.operations.connectors.jobs import JobWork
from serve_app.capabilities.operations.work.rebuilding import Rebuilding
from store.ports.stores import Stores

KINDS: Final = frozenset({Rebuilding.kind})
"""Their names, for whoever only starts them."""


def work_of(stores: Stores, kinds: Sequence[Kind[Any, Any, Any]], clock: Clock) -> list[JobWork]:
    """For a runner."""
    return [Rebuilding(stores, kinds, clock)]
