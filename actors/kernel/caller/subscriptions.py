"""The topics that a channel hears, version by version, and the changes that its shard is to be told. No I/O."""

from collections import Counter
from collections.abc import Callable, Iterable

from actors.kernel.contract import protocol


class TopicSubscriptions:
    """`wake` is called when the shard is to be told something."""

    __slots__ = ("_again", "_asked", "_forget", "_joining", "_wake", "topics")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.topics: dict[str, int] = {}  # topic -> last version seen
        self._wake = wake
        self._joining: Counter[str] = Counter()  # topics that waiting commands will listen to
        self._again: dict[str, int] = {}  # to be asked for anew, above these versions
        self._asked: set[str] = set()  # asked for anew, or about to be, and not yet answered
        self._forget: set[str] = set()

    @property
    def has_changes(self) -> bool:
        """True when the shard is to be told something."""
        return bool(self._forget or self._again)

    def take_changes(self) -> tuple[list[str], dict[str, int]]:
        """The changes to tell the shard, once: topics to forget, and topics to hear anew from above these versions."""
        forget, self._forget = sorted(self._forget), set()
        again, self._again = self._again, {}
        return forget, again

    def begin(self) -> dict[str, int]:
        """A new subscription, to these topics from above these versions. Nothing else need be said any more."""
        self._again.clear()
        self._asked.clear()
        self._forget.clear()
        return dict(self.topics)

    def take_over(self, topic: str, version: int) -> None:
        """Hear a topic that another shard served until now, from above this version."""
        self.topics[topic] = max(version, self.topics.get(topic, 0))
        self._resubscribe(topic)

    def unlisten(self, topic: str) -> None:
        """Nobody here hears this topic any more; a command on its way that will listen to it goes before."""
        if not self._joining[topic]:
            self._drop(topic)
            self._forget.add(topic)
            self._wake()

    def joining(self, topic: str) -> None:
        """A command is on its way that is to make us listen."""
        self._joining[topic] += 1

    def subscribed(self, topic: str, version: int) -> None:
        """The command is answered: we hear what comes above this version."""
        self.topics.setdefault(topic, version)

    def join_over(self, topic: str) -> None:
        """A command that was to make us listen is over; if it failed, the shard need not send us anything."""
        self._joining[topic] -= 1
        if not self._joining[topic]:
            del self._joining[topic]
            if topic not in self.topics:
                self._forget.add(topic)
                self._wake()

    def is_news(self, delivery: protocol.TopicDelivery) -> bool:
        """True when it is to be handed on. Keeps each topic's versions without gap or repeat."""
        if delivery.version == 0:
            return True
        seen = self.topics.get(delivery.topic)
        if seen is None:
            if not self._joining[delivery.topic]:
                return False  # we have stopped to listen
            seen = delivery.version - 1  # the answer that makes us listen is still being read from storage
        if delivery.version <= seen:
            return False
        if (delivery.first or delivery.version) > seen + 1:
            self._resubscribe(delivery.topic)
            return False
        self.topics[delivery.topic] = delivery.version
        self._asked.discard(delivery.topic)
        return bool(delivery.packet)

    def lost(self, topics: Iterable[str]) -> None:
        """The shard had to drop deliveries of these."""
        for topic in topics:
            self._asked.discard(topic)
            if topic in self.topics:
                self._resubscribe(topic)

    def moved(self, topics: Iterable[str]) -> dict[str, int]:
        """The shard does not serve these any more: those that we hear, with the last version seen."""
        return {topic: self._drop(topic) for topic in topics if topic in self.topics}

    def _drop(self, topic: str) -> int:
        self._again.pop(topic, None)
        self._asked.discard(topic)
        return self.topics.pop(topic, 0)

    def _resubscribe(self, topic: str) -> None:
        if topic not in self._asked:
            self._asked.add(topic)
            self._again[topic] = self.topics[topic]
            self._wake()
