"""The files that put Carewire on a cluster, looked at by Ray's own validators and by ours."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve import Application
from ray.serve.schema import ServeDeploySchema

from common.errors import StartupError
from config.loading import load_settings
from serve_app.app import build
from serve_app.launch.rayhead import HEALTH_CHECKS, PRIORITY, SERVE

ROOT = Path(__file__).parents[3]
ON_EVERY_NODE = {
    "CAREWIRE_MONGO__URL": "mongodb://db1/?replicaSet=rs0",
    "CAREWIRE_AUTH__SECRET": "s" * 32,
    "CAREWIRE_ENCRYPTION__MASTER_KEYS": "k1:" + "A" * 43 + "=",
}


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


def test_ray_up_takes_the_cluster_file() -> None:
    config = prepare_config(document("ray-cluster.yaml"))
    validate_config(config)
    with pytest.raises(Exception, match="hed_start"):
        validate_config(config | {"hed_start_ray_commands": []})  # the validator does look


def test_the_cluster_notices_dead_nodes_as_fast_as_a_laptop() -> None:
    (start,) = [line for line in document("ray-cluster.yaml")["head_start_ray_commands"] if "ray start" in line]
    assert all(f"{name}={value};" in start for name, value in HEALTH_CHECKS.items())


def test_on_a_cluster_our_processes_have_the_priority_that_they_have_on_a_laptop() -> None:
    cluster = document("ray-cluster.yaml")
    commands = cluster["head_start_ray_commands"] + cluster["worker_start_ray_commands"]
    starts = [line for line in commands if "ray start" in line]
    assert len(starts) == 2
    assert all(f"{name}={value};" in start for start in starts for name, value in {**PRIORITY, **SERVE}.items())
    assert not any("THROUGHPUT_OPTIMIZED" in start for start in starts)  # it would keep 1,000 lines of logs back


def test_serve_takes_the_application_and_builds_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    (application,) = ServeDeploySchema.model_validate(document("deploy/serve.yaml")).applications
    assert application.import_path == "serve_app.app:build"
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__URL, CAREWIRE_ENCRYPTION__MASTER_KEYS"):
        build(application.args)
    for name, value in ON_EVERY_NODE.items():
        monkeypatch.setenv(name, value)
    build(application.args)


@pytest.mark.parametrize(
    ("name", "value"),
    [("CAREWIRE_ENCRYPTION__MASTER_KEYS", "k1:" + "!" * 44), ("CAREWIRE_MONGO__URL", "mongodb://db1:99999/")],
)
def test_what_no_replica_could_work_with_is_refused_where_it_is_deployed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for good, of in ON_EVERY_NODE.items():
        monkeypatch.setenv(good, of)
    monkeypatch.setenv(name, value)
    with pytest.raises(StartupError, match=name):
        build({})


def deployments(application: Application) -> set[str]:
    """The names of an application and of all that is bound into it."""
    bound = application._bound_deployment
    return {bound.name}.union(*(deployments(one) for one in bound.init_args if isinstance(one, Application)))


def test_a_model_that_is_off_is_not_deployed_and_reserves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ON_EVERY_NODE.items():
        monkeypatch.setenv(name, value)
    assert deployments(build({})) == {
        "Api",
        "Gateway",
        "Predictor",
        "ActivityRunner",
        "FilesWorker",
        "Follower",
        "Search",
    }
    monkeypatch.setenv("CAREWIRE_FEATURES__ML", "false")
    assert deployments(build({})) == {"Api", "Gateway", "ActivityRunner", "FilesWorker", "Follower", "Search"}
    on, off = load_settings({"features": {"ml": True}}), load_settings()
    assert (on.listeners_inside - off.listeners_inside, off.predictors_max) == (on.ml.replicas_max, 0)


def test_the_follower_is_there_while_somebody_reads_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ON_EVERY_NODE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAREWIRE_FEATURES__SEARCH", "false")
    assert "Follower" in deployments(build({}))
    on = load_settings().listeners_inside
    monkeypatch.setenv("CAREWIRE_FEATURES__MODERATION", "false")
    assert "Follower" not in deployments(build({}))
    assert on - load_settings().listeners_inside == 1


def test_the_index_has_a_process_of_its_own_while_search_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ON_EVERY_NODE.items():
        monkeypatch.setenv(name, value)
    assert "Search" in deployments(build({}))
    on = load_settings().listeners_inside
    monkeypatch.setenv("CAREWIRE_FEATURES__SEARCH", "false")
    assert "Search" not in deployments(build({}))
    assert on - load_settings().listeners_inside == 2
