"""A running house of the identity rig: everything that was put together, and ways in."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.presence.shard import PresenceShard
from actors.presence.tracker import Tracker
from actors.rooms.service import entity_of
from common.auth.verifier import Verifier
from common.reach import Reach
from config.settings import (
    LimitSettings,
    Settings,
)
from realtime.front.gateway import Gateway, GatewayParts, open_gateway
from realtime.front.hub import Hub
from serve_app.capabilities.audit.record import HEADS, AuditRecord
from serve_app.capabilities.capability import ApiContext, GatewayContext
from serve_app.capabilities.identity.accounts.roles import Sightings
from serve_app.capabilities.identity.assembly import IdentityService, identity_of, revocations_of
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.identity.messages.outbox import MongoOutbox, OutgoingMail
from serve_app.capabilities.identity.sessions.gate import DirectRoomRule, HttpGate, SocketGuard
from serve_app.capabilities.identity.sessions.revocation import RevocationFollower
from serve_app.capabilities.operations.capability import webhooks_of
from serve_app.capabilities.privacy.erasure import COLLECTION as ERASURES
from serve_app.catalogue import (
    handlers_of,
    indexes,
    listen,
    raw_routes_of,
)
from serve_app.edge.webhooks.arrivals import Webhooks
from store.mongo.client import Database
from store.ports.stores import Stores
from tests.gateway_rig import Client, token
from tests.identity.doubles import ShiftedClock
from tests.local_activities import LocalActivities

PASSWORD = "correct horse battery staple"


@dataclass
class House:
    """Everything, and ways in."""

    settings: Settings
    database: Database
    stores: Stores
    cluster: LocalCluster
    region: Region
    context: ApiContext
    registry: CollectorRegistry
    clock: ShiftedClock
    presence: PresenceShard
    app: FastAPI
    doors: list[HttpGate]  # the last one counts
    apart: set[frozenset[str]]  # pairs who cannot reach each other
    reach: Reach
    activities: LocalActivities
    sightings: Sightings
    hubs: list[Hub] = field(default_factory=list)
    guards: list[SocketGuard] = field(default_factory=list)
    gateways: list[Gateway] = field(default_factory=list)
    followers: list[RevocationFollower] = field(default_factory=list)
    trackers: list[Tracker] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    registries: list[CollectorRegistry] = field(default_factory=list)  # of the gateways

    def http(self, bearer: str = "", *, address: str = "10.0.0.1") -> httpx.AsyncClient:
        """A client of the API with this token, at this address."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return httpx.AsyncClient(transport=transport, base_url="http://carewire", headers=headers)

    async def call(
        self, method: str, path: str, body: Any = None, *, bearer: str = "", address: str = "10.0.0.1", **headers: str
    ) -> httpx.Response:
        """One request."""
        async with self.http(bearer, address=address) as http:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await http.request(method, path, json=body, headers=named)

    async def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The document of an answer that must be good."""
        answer = await self.call(method, path, body, **options)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, status: int, code: str, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The problem of an answer that must be bad."""
        answer = await self.call(method, path, body, **options)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), problem
        return problem

    async def register(self, email: str, **more: Any) -> Any:
        """A new account's tokens."""
        body = {"email": email, "password": PASSWORD} | more
        return await self.ok("POST", "/api/auth/register", body)

    async def staff(self, email: str, role: str) -> Any:
        """The tokens of somebody who was invited."""
        made = await self.ok("POST", "/api/invitations", {"email": email, "role": role}, bearer=self.admin())
        return await self.register(email, invitation=made["code"])

    def admin(self, user: str = "root") -> str:
        """A token of an administrator whose account lives elsewhere."""
        return token(user, "admin")

    async def mails(self, user: str) -> list[OutgoingMail]:
        """What was sent to this user."""
        outbox = MongoOutbox(self.database, self.service.parts.sealing, self.clock)
        return await outbox.waiting(user)

    async def actions(self, user: str) -> list[str]:
        """What the audit record says of this user, the oldest first."""
        links = await self.service.parts.audit.page(subject=user, below=None, limit=200)
        return [link.entry.action for link in reversed(links)]

    async def empty(self) -> None:
        """As new, but for what the kernel keeps: for the next test."""
        self.clock.ahead_ms = 0
        identity: Any = self.service.identity
        await asyncio.gather(*identity._reports._tasks)  # what the last test left to be sent
        for collection in (*indexes(self.settings), HEADS, ERASURES):
            await self.database[collection].delete_many({})

    async def is_online(self, user: str) -> bool:
        """Has this user a device that is online, as its gateways tell?"""
        return bool(self.trackers) and await self.trackers[0].is_online(user)

    @property
    def webhooks(self) -> Webhooks:
        """Where partners' webhooks come in, as the API has it."""
        return self.context.once(webhooks_of)

    @property
    def service(self) -> IdentityService:
        """Accounts, sessions and care, as the API has them."""
        return self.context.once(identity_of)

    @property
    def secret(self) -> str:
        """What its tokens are signed with."""
        assert self.settings.auth.secret is not None
        return self.settings.auth.secret.get_secret_value()

    async def gateway(self) -> Gateway:
        """One more gateway, following revocations, as `serve_app.cluster.gateway` wires it."""
        name = f"gateway-{len(self.gateways)}"
        revocations = revocations_of(self.database, self.settings, self.clock)
        care, audit = CareReader(self.stores.views), AuditRecord(self.database, self.clock)
        self.registries.append(CollectorRegistry())
        guard = SocketGuard(revocations, audit, self.sightings.note)
        hub = Hub(
            name,
            self.clock,
            self.registries[-1],
            unlisten=lambda topic: region.unlisten(topic),
            max_rooms=self.settings.gateway.max_rooms_per_socket,
            max_watched=self.settings.presence.max_watched,
        )
        follower = RevocationFollower(self.database, revocations, hub.revoked, lambda: hub.users)
        await follower.start()
        region = await self.cluster.region(name, hub.deliver)
        tracker = Tracker(
            name, [self.presence], settings=self.settings.presence, clock=self.clock, on_changes=hub.observe
        )
        await tracker.start()
        self.trackers.append(tracker)
        context = GatewayContext(
            settings=self.settings,
            clock=self.clock,
            region=region,
            stores=self.stores,
            related=care.cares,
            database=self.database,
            direct=DirectRoomRule(care, self.settings.identity, self.reach),
            reach=self.reach,
            activity_shards=self.activities,
            activity_figures=self.activities,
            blobs=self.context.blobs,
            partners=self.context.partners,
            root=self.context.root,
            names=self.context.names,
            pools=self.context.pools,
            hub=hub,
        )
        gateway = await open_gateway(
            GatewayParts(
                hub=hub,
                region=region,
                tracker=tracker,
                verifier=Verifier(self.settings.auth, self.clock, secret=self.secret),
                settings=self.settings.gateway,
                handlers=handlers_of(context),
                routes=raw_routes_of(context),
                topic_of=entity_of,
                host="127.0.0.1",
                port=0,
                guard=guard,
                reach=self.reach,
                limits=LimitSettings(enabled=False, refusal_lines_per_s=10_000),
            )
        )
        listen(context)
        self.hubs.append(hub)
        self.guards.append(guard)
        self.gateways.append(gateway)
        self.followers.append(follower)
        return gateway

    async def socket(self, bearer: str, gateway: int = 0, **auth: Any) -> Client:
        """A connected client with its session."""
        client = self.anonymous_client(gateway)
        await client.connect({"token": bearer, **auth})
        await client.next("session")
        return client

    def anonymous_client(self, gateway: int = 0) -> Client:
        """A client that has not connected yet."""
        client = Client(f"http://127.0.0.1:{self.gateways[gateway].port}")
        self.clients.append(client)
        return client
