"""The `Api` deployment: connects the REST application to the shards, the database and the other processes."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import ray
from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.cluster.hosting import kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory
from actors.kernel.cluster.remote.processes import log_process
from actors.kernel.cluster.remote.shards import ensure_shards
from common.auth.verifier import Verifier
from common.lib.collector import calm_collector
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext
from serve_app.capabilities.identity.accounts.names import names_of
from serve_app.capabilities.identity.accounts.roles import Sightings
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.identity.care.carrying import carry_over
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.identity.sessions.gate import DirectRoomRule, HttpGate
from serve_app.capabilities.moderation.capability import reach_of
from serve_app.capabilities.operations.capability import activities_of, webhooks_of
from serve_app.capabilities.operations.clock import PlatformClock, clock_finding
from serve_app.capabilities.prediction.client import PredictorClient
from serve_app.capabilities.privacy.capability import erasure_of
from serve_app.catalogue import CAPABILITIES, health_of, prepare, routers_of, webhook_partners
from serve_app.cluster.activities import ActivityHealth, ProcessFigures, RemoteActivityShards
from serve_app.cluster.application import ApiServices, create_api
from serve_app.cluster.blueprint import asyncapi_of
from serve_app.cluster.conventions import conventions_of
from serve_app.cluster.pools import Pools
from serve_app.cluster.runner import workers_of
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.api.listener import HttpListener
from serve_app.edge.conventions.roots import root_of
from serve_app.processes.health import Finding, HealthMonitor, HealthPart
from serve_app.processes.member import ServeReplica
from serve_app.processes.monitor import ProcessMonitor, ProcessStatus, finding_of
from serve_app.processes.sweeping import sweep
from store.blobs.opening import open_blobs
from store.platform_time import ProcessClock


class ApiReplica:
    """One replica. Serve builds it, routes requests to it, and ends it."""

    async def __init__(  # type: ignore[misc] # Serve awaits it
        self,
        recipe: CarewireSpec,
        gateway: DeploymentHandle[Any],
        model: DeploymentHandle[Any] | None,
        runner: DeploymentHandle[Any] | None = None,
        follower: DeploymentHandle[Any] | None = None,
        files: DeploymentHandle[Any] | None = None,
        search: DeploymentHandle[Any] | None = None,
    ) -> None:
        """`gateway`, `runner`, `follower`, `files` and `search` are here so that Serve knows they belong to the
        application. `model`: None where `ml` is off."""
        del gateway, runner, follower, files, search
        settings = recipe.settings
        self._member = ServeReplica("api", settings)
        log_process(await self._member.take_name(), settings)
        self._stores = stores = await recipe.open()
        await ensure_shards(recipe, stores)
        self._time = ProcessClock(stores.platform_time, settable=settings.clock.settable)
        clock = await self._time.start()
        self._region = Region(
            self._member.name,
            RemoteDirectory(stores.maps, self._member.tls),
            kinds_to_pools(recipe),
            settings=settings.kernel,
            clock=clock,
            metrics=RegionMetrics(self._member.registry),
        )
        await self._region.start()
        secret = settings.auth.secret.get_secret_value() if settings.auth.secret is not None else None
        pools = Pools(recipe, stores)
        census = ProcessMonitor(
            self._member.processes,
            pools,
            [("controller", "controller", _controller), ("mongod", "mongod", self._mongod)],
            tls=self._member.tls,
        )
        database = self._member.client[settings.mongo.database]
        await prepare(database, settings)
        await carry_over(database, self._region)
        root = await root_of(settings.auth, database, stores.vault)
        care, reach = CareReader(stores.views), reach_of(settings, stores.views)
        self._opened = AsyncExitStack()
        opening = open_blobs(settings.files, database, stores.vault, clock)
        blobs = await self._opened.enter_async_context(opening)
        context = ApiContext(
            settings=settings,
            registry=self._member.registry,
            clock=clock,
            region=self._region,
            stores=stores,
            related=care.cares,
            database=database,
            direct=DirectRoomRule(care, settings.identity, reach),
            reach=reach,
            root=root,
            census=census,
            activity_shards=RemoteActivityShards(pools),
            activity_figures=ProcessFigures(census, pools),
            blobs=blobs,
            partners=webhook_partners(settings),
            mover=PlatformClock(self._time, pools) if settings.clock.settable else None,
            names=names_of(database, stores.vault, root),
            pools=pools,
            predictor=PredictorClient(model, settings.ml) if model is not None else None,
            capabilities=CAPABILITIES,
        )
        self._activities = ActivityHealth(
            context.once(activities_of), settings.activities.runners + workers_of(settings)
        )
        self._activities.watch_levels(self._member.registry)
        settable = settings.clock.settable
        self._health = HealthMonitor(
            [
                HealthPart("mongo", self._mongo_health),
                *(HealthPart(pool, partial(_health_of_pool, census, pools, pool)) for pool in recipe.pools),
                HealthPart("presence", lambda: _health_of(census.shards(recipe.volatile_shards)), vital=False),
                HealthPart("gateway", lambda: _health_of(census.of_kind("gateway"))),
                *health_of(context),
                HealthPart("activities", self._activities.look, vital=False),
                *(
                    [HealthPart("clock", partial(clock_finding, self._time, settable=settable), vital=False)]
                    if settable or clock.ahead_ms
                    else []
                ),
            ]
        )
        self._identity = context.once(identity_of)
        verifier = Verifier(settings.auth, clock, secret=secret)
        gate = HttpGate(
            verifier,
            self._identity.parts.revocations,
            context.once(calendars_of).feed_tokens,
            Sightings(database, clock).note,
        )
        self._app = create_api(
            ApiServices(
                verify=gate.verify,
                verify_feed=gate.verify_feed,
                census=census,
                health=self._health,
                registry=self._member.registry,
                conventions=conventions_of(
                    settings, database, stores.vault, clock, replicas=lambda: self._member.fellows, root=root
                ),
                routers=routers_of(context),
                asyncapi=partial(asyncapi_of, settings),
                observer=self._identity.observer,
            ),
            listens=recipe.listens,
        )
        self._watching = asyncio.create_task(self._health.watch())
        self._erasing = asyncio.create_task(context.once(erasure_of).attend())
        webhooks, ttl_h = context.once(webhooks_of), settings.files.upload_ttl_h
        self._sweeping = asyncio.create_task(sweep(blobs, webhooks, clock, ttl_h=ttl_h))
        self._carrying: asyncio.Task[None] | None = None
        if self._identity.carrying is not None:
            self._carrying = asyncio.create_task(self._identity.carrying.resume())
        self._listener = HttpListener(self._app, settings.http) if recipe.listens else None
        if self._listener is not None:
            await self._listener.start()
        await self._member.join(lambda: {})
        calm_collector()

    def __serve_build_asgi_app__(self) -> FastAPI:
        return self._app

    async def check_health(self) -> None:
        """Serve asks now and then, and replaces a replica that raises."""
        if self._listener is not None and not self._listener.serving:
            raise RuntimeError("The REST API accepts no connections any more.")

    async def __del__(self) -> None:
        if self._listener is not None:
            await self._listener.stop()
        self._watching.cancel()
        self._erasing.cancel()
        self._sweeping.cancel()
        if self._carrying is not None:
            self._carrying.cancel()
        await self._member.leave()
        await self._region.close()
        await self._time.stop()
        await self._identity.close()
        await self._opened.aclose()
        self._stores.close()

    async def _mongo_health(self) -> Finding:
        await self._member.client.admin.command("ping")
        return Finding("ok", {})

    async def _mongod(self) -> Mapping[str, object]:
        status = await self._member.client.admin.command("serverStatus")
        return {
            "pid": int(status["pid"]),
            "node": str(status["host"]).partition(":")[0],
            "version": status["version"],
            "uptime_s": int(status["uptime"]),
            "memory_mb": int(status["mem"]["resident"]),
        }


async def _controller() -> Mapping[str, object]:
    controller = await asyncio.to_thread(ray.get_actor, "SERVE_CONTROLLER_ACTOR", "serve")
    return {"pid": await controller.get_pid.remote(), "node": await asyncio.to_thread(_head)}


def _head() -> str:
    """The host name of the node where Serve keeps its controller."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call] # Ray's own
    return next(str(node["NodeManagerHostname"]) for node in nodes if "node:__internal_head__" in node["Resources"])


async def _health_of_pool(census: ProcessMonitor, pools: Pools, pool: str) -> Finding:
    return await _health_of(census.shards(await pools.of(pool)))


async def _health_of(asked: Awaitable[list[ProcessStatus]]) -> Finding:
    return finding_of(await asked)
