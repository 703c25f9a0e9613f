"""How each connector is doing, put together from what shards and runners say of themselves. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Status = Literal["ok", "degraded", "unserved"]
LETTERS: Final = "letters"
"""Letters that could not be delivered are listed like activities. The shards carry them themselves: no runner does."""
_WORSE: Final = ("closed", "half_open", "open")


@dataclass(slots=True)
class ConnectorOverview:
    """One connector, over all shards and all runners. `oldest_s` is the age of the oldest that is not over."""

    connector: str
    status: Status = "unserved"
    breaker: str = "closed"
    waiting: int = 0
    parked: int = 0
    dead: int = 0
    done_total: int = 0
    failed_total: int = 0
    oldest_s: float = 0.0
    last_error: str = ""


@dataclass(slots=True)
class Overview:
    """All connectors that are served, or have anything; and how many runners answered."""

    runners: int = 0
    connectors: dict[str, ConnectorOverview] = field(default_factory=dict)

    @property
    def degraded(self) -> bool:
        """Is anybody needed? An activity that nobody serves waits for somebody."""
        return any(
            one.status == "degraded" or (one.status == "unserved" and one.waiting + one.parked)
            for one in self.connectors.values()
        )


def overview(shards: Sequence[Mapping[str, Any]], runners: Sequence[Mapping[str, Any]]) -> Overview:
    """From the `stats` of both."""
    found = Overview(len(runners))
    for stats in runners:
        for name, said in stats.get("connectors", {}).items():
            _served(_one(found, name), said)
    for stats in shards:
        for name, said in stats.get("activities", {}).items():
            _held(_one(found, name), said)
    return found


def _one(found: Overview, name: str) -> ConnectorOverview:
    status: Status = "ok" if name == LETTERS else "unserved"
    return found.connectors.setdefault(name, ConnectorOverview(name, status))


def _served(one: ConnectorOverview, said: Mapping[str, Any]) -> None:
    one.breaker = max(one.breaker, said["breaker"], key=_WORSE.index)
    one.status = "ok" if one.breaker == "closed" else "degraded"
    one.done_total += said["done_total"]
    one.failed_total += said["failed_total"]
    one.last_error = one.last_error or said["last_error"]


def _held(one: ConnectorOverview, said: Mapping[str, Any]) -> None:
    one.waiting += said["waiting"]
    one.parked += said["parked"]
    one.dead += said["dead"]
    one.oldest_s = max(one.oldest_s, said["oldest_s"])
