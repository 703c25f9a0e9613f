"""Carewire on a Ray cluster: put there, and taken off again. The cluster itself stays. Blocking."""

import asyncio
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.config import ProxyLocation

from actors.kernel.caller.shard_client import ShardGone
from actors.kernel.cluster.remote.calls import RemoteShard
from actors.kernel.cluster.remote.shards import all_shards, ensure_shards, stop_shards
from common.clock import SystemClock
from common.errors import StartupError, Unavailable
from common.logs import take_over
from config.settings import Settings
from serve_app.app import graph
from serve_app.cluster.spec import CarewireSpec
from serve_app.launch import rayhead
from serve_app.launch.preflight import check_cluster
from serve_app.launch.readiness import Tell, await_serving
from serve_app.processes.serve_logs import JSON_LOGS

APP: Final = "carewire"
_REQUEST_S: Final = 30.0


def deploy(settings: Settings, tell: Tell) -> None:
    """Shards and the Serve application, side by side; returns when requests can come: every shard serves. `tell` is
    told what that waits for.

    Raises:
        StartupError: it does not come up.
    """
    take_over("ray.serve", logging.ERROR)
    recipe = CarewireSpec(settings)
    try:
        with ThreadPoolExecutor(2) as aside:
            shards = aside.submit(asyncio.run, _ensure(recipe, tell))
            http = {"host": settings.http.host, "port": settings.http.port, "request_timeout_s": _REQUEST_S}
            where = ProxyLocation.Disabled if recipe.listens else ProxyLocation.EveryNode
            proxies = aside.submit(serve.start, where, http, logging_config=dict(JSON_LOGS))
            _await_controller(proxies)  # replicas need not wait for the proxies, as `serve.run` would
            serve.run(graph(recipe), name=APP, route_prefix="/", logging_config=dict(JSON_LOGS))
            proxies.result()
            shards.result()
    except Unavailable as error:
        raise StartupError(f"Carewire could not be deployed: {error.message}") from error
    except (RayError, RuntimeError, TimeoutError, ValueError) as error:
        raise StartupError(f"Carewire could not be deployed: {_last_line(error)}") from error


def undeploy(settings: Settings) -> None:
    """Let the gateways tell their clients to reconnect, then give the shards' leases up. Serve itself is stopped on a
    cluster that we joined, unless others use it; one that we started ends with its Ray."""
    take_over("ray.serve", logging.ERROR)
    with suppress(RayError, RuntimeError):
        serve.delete(APP)
    asyncio.run(stop_shards(all_shards(), timeout_s=3.0))
    if settings.ray.address is not None and not serve.status().applications:
        serve.shutdown()  # type: ignore[no-untyped-call] # Ray's own


def take_down(settings: Settings) -> None:
    """`carewire down --cluster`.

    Raises:
        StartupError: there is no cluster at `ray.address`.
    """
    if settings.ray.address is None:
        raise StartupError("Set CAREWIRE_RAY__ADDRESS to the cluster that Carewire runs on.")
    check_cluster(settings.ray.address)
    rayhead.start(settings, settings.data_dir)
    undeploy(settings)
    rayhead.stop()


def _last_line(error: Exception) -> str:
    """Through Ray, the text of an error is the remote traceback; what happened stands at its end."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


def _await_controller(starting: "Future[None]") -> None:
    """Until Serve's controller is there, or could not be started (the caller will hear why)."""
    while not starting.done():
        with suppress(ValueError):
            ray.get_actor("SERVE_CONTROLLER_ACTOR", "serve")
            return
        time.sleep(0.02)


async def _ensure(recipe: CarewireSpec, tell: Tell) -> None:
    kernel = recipe.settings.kernel
    stores = await recipe.open()
    try:
        await await_serving(
            await ensure_shards(recipe, stores, resize={pool: recipe.shards(pool) for pool in recipe.pools}),
            _serves,
            stores.leases,
            patience_s=kernel.lease_s + 2 * kernel.lease_renewal_s,
            wait=kernel.wait_for_leases,
            tell=tell,
            clock=SystemClock(),
        )
    finally:
        stores.close()


async def _serves(shard: str) -> bool:
    try:
        return bool((await RemoteShard(shard).stats())["serving"])
    except ShardGone:  # it is being started again
        return False
