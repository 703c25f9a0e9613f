"""The metrics of a gateway, in a registry that is handed in. Every label comes from a fixed set."""

from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from realtime.delivery.subscriptions import GatewayTopics

_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_REASONS: Final = frozenset(
    {
        "client disconnect",
        "server disconnect",
        "transport close",
        "transport error",
        "ping timeout",
        "token expired",
        "not authenticated",
        "refused",
        "abuse",
        "slow consumer",
        "draining",
        "shutdown",
    }
)


class GatewayMetrics:
    """Metrics of one gateway."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry
        self.sockets = Gauge("carewire_gateway_sockets", "Sockets connected.", registry=r)
        self.topics = Gauge("carewire_gateway_topics", "Topics that some socket listens to.", registry=r)
        self.joining = Gauge("carewire_gateway_joins_pending", "Joins that wait for their answer.", registry=r)
        self.held_bytes = Gauge("carewire_gateway_held_bytes", "Deliveries held for joins under way.", registry=r)
        self._connects = Counter("carewire_gateway_connects", "Connects, by how they ended.", ["result"], registry=r)
        self._disconnects = Counter(
            "carewire_gateway_disconnects", "Sockets closed, by reason.", ["reason"], registry=r
        )
        self._events = Counter(
            "carewire_gateway_events", "Events from clients, by name and code.", ["event", "code"], registry=r
        )
        self._counted: dict[tuple[str, ...], Counter] = {}
        self._event_s = Histogram(
            "carewire_gateway_event_seconds", "From an event's arrival to its ack.", buckets=_SECONDS, registry=r
        )
        self.deliveries = Counter("carewire_gateway_deliveries", "Packets delivered to sockets.", registry=r)
        self.delivery_s = Histogram(
            "carewire_gateway_delivery_seconds",
            "From decision to fan-out.",
            buckets=_SECONDS,
            registry=r,
        )
        self.limited = Counter(
            "carewire_gateway_limited", "Events over a limit, by class and whose limit.", ["class", "of"], registry=r
        )
        self.handshakes_refused = Counter(
            "carewire_gateway_handshakes_refused", "Connections sent away at the door, by why.", ["why"], registry=r
        )
        self.inbound_bytes = Gauge("carewire_gateway_inbound_bytes", "Events that wait for answers.", registry=r)
        self.recovered = Counter("carewire_gateway_recovered_events", "Missed events sent on recovery.", registry=r)
        self.forwards = Counter(
            "carewire_gateway_forwards",
            "Requests carried to other gateways, by kind and how they ended.",
            ["kind", "result"],
            registry=r,
        )

    def forwarded(self, kind: str, result: str) -> None:
        """A request for another gateway's session has ended."""
        self.forwards.labels(kind, result).inc()

    def watch(self, subscriptions: GatewayTopics[Any]) -> None:
        """Read these levels when they are asked for."""
        self.topics.set_function(lambda: len(subscriptions))
        self.joining.set_function(lambda: subscriptions.joining)
        self.held_bytes.set_function(lambda: subscriptions.held_bytes)

    def answered(self, event: str, code: str, seconds: float) -> None:
        """An event has its ack. Both names come from fixed sets."""
        self._count(self._events, "event", event, code)
        self._event_s.observe(seconds)

    def connected(self, result: str) -> None:
        """Somebody asked to connect; "ok", or the code of the error."""
        self._count(self._connects, "connect", result)

    def disconnected(self, reason: str) -> None:
        """A socket has closed."""
        self._count(self._disconnects, "disconnect", reason if reason in _REASONS else "other")

    def _count(self, counter: Counter, name: str, *labels: str) -> None:
        """Looking labels up costs the library 4 us."""
        child = self._counted.get((name, *labels))
        if child is None:
            child = self._counted[name, *labels] = counter.labels(*labels)
        child.inc()
