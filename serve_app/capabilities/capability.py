"""What a capability is: one value, of which every process takes its part. All of them stand in `serve_app.catalogue`.

A process hands a capability its context and is given what it serves with. What several capabilities share is made of
the context too, `once`:

    rooms = context.once(rooms_of)
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from pymongo import IndexModel

from actors.calendars.contract.ports import Related
from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import Principal
from actors.rooms.service import IDS_ONLY, Names
from common.clock import Clock
from common.reach import Reach
from config.settings import Settings
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from realtime.front.raw.routes import RawRoute
from serve_app.activities.looking import ActivityFigures, ActivityShards
from serve_app.capabilities.connecting import NO_CONNECTORS, Connectors
from serve_app.capabilities.table import OperationTable
from serve_app.edge.operation import ClientEvent, Operation
from serve_app.edge.server_events import ServerEvent
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthPart
from serve_app.processes.monitor import ProcessMonitor
from store.mongo.client import Database
from store.ports.blobs import Blobs
from store.ports.stores import Stores

T = TypeVar("T")
Section: TypeAlias = tuple[str, object]
"""A section of an export: its name, and a document, or rows that are read while they are sent (an AsyncIterator)."""


class Personal(Protocol):
    """What a capability has stored of people. It answers also while its feature is off."""

    def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """All of it that is the person's own, section by section."""
        ...

    async def erase(self, user: str) -> None:
        """End what lies ahead, and destroy what the person's key does not seal. Idempotent: it is done again after a
        crash. The key itself is destroyed by who calls, when every capability is done.

        Raises:
            Unavailable: it is not finished.
        """
        ...


class DirectRooms(Protocol):
    """Who may speak with whom in private."""

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        """May this user begin a direct room with these? Raises PermissionDenied."""
        ...


class Predictor(Protocol):
    """Whoever answers for the symptom model: the deployment's handle, or the service itself in tests."""

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        """The method's answer, or `{"error": <error object of the contract>}`."""
        ...


class ClockMover(Protocol):
    """Moves the platform's time."""

    async def advance(self, by_ms: int, deed: str) -> int:
        """Forward, for everybody; once, if `deed` names the move. What it is then, in milliseconds."""
        ...


class Resizable(Protocol):
    """Pools of shards whose size can be changed."""

    async def resize(self, pool: str, shards: int) -> Sequence[str]:
        """Who is in the pool afterwards. Raises NotFound, Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContext:
    """What a process that serves clients has. `related`: who is in whose care; None: nobody asks.
    `direct`: who may write to whom. `reach`: who can reach whom at all. `activity_shards`, `activity_figures`: whom
    operators ask about activities. `blobs`: where large pieces of bytes are. `partners`: whose webhooks are taken.
    `root`: what keys are derived from (`edge.conventions.roots`). `mover`: who moves the platform's time; None: nobody
    may. `names`: how people are called, so that nobody calls them so. `pools`: whose size may be changed; None: none.
    `table`: operations by name, for who asks another capability. `registry`: where what the process measures is kept.
    `made`: what was made of it already, by what makes it."""

    settings: Settings
    clock: Clock
    region: Region
    stores: Stores
    database: Database
    related: Related | None
    direct: DirectRooms
    reach: Reach
    activity_shards: ActivityShards
    activity_figures: ActivityFigures
    blobs: Blobs
    partners: Sequence[WebhookPartner]
    root: str
    mover: ClockMover | None = None
    names: Names = IDS_ONLY
    pools: Resizable | None = None
    table: OperationTable = field(default_factory=OperationTable, repr=False)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry, repr=False)
    made: dict[Callable[..., object], object] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Self], T]) -> T:
        """What `make` makes of this context: made for the first who asks, the same for everybody."""
        if make not in self.made:
            self.made[make] = make(self)
        made: Any = self.made[make]
        return made  # type: ignore[no-any-return] # of this function, so of its type


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayContext(ServerContext):
    """What a gateway has."""

    hub: Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext(ServerContext):
    """What a replica of the API has.

    `predictor`: None where `ml` is off. `capabilities`: all there are, those that
    are off too: what these have stored is still handed out, or erased.
    """

    census: ProcessMonitor
    predictor: Predictor | None
    capabilities: Sequence["Capability"]

    def personal(self) -> list[Personal]:
        """What all capabilities have stored of people, in their order."""
        return [one.personal(self) for one in self.capabilities if one.personal is not None]


def _nothing(_: object) -> tuple[()]:
    return ()


def _not_at_all(_: object) -> None:
    """Nothing is listened to."""


def _no_indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that the platform does.

    `name`: of its folder, and of its part of the documents. `feature`: the switch that turns it off; "": it is never
    off. `operations`: what clients may ask for at both doors. `routers`: routes that are no operations yet. `requests`:
    what only a socket can send, and `handlers` for it, where they are not the front's own. `routes`: WebSockets of the
    gateway that speak no Socket.IO. `events`: what the server
    emits for it. `listens`: what a gateway itself hears, from its start on. `health`: its parts of `/health`.
    `personal`: what it has stored of people; None: nothing. `indexes`: those of the collections that it keeps for
    itself. `webhooks`: the partners that the settings have secrets of.
    `connectors`: what a runner takes of it, and the long work that it knows (`serve_app.capabilities.connecting`). The
    kinds of entities behind it stand in `serve_app.cluster.spec`, all that a shard knows of it.
    """

    name: str
    feature: str = ""
    operations: Callable[[ServerContext], Iterable[Operation[Any]]] = _nothing
    routers: Callable[[ApiContext], Iterable[APIRouter]] = _nothing
    requests: Sequence[ClientEvent[Any]] = ()
    handlers: Callable[[GatewayContext], Iterable[Handler]] = _nothing
    routes: Callable[[GatewayContext], Iterable[RawRoute]] = _nothing
    events: Sequence[ServerEvent] = ()
    listens: Callable[[GatewayContext], None] = _not_at_all
    health: Callable[[ApiContext], Iterable[HealthPart]] = _nothing
    personal: Callable[[ApiContext], Personal] | None = None
    indexes: Callable[[Settings], Mapping[str, Sequence[IndexModel]]] = _no_indexes
    webhooks: Callable[[Settings], Iterable[WebhookPartner]] = _nothing
    connectors: Connectors = NO_CONNECTORS
