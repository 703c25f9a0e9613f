"""What the follower takes of a capability: the consumers that read the journal for it.

A capability has them in its module `follows`, under the name `FOLLOWS`. The follower finds them by their place, so it
imports these modules and nothing else of the capabilities:

    def _open(context: FollowerContext) -> Iterable[Consumer]:
        yield Screening(context.region, context.clock)

    FOLLOWS: Final = Follows(feature="moderation", open=_open)
"""

import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from prometheus_client import CollectorRegistry

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from config.features import FeatureSettings
from config.settings import Settings
from serve_app import capabilities
from serve_app.follower.consumer import Consumer
from store.mongo.client import Database
from store.ports.stores import Stores

_MODULE: Final = "follows"
_VALUE: Final = "FOLLOWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerContext:
    """What the follower has. `kinds`: of all pools. `root`: what keys are derived from (`edge.conventions.roots`)."""

    settings: Settings
    clock: Clock
    region: Region
    stores: Stores
    database: Database
    kinds: Sequence[AnyKind]
    root: str
    registry: CollectorRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """See the module. `feature`: the capability's own; what is off reads nothing."""

    feature: str
    open: Callable[[FollowerContext], Iterable[Consumer]]


def follows_of(features: FeatureSettings) -> Iterator[Follows]:
    """Those of all capabilities that are on, in the order of their names."""
    for package in pkgutil.iter_modules(capabilities.__path__, f"{capabilities.__name__}."):
        if package.ispkg and find_spec(f"{package.name}.{_MODULE}") is not None:
            found: Follows = getattr(import_module(f"{package.name}.{_MODULE}"), _VALUE)
            if found.feature not in features.off:
                yield found


def open_consumers(context: FollowerContext) -> list[Consumer]:
    """All that one follower serves."""
    return [consumer for one in follows_of(context.settings.features) for consumer in one.open(context)]
