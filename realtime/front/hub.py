"""The hub that the rest of a process calls back into: the sockets of one gateway, and their topics."""

from collections.abc import Callable, Collection, Iterable, Sequence

from prometheus_client import CollectorRegistry

from actors.kernel.contract.protocol import TopicDelivery
from actors.presence.channel import PresenceChange
from common.auth.revocations import Revocation
from common.clock import Clock
from common.lib.tasks import Tasks
from common.logs import get_logger
from realtime.delivery.connections import Connection, Connections
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.fanout import Fanout
from realtime.delivery.joining import Joining
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.subscriptions import GatewayTopics
from realtime.front.presence import Watchers
from realtime.front.revocation.dismissals import Dismissals
from realtime.front.revocation.revoker import Revoker

log = get_logger(__name__)


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
        self.subscriptions: GatewayTopics[Connection] = GatewayTopics(
            unlisten, max_topics=max_rooms + 1
        )  # and the inbox
        self.joining = Joining(self.subscriptions)
        self.watchers = Watchers(max_watched)
        self.dismissals = Dismissals(self.tasks, self.deadlines)
        self.revoker = Revoker(self.dismissals)
        self._heard: dict[str, Callable[[Sequence[TopicDelivery]], None]] = {}
        self._overheard: dict[str, Callable[[Sequence[TopicDelivery]], None]] = {}
        self._farewells: list[Callable[[Connection], None]] = []
        self._greetings: list[Callable[[Connection], None]] = []
        self._partings: list[Callable[[Connection, Collection[str]], None]] = []
        self._fanout = Fanout(self.subscriptions, self.deadlines, clock, self.metrics)
        self.metrics.watch(self.subscriptions)
        self.metrics.sockets.set_function(lambda: len(self.connections))

    @property
    def users(self) -> Collection[str]:
        """The users who are connected here, or about to be."""
        return self.revoker.users

    def deliver(self, deliveries: list[TopicDelivery]) -> None:
        """Send what a region brought to whoever listens."""
        if self._heard and any(delivery.topic in self._heard for delivery in deliveries):
            for topic, heard in self._heard.items():
                try:
                    heard([delivery for delivery in deliveries if delivery.topic == topic])
                except Exception:  # the region must not suffer for it
                    log.exception("hub.not_heard", topic=topic)
            deliveries = [delivery for delivery in deliveries if delivery.topic not in self._heard]
        self._fanout.deliver(deliveries)
        if self._overheard:
            self._tell_overheard(deliveries)

    def _tell_overheard(self, deliveries: Sequence[TopicDelivery]) -> None:
        for kind, overheard in self._overheard.items():
            if found := [delivery for delivery in deliveries if delivery.topic.startswith(kind)]:
                try:
                    overheard(found)
                except Exception:  # the region must not suffer for it
                    log.exception("hub.not_overheard", kind=kind)

    def overhears(self, kind: str, overheard: Callable[[Sequence[TopicDelivery]], None]) -> None:
        """Call this with what sockets have been sent of topics of this kind of entity."""
        self._overheard[f"{kind}:"] = overheard

    def farewells(self, farewell: Callable[[Connection], None]) -> None:
        """Call this for each socket that has closed."""
        self._farewells.append(farewell)

    def part(self, connection: Connection) -> None:
        """This socket has closed."""
        for farewell in self._farewells:
            farewell(connection)

    def hears(self, topic: str, heard: Callable[[Sequence[TopicDelivery]], None]) -> None:
        """The gateway itself listens to this topic: `heard` gets what a region brings of it, and no socket does."""
        self._heard[topic] = heard

    def greets(self, greeting: Callable[[Connection], None]) -> None:
        """Call this for each socket, right behind its `session`."""
        self._greetings.append(greeting)

    def greet(self, connection: Connection) -> None:
        """The `session` of this socket has been sent."""
        for greeting in self._greetings:
            greeting(connection)

    def parts(self, parting: Callable[[Connection, Collection[str]], None]) -> None:
        """Call this for each socket that has closed, with the topics that it listened to."""
        self._partings.append(parting)

    def gone(self, connection: Connection) -> None:
        """This socket has closed: it hears nothing more."""
        topics = self.subscriptions.topics(connection)
        self.subscriptions.gone(connection)
        for parting in self._partings:
            parting(connection, topics)

    def observe(self, changes: Iterable[PresenceChange]) -> None:
        """Tell whoever watches what a tracker heard."""
        self.watchers.observe(changes)

    def revoked(self, revocation: Revocation) -> None:
        """Disconnect whoever came in with what has been taken back."""
        self.revoker.revoked(revocation)
