"""Identity as it is deployed, in this process: the REST API over a real mongod, the real kernel, gateways that follow
revocations. Only Ray is missing."""

import asyncio
import contextlib
import functools
import io
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import AnyKind
from actors.presence.shard import PresenceShard
from actors.presence.tracker import Tracker
from actors.rooms.service import entity_of
from actors.workflows.table import all_reactions
from common.auth.verifier import Verifier
from common.clock import SystemClock
from common.errors import NotFound
from common.logs import configure_logging
from common.reach import Reach
from config.doors import HttpSettings
from config.ml import MlSettings
from config.settings import (
    ActivitySettings,
    AuthSettings,
    ChatSettings,
    E2eeSettings,
    EmailSettings,
    EncryptionSettings,
    FilesSettings,
    GatewaySettings,
    IdentitySettings,
    LimitSettings,
    LivekitSettings,
    MongoSettings,
    NotificationSettings,
    PaymentSettings,
    PresenceSettings,
    Settings,
)
from ml.knowledge.loading import load_knowledge
from ml.model.artifact import current_version
from ml.model.trained import TrainedModel
from realtime.front.gateway import Gateway, GatewayParts, open_gateway
from realtime.front.hub import Hub
from serve_app.capabilities.audit.record import HEADS, AuditRecord
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext, GatewayContext
from serve_app.capabilities.identity.accounts.names import names_of
from serve_app.capabilities.identity.accounts.roles import Sightings
from serve_app.capabilities.identity.assembly import IdentityService, identity_of, revocations_of
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.identity.messages.outbox import MongoOutbox, OutgoingMail
from serve_app.capabilities.identity.sessions.gate import DirectRoomRule, HttpGate, SocketGuard
from serve_app.capabilities.identity.sessions.revocation import RevocationFollower
from serve_app.capabilities.moderation.blocks import BlockReader
from serve_app.capabilities.operations.capability import webhooks_of
from serve_app.capabilities.privacy.erasure import COLLECTION as ERASURES
from serve_app.catalogue import (
    CAPABILITIES,
    handlers_of,
    indexes,
    listen,
    prepare,
    raw_routes_of,
    routers_of,
    webhook_partners,
)
from serve_app.cluster.application import ApiServices, create_api
from serve_app.cluster.blueprint import asyncapi_of
from serve_app.cluster.conventions import conventions_of
from serve_app.cluster.spec import POOLS, CarewireSpec
from serve_app.edge.conventions.roots import root_of
from serve_app.edge.webhooks.arrivals import Webhooks
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from store.blobs.opening import open_blobs
from store.mongo.client import Client as MongoClient
from store.mongo.client import Database, open_client
from store.ports.stores import Stores
from store.stores import open_stores
from tests.gateway_rig import SECRET as SECRET
from tests.gateway_rig import Client, token
from tests.integration.api.test_prediction_api import Direct
from tests.local_activities import LocalActivities
from tests.unit.serve_app.edge.test_api import NoRegistry, OneShard

PASSWORD = "correct horse battery staple"
LIGHT = {"argon2_memory_kib": 64, "argon2_passes": 1}  # the rules are tested, not the strength of argon2


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


@contextlib.asynccontextmanager
async def house(
    mongo_url: str,
    database: str,
    tmp: Any,
    *,
    secret: str = SECRET,
    master_keys: str | None = None,
    smtp_url: str | None = None,
    activities: ActivitySettings | None = None,
    payments: PaymentSettings | None = None,
    partners: Sequence[WebhookPartner] = (),
    more_kinds: Sequence[AnyKind] = (),
    notifications: NotificationSettings | None = None,
    files: FilesSettings | None = None,
    e2ee: E2eeSettings | None = None,
    public_url: str | None = None,
    chat: ChatSettings | None = None,
    livekit: LivekitSettings | None = None,
    **identity: Any,
) -> AsyncIterator[House]:
    """A running one; everything is stopped and dropped afterwards. `master_keys`: those of a database that is there.
    `partners`, `more_kinds`: as a capability that is not there yet would bring them."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings adds it
        data_dir=tmp,
        auth=AuthSettings(secret=SecretStr(secret), leeway_s=0),
        encryption=EncryptionSettings(master_keys=None if master_keys is None else SecretStr(master_keys)),
        identity=IdentitySettings(**LIGHT | identity),
        email=EmailSettings(smtp_url=None if smtp_url is None else SecretStr(smtp_url)),
        activities=activities or ActivitySettings(),
        notifications=notifications or NotificationSettings(),
        payments=payments or PaymentSettings(),
        chat=chat or ChatSettings(),
        livekit=livekit or LivekitSettings(),
        files=files or FilesSettings(),
        e2ee=e2ee or E2eeSettings(),
        http=HttpSettings(public_url=public_url),
        limits=LimitSettings(enabled=False),
        presence=PresenceSettings(settle_s=0, tick_ms=10),
        gateway=GatewaySettings(),
        mongo=MongoSettings(url=SecretStr(mongo_url), database=database, timeout_s=10),
    )
    clock = ShiftedClock()
    recipe = CarewireSpec(settings)
    kinds = [*(kind for pool in recipe.pools for kind in recipe.kinds(pool)), *more_kinds]
    stores = await open_stores(settings, [index for kind in kinds for index in kind.indexes], clock)
    client: MongoClient = open_client(mongo_url, timeout_s=10)
    cluster = LocalCluster(
        stores,
        kinds,
        settings=settings.kernel,
        clock=clock,
        reactions=all_reactions(),
        keep_s=settings.activities.keep_s,
    )
    await cluster.start()
    region = await cluster.region("api")
    await prepare(client[database], settings)
    local = LocalActivities(cluster)
    root = await root_of(settings.auth, client[database], stores.vault)
    apart: set[frozenset[str]] = set()

    async def unreachable(user: str, others: Collection[str]) -> Collection[str]:
        blocked = await BlockReader(stores.views).unreachable(user, others)
        return [other for other in others if other in blocked or frozenset((user, other)) in apart]

    reach, care = Reach(unreachable), CareReader(stores.views)
    opened = contextlib.AsyncExitStack()
    blobs = await opened.enter_async_context(open_blobs(settings.files, client[database], stores.vault, clock))
    registry = CollectorRegistry()
    context = ApiContext(
        settings=settings,
        clock=clock,
        region=region,
        stores=stores,
        related=care.cares,
        database=client[database],
        direct=DirectRoomRule(care, settings.identity, reach),
        reach=reach,
        root=root,
        names=names_of(client[database], stores.vault, root),
        pools=FixedPools(),
        census=ProcessMonitor(NoRegistry(), OneShard()),
        activity_shards=local,
        activity_figures=local,
        blobs=blobs,
        partners=[*webhook_partners(settings), *partners],
        predictor=LazyPredictor(),
        capabilities=CAPABILITIES,
        registry=registry,
    )
    service = context.once(identity_of)
    verifier = Verifier(settings.auth, clock, secret=secret)
    sightings = Sightings(client[database], clock)
    doors = [HttpGate(verifier, service.parts.revocations, context.once(calendars_of).feed_tokens, sightings.note)]
    app = create_api(
        ApiServices(
            verify=lambda shown: doors[-1].verify(shown),
            verify_feed=lambda shown, calendar: doors[-1].verify_feed(shown, calendar),
            census=context.census,
            health=HealthMonitor([]),
            registry=registry,
            conventions=conventions_of(settings, client[database], stores.vault, clock, lambda: 1, root=root),
            routers=routers_of(context),
            asyncapi=functools.partial(asyncapi_of, settings),
            observer=service.observer,
        )
    )
    presence = PresenceShard("presence-0", stores.views, settings=settings.presence, clock=clock)
    await presence.start()
    made = House(
        settings,
        client[database],
        stores,
        cluster,
        region,
        context,
        registry,
        clock,
        presence,
        app,
        doors,
        apart,
        reach,
        local,
        sightings,
    )
    try:
        yield made
    finally:
        for one in made.clients:
            await one.close()
        for follower in made.followers:
            await follower.stop()
        for gateway in made.gateways:
            await gateway.stop()
        for tracker in made.trackers:
            await tracker.close()
        await presence.stop()
        await cluster.stop()
        await opened.aclose()
        await service.close()
        await client.drop_database(database)
        client.close()
        stores.close()
