"""The Serve application: one function builds the graph, for `carewire up` on a laptop and `serve deploy` on a cluster.

Api (FastAPI, ingress at /)        Gateway (Socket.IO on a port of its own)        ActivityRunner (calls to partners)
 ├── Predictor (the symptom model; the only process with torch; not there where the feature `ml` is off)
 ├── Follower (reads what was said after it was stored; not there where `moderation` is off)
 └── Search (keeps the index; not there where `search` is off)

FilesWorker is a runner as well: it looks at files, while the feature `files` is on.
"""

from typing import Any, Final

from ray import serve
from ray.serve import Application

from common.errors import StartupError
from config.loading import load_settings
from config.settings import Settings
from serve_app.cluster.alone.follower import FollowerReplica
from serve_app.cluster.alone.search import SearchReplica
from serve_app.cluster.api import ApiReplica
from serve_app.cluster.gateway import GatewayReplica
from serve_app.cluster.predictor import predictor
from serve_app.cluster.runner import DRAIN_S, RunnerReplica
from serve_app.cluster.scaling import replicas_of
from serve_app.cluster.spec import CarewireSpec
from serve_app.launch.preflight import check_deployment

CPU_FRACTION: Final = 0.1  # of a core, reserved by each replica: all of it must schedule on two cores
_STOP_S: Final = 5.0  # beyond the draining, for open requests to end


def graph(recipe: CarewireSpec) -> Application:
    """The deployments and how they hang together. `recipe.settings` must be complete (see `CarewireSpec`)."""
    settings = recipe.settings
    gateway = serve.deployment(
        name="Gateway",
        **replicas_of(settings.gateway),
        ray_actor_options={"num_cpus": CPU_FRACTION},
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=settings.gateway.drain_s + _STOP_S,
        health_check_period_s=2.0,
        health_check_timeout_s=5.0,
    )(GatewayReplica)
    api = serve.deployment(
        name="Api",
        num_replicas=1,
        ray_actor_options={"num_cpus": CPU_FRACTION},
        max_ongoing_requests=1000,
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=_STOP_S,
        health_check_period_s=2.0,
        health_check_timeout_s=5.0,
    )(serve.ingress()(ApiReplica))
    model = predictor(settings.ml, settings) if settings.features.ml else None
    runner = _runner(settings).bind(recipe) if settings.activities.runners else None
    files = _files(settings).bind(recipe, "files") if settings.features.files else None
    follower = _one("Follower", FollowerReplica).bind(recipe) if settings.features.reads_the_journal else None
    search = _one("Search", SearchReplica).bind(recipe) if settings.features.search else None
    app: Application = api.bind(recipe, gateway.bind(recipe), model, runner, follower, files, search)
    return app


def _one(name: str, replica: type[Any]) -> Any:
    """A process of which there is one."""
    return serve.deployment(
        name=name,
        num_replicas=1,
        ray_actor_options={"num_cpus": CPU_FRACTION},
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=_STOP_S,
        health_check_period_s=2.0,
        health_check_timeout_s=5.0,
    )(replica)


def _runner(settings: Settings) -> Any:
    return serve.deployment(
        name="ActivityRunner",
        num_replicas=settings.activities.runners,
        ray_actor_options={"num_cpus": CPU_FRACTION},
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=DRAIN_S + _STOP_S,
        health_check_period_s=2.0,
        health_check_timeout_s=5.0,
    )(RunnerReplica)


def _files(settings: Settings) -> Any:
    """The process that looks at files: what it opens may be hostile, so nobody else's calls are made in it."""
    return _runner(settings).options(name="FilesWorker", num_replicas=1)


def build(args: dict[str, Any]) -> Application:
    """For a Serve config file (`import_path: serve_app.app:build`). `args` is a part of the settings tree, and comes
    before the environment.

    Raises:
        StartupError: a setting is wrong, or one is missing that a cluster needs.
    """
    settings = load_settings(args)
    _refuse_what_is_of_one_machine(settings)
    check_deployment(settings)
    if settings.ray.address is None:  # whoever builds this runs on the cluster
        settings = settings.model_copy(update={"ray": settings.ray.model_copy(update={"address": "auto"})})
    return graph(CarewireSpec(settings))


def _refuse_what_is_of_one_machine(settings: Settings) -> None:
    missing = {
        "CAREWIRE_MONGO__URL": settings.mongo.url is None,
        "CAREWIRE_ENCRYPTION__MASTER_KEYS": settings.encryption.master_keys is None,
        "CAREWIRE_AUTH__SECRET (or CAREWIRE_AUTH__JWKS_URL)": settings.auth.secret is None
        and settings.auth.jwks_url is None,
    }
    if names := [name for name, is_missing in missing.items() if is_missing]:
        raise StartupError(
            f"On a cluster, set {', '.join(names)}: what `carewire up` makes in their place stays on one machine."
        )
