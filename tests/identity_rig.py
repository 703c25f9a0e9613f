"""Identity as it is deployed, in this process: the REST API over a real mongod, the real kernel, gateways that follow
revocations. Only Ray is missing."""

import contextlib
import functools
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import AnyKind
from actors.presence.shard import PresenceShard
from actors.workflows.table import all_reactions
from common.auth.verifier import Verifier
from common.reach import Reach
from config.doors import HttpSettings
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
    MeetingSettings,
    MongoSettings,
    NotificationSettings,
    PaymentSettings,
    PresenceSettings,
    PushSettings,
    Settings,
    TurnSettings,
)
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext
from serve_app.capabilities.identity.accounts.names import names_of
from serve_app.capabilities.identity.accounts.roles import Sightings
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.identity.sessions.gate import DirectRoomRule, HttpGate
from serve_app.capabilities.moderation.blocks import BlockReader
from serve_app.catalogue import (
    CAPABILITIES,
    prepare,
    routers_of,
    webhook_partners,
)
from serve_app.cluster.application import ApiServices, create_api
from serve_app.cluster.blueprint import asyncapi_of
from serve_app.cluster.conventions import conventions_of
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from store.blobs.opening import open_blobs
from store.mongo.client import Client as MongoClient
from store.mongo.client import open_client
from store.stores import open_stores
from tests.gateway_rig import SECRET as SECRET
from tests.identity.doubles import FixedPools, LazyPredictor, ShiftedClock
from tests.identity.house import PASSWORD as PASSWORD
from tests.identity.house import House as House
from tests.local_activities import LocalActivities
from tests.unit.serve_app.edge.test_api import NoRegistry, OneShard

LIGHT = {"argon2_memory_kib": 64, "argon2_passes": 1}  # the rules are tested, not the strength of argon2


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
    push: PushSettings | None = None,
    files: FilesSettings | None = None,
    e2ee: E2eeSettings | None = None,
    public_url: str | None = None,
    chat: ChatSettings | None = None,
    livekit: LivekitSettings | None = None,
    turn: TurnSettings | None = None,
    meetings: MeetingSettings | None = None,
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
        push=push or PushSettings(),
        payments=payments or PaymentSettings(),
        chat=chat or ChatSettings(),
        livekit=livekit or LivekitSettings(),
        turn=turn or TurnSettings(),
        meetings=meetings or MeetingSettings(),
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
