"""What stands in the identity rig for what a deployment has: a clock that can be put forward, a model without its
process, pools without Ray, logs that are remembered."""

import contextlib
import functools
import io
import logging
from collections.abc import Iterator, Sequence

import structlog
from typing_extensions import override

from common.clock import SystemClock
from common.errors import NotFound
from common.logs import configure_logging
from config.ml import MlSettings
from ml.knowledge.loading import load_knowledge
from ml.model.artifact import current_version
from ml.model.trained import TrainedModel
from serve_app.cluster.spec import POOLS
from tests.integration.api.test_prediction_api import Direct


class ShiftedClock(SystemClock):
    """The machine's clock, put forward, or stopped, by whoever likes."""

    ahead_ms = 0
    stopped_ms: int | None = None

    @override
    def now_ms(self) -> int:
        return (super().now_ms() if self.stopped_ms is None else self.stopped_ms) + self.ahead_ms


@contextlib.contextmanager
def remembered_logs() -> Iterator[io.StringIO]:
    """Every log line of this process, as a deployed one would write it."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("DEBUG", "json")
    for client in ("httpx", "httpcore"):
        logging.getLogger(client).setLevel(logging.WARNING)  # what the test itself uses
    structlog.configure(cache_logger_on_first_use=False)
    text = io.StringIO()
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(text)
    try:
        yield text
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)


class LazyPredictor:
    """The symptom model without a process around it, loaded by the first who asks."""

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        """See `Predictor`."""
        return await a_predictor().ask(method, body)


class FixedPools:
    """Two pools, whose size nobody changes here: there is no Ray to start a shard."""

    async def resize(self, pool: str, shards: int) -> Sequence[str]:
        """See `Pools.resize`."""
        if pool not in POOLS:
            raise NotFound(f"There is no such pool: {pool}")
        return [f"{pool}-{number}" for number in range(shards)]


@functools.cache
def a_predictor() -> Direct:
    """The shipped model."""
    knowledge, artifacts = load_knowledge(), MlSettings().artifacts
    return Direct(knowledge, TrainedModel.load(artifacts / current_version(artifacts), knowledge))
