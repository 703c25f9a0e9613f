"""What a runner takes of a capability: its connectors, and the long work that it knows.

A capability has both in its module or folder `connectors`, under the name `CONNECTORS`, and names that value in its own
(`Capability.connectors`). A runner finds them by their place, so it imports these modules and nothing else of the
capabilities: no operation, no web framework. What a connector needs to speak with its partner is imported when that
partner is configured:

    def _open(context: RunnerContext) -> Iterable[Connector]:
        if (key := context.settings.payments.stripe_secret_key) is not None:
            from serve_app.capabilities.payments.connectors.stripe import StripeConnector

            yield StripeConnector(key, context.clock)

    CONNECTORS: Final = Connectors(feature="payments", open=_open)
"""

import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol

from prometheus_client import CollectorRegistry

from actors.jobs.activities import Step, StepDone
from actors.jobs.commands import StartJob
from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from config.features import FeatureSettings
from config.settings import Settings
from serve_app import capabilities
from serve_app.activities.connector import Connector
from store.mongo.client import Database
from store.ports.blobs import Blobs
from store.ports.stores import Stores

_MODULE: Final = "connectors"
_VALUE: Final = "CONNECTORS"
ACTIVITIES: Final = "activities"
"""What runners are called that have no other name."""


class JobWork(Protocol):
    """Long work of one kind. A step may be done twice, so it is idempotent; it ends after some seconds, and says from
    where to go on. What it works on belongs to nobody's request, so it yields to whoever waits."""

    async def step(self, step: Step) -> StepDone:
        """Go on for a while.

        Raises:
            CarewireError: retryable: later; otherwise the job has failed.
        """
        ...


class AddressBook(Protocol):
    """Where people are written to."""

    async def address_of(self, user: str) -> str | None:
        """The address of an account as it is now. None: there is no such person any more. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerContext:
    """What a runner has. `kinds`: of all pools; none where it serves some connectors alone. `root`: what keys are
    derived from (`edge.conventions.roots`). `online`: has this person a device that is online? Raises Unavailable.
    `jobs`: the long work of all capabilities, by its kind. `pools`: which pool of shards hosts a kind. `registry`:
    where what the process measures is kept."""

    settings: Settings
    clock: Clock
    region: Region
    stores: Stores
    database: Database
    blobs: Blobs
    addresses: AddressBook
    kinds: Sequence[AnyKind]
    root: str
    online: Callable[[str], Awaitable[bool]]
    jobs: Mapping[str, JobWork] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry, repr=False)


def _never(_: Settings) -> Iterable[StartJob]:
    return ()


def _none(_: RunnerContext) -> Iterable[Connector]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectors:
    """See the module. `feature`: the capability's own; what is owed to one that is off waits. `open`: those whose
    partner is configured. `jobs`: long work by its kind, as operators start it. `daily`: what of it begins by itself
    each day. `process`: what the runners are called that serve them: `activities-0` all that have none of their own."""

    feature: str = ""
    process: str = ACTIVITIES
    open: Callable[[RunnerContext], Iterable[Connector]] = _none
    jobs: Mapping[str, Callable[[RunnerContext], JobWork]] = field(default_factory=dict)
    daily: Callable[[Settings], Iterable[StartJob]] = _never


NO_CONNECTORS: Final = Connectors()


def connectors_of(features: FeatureSettings) -> Iterator[Connectors]:
    """Those of all capabilities that are on, in the order of their names."""
    for package in pkgutil.iter_modules(capabilities.__path__, f"{capabilities.__name__}."):
        if package.ispkg and find_spec(f"{package.name}.{_MODULE}") is not None:
            found: Connectors = getattr(import_module(f"{package.name}.{_MODULE}"), _VALUE)
            if found.feature not in features.off:
                yield found


def job_kinds(features: FeatureSettings) -> frozenset[str]:
    """The kinds of long work that operators can start."""
    return frozenset(kind for one in connectors_of(features) for kind in one.jobs)


def daily_of(settings: Settings) -> list[StartJob]:
    """What begins by itself each day."""
    return [work for one in connectors_of(settings.features) for work in one.daily(settings)]


def open_connectors(context: RunnerContext, process: str | None = None) -> list[Connector]:
    """All that one runner of this name serves; without a name, all there are."""
    every = list(connectors_of(context.settings.features))
    found = [one for one in every if process in (None, one.process)]
    working = every if process in (None, ACTIVITIES) else found
    jobs = {kind: make(context) for one in working for kind, make in one.jobs.items()}
    whole = replace(context, jobs=jobs)
    return [connector for one in found for connector in one.open(whole)]
