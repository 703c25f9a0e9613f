"""The `Predictor` deployment: one process that owns torch. Batches what arrives together, keeps answers for a while,
and swaps models while it answers.

A new model comes in two ways: every replica looks at `artifacts/CURRENT` now and then, so `carewire train` is all it
takes; or `serve deploy` changes `user_config.version`. Either way the model is loaded beside the old one, and one
assignment puts it in service. Requests that have begun end with the model they began with. When nothing can be loaded,
the rules still answer, and say so.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from ray import serve

from actors.kernel.cluster.remote.processes import log_process
from common.clock import SystemClock
from common.errors import Unavailable
from common.logs import get_logger
from config.ml import MlSettings
from config.settings import Settings
from ml.answers.opinions import Opinion, opinions
from ml.evidence import PatientEvidence
from ml.knowledge.loading import load_knowledge
from ml.messages.answer import MessageReader
from ml.messages.classifier import FOLDER, MessageModel, MessageModelError
from serve_app.capabilities.prediction.cache import TtlCache
from serve_app.capabilities.prediction.metrics import PredictionMetrics
from serve_app.capabilities.prediction.service import ModelInService, PredictionService
from serve_app.capabilities.prediction.wire import Reply, call
from serve_app.processes.member import ServeReplica
from serve_app.processes.serve_logs import JSON_LOGS

NAME: Final = "Predictor"


class PredictorReplica:
    """One replica. Everything that matters is in `PredictionService`; this is its shell in Ray."""

    async def __init__(self, settings: MlSettings, house: Settings | None) -> None:  # type: ignore[misc] # Serve awaits it
        """`house` is the whole tree: with it, the replica is found by `/metrics`, `/health` and `carewire status`."""
        import torch  # only this process pays for it

        torch.set_num_threads(1)
        self._settings = settings
        self._member: ServeReplica | None = None
        if house is not None:
            self._member = ServeReplica("predictor", house)
            log_process(await self._member.take_name(), house)
        self._log = get_logger("prediction")
        self._service = PredictionService(
            load_knowledge(),
            TtlCache(settings.cache_size, settings.cache_ttl_s, SystemClock()),
            self._evaluate,
            MessageReader(self._message_model()),
        )
        batching: Any = self._batched  # the decorator adds these setters, its annotation does not
        batching.set_max_batch_size(settings.batch_size)
        batching.set_batch_wait_timeout_s(settings.batch_wait_ms / 1000)
        self._watching: asyncio.Task[None] | None = None
        self._refused: str | None = None
        registry = self._member.registry if self._member is not None else CollectorRegistry()
        self._metrics = PredictionMetrics(registry, self._service)
        if self._member is not None:
            await self._member.join(self._stats)

    def _message_model(self) -> MessageModel | None:
        """The model of messages; without it the rules answer alone."""
        try:
            return MessageModel.load(self._settings.artifacts / FOLDER)
        except MessageModelError as exc:
            self._log.error("ml.message_model_not_loaded", reason=str(exc))
            return None

    async def reconfigure(self, config: Mapping[str, object]) -> None:
        """Put the named model in service; `version` unset means the one in `CURRENT`.

        A model that cannot be loaded leaves the one in service where it is, or the rules alone.
        """
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        wanted = config.get("version")
        await self._put_in_service(str(wanted) if wanted else None)
        if not wanted:
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Follow `CURRENT`. A version that could not be loaded is not tried again until the name changes."""
        while True:
            await asyncio.sleep(self._settings.watch_s)
            await self._put_in_service(None)

    async def _put_in_service(self, wanted: str | None) -> None:
        from ml.model.artifact import (  # with them comes torch, which only a replica needs
            ArtifactError,
            current_version,
        )
        from ml.model.trained import TrainedModel

        in_service = self._service.served.info.version
        version = wanted
        try:
            version = version or current_version(self._settings.artifacts)
            if version in (in_service, self._refused):
                return
            folder = self._settings.artifacts / version
            model = await asyncio.to_thread(TrainedModel.load, folder, self._service.knowledge)
        except ArtifactError as exc:
            if self._refused is None or version is not None:
                self._log.error("ml.model_not_loaded", reason=str(exc), in_service=in_service)
            self._refused = version or ""
            return
        self._refused = None
        self._service.served = ModelInService(model, model.info, folder)
        self._log.info("ml.model_in_service", version=model.info.version)

    async def ask_many(self, requests: list[tuple[str, Reply]]) -> list[Reply]:
        """Answer requests that came in one call, each for itself; see `serve_app.capabilities.prediction.client`."""
        return await asyncio.gather(*(self._ask(method, body) for method, body in requests))

    async def _ask(self, method: str, body: Reply) -> Reply:
        """Answer one request. What fails here fails alone: the others of its call have their answers."""
        try:
            reply = await call(self._service, method, body)
        except Exception as exc:  # a bug in the model costs its caller an answer, nobody else  # noqa: BLE001
            self._log.error("ml.request_failed", method=method, kind=type(exc).__name__)
            reply = {"error": Unavailable("The symptom model could not answer this.", retry_after_s=1.0).to_wire()}
        self._metrics.requests.labels(method, "error" if "error" in reply else "ok").inc()
        return reply

    def _stats(self) -> Mapping[str, object]:
        info = self._service.model_info()
        return {"model": info["version"], "rules_only": info["rules_only"], "cache": info["cache"]}

    async def __del__(self) -> None:
        if self._member is not None:
            await self._member.leave()

    async def check_health(self) -> None:
        """Serve restarts a replica whose loop does not answer this."""

    async def _evaluate(self, served: ModelInService, evidence: PatientEvidence) -> Opinion:
        return await self._batched((served, evidence))

    @serve.batch
    async def _batched(self, many: list[tuple[ModelInService, PatientEvidence]]) -> list[Opinion]:
        """One evaluation for all that waits. A batch that spans a swap is evaluated model by model."""
        self._metrics.batch_size.observe(len(many))
        answers: dict[int, Opinion] = {}
        for served in {id(served): served for served, _ in many}.values():
            rows = [at for at, (one, _) in enumerate(many) if one is served]
            assert served.model is not None  # the service asks only where there is one
            found = await asyncio.to_thread(
                opinions, served.model, self._service.knowledge, [many[at][1] for at in rows]
            )
            answers.update(zip(rows, found, strict=True))
        return [answers[at] for at in range(len(many))]


def predictor(settings: MlSettings, house: Settings | None = None) -> serve.Application:
    """The deployment, to be bound into the graph. Fractions of a core: it shares two with everything else."""
    deployment = serve.deployment(
        name=NAME,
        autoscaling_config={
            "min_replicas": settings.replicas_min,
            "max_replicas": settings.replicas_max,
            "target_ongoing_requests": settings.target_ongoing_requests,
            "upscale_delay_s": 10.0,
            "downscale_delay_s": 120.0,
        },
        max_ongoing_requests=settings.max_ongoing_requests,
        max_queued_requests=settings.max_waiting,
        user_config={"version": settings.version},
        ray_actor_options={"num_cpus": settings.num_cpus},
        logging_config={
            **JSON_LOGS,
            "enable_access_log": False,
        },  # a line a request costs more than the request's arithmetic
        health_check_period_s=5.0,
        health_check_timeout_s=30.0,
        graceful_shutdown_timeout_s=5.0,
    )(PredictorReplica)
    app: serve.Application = deployment.bind(settings, house)
    return app
