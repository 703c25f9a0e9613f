"""What the benchmark of the whole path asks of a server, and what it found. Pure; travels as JSON between processes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec


@dataclass(frozen=True, slots=True)
class Workload:
    """`rooms` rooms of `size` sockets. Saturated: `window` messages under way in each room. Paced: `rate` messages a
    second over all rooms."""

    name: str
    rooms: int
    size: int
    window: int
    rate: int

    @property
    def sockets(self) -> int:
        """Connections that it takes."""
        return self.rooms * self.size

    def smaller(self) -> "Workload":
        """A fifth of it, for a quick look."""
        if self.rooms == 1:
            return replace(self, name=f"1 room of {self.size // 5}", size=self.size // 5)
        rooms = self.rooms // 5
        return replace(self, name=self.name.replace(str(self.rooms), str(rooms), 1), rooms=rooms, rate=self.rate // 5)


WORKLOADS: Final = (
    Workload(name="1 room of 500", rooms=1, size=500, window=4, rate=20),
    Workload(name="10 rooms of 100", rooms=10, size=100, window=2, rate=100),
    Workload(name="500 pairs", rooms=500, size=2, window=1, rate=1000),
)


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One run of the load client. `secret` signs the tokens of its users; None: the server wants none."""

    port: int
    workload: Workload
    warmup_s: float
    seconds: float
    secret: str | None = None
    prefix: str = "bench"
    cpu: int | None = None  # that the client is pinned to
    drain_s: float = 5.0  # after a phase, for the last copies and acks to arrive
    pid: int | None = None  # of the server: it may have work left from the joining, and is left to finish it


@dataclass(frozen=True, slots=True)
class LoadPhase:
    """What one phase found. Latencies in ms: of a delivery, of an ack; `late` acks took more than a second."""

    deliveries_per_s: float
    messages_per_s: float
    missing: int
    failed_acks: int
    late_acks: int
    client_cpu: float  # cores
    delivery_p50_ms: float | None = None
    delivery_p99_ms: float | None = None
    ack_p50_ms: float | None = None
    ack_p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class WorkloadResult:
    """Both phases of one workload on one server."""

    saturated: LoadPhase
    paced: LoadPhase
    connect_s: float


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of all are not above (nearest rank). Raises ValueError without values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


encode: Final = msgspec.json.encode
decode_job: Final = msgspec.json.Decoder(LoadJob).decode
decode_found: Final = msgspec.json.Decoder(WorkloadResult).decode
