"""What the rest of a process calls back into: the sockets of one gateway, and what each of them hears."""

from collections.abc import Callable, Collection, Iterable

from prometheus_client import CollectorRegistry

from actors.kernel.contract.protocol import Delivery
from actors.presence.channel import PresenceChange
from common.clock import Clock
from common.lib.tasks import Tasks
from common.revocations import Revocation
from realtime.delivery.connections import Connection, Connections
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.fanout import Fanout
from realtime.delivery.joining import Joining
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.subscriptions import Subscriptions
from realtime.front.dismissals import Dismissals
from realtime.front.presence import Watchers
from realtime.front.revoker import Revoker


class Hub:
    """Made before everything that calls it: the region has `deliver` as its `on_deliveries`, the tracker `observe` as
    its `on_changes`, the follower of revocations `revoked` and `users`. Then the gateway is opened over it."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        unlisten: Callable[[str], None],
        max_rooms: int,
        max_watched: int,
    ) -> None:
        """`registry` gets the metrics of the gateway; one gateway a registry. `unlisten` is told of a topic that no
        socket listens to any more: `Region.unlisten`. `max_rooms`: most that one socket may listen to. `max_watched`:
        users whom it may watch at most."""
        self.name = name
        self.clock = clock
        self.metrics = GatewayMetrics(registry)
        self.tasks = Tasks(name)
        self.deadlines = Deadlines(clock)
        self.connections = Connections()
        self.subscriptions: Subscriptions[Connection] = Subscriptions(
            unlisten, max_topics=max_rooms + 1
        )  # and the inbox
        self.joining = Joining(self.subscriptions)
        self.watchers = Watchers(max_watched)
        self.dismissals = Dismissals(self.tasks, self.deadlines)
        self.revoker = Revoker(self.dismissals)
        self._fanout = Fanout(self.subscriptions, self.deadlines, clock, self.metrics)
        self.metrics.watch(self.subscriptions)
        self.metrics.sockets.set_function(lambda: len(self.connections))

    @property
    def users(self) -> Collection[str]:
        """Who is connected here, or about to be."""
        return self.revoker.users

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Send what a region brought to whoever listens."""
        self._fanout.deliver(deliveries)

    def observe(self, changes: Iterable[PresenceChange]) -> None:
        """Tell whoever watches what a tracker heard."""
        self.watchers.observe(changes)

    def revoked(self, revocation: Revocation) -> None:
        """Disconnect whoever came in with what has been taken back."""
        self.revoker.revoked(revocation)
