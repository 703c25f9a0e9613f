"""The subscribers of a shard, and who hears which topic. Whoever stays silent for the subscriber lease is forgotten."""

from collections.abc import Iterable, Iterator

from actors.kernel.shard.topics.subscriber import CatchUp, Subscriber
from common.clock import Clock


class Subscribers:
    """All subscribers of a shard, and who hears which topic."""

    def __init__(self, clock: Clock, *, lease_s: float, max_bytes: int, max_result_bytes: int) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._max_bytes = max_bytes
        self._max_result_bytes = max_result_bytes
        self._sessions: dict[str, Subscriber] = {}
        self._by_topic: dict[str, dict[str, Subscriber]] = {}  # topic -> subscriber -> session

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._sessions.values())

    def get(self, subscriber: str) -> Subscriber | None:
        """The session, its lease renewed; None when the shard does not know it (any more)."""
        session = self._sessions.get(subscriber)
        if session is not None:
            session.seen_s = self._clock.monotonic_s()
        return session

    def start(self, subscriber: str, epoch: int) -> Subscriber:
        """A fresh session in place of whatever the subscriber had."""
        self._drop(subscriber)
        session = Subscriber(subscriber, epoch, max_bytes=self._max_bytes, max_result_bytes=self._max_result_bytes)
        session.seen_s = self._clock.monotonic_s()
        self._sessions[subscriber] = session
        return session

    def listen(self, session: Subscriber, topic: str, version: int) -> None:
        """Register a live listener (see `Subscriber.listen`)."""
        session.listen(topic, version)
        self._by_topic.setdefault(topic, {})[session.subscriber] = session

    def catch_up(self, session: Subscriber, topic: str) -> CatchUp:
        """Register a listener whose past is to be read: what is published meanwhile waits."""
        catch_up = session.topics[topic] = CatchUp(self._max_bytes // 4)
        self._by_topic.setdefault(topic, {})[session.subscriber] = session
        return catch_up

    def forget(self, session: Subscriber, topics: Iterable[str]) -> None:
        """This session hears these topics no more."""
        for topic in session.forget(topics):
            self._unsubscribe(topic, session.subscriber)

    def publish(self, topic: str, deliveries: Iterable[tuple[int, bytes]]) -> None:
        """Hand deliveries to whoever hears the topic, in order."""
        listeners = self._by_topic.get(topic)
        if not listeners:
            return
        sessions = list(listeners.values())
        for version, encoded in deliveries:
            for session in sessions:
                if topic in session.topics:
                    session.deliver(topic, version, encoded)
        for session in sessions:
            if topic not in session.topics:
                self._unsubscribe(topic, session.subscriber)

    def move(self, topics: Iterable[str]) -> None:
        """These topics are another shard's by now: whoever hears them must hear them there."""
        for topic in topics:
            for session in list(self._by_topic.get(topic, {}).values()):
                self.forget(session, [topic])
                session.move(topic)

    @property
    def topics(self) -> list[str]:
        """All topics that anybody is subscribed to."""
        return list(self._by_topic)

    def expire(self) -> None:
        """Forget the silent."""
        oldest = self._clock.monotonic_s() - self._lease_s
        for session in [one for one in self._sessions.values() if one.seen_s < oldest]:
            self._drop(session.subscriber)

    def clear(self) -> None:
        """Forget everybody (the shard's lease is void): each is told so by its next call."""
        for subscriber in list(self._sessions):
            self._drop(subscriber)

    def _drop(self, subscriber: str) -> None:
        session = self._sessions.pop(subscriber, None)
        if session is None:
            return
        for topic in list(session.topics):
            self._unsubscribe(topic, subscriber)
        session.close()

    def _unsubscribe(self, topic: str, subscriber: str) -> None:
        listeners = self._by_topic.get(topic)
        if listeners is not None:
            listeners.pop(subscriber, None)
            if not listeners:
                del self._by_topic[topic]
