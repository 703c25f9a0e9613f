"""The `Api` deployment: connects the REST application to the shards, the database and the other processes."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from actors.kernel.metrics import RegionMetrics
from actors.kernel.region import Region
from actors.kernel.remote import RemoteDirectory, RemoteShard, ensure_shards, kinds_to_pools
from actors.rooms.service import Rooms
from config.clock import SystemClock
from config.logs import configure_logging
from realtime.auth import Verifier
from serve_app.api.app import Services, create_api
from serve_app.calendars.service import calendar_services
from serve_app.census import Census, Sighting
from serve_app.conventions.assembly import conventions_of
from serve_app.health import Finding, HealthMonitor, Part
from serve_app.identity.assembly import assemble, prepare
from serve_app.identity.gate import HttpGate
from serve_app.member import Member
from serve_app.prediction.client import PredictorClient
from serve_app.recipe import CarewireRecipe
from serve_app.surface import routers_of


class ApiReplica:
    """One replica. Serve builds it, routes requests to it, and ends it."""

    async def __init__(  # type: ignore[misc] # Serve awaits it
        self, recipe: CarewireRecipe, gateway: DeploymentHandle[Any], model: DeploymentHandle[Any]
    ) -> None:
        """`gateway` is here so that Serve knows it belongs to the application."""
        del gateway
        settings = recipe.settings
        self._member = Member("api", settings)
        configure_logging(settings.log.level, settings.log.format, process=self._member.name)
        self._stores = stores = await recipe.open()
        await ensure_shards(recipe, stores)
        clock = SystemClock()
        self._region = Region(
            self._member.name,
            RemoteDirectory(stores.maps),
            kinds_to_pools(recipe),
            settings=settings.kernel,
            clock=clock,
            metrics=RegionMetrics(self._member.registry),
        )
        await self._region.start()
        secret = settings.auth.secret.get_secret_value() if settings.auth.secret is not None else None
        census = Census(
            self._member.processes,
            RemoteShards(recipe.shard_names),
            [("controller", "controller", _controller), ("mongod", "mongod", self._mongod)],
        )
        self._health = HealthMonitor(
            [
                Part("mongo", self._mongo_health),
                Part("rooms", lambda: _health_of(census.shards(recipe.shards_of("rooms")))),
                Part("calendars", lambda: _health_of(census.shards(recipe.shards_of("calendars")))),
                Part("presence", lambda: _health_of(census.shards(recipe.volatile_shards)), vital=False),
                Part("gateway", lambda: _health_of(census.of_kind("gateway"))),
            ]
        )
        database = self._member.client[settings.mongo.database]
        await prepare(database)
        rooms = Rooms(self._region, stores.views, clock)
        self._identity = assemble(settings, database, stores, self._region, rooms, clock)
        gate = HttpGate(Verifier(settings.auth, clock, secret=secret), self._identity.parts.revocations)
        calendars = calendar_services(self._region, stores.views, clock, related=self._identity.care.cares)
        self._app = create_api(
            Services(
                verify=gate.verify,
                rooms=rooms,
                census=census,
                health=self._health,
                registry=self._member.registry,
                conventions=conventions_of(settings, database, stores.vault, clock),
                routers=routers_of(self._identity, calendars, PredictorClient(model, settings.ml.deadline_s)),
                observer=self._identity.observer,
            ),
            echo_request_id=False,
        )
        self._watching = asyncio.create_task(self._health.watch())
        self._erasing = asyncio.create_task(self._identity.erasure.resume())
        await self._member.join(lambda: {})

    def __serve_build_asgi_app__(self) -> FastAPI:
        return self._app

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def __del__(self) -> None:
        self._watching.cancel()
        self._erasing.cancel()
        await self._member.leave()
        await self._region.close()
        await self._identity.close()
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


class RemoteShards:
    """The shards, asked through Ray (`census.Shards`)."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._shards = {name: RemoteShard(name) for name in names}
        self._hosts: dict[str, str] = {}

    async def stats(self, shard: str) -> Mapping[str, object]:
        """See `census.Shards`."""
        stats = await self._shards[shard].stats()
        return {**stats, "node": await self._host(str(stats["node"]))}

    async def _host(self, node_id: str) -> str:
        """The host name of a Ray node: that is how everybody else names it."""
        if node_id not in self._hosts:
            nodes = await asyncio.to_thread(ray.nodes)
            self._hosts = {node["NodeID"]: node["NodeManagerHostname"] for node in nodes}
        return self._hosts.get(node_id, node_id)

    async def metrics(self, shard: str) -> bytes:
        """See `census.Shards`."""
        return await self._shards[shard].metrics()


async def _controller() -> Mapping[str, object]:
    controller = await asyncio.to_thread(ray.get_actor, "SERVE_CONTROLLER_ACTOR", "serve")
    return {"pid": await controller.get_pid.remote(), "node": socket.gethostname()}


async def _health_of(asked: Any) -> Finding:
    """Of several processes of a kind: well if all answer and serve, down if none does."""
    sightings: list[Sighting] = await asked
    well = sum(1 for one in sightings if one.stats is not None and one.stats.get("serving", True))
    details = {"running": well, "of": len(sightings)}
    return Finding("ok" if well == len(sightings) and well else "degraded" if well else "down", details)
