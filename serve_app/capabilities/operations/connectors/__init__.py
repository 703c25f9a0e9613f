"""Long work: whoever does the steps of it, and the work that operators themselves start."""

from collections.abc import Iterable
from typing import Final

from serve_app.activities.connector import Connector
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.operations.connectors.jobs import JobsConnector
from serve_app.capabilities.operations.work.rebuilding import Rebuilding


def _open(context: RunnerContext) -> Iterable[Connector]:
    yield JobsConnector(context.jobs)


def _rebuilding(context: RunnerContext) -> Rebuilding:
    return Rebuilding(context.stores, context.kinds, context.clock)


CONNECTORS: Final = Connectors(open=_open, jobs={"rebuild_projections": _rebuilding})
